/* ocfctl resources: what programs of this machine serve through ocf-secd. */
#include "ctl.h"

#include <stdio.h>

static const struct client_object BROKER = {"org.ocfgw.Resources1", "/org/ocfgw/Resources1",
					    "org.ocfgw.Resources1"};

struct listing {
	struct jsn *rows, *row; /* row: the one being filled, inside rows */
};

static void on_value(void *arg, const char *key, const struct client_value *value)
{
	struct listing *l = arg;

	if (key) {
		ctl_collect(l->row, key, value);
		return;
	}
	l->row = jsn_new_object();
	jsn_add(l->rows, l->row);
}

static void print_row(const struct jsn *row)
{
	const struct jsn *types = jsn_get(row, "Types"), *interfaces = jsn_get(row, "Interfaces");

	(void)printf("%-20s  %-24s  %-8s", jsn_str(jsn_get(row, "Href")), jsn_str(jsn_at(types, 0)),
		     jsn_str(jsn_get(row, "Program")));
	for (size_t i = 0; i < jsn_len(interfaces); i++)
		(void)printf(" %s", jsn_str(jsn_at(interfaces, i)));
	for (size_t i = 1; i < jsn_len(types); i++)
		(void)printf(" %s", jsn_str(jsn_at(types, i)));
	(void)printf("%s%s\n", jsn_bool(jsn_get(row, "Discoverable")) ? "" : " hidden",
		     jsn_bool(jsn_get(row, "Observable")) ? " observable" : "");
}

enum ctl_exit ctl_resources(struct ctl *ctl)
{
	struct listing l = {.rows = jsn_new_array()};
	struct client_error error;
	int r = client_call(ctl->client, &BROKER, "ListResources", &(struct client_in){0}, on_value,
			    &l, &error);

	if (r < 0) {
		(void)jsn_free(l.rows);
		return ctl_fail(ctl, "resources", r, &error);
	}
	if (ctl->json) {
		ctl_print_json(l.rows);
		return CTL_OK;
	}
	for (size_t i = 0; i < jsn_len(l.rows); i++)
		print_row(jsn_at(l.rows, i));
	(void)jsn_free(l.rows);
	return CTL_OK;
}

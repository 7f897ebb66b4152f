#include "ctl.h"

#include <stdio.h>

#define JSON_MAX ((size_t)1024 * 1024)

const struct client_object CTL_SECURITY = {"org.ocfgw.Security1", "/org/ocfgw/Security1",
					   "org.ocfgw.Security1"};
const struct client_object CTL_FIRMWARE = {"org.ocfgw.Firmware1", "/org/ocfgw/Firmware1",
					   "org.ocfgw.Firmware1"};

static struct jsn *to_json(const struct client_value *v)
{
	struct jsn *list;

	switch (v->type) {
	case 's':
		return jsn_new_text(span_str(v->s));
	case 'b':
		return jsn_new_bool(v->b);
	case 'd': /* a percentage; JSON readers want no needless fraction */
		return jsn_new_int((int64_t)v->d);
	case 'l':
		list = jsn_new_array();
		for (char **s = v->list; s && *s; s++)
			jsn_add(list, jsn_new_text(span_str(*s)));
		return list;
	default:
		return jsn_new_int((int64_t)v->n);
	}
}

void ctl_collect(void *arg, const char *key, const struct client_value *value)
{
	jsn_set(arg, key, to_json(value));
}

struct jsn *ctl_properties(struct ctl *ctl, const struct client_object *o,
			   struct client_error *ret_error)
{
	struct jsn *all = jsn_new_object();

	if (client_properties(ctl->client, o, ctl_collect, all, ret_error) < 0)
		return jsn_free(all);
	return all;
}

void ctl_print_json(struct jsn *v)
{
	struct buf text = BUF_INIT(JSON_MAX);

	if (jsn_write(v, JSN_PRETTY, &text) == 0)
		(void)printf("%.*s\n", (int)text.len, (const char *)text.ptr);
	buf_done(&text);
	(void)jsn_free(v);
}

enum ctl_exit ctl_fail(const struct ctl *ctl, const char *what, int r,
		       const struct client_error *error)
{
	enum ctl_exit code = r == -EHOSTUNREACH ? CTL_ABSENT
			     : r == -EACCES     ? CTL_REFUSED
						: CTL_FAILED;
	const char *advice = code == CTL_ABSENT    ? " (is the service running?)"
			     : code == CTL_REFUSED ? " (run it as root)"
						   : "";

	(void)fprintf(stderr, "ocfctl: %s: %s%s\n", what, error->text, advice);
	if (ctl->json) {
		struct jsn *v = jsn_new_object();

		jsn_set_str(v, "error", error->name);
		jsn_set_str(v, "text", error->text);
		ctl_print_json(v);
	}
	return code;
}

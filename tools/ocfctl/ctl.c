#include "ctl.h"

#include <stdio.h>

#include "base/parse.h"

#define JSON_MAX ((size_t)1024 * 1024)

const struct client_object CTL_SECURITY = {"org.ocfgw.Security1", "/org/ocfgw/Security1",
					   "org.ocfgw.Security1"};
const struct client_object CTL_FIRMWARE = {"org.ocfgw.Firmware1", "/org/ocfgw/Firmware1",
					   "org.ocfgw.Firmware1"};

static struct jsn *to_row(char *const *texts, size_t columns)
{
	struct jsn *row = jsn_new_array();

	for (size_t i = 0; i < columns; i++)
		jsn_add(row, jsn_new_text(span_str(texts[i])));
	return row;
}

static struct jsn *to_json(const struct client_value *v)
{
	struct jsn *list;
	size_t i = 0;

	switch (v->type) {
	case 's':
		return jsn_new_text(span_str(v->s));
	case 'b':
		return jsn_new_bool(v->b);
	case 'd': /* a percentage; JSON readers want no needless fraction */
		return jsn_new_int((int64_t)v->d);
	case 'l':
		list = jsn_new_array();
		while (v->columns == 1 && v->list && v->list[i])
			jsn_add(list, jsn_new_text(span_str(v->list[i++])));
		while (v->columns > 1 && v->list[i]) {
			jsn_add(list, to_row(v->list + i, v->columns));
			i += v->columns;
		}
		return list;
	default: /* what is beyond JSON's integers is "not known" */
		return v->n > INT64_MAX ? jsn_new_null() : jsn_new_int((int64_t)v->n);
	}
}

void ctl_collect(void *arg, const char *key, const struct client_value *value)
{
	if (key)
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

uint32_t ctl_job_number(const char *path)
{
	uint32_t id = 0;

	if (strncmp(path, JOB_PATH, strlen(JOB_PATH)) != 0 ||
	    !parse_u32(span_str(path + strlen(JOB_PATH)), &id))
		return 0;
	return id;
}

const char *ctl_text(const struct jsn *o, const char *name)
{
	const char *s = jsn_str(jsn_get(o, name));

	return s ? s : "";
}

static void print_json(const struct jsn *v, enum jsn_style style)
{
	struct buf text = BUF_INIT(JSON_MAX);

	if (jsn_write(v, style, &text) == 0)
		(void)printf("%.*s\n", (int)text.len, (const char *)text.ptr);
	(void)fflush(stdout);
	buf_done(&text);
}

void ctl_print_json(struct jsn *v)
{
	print_json(v, JSN_PRETTY);
	(void)jsn_free(v);
}

void ctl_print_json_line(const struct jsn *v)
{
	print_json(v, JSN_COMPACT);
}

enum ctl_exit ctl_fail(const struct ctl *ctl, const char *what, int r,
		       const struct client_error *error)
{
	const bool firmware = strncmp(what, "fw ", 3) == 0;
	const char *unit = firmware ? "ocf-fwupd" : "ocf-secd";
	enum ctl_exit code = r == -EHOSTUNREACH ? CTL_ABSENT
			     : r == -EACCES     ? CTL_REFUSED
						: CTL_FAILED;

	/* The bus' own refusal is a screenful about senders and rules. */
	(void)fprintf(stderr, "ocfctl: %s: %s\n", what,
		      code == CTL_REFUSED ? "this user may not do that" : error->text);
	if (code == CTL_ABSENT)
		(void)fprintf(stderr,
			      "  next: `systemctl start %s`; if that fails, `journalctl -u %s` "
			      "says why.\n",
			      unit, unit);
	else if (code == CTL_REFUSED)
		(void)fprintf(stderr, "  next: run it as root%s.\n",
			      firmware ? ", or as a member of the group ocf-admin" : "");
	if (ctl->json) {
		struct jsn *v = jsn_new_object();

		jsn_set_str(v, "error", error->name);
		jsn_set_str(v, "text", error->text);
		ctl_print_json(v);
	}
	return code;
}

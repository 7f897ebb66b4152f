/* ocf-obt log: what a device has noted in /oic/sec/ael. */
#include "codec/cbj.h"
#include "dialog.h"

static const struct cbr_limits LIMITS = {
	.bytes = REQ_BODY_MAX, .depth = 8, .items = 8192, .text = 4096};

static const char *priority_name(int64_t priority)
{
	static const char *const NAMES[] = {"critical", "error", "warning", "info", "debug"};

	return priority >= 0 && (size_t)priority < ARRAY_SIZE(NAMES) ? NAMES[priority] : "?";
}

static void print_text(const struct jsn *v)
{
	if (jsn_str(v))
		out_text(stdout, jsn_str(v));
}

static void print_event(const struct jsn *event)
{
	const struct jsn *more = jsn_get(event, "auxiliaryinfo");

	print_text(jsn_get(event, "timestamp"));
	(void)printf("  %-8s  ", priority_name(jsn_int(jsn_get(event, "priority"))));
	print_text(jsn_get(event, "aeid"));
	(void)printf("  ");
	print_text(jsn_get(event, "message"));
	for (size_t i = 0; i < jsn_len(more); i++) {
		(void)printf(i ? ", " : ": ");
		print_text(jsn_at(more, i));
	}
	(void)printf("\n");
}

static enum outcome show(const struct dialog *d)
{
	const struct jsn *events;
	struct jsn *v = NULL;

	if (cbj_read(buf_span(&d->body), &LIMITS, &v) != CBR_OK)
		return out_fail(d->o->json, OUT_ANSWER, "its events cannot be read");
	if (d->o->json)
		return out_json(v);
	events = jsn_get(v, "events");
	for (size_t i = 0; i < jsn_len(events); i++)
		print_event(jsn_at(events, i));
	(void)jsn_free(v);
	return OUT_OK;
}

static enum outcome run(struct dialog *d, int verb)
{
	int r = dialog_get(d, OBT_DOTS, "/oic/sec/ael");

	(void)verb;
	dialog_explain_access(d, "read", "/oic/sec/ael");
	return r < 0 ? out_trouble(d->o->json, &d->trouble) : show(d);
}

enum outcome cmd_log(const struct options *o)
{
	return dialog_run(o, run, 0);
}

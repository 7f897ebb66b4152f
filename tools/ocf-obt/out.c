#include "out.h"

#include <stdarg.h>

#define JSON_MAX ((size_t)4 * 1024 * 1024)

static const char *cause_name(enum outcome outcome)
{
	switch (outcome) {
	case OUT_OK:
		return "ok";
	case OUT_FAILED:
		return "failed";
	case OUT_USAGE:
		return "usage";
	case OUT_NOT_FOUND:
		return "not-found";
	case OUT_DECLINED:
		return "declined";
	case OUT_REFUSED:
		return "refused";
	case OUT_SILENT:
		return "no-answer";
	case OUT_KEY:
		return "key";
	case OUT_METHOD:
		return "no-method";
	case OUT_ANSWER:
		return "bad-answer";
	case OUT_STATE:
		return "state";
	case OUT_DRIFT:
		return "drift";
	case OUT_INTERRUPTED:
		return "interrupted";
	}
	return "failed";
}

void trouble_set(struct trouble *t, enum outcome outcome, const char *fmt, ...)
{
	va_list ap;

	*t = (struct trouble){.outcome = outcome};
	va_start(ap, fmt);
	(void)vsnprintf(t->text, sizeof(t->text), fmt, ap); /* cut if it must be: it is for eyes */
	va_end(ap);
}

struct jsn *out_trouble_json(const struct trouble *t)
{
	struct jsn *v = jsn_new_object();
	char code[OUT_CODE];

	jsn_set_str(v, "error", cause_name(t->outcome));
	jsn_set_str(v, "text", t->text);
	if (t->step)
		jsn_set_str(v, "step", t->step);
	if (t->code) {
		out_code(t->code, code);
		jsn_set_str(v, "code", code);
	}
	return v;
}

enum outcome out_trouble(bool json, const struct trouble *t)
{
	(void)fprintf(stderr, "ocf-obt: ");
	if (t->step)
		(void)fprintf(stderr, "%s: ", t->step);
	out_text(stderr, t->text);
	(void)fprintf(stderr, "\n");
	if (json)
		(void)out_json(out_trouble_json(t));
	return t->outcome;
}

enum outcome out_fail(bool json, enum outcome outcome, const char *fmt, ...)
{
	struct trouble t = {.outcome = outcome};
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(t.text, sizeof(t.text), fmt, ap);
	va_end(ap);
	return out_trouble(json, &t);
}

enum outcome out_json(struct jsn *v)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT(JSON_MAX);
	int r = jsn_write(v, JSN_COMPACT, &text);

	(void)jsn_free(v);
	if (r < 0) {
		(void)fprintf(stderr, "ocf-obt: %s\n", strerror(-r));
		return OUT_FAILED;
	}
	(void)printf("%.*s\n", (int)text.len, (const char *)text.ptr);
	return OUT_OK;
}

void out_code(unsigned code, char ret[OUT_CODE])
{
	ret[0] = (char)('0' + code / 100 % 10);
	ret[1] = '.';
	ret[2] = (char)('0' + code / 10 % 10);
	ret[3] = (char)('0' + code % 10);
	ret[4] = '\0';
}

void out_set_uuid(struct jsn *object, const char *name, const struct uuid *u)
{
	char text[UUID_TEXT + 1];

	uuid_format(u, text);
	jsn_set_str(object, name, text);
}

/* Control characters of ASCII and of C1 (in UTF-8: C2 80 to C2 9F). */
void out_text(FILE *to, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			(void)fprintf(to, "\\x%02x", *p);
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			(void)fprintf(to, "\\x%02x", *++p);
		else
			(void)fputc(*p, to);
	}
}

void out_field(FILE *to, const char *name, const char *value)
{
	if (!*value)
		return;
	(void)fprintf(to, "  %-10s", name);
	out_text(to, value);
	(void)fputc('\n', to);
}

void out_progress(bool json, const char *fmt, ...)
{
	va_list ap;

	if (json || !isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

void out_status(bool json, const char *fmt, ...)
{
	va_list ap;

	if (json || !isatty(STDERR_FILENO))
		return;
	(void)fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
}

enum outcome out_done(bool json, const struct uuid *device, const char *name, const char *what)
{
	char uuid[UUID_TEXT + 1];
	struct jsn *v;

	uuid_format(device, uuid);
	if (!json) {
		(void)printf("%s\n", uuid);
		out_field(stdout, "name", name);
		out_field(stdout, "done", what);
		return OUT_OK;
	}
	v = jsn_new_object();
	jsn_set_str(v, "uuid", uuid);
	jsn_set_str(v, "name", name);
	jsn_set_str(v, "done", what);
	return out_json(v);
}

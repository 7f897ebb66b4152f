#include "codec/conf.h"

#include <fcntl.h>
#include <ini.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/parse.h"

#define OPTIONS_MAX 64 /* bits of `seen` */
#define BOUND_MAX   24

struct reader {
	const struct conf_option *options;
	size_t n;
	uint8_t *target;
	uint64_t seen;
	struct span rest; /* of the text */
	int line, line_error;
	char error[256]; /* of line_error */
};

/* "min" before "s": the first suffix that fits counts. */
static const struct {
	const char *suffix;
	uint64_t us;
} UNITS[] = {
	{"ms",  USEC_PER_MSEC       },
        {"min", 60 * USEC_PER_SEC   },
        {"s",   USEC_PER_SEC        },
	{"h",   3600 * USEC_PER_SEC },
        {"d",   86400 * USEC_PER_SEC},
        {"",    USEC_PER_SEC        },
};

static bool parse_time(struct span text, uint64_t *ret)
{
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(UNITS); i++) {
		size_t n = strlen(UNITS[i].suffix);
		struct span number = span_of(text.ptr, text.len < n ? 0 : text.len - n);

		if (text.len > n && span_is(span_skip(text, number.len), UNITS[i].suffix) &&
		    parse_u64(number, &v))
			return !__builtin_mul_overflow(v, UNITS[i].us, ret);
	}
	return false;
}

static bool in_bounds(const struct conf_option *o, uint64_t v)
{
	return o->max == 0 || (v >= o->min && v <= o->max);
}

/* A number, or a time in the largest unit that needs no fraction. */
static const char *bound(uint64_t v, bool is_time, char ret[BOUND_MAX])
{
	size_t unit = 0;

	for (size_t i = 0; is_time && i < ARRAY_SIZE(UNITS); i++)
		if (v % UNITS[i].us == 0 && UNITS[i].us > UNITS[unit].us)
			unit = i;
	(void)snprintf(ret, BOUND_MAX, "%llu%s",
		       (unsigned long long)(is_time ? v / UNITS[unit].us : v),
		       is_time && v ? UNITS[unit].suffix : "");
	return ret;
}

static void say_bounds(struct reader *r, const struct conf_option *o, const char *kind)
{
	const bool is_time = o->kind == CONF_TIME;
	char min[BOUND_MAX], max[BOUND_MAX];

	if (o->max)
		(void)snprintf(r->error, sizeof(r->error), "%s= takes %s from %s to %s", o->name,
			       kind, bound(o->min, is_time, min), bound(o->max, is_time, max));
	else
		(void)snprintf(r->error, sizeof(r->error), "%s= takes %s", o->name, kind);
}

static void set_text(struct reader *r, const struct conf_option *o, struct span value)
{
	if (o->check && !o->check(value))
		(void)snprintf(r->error, sizeof(r->error), "%s= takes %s", o->name, o->takes);
	else if (span_to_str(value, (char *)r->target + o->offset, o->size))
		(void)snprintf(r->error, sizeof(r->error), "%s= takes at most %zu octets", o->name,
			       o->size - 1);
}

static void set_number(struct reader *r, const struct conf_option *o, struct span value)
{
	uint32_t v;

	if (parse_u32(value, &v) && in_bounds(o, v))
		memcpy(r->target + o->offset, &v, sizeof(v));
	else
		say_bounds(r, o, "a number");
}

static void set_time(struct reader *r, const struct conf_option *o, struct span value)
{
	uint64_t v;

	if (parse_time(value, &v) && in_bounds(o, v))
		memcpy(r->target + o->offset, &v, sizeof(v));
	else
		say_bounds(r, o, "a time like 500ms, 20s, 10min, 24h or 7d");
}

static void set_bool(struct reader *r, const struct conf_option *o, struct span value)
{
	bool v;

	if (parse_bool(value, &v))
		memcpy(r->target + o->offset, &v, sizeof(v));
	else
		(void)snprintf(r->error, sizeof(r->error), "%s= takes yes or no", o->name);
}

static void set_enum(struct reader *r, const struct conf_option *o, struct span value)
{
	struct buf list = BUF_INIT(sizeof(r->error) / 2);

	for (int i = 0; o->words[i]; i++) {
		if (span_is(value, o->words[i])) {
			memcpy(r->target + o->offset, &i, sizeof(i));
			buf_done(&list);
			return;
		}
		buf_printf(&list, "%s%s", i ? ", " : "", o->words[i]);
	}
	(void)snprintf(r->error, sizeof(r->error), "%s= takes one of: %.*s", o->name, (int)list.len,
		       (const char *)list.ptr);
	buf_done(&list);
}

static void set(struct reader *r, const struct conf_option *o, struct span value)
{
	switch (o->kind) {
	case CONF_TEXT:
		set_text(r, o, value);
		break;
	case CONF_U32:
		set_number(r, o, value);
		break;
	case CONF_BOOL:
		set_bool(r, o, value);
		break;
	case CONF_TIME:
		set_time(r, o, value);
		break;
	case CONF_ENUM:
		set_enum(r, o, value);
		break;
	}
}

/* inih's handler: 1 to go on, 0 marks the line as the bad one. */
static int on_line(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *r = arg;

	if (r->line_error)
		return 1;
	for (size_t i = 0; i < r->n; i++) {
		const struct conf_option *o = &r->options[i];

		if (strcmp(o->section, section) != 0 || strcmp(o->name, name) != 0)
			continue;
		if (r->seen & UINT64_C(1) << i)
			(void)snprintf(r->error, sizeof(r->error), "%s= is given twice", name);
		else
			set(r, o, span_str(value));
		r->seen |= UINT64_C(1) << i;
		r->line_error = r->error[0] ? r->line : 0;
		return r->line_error == 0;
	}
	(void)snprintf(r->error, sizeof(r->error), "[%.40s] has no option %.40s=", section, name);
	r->line_error = r->line;
	return 0;
}

/* inih's reader, like fgets. It would take the rest of an overlong line as a line of its own. */
static char *next_line(char *ret, int room, void *arg)
{
	struct reader *r = arg;
	struct span line;

	if (!r->rest.ptr || r->line_error)
		return NULL;
	line = span_cut(&r->rest, '\n');
	r->line++;
	if (span_to_str(line, ret, (size_t)room)) {
		(void)snprintf(r->error, sizeof(r->error),
			       "a line takes at most %d octets and no NUL", room - 1);
		r->line_error = r->line;
		return NULL;
	}
	return ret;
}

int conf_parse(struct span text, const char *name, const struct conf_option *options, size_t n,
	       void *target, char *ret_error, size_t room)
{
	struct reader r = {.options = options, .n = n, .target = target, .rest = text};
	int line;

	if (n > OPTIONS_MAX)
		return -EINVAL;
	line = ini_parse_stream(next_line, &r, on_line, &r); /* the first bad line */
	if (line < 0) {
		(void)snprintf(ret_error, room, "%s: %s", name, strerror(ENOMEM));
		return -ENOMEM;
	}
	if (line == 0 && r.line_error == 0)
		return 0;
	if (line == 0 || line == r.line_error)
		line = r.line_error;
	else
		(void)snprintf(r.error, sizeof(r.error), "expected [Section] or Name=value");
	(void)snprintf(ret_error, room, "%s:%d: %s", name, line, r.error);
	return -EINVAL;
}

int conf_load(const char *path, const struct conf_option *options, size_t n, void *target,
	      char *ret_error, size_t room)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(CONF_FILE_MAX);
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : buf_put_file(&text, fd);

	if (r == 0)
		return conf_parse(buf_span(&text), path, options, n, target, ret_error, room);
	(void)snprintf(ret_error, room, "%s: %s", path, strerror(-r));
	return r;
}

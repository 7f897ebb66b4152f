/* lib/codec/conf.h - configuration files (INI over libinih), by a table of options.
 *
 * A daemon describes its options once; unknown sections or names, bad values and repeated names
 * are errors that say file, line and what to write instead. A missing file means all defaults. */
#pragma once

#include "base/span.h"

#define CONF_FILE_MAX ((size_t)64 * 1024)
#define CONF_TEXT_MAX ((size_t)512) /* octets of a value, NUL included */

enum conf_kind {
	CONF_TEXT, /* char[size] */
	CONF_U32,  /* uint32_t, min..max */
	CONF_BOOL, /* bool */
	CONF_TIME, /* uint64_t, microseconds: 500ms, 20s, 10min, 24h, 7d; a bare number is seconds
		    */
	CONF_ENUM, /* int: index in `words` */
};

struct conf_option {
	const char *section, *name;
	enum conf_kind kind;
	size_t offset;                    /* in the structure given to conf_load */
	size_t size;                      /* CONF_TEXT: room */
	uint64_t min, max;                /* numbers and times (us); max 0: no bounds */
	const char *const *words;         /* CONF_ENUM: NULL-terminated */
	bool (*check)(struct span value); /* CONF_TEXT: may refuse; NULL takes all */
	const char *takes;                /* with `check`, what it wants: "an absolute path" */
};

/* The rows of a table for one structure, which a daemon names as CONF_TARGET before its table. A
 * member that is not of the type its kind fills does not compile. Times are in microseconds. */
#define CONF_AT(member, type)                                                                      \
	_Generic(((CONF_TARGET *)NULL)->member, typeof(type) : offsetof(CONF_TARGET, member))
#define OPTION_TEXT(in, title, member, test, wants)                                                \
	{                                                                                          \
		.section = (in), .name = (title), .kind = CONF_TEXT,                               \
		.offset = CONF_AT(member, char *), .size = sizeof(((CONF_TARGET *)NULL)->member),  \
		.check = (test), .takes = (wants)                                                  \
	}
#define OPTION_FLAG(in, title, member)                                                             \
	{                                                                                          \
		.section = (in), .name = (title), .kind = CONF_BOOL,                               \
		.offset = CONF_AT(member, bool)                                                    \
	}
#define OPTION_NUMBER(in, title, member, from, to)                                                 \
	{                                                                                          \
		.section = (in), .name = (title), .kind = CONF_U32,                                \
		.offset = CONF_AT(member, uint32_t), .min = (from), .max = (to)                    \
	}
#define OPTION_TIME(in, title, member, from, to)                                                   \
	{                                                                                          \
		.section = (in), .name = (title), .kind = CONF_TIME,                               \
		.offset = CONF_AT(member, uint64_t), .min = (from), .max = (to)                    \
	}
#define OPTION_ENUM(in, title, member, list)                                                       \
	{                                                                                          \
		.section = (in), .name = (title), .kind = CONF_ENUM,                               \
		.offset = CONF_AT(member, int), .words = (list)                                    \
	}

/* Reads `path` into `target`, which the caller has filled with defaults. 0; -ENOENT (no file:
 * nothing read); -EINVAL (ret_error says "path:line: what is wrong, what is right"); -EFBIG; or
 * what open or read gave (ret_error says so). On error `target` may be partly filled: do not
 * start. */
MUST_USE int conf_load(const char *path, const struct conf_option *options, size_t n, void *target,
		       char *ret_error, size_t room);
/* Same over text, for tests and fuzzing. */
MUST_USE int conf_parse(struct span text, const char *name, const struct conf_option *options,
			size_t n, void *target, char *ret_error, size_t room);

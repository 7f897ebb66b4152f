/* lib/base/span.h - a borrowed run of octets. Whoever holds a span owns nothing. */
#pragma once

#include <string.h>
#include <strings.h>

#include "base/mem.h"

struct span {
	const uint8_t *ptr; /* may be NULL when len is 0 */
	size_t len;
};

#define SPAN_LIT(s) ((struct span){(const uint8_t *)("" s), sizeof(s) - 1})

static inline struct span span_of(const void *ptr, size_t len)
{
	return (struct span){ptr, len};
}

/* Without the NUL; NULL gives the empty span. */
static inline struct span span_str(const char *s)
{
	return (struct span){(const uint8_t *)s, s ? strlen(s) : 0};
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
	return span_eq(a, span_str(text));
}

/* ASCII letters compare without case. */
static inline bool span_is_nocase(struct span a, const char *text)
{
	return a.len == strlen(text) &&
	       (a.len == 0 || strncasecmp((const char *)a.ptr, text, a.len) == 0);
}

static inline bool span_starts(struct span a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.len >= n && memcmp(a.ptr, prefix, n) == 0;
}

/* The rest after n octets; n beyond the end gives the empty span. */
static inline struct span span_skip(struct span a, size_t n)
{
	return n < a.len ? span_of(a.ptr + n, a.len - n) : span_of(NULL, 0);
}

/* Cuts *rest at the first `sep`: returns what is before it and leaves what is behind it. Without
 * `sep` all is returned and *rest is empty with a NULL pointer. */
struct span span_cut(struct span *rest, char sep);

/* Cuts the next word of a list with blanks between them. False: there is none. */
MUST_USE bool span_word(struct span *rest, struct span *ret);
/* Whether `word` is one of such a list; an empty one never is. */
MUST_USE bool span_has_word(struct span list, struct span word);

/* Copies the text with a NUL. -EINVAL: it holds a NUL. -ENAMETOOLONG: room is too small. */
MUST_USE int span_to_str(struct span a, char *ret, size_t room);

/* Well-formed UTF-8 (RFC 3629): no surrogates, no overlong forms. */
MUST_USE bool span_is_utf8(struct span s);
/* Octets of the character that it begins with; 0: none. */
MUST_USE size_t span_utf8_char(struct span s);

/* lib/codec/jsn.h - strict JSON values (RFC 8259) over jansson.
 *
 * Reading refuses duplicate members, octets after the value, byte order marks, invalid UTF-8,
 * escaped NULs, integers beyond 63 bits, and depth beyond the limit (found before a tree is
 * built, so that hostile nesting costs nothing). Numbers with fraction or exponent are reals and
 * never integers. Memory of values is wiped when it is freed, since they may hold keys.
 * A process that has no memory for a value ends by SIGABRT: half a key set must not come to be. */
#pragma once

#include "base/buf.h"

struct jsn; /* one value; borrowed unless said otherwise */

enum jsn_err { JSN_OK, JSN_INVALID, JSN_DUPLICATE, JSN_TOO_DEEP, JSN_TOO_LARGE };
enum jsn_type { JSN_NONE, JSN_NULL, JSN_BOOL, JSN_INT, JSN_REAL, JSN_TEXT, JSN_ARRAY, JSN_OBJECT };

struct jsn_limits {
	size_t bytes;
	unsigned depth;
};

/* JSN_OK: *ret is owned by the caller. Any value may be the root. */
MUST_USE enum jsn_err jsn_parse(struct span text, const struct jsn_limits *limits,
				struct jsn **ret);
struct jsn *jsn_free(struct jsn *v); /* accepts NULL, returns NULL; only for owned values */
DEFINE_CLEANUP(struct jsn *, jsn_free)

/* All accept NULL and a value of another type, and then give JSN_NONE, NULL, 0, or empty. */
enum jsn_type jsn_type(const struct jsn *v);
const struct jsn *jsn_get(const struct jsn *object, const char *name);
const struct jsn *jsn_at(const struct jsn *array, size_t i);
size_t jsn_len(const struct jsn *array_or_object);
/* Member i in order of appearance (O(i)); its name is borrowed, ends in a NUL, and is empty without
 * one. */
const struct jsn *jsn_member(const struct jsn *object, size_t i, struct span *ret_name);
struct span jsn_text(const struct jsn *v);
const char *jsn_str(const struct jsn *v); /* NUL-terminated, never holds an inner NUL */
int64_t jsn_int(const struct jsn *v);
double jsn_real(const struct jsn *v);
bool jsn_bool(const struct jsn *v);

/* Building. A new value is owned; adding it to a container hands it over. NULL stands for text
 * that is not UTF-8 or holds a NUL; it is left out of its container. */
struct jsn *jsn_new_object(void);
struct jsn *jsn_new_array(void);
struct jsn *jsn_new_text(struct span utf8);
struct jsn *jsn_new_int(int64_t v);
struct jsn *jsn_new_real(double v); /* finite, else NULL */
struct jsn *jsn_new_bool(bool v);
struct jsn *jsn_new_null(void);
struct jsn *jsn_copy(const struct jsn *v); /* deep */
void jsn_set(struct jsn *object, const char *name, struct jsn *taken);
void jsn_add(struct jsn *array, struct jsn *taken);
void jsn_set_str(struct jsn *object, const char *name, const char *v);
void jsn_set_text(struct jsn *object, const char *name, struct span v);
/* Base64url without padding; octets may be secret. */
void jsn_set_b64(struct jsn *object, const char *name, struct span octets);
void jsn_set_int(struct jsn *object, const char *name, int64_t v);
void jsn_set_bool(struct jsn *object, const char *name, bool v);
void jsn_del(struct jsn *object, const char *name);

enum jsn_style {
	JSN_COMPACT, /* no blanks, members in order of insertion */
	JSN_SORTED,  /* no blanks, members in lexicographic order (RFC 7638) */
	JSN_PRETTY,  /* two-space indent, for people: nothing that a terminal obeys */
	JSN_LINE,    /* the same on one line */
};
/* Appends the text. -ENOMEM. */
MUST_USE int jsn_write(const struct jsn *v, enum jsn_style style, struct buf *out);

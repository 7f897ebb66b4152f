/* lib/base/secret.h - a key in a fixed place, wiped when it goes. */
#pragma once

#include "base/span.h"

#define SECRET_MAX ((size_t)64)

struct secret {
	uint8_t b[SECRET_MAX];
	size_t len;
};

/* For CLEANUP(secret_wipe) on the stack, and for members that end. */
void secret_wipe(struct secret *s);
/* False, *s emptied: more than SECRET_MAX octets. */
MUST_USE bool secret_set(struct secret *s, struct span data);
/* In time that depends on the lengths only. */
MUST_USE bool secret_eq(const struct secret *a, const struct secret *b);

static inline struct span secret_span(const struct secret *s)
{
	return span_of(s->b, s->len);
}

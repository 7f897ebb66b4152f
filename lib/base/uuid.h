/* lib/base/uuid.h - 16 octets and their text form. */
#pragma once

#include "base/span.h"

#define UUID_TEXT ((size_t)36)

struct uuid {
	uint8_t b[16];
};

/* Takes any 8-4-4-4-12 hexadecimal text, either letter case; the RFC 4122 variant bits are not
 * looked at, since deployed devices do not set them. False: *ret is untouched. */
MUST_USE bool uuid_parse(struct span text, struct uuid *ret);
/* Lower case, 36 characters and a NUL. */
void uuid_format(const struct uuid *u, char ret[UUID_TEXT + 1]);
/* Makes 16 random octets a version 4 UUID. */
void uuid_set_v4(struct uuid *u);
/* True if one octet is zero: such a UUID does not survive as a C-string PSK hint. */
bool uuid_has_zero_octet(const struct uuid *u);

static inline bool uuid_eq(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline bool uuid_is_nil(const struct uuid *u)
{
	return uuid_eq(u, &(struct uuid){{0}});
}

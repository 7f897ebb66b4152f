#include "base/uuid.h"

#include "base/parse.h"

static const char HEX[] = "0123456789abcdef";

/* Octets after which the text form has a hyphen. */
static bool hyphen_after(size_t i)
{
	return i == 3 || i == 5 || i == 7 || i == 9;
}

bool uuid_parse(struct span text, struct uuid *ret)
{
	struct uuid u;
	const uint8_t *p = text.ptr;

	if (text.len != UUID_TEXT)
		return false;
	for (size_t i = 0; i < sizeof(u.b); i++) {
		if (!hex_decode(span_of(p, 2), &u.b[i], 1))
			return false;
		p += 2;
		if (hyphen_after(i) && *p++ != '-')
			return false;
	}
	*ret = u;
	return true;
}

void uuid_format(const struct uuid *u, char ret[UUID_TEXT + 1])
{
	for (size_t i = 0; i < sizeof(u->b); i++) {
		*ret++ = HEX[u->b[i] >> 4];
		*ret++ = HEX[u->b[i] & 15];
		if (hyphen_after(i))
			*ret++ = '-';
	}
	*ret = '\0';
}

void uuid_set_v4(struct uuid *u)
{
	u->b[6] = (uint8_t)((u->b[6] & 0x0f) | 0x40);
	u->b[8] = (uint8_t)((u->b[8] & 0x3f) | 0x80);
}

bool uuid_has_zero_octet(const struct uuid *u)
{
	return memchr(u->b, 0, sizeof(u->b)) != NULL;
}

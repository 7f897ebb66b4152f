#include "base/span.h"

struct span span_cut(struct span *rest, char sep)
{
	const uint8_t *at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;
	struct span head = *rest;

	if (!at) {
		*rest = span_of(NULL, 0);
		return head;
	}
	head.len = (size_t)(at - head.ptr);
	*rest = span_of(at + 1, rest->len - head.len - 1);
	return head;
}

bool span_word(struct span *rest, struct span *ret)
{
	do {
		*ret = span_cut(rest, ' ');
	} while (ret->len == 0 && rest->ptr);
	return ret->len > 0;
}

bool span_has_word(struct span list, struct span word)
{
	struct span one;

	while (span_word(&list, &one))
		if (span_eq(one, word))
			return true;
	return false;
}

int span_to_str(struct span a, char *ret, size_t room)
{
	if (a.len >= room)
		return -ENAMETOOLONG;
	if (a.len && memchr(a.ptr, '\0', a.len))
		return -EINVAL;
	if (a.len)
		memcpy(ret, a.ptr, a.len);
	ret[a.len] = '\0';
	return 0;
}

/* Octets to come after the first one of a character; 4 if none starts so. */
static unsigned utf8_more(uint8_t c)
{
	if (c < 0x80)
		return 0;
	if (c >> 5 == 6)
		return 1;
	if (c >> 4 == 14)
		return 2;
	return c >> 3 == 30 ? 3 : 4;
}

size_t span_utf8_char(struct span s)
{
	static const uint32_t SMALLEST[] = {0, 0x80, 0x800, 0x10000}; /* by continuation octets */
	unsigned more = s.len > 0 ? utf8_more(s.ptr[0]) : 4;
	uint32_t v;

	if (more == 4 || more >= s.len)
		return 0;
	v = more ? s.ptr[0] & (0x3fu >> more) : s.ptr[0];
	for (unsigned k = 1; k <= more; k++) {
		if (s.ptr[k] >> 6 != 2)
			return 0;
		v = v << 6 | (s.ptr[k] & 0x3f);
	}
	return v < SMALLEST[more] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff) ? 0 : more + 1;
}

bool span_is_utf8(struct span s)
{
	size_t n = 1;

	while (s.len > 0 && n > 0) {
		n = span_utf8_char(s);
		s = span_skip(s, n);
	}
	return n > 0;
}

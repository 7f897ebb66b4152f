#include "base/secret.h"

void secret_wipe(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}

bool secret_set(struct secret *s, struct span data)
{
	secret_wipe(s);
	if (data.len > SECRET_MAX)
		return false;
	if (data.len)
		memcpy(s->b, data.ptr, data.len);
	s->len = data.len;
	return true;
}

bool secret_eq(const struct secret *a, const struct secret *b)
{
	uint8_t diff = 0;

	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		diff |= a->b[i] ^ b->b[i];
	return diff == 0;
}

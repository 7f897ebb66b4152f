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

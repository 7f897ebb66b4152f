#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/span.h"

#define UTF8_MAX ((size_t)4)
#define DELETE   0x7f

/* The last character was cut. */
static void drop_half(char *s, size_t len)
{
	size_t n = 1;

	while (n < len && n < UTF8_MAX && (uint8_t)s[len - n] >> 6 == 2)
		n++;
	if (n <= len && span_utf8_char(span_of(s + len - n, n)) == 0)
		s[len - n] = '\0';
}

void text_put(char *ret, size_t room, const char *fmt, ...)
{
	struct span rest;
	va_list ap;
	int len;

	ret[0] = '\0';
	va_start(ap, fmt);
	len = vsnprintf(ret, room, fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len >= room)
		drop_half(ret, room - 1);
	for (rest = span_str(ret); rest.len > 0; ret++, rest = span_skip(rest, 1)) {
		size_t n = span_utf8_char(rest);

		if (n == 0 || (uint8_t)*ret < ' ' || *ret == DELETE) {
			*ret = '?';
		} else {
			ret += n - 1;
			rest = span_skip(rest, n - 1);
		}
	}
}

#include "base/parse.h"

bool parse_u64(struct span text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c < '0' || c > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(c - '0'), &v))
			return false;
	}
	*ret = v;
	return true;
}

bool parse_u32(struct span text, uint32_t *ret)
{
	uint64_t v;

	if (!parse_u64(text, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool parse_bool(struct span text, bool *ret)
{
	static const char *const WORDS[][2] = {
		{"no",    "yes" },
                {"false", "true"},
                {"off",   "on"  },
                {"0",     "1"   }
        };

	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
		for (size_t v = 0; v < 2; v++)
			if (span_is_nocase(text, WORDS[i][v])) {
				*ret = v == 1;
				return true;
			}
	return false;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(struct span text, uint8_t *ret, size_t len)
{
	size_t digits;

	if (!size_mul(len, 2, &digits) || text.len != digits)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (digit(text.ptr[i]) < 0)
			return false;
	for (size_t i = 0; i < len; i++)
		ret[i] = (uint8_t)(digit(text.ptr[2 * i]) * 16 + digit(text.ptr[2 * i + 1]));
	return true;
}

void hex_encode(struct span data, char *ret)
{
	static const char HEX[] = "0123456789abcdef";

	for (size_t i = 0; i < data.len; i++) {
		*ret++ = HEX[data.ptr[i] >> 4];
		*ret++ = HEX[data.ptr[i] & 15];
	}
	*ret = '\0';
}

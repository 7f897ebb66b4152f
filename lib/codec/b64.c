#include "codec/b64.h"

#define COMMON "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char URL[] = COMMON "-_", STANDARD[] = COMMON "+/";

static int value(const char *alphabet, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == (uint8_t)alphabet[62] ? 62 : c == (uint8_t)alphabet[63] ? 63 : -1;
}

static int decode(const char *alphabet, struct span text, struct buf *out)
{
	size_t tail = text.len % 4;
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;
	uint8_t *to;

	if (tail == 1)
		return -EBADMSG;
	to = buf_room(out, text.len / 4 * 3 + (tail ? tail - 1 : 0));
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < text.len; i++) {
		int v = value(alphabet, text.ptr[i]);

		if (v < 0)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[n++] = (uint8_t)(bits >> have);
		}
	}
	if (bits & ((1u << have) - 1))
		return -EBADMSG;
	out->len += n;
	return 0;
}

int b64_decode(struct span text, struct buf *out)
{
	return decode(URL, text, out);
}

int b64_decode_padded(struct span text, struct buf *out)
{
	if (text.len % 4 != 0)
		return -EBADMSG;
	for (size_t pad = 0; pad < 2 && text.len && text.ptr[text.len - 1] == '='; pad++)
		text.len--;
	return decode(STANDARD, text, out);
}

static void encode(const char *alphabet, struct span data, struct buf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < data.len; i++) {
		bits = bits << 8 | data.ptr[i];
		for (have += 8; have >= 6; have -= 6)
			buf_put_byte(out, (uint8_t)alphabet[bits >> (have - 6) & 63]);
	}
	if (have)
		buf_put_byte(out, (uint8_t)alphabet[bits << (6 - have) & 63]);
}

void b64_encode(struct span data, struct buf *out)
{
	encode(URL, data, out);
}

void b64_encode_padded(struct span data, struct buf *out)
{
	encode(STANDARD, data, out);
	for (size_t tail = data.len % 3; tail != 0 && tail < 3; tail++)
		buf_put_byte(out, '=');
}

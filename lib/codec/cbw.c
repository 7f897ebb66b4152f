#include "codec/cbw.h"

#include <cbor.h>

#define HEAD_MAX ((size_t)9) /* octets of the longest head */

static void head(struct buf *b, size_t (*encode)(size_t, unsigned char *, size_t), size_t n)
{
	uint8_t *at = buf_room(b, HEAD_MAX);

	if (at)
		b->len += encode(n, at, HEAD_MAX);
}

static void mark(struct buf *b, size_t (*encode)(unsigned char *, size_t))
{
	uint8_t *at = buf_room(b, HEAD_MAX);

	if (at)
		b->len += encode(at, HEAD_MAX);
}

void cbw_map(struct buf *b)
{
	mark(b, cbor_encode_indef_map_start);
}

void cbw_array(struct buf *b)
{
	mark(b, cbor_encode_indef_array_start);
}

void cbw_end(struct buf *b)
{
	mark(b, cbor_encode_break);
}

void cbw_map_n(struct buf *b, size_t n)
{
	head(b, cbor_encode_map_start, n);
}

void cbw_array_n(struct buf *b, size_t n)
{
	head(b, cbor_encode_array_start, n);
}

void cbw_tag(struct buf *b, uint64_t v)
{
	head(b, cbor_encode_tag, v);
}

void cbw_float(struct buf *b, double v)
{
	uint8_t *at = buf_room(b, HEAD_MAX);

	if (at)
		b->len += cbor_encode_double(v, at, HEAD_MAX);
}

void cbw_uint(struct buf *b, uint64_t v)
{
	uint8_t *at = buf_room(b, HEAD_MAX);

	if (at)
		b->len += cbor_encode_uint(v, at, HEAD_MAX);
}

void cbw_int(struct buf *b, int64_t v)
{
	uint8_t *at;

	if (v >= 0) {
		cbw_uint(b, (uint64_t)v);
		return;
	}
	at = buf_room(b, HEAD_MAX);
	if (at)
		b->len += cbor_encode_negint((uint64_t)(-1 - v), at, HEAD_MAX);
}

void cbw_bool(struct buf *b, bool v)
{
	uint8_t *at = buf_room(b, HEAD_MAX);

	if (at)
		b->len += cbor_encode_bool(v, at, HEAD_MAX);
}

void cbw_null(struct buf *b)
{
	mark(b, cbor_encode_null);
}

void cbw_text(struct buf *b, struct span v)
{
	head(b, cbor_encode_string_start, v.len);
	buf_put(b, v);
}

void cbw_str(struct buf *b, const char *v)
{
	cbw_text(b, span_str(v));
}

void cbw_bytes(struct buf *b, struct span v)
{
	head(b, cbor_encode_bytestring_start, v.len);
	buf_put(b, v);
}

void cbw_kv_uint(struct buf *b, const char *key, uint64_t v)
{
	cbw_str(b, key);
	cbw_uint(b, v);
}

void cbw_kv_bool(struct buf *b, const char *key, bool v)
{
	cbw_str(b, key);
	cbw_bool(b, v);
}

void cbw_kv_str(struct buf *b, const char *key, const char *v)
{
	cbw_str(b, key);
	cbw_str(b, v);
}

void cbw_kv_text(struct buf *b, const char *key, struct span v)
{
	cbw_str(b, key);
	cbw_text(b, v);
}

void cbw_kv_uuid(struct buf *b, const char *key, const struct uuid *v)
{
	char text[UUID_TEXT + 1];

	uuid_format(v, text);
	cbw_kv_str(b, key, text);
}

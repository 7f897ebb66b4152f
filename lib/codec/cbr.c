#include "codec/cbr.h"

#include <assert.h>
#include <cbor.h>
#include <math.h>

#define INDEFINITE   UINT64_MAX
#define BREAK        0xffu       /* ends what is indefinite */
#define HEAD_MAX     ((size_t)9) /* octets */
#define MAJOR_TAG    6
#define MAJOR_SIMPLE 7

/* One head with the octets of a string. */
struct head {
	enum cbr_type type;
	bool stop;  /* the break of an indefinite container */
	uint64_t n; /* integer, or count of a container */
	struct span data;
	double real;
};

/* The decoder calls exactly one of these for each head. What has none stays CBR_NONE. */
static void on_u8(void *h, uint8_t v)
{
	*(struct head *)h = (struct head){.type = CBR_UINT, .n = v};
}

static void on_u16(void *h, uint16_t v)
{
	*(struct head *)h = (struct head){.type = CBR_UINT, .n = v};
}

static void on_u32(void *h, uint32_t v)
{
	*(struct head *)h = (struct head){.type = CBR_UINT, .n = v};
}

static void on_u64(void *h, uint64_t v)
{
	*(struct head *)h = (struct head){.type = CBR_UINT, .n = v};
}

static void on_n8(void *h, uint8_t v)
{
	*(struct head *)h = (struct head){.type = CBR_NEGINT, .n = v};
}

static void on_n16(void *h, uint16_t v)
{
	*(struct head *)h = (struct head){.type = CBR_NEGINT, .n = v};
}

static void on_n32(void *h, uint32_t v)
{
	*(struct head *)h = (struct head){.type = CBR_NEGINT, .n = v};
}

static void on_n64(void *h, uint64_t v)
{
	*(struct head *)h = (struct head){.type = CBR_NEGINT, .n = v};
}

static void on_bytes(void *h, cbor_data p, size_t n)
{
	*(struct head *)h = (struct head){
		.type = CBR_BYTES, .data = {p, n}
        };
}

static void on_text(void *h, cbor_data p, size_t n)
{
	*(struct head *)h = (struct head){
		.type = CBR_TEXT, .data = {p, n}
        };
}

/* A definite count may not pass for the mark of an indefinite one. */
static void on_array(void *h, size_t n)
{
	*(struct head *)h = (struct head){.type = n == INDEFINITE ? CBR_NONE : CBR_ARRAY, .n = n};
}

static void on_map(void *h, size_t n)
{
	*(struct head *)h = (struct head){.type = n == INDEFINITE ? CBR_NONE : CBR_MAP, .n = n};
}

static void on_indef_array(void *h)
{
	*(struct head *)h = (struct head){.type = CBR_ARRAY, .n = INDEFINITE};
}

static void on_indef_map(void *h)
{
	*(struct head *)h = (struct head){.type = CBR_MAP, .n = INDEFINITE};
}

static void on_bool(void *h, bool v)
{
	*(struct head *)h = (struct head){.type = CBR_BOOL, .n = v};
}

static void on_null(void *h)
{
	*(struct head *)h = (struct head){.type = CBR_NULL};
}

static void on_float(void *h, float v)
{
	*(struct head *)h = (struct head){.type = CBR_FLOAT, .real = (double)v};
}

static void on_double(void *h, double v)
{
	*(struct head *)h = (struct head){.type = CBR_FLOAT, .real = v};
}

static void on_break(void *h)
{
	*(struct head *)h = (struct head){.stop = true};
}

static const struct cbor_callbacks CALLBACKS = {
	.uint8 = on_u8,
	.uint16 = on_u16,
	.uint32 = on_u32,
	.uint64 = on_u64,
	.negint8 = on_n8,
	.negint16 = on_n16,
	.negint32 = on_n32,
	.negint64 = on_n64,
	.byte_string = on_bytes,
	.string = on_text,
	.byte_string_start = cbor_null_byte_string_start_callback,
	.string_start = cbor_null_string_start_callback,
	.array_start = on_array,
	.map_start = on_map,
	.indef_array_start = on_indef_array,
	.indef_map_start = on_indef_map,
	.boolean = on_bool,
	.null = on_null,
	.indef_break = on_break,
	.tag = cbor_null_tag_callback,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = cbor_null_undefined_callback,
};

/* Decodes the next head without consuming it; its length, or 0 for none. */
static size_t look(const struct cbr *c, struct head *h)
{
	struct cbor_decoder_result r;

	*h = (struct head){.type = CBR_NONE};
	if (c->err || c->rest.len == 0)
		return 0;
	r = cbor_stream_decode(c->rest.ptr, c->rest.len, &CALLBACKS, h);
	if (r.status != CBOR_DECODER_FINISHED || (h->type == CBR_NONE && !h->stop))
		return 0;
	if (h->type == CBR_FLOAT && (!c->limits->floats || !isfinite(h->real)))
		return 0;
	return r.read;
}

/* Keeps a pointer even at the end, for cbr_skip(). */
static void advance(struct cbr *c, size_t n)
{
	c->rest.ptr += n;
	c->rest.len -= n;
}

/* Consumes the next head. On false the error is set. */
static bool take(struct cbr *c, struct head *h)
{
	size_t n = look(c, h);

	if (c->err)
		return false;
	if (n == 0)
		cbr_fail(c, CBR_MALFORMED);
	else if (++c->items > c->limits->items || h->data.len > c->limits->text)
		cbr_fail(c, CBR_LIMIT);
	else if (h->type == CBR_TEXT && !span_is_utf8(h->data))
		cbr_fail(c, CBR_MALFORMED);
	else
		advance(c, n);
	return !c->err;
}

static bool take_type(struct cbr *c, enum cbr_type type, struct head *h)
{
	if (take(c, h) && h->type != type)
		cbr_fail(c, h->stop ? CBR_MALFORMED : CBR_TYPE);
	return !c->err;
}

/* Opens the container of `h`. A count that the remaining octets cannot hold is a lie. */
static void push(struct cbr *c, const struct head *h)
{
	bool map = h->type == CBR_MAP;

	if (c->depth >= c->limits->depth || c->depth >= CBR_DEPTH_MAX) {
		cbr_fail(c, CBR_LIMIT);
		return;
	}
	if (h->n != INDEFINITE && h->n > c->rest.len / (map ? 2 : 1)) {
		cbr_fail(c, CBR_MALFORMED);
		return;
	}
	c->open[c->depth].left = h->n;
	c->open[c->depth].map = map;
	c->open[c->depth].odd = false;
	c->depth++;
}

/* Steps to the next element or pair of the innermost container; false: it is closed. */
static bool step(struct cbr *c)
{
	if (c->err)
		return false;
	assert(c->depth > 0);
	if (c->open[c->depth - 1].left == INDEFINITE) {
		if (c->rest.len == 0)
			cbr_fail(c, CBR_MALFORMED);
		if (c->err || c->rest.ptr[0] != BREAK)
			return !c->err; /* what is no item fails when it is taken */
		advance(c, 1);
		c->depth--;
		return false;
	}
	if (c->open[c->depth - 1].left == 0) {
		c->depth--;
		return false;
	}
	c->open[c->depth - 1].left--;
	return true;
}

void cbr_open(struct cbr *c, struct span body, const struct cbr_limits *limits)
{
	*c = (struct cbr){.rest = body, .limits = limits};
	if (body.len > limits->bytes)
		cbr_fail(c, CBR_LIMIT);
}

enum cbr_type cbr_peek(const struct cbr *c)
{
	struct head h;

	return look(c, &h) ? h.type : CBR_NONE;
}

/* libcbor 0.8 refuses tags that it does not know. Their heads are those of integers but for the
 * major type, so it is asked for an integer. */
bool cbr_tag(struct cbr *c, uint64_t *ret)
{
	uint8_t as_integer[HEAD_MAX] = {0};
	struct cbor_decoder_result r;
	struct head h = {0};
	size_t n = c->rest.len < HEAD_MAX ? c->rest.len : HEAD_MAX;

	if (c->err || n == 0 || c->rest.ptr[0] >> 5 != MAJOR_TAG)
		return false;
	memcpy(as_integer, c->rest.ptr, n);
	as_integer[0] &= 0x1f;
	r = cbor_stream_decode(as_integer, n, &CALLBACKS, &h);
	if (r.status != CBOR_DECODER_FINISHED || h.type != CBR_UINT)
		return false;
	advance(c, r.read);
	*ret = h.n;
	return true;
}

void cbr_map(struct cbr *c)
{
	struct head h;

	if (take_type(c, CBR_MAP, &h))
		push(c, &h);
}

bool cbr_next(struct cbr *c, struct span *ret_key)
{
	struct head h;

	*ret_key = span_of(NULL, 0);
	if (!step(c) || !take_type(c, CBR_TEXT, &h))
		return false;
	*ret_key = h.data;
	return true;
}

void cbr_array(struct cbr *c)
{
	struct head h;

	if (take_type(c, CBR_ARRAY, &h))
		push(c, &h);
}

bool cbr_more(struct cbr *c)
{
	return step(c);
}

uint64_t cbr_uint(struct cbr *c, uint64_t max)
{
	struct head h;

	if (!take_type(c, CBR_UINT, &h))
		return 0;
	if (h.n > max) {
		cbr_fail(c, CBR_VALUE);
		return 0;
	}
	return h.n;
}

int64_t cbr_int(struct cbr *c, int64_t min, int64_t max)
{
	struct head h;
	int64_t v;

	if (!take(c, &h))
		return 0;
	if (h.type != CBR_UINT && h.type != CBR_NEGINT) {
		cbr_fail(c, h.stop ? CBR_MALFORMED : CBR_TYPE);
		return 0;
	}
	v = h.n > INT64_MAX ? 0 : h.type == CBR_UINT ? (int64_t)h.n : -1 - (int64_t)h.n;
	if (h.n > INT64_MAX || v < min || v > max) {
		cbr_fail(c, CBR_VALUE);
		return 0;
	}
	return v;
}

double cbr_float(struct cbr *c)
{
	struct head h;

	return take_type(c, CBR_FLOAT, &h) ? h.real : 0;
}

bool cbr_bool(struct cbr *c)
{
	struct head h;

	return take_type(c, CBR_BOOL, &h) && h.n;
}

struct span cbr_text(struct cbr *c)
{
	struct head h;

	return take_type(c, CBR_TEXT, &h) ? h.data : span_of(NULL, 0);
}

struct span cbr_bytes(struct cbr *c)
{
	struct head h;

	return take_type(c, CBR_BYTES, &h) ? h.data : span_of(NULL, 0);
}

/* Inside cbr_skip() maps are walked item by item, since their keys may be of any kind. */
static bool skip_step(struct cbr *c)
{
	bool map = c->open[c->depth - 1].map, odd = c->open[c->depth - 1].odd;
	unsigned depth = c->depth;

	if (map && odd) {
		c->open[depth - 1].odd = false;
		return true; /* the value: a break here is caught when it is taken */
	}
	if (!step(c))
		return false;
	c->open[depth - 1].odd = map;
	return true;
}

/* A float or simple value, of which there are more than the decoder tells; else nothing. */
static bool skip_simple(struct cbr *c)
{
	static const size_t LENGTHS[] = {[24] = 2, [25] = 3, [26] = 5, [27] = 9};
	const unsigned first = c->rest.len > 0 ? c->rest.ptr[0] : 0, info = first & 0x1f;
	const size_t len = info < 24 ? 1 : info < ARRAY_SIZE(LENGTHS) ? LENGTHS[info] : 0;

	if (c->err || first >> 5 != MAJOR_SIMPLE || len == 0 || len > c->rest.len ||
	    (len == 2 && c->rest.ptr[1] < 32))
		return false;
	advance(c, len);
	return true;
}

static bool skip_odd(struct cbr *c)
{
	uint64_t tag;

	while (cbr_tag(c, &tag))
		;
	return skip_simple(c);
}

struct span cbr_skip(struct cbr *c)
{
	const uint8_t *start = c->rest.ptr;
	unsigned base = c->depth;
	struct head h;

	do {
		if (c->depth > base && !skip_step(c))
			continue;
		if (c->limits->any && skip_odd(c))
			continue;
		if (!take(c, &h))
			break;
		if (h.stop)
			cbr_fail(c, CBR_MALFORMED);
		else if (h.type == CBR_ARRAY || h.type == CBR_MAP)
			push(c, &h);
	} while (!c->err && c->depth > base);
	if (c->err)
		return span_of(NULL, 0);
	return span_of(start, (size_t)(c->rest.ptr - start));
}

void cbr_once(struct cbr *c, unsigned *seen, unsigned bit)
{
	if (*seen & bit)
		cbr_fail(c, CBR_DUPLICATE);
	*seen |= bit;
}

bool cbr_member(struct cbr *c, struct span key, const char *name, unsigned *seen, unsigned bit)
{
	bool is_it = span_is(key, name);

	if (is_it)
		cbr_once(c, seen, bit);
	return is_it;
}

struct uuid cbr_uuid(struct cbr *c)
{
	struct uuid u = {{0}};

	if (!uuid_parse(cbr_text(c), &u))
		cbr_fail(c, CBR_VALUE);
	return u;
}

void cbr_fail(struct cbr *c, enum cbr_err err)
{
	if (!c->err)
		c->err = err;
}

enum cbr_err cbr_close(struct cbr *c)
{
	if (c->depth > 0 || c->rest.len > 0)
		cbr_fail(c, CBR_MALFORMED);
	return c->err;
}

enum cbr_err cbr_close_with(struct cbr *c, unsigned seen, unsigned wanted)
{
	enum cbr_err err = cbr_close(c);

	return err == CBR_OK && (seen & wanted) != wanted ? CBR_VALUE : err;
}

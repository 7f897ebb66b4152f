#include "codec/cbd.h"

/* Octets of the shortest head with this argument. */
static size_t head_len(uint64_t n)
{
	return n < 24 ? 1 : n <= UINT8_MAX ? 2 : n <= UINT16_MAX ? 3 : n <= UINT32_MAX ? 5 : 9;
}

static void want_len(struct cbr *c, const uint8_t *start, size_t len)
{
	if (!c->err && (size_t)(c->rest.ptr - start) != len)
		cbr_fail(c, CBR_LOOSE);
}

static void check_item(struct cbr *c);

/* The head of a container was read from `start`. An indefinite one has a count that no octet run
 * can hold, so its length never fits. */
static void check_container(struct cbr *c, const uint8_t *start)
{
	if (!c->err)
		want_len(c, start, head_len(c->open[c->depth - 1].left));
}

static int compare(struct span a, struct span b)
{
	int r = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	return r != 0 ? r : a.len < b.len ? -1 : a.len > b.len;
}

/* Was `key` met before, since `map` was entered? */
static bool is_repeated(struct cbr map, struct span key)
{
	while (cbr_more(&map) && map.rest.ptr < key.ptr) {
		if (compare(cbr_skip(&map), key) == 0)
			return true;
		(void)cbr_skip(&map);
	}
	return false;
}

static void check_map(struct cbr *c)
{
	const uint8_t *start = c->rest.ptr;
	struct span last = {0};
	struct cbr entered;

	cbr_map(c);
	check_container(c, start);
	entered = *c;
	while (cbr_more(c)) {
		struct span key = {.ptr = c->rest.ptr};

		check_item(c);
		if (c->err)
			return;
		key.len = (size_t)(c->rest.ptr - key.ptr);
		if (last.len > 0 && compare(last, key) >= 0)
			cbr_fail(c, is_repeated(entered, key) ? CBR_DUPLICATE : CBR_LOOSE);
		last = key;
		check_item(c);
	}
}

static void check_array(struct cbr *c)
{
	const uint8_t *start = c->rest.ptr;

	cbr_array(c);
	check_container(c, start);
	while (cbr_more(c))
		check_item(c);
}

static void check_string(struct cbr *c, struct span (*read)(struct cbr *c))
{
	const uint8_t *start = c->rest.ptr;
	size_t len = read(c).len;

	want_len(c, start, head_len(len) + len);
}

/* As deep as the limits let it. */
static void check_item(struct cbr *c)
{
	const uint8_t *start = c->rest.ptr;

	switch (cbr_peek(c)) {
	case CBR_UINT:
		want_len(c, start, head_len(cbr_uint(c, UINT64_MAX)));
		break;
	case CBR_NEGINT:
		want_len(c, start, head_len((uint64_t)(-1 - cbr_int(c, INT64_MIN, -1))));
		break;
	case CBR_BYTES:
		check_string(c, cbr_bytes);
		break;
	case CBR_TEXT:
		check_string(c, cbr_text);
		break;
	case CBR_ARRAY:
		check_array(c);
		break;
	case CBR_MAP:
		check_map(c);
		break;
	case CBR_BOOL:
	case CBR_NULL:
		want_len(c, start, cbr_skip(c).len ? 1 : 0);
		break;
	case CBR_FLOAT:
	case CBR_NONE:
		cbr_fail(c, CBR_MALFORMED);
		break;
	}
}

enum cbr_err cbd_check(struct span item, const struct cbr_limits *limits)
{
	struct cbr c;

	cbr_open(&c, item, limits);
	check_item(&c);
	return cbr_close(&c);
}

#include "codec/cbd.h"

#include "codec/cbw.h"

#define INDEFINITE 31u        /* in the low five bits of a head */
#define BREAK      0xffu      /* ends what is indefinite */
enum { BYTES = 2, TEXT = 3 }; /* major types */

/* Could no shorter head have the same argument? */
static bool is_shortest(const uint8_t *head, size_t len)
{
	static const uint8_t ZERO[4];

	if (len == 1)
		return (head[0] & INDEFINITE) != INDEFINITE;
	return len == 2 ? head[1] >= 24 : memcmp(head + 1, ZERO, len / 2) != 0;
}

/* A head was read from `start`, and `body` octets of a string behind it. */
static void want_shortest(struct cbr *c, const uint8_t *start, size_t body)
{
	if (!c->err && !is_shortest(start, (size_t)(c->rest.ptr - start) - body))
		cbr_fail(c, CBR_LOOSE);
}

static void check_item(struct cbr *c);

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
	want_shortest(c, start, 0);
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
	want_shortest(c, start, 0);
	while (cbr_more(c))
		check_item(c);
}

static void check_string(struct cbr *c, struct span (*read)(struct cbr *c))
{
	const uint8_t *start = c->rest.ptr;
	size_t len = read(c).len;

	want_shortest(c, start, len);
}

/* The reader takes no strings in chunks; those are loose, not malformed. */
static bool is_chunked(struct span s)
{
	return s.len > 0 &&
	       (s.ptr[0] == (BYTES << 5 | INDEFINITE) || s.ptr[0] == (TEXT << 5 | INDEFINITE));
}

/* As deep as the limits let it. */
static void check_item(struct cbr *c)
{
	const uint8_t *start = c->rest.ptr;

	switch (cbr_peek(c)) {
	case CBR_UINT:
	case CBR_NEGINT:
	case CBR_BOOL:
	case CBR_NULL:
		(void)cbr_skip(c);
		want_shortest(c, start, 0);
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
	case CBR_FLOAT:
	case CBR_NONE:
		cbr_fail(c, is_chunked(c->rest) ? CBR_LOOSE : CBR_MALFORMED);
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

static void check_keys(struct cbr *c);

/* Each key is compared with all before it, which the limit keeps cheap. */
static void check_pairs(struct cbr *c)
{
	struct span keys[CBD_PAIRS_MAX];

	cbr_map(c);
	for (size_t n = 0; cbr_more(c); n++) {
		const uint8_t *start = c->rest.ptr;

		check_keys(c);
		if (n == CBD_PAIRS_MAX)
			cbr_fail(c, CBR_LIMIT);
		if (c->err)
			return;
		keys[n] = span_of(start, (size_t)(c->rest.ptr - start));
		for (size_t i = 0; i < n; i++) {
			if (span_eq(keys[i], keys[n]))
				cbr_fail(c, CBR_DUPLICATE);
		}
		check_keys(c);
	}
}

static void check_keys(struct cbr *c)
{
	uint64_t tag;

	while (c->limits->any && cbr_tag(c, &tag))
		;
	if (cbr_peek(c) == CBR_MAP) {
		check_pairs(c);
	} else if (cbr_peek(c) == CBR_ARRAY) {
		cbr_array(c);
		while (cbr_more(c))
			check_keys(c);
	} else {
		(void)cbr_skip(c);
	}
}

enum cbr_err cbd_check_keys(struct span item, const struct cbr_limits *limits)
{
	struct cbr c;

	cbr_open(&c, item, limits);
	check_keys(&c);
	return cbr_close(&c);
}

/* Cuts one head off *rest; an indefinite one has no argument. */
static bool take_head(struct span *rest, struct span *ret, uint64_t *ret_argument)
{
	const unsigned info = rest->len > 0 ? rest->ptr[0] & INDEFINITE : INDEFINITE - 1;
	const size_t more = info < 24 || info == INDEFINITE ? 0 : info < 28 ? 1u << (info - 24) : 9;

	if (rest->len <= more || more > 8)
		return false;
	*ret_argument = info < 24 ? info : 0;
	for (size_t i = 1; i <= more; i++)
		*ret_argument = *ret_argument << 8 | rest->ptr[i];
	*ret = span_of(rest->ptr, 1 + more);
	*rest = span_skip(*rest, 1 + more);
	return true;
}

/* The octets of a string whose head is `head`. */
static bool take_content(struct span *rest, uint64_t len, struct span *ret)
{
	if (len > rest->len)
		return false;
	*ret = span_of(rest->ptr, (size_t)len);
	*rest = span_skip(*rest, (size_t)len);
	return true;
}

/* All chunks, which must be of one kind, up to the break. */
static bool join_chunks(struct span *rest, unsigned major, struct buf *out)
{
	CLEANUP(buf_done) struct buf whole = BUF_INIT(rest->len);
	struct span head, content;
	uint64_t len;

	while (rest->len > 0 && rest->ptr[0] != BREAK) {
		if (rest->ptr[0] >> 5 != major || is_chunked(*rest) ||
		    !take_head(rest, &head, &len) || !take_content(rest, len, &content))
			return false;
		buf_put(&whole, content);
	}
	if (rest->len == 0 || !buf_ok(&whole))
		return false;
	*rest = span_skip(*rest, 1);
	if (major == BYTES)
		cbw_bytes(out, buf_span(&whole));
	else
		cbw_text(out, buf_span(&whole));
	return true;
}

void cbd_join(struct span octets, struct buf *out)
{
	struct span rest = octets, at = octets, head, content;
	bool ok = true;
	uint64_t len;

	while (ok && rest.len > 0) {
		const unsigned major = rest.ptr[0] >> 5;

		at = rest;
		ok = take_head(&rest, &head, &len);
		if (ok && is_chunked(at)) {
			ok = join_chunks(&rest, major, out);
			continue;
		}
		if (ok && (major == BYTES || major == TEXT))
			ok = take_content(&rest, len, &content);
		if (ok)
			buf_put(out, span_of(at.ptr, at.len - rest.len));
	}
	if (!ok)
		buf_put(out, at);
}

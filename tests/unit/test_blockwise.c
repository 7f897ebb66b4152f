/* ocf-fw-fetch/blockwise: blocks come in any order and leave in theirs. */
#include "test.h"

#include "daemons/ocf-fw-fetch/blockwise.h"

#define OCTETS ((size_t)100000)

static uint8_t body[OCTETS];

static int make_body(void **state)
{
	(void)state;
	for (size_t i = 0; i < OCTETS; i++)
		body[i] = (uint8_t)(i * 31 >> 3);
	return 0;
}

/* The answer of a good server. */
static struct reply answer(uint32_t num, uint8_t szx, size_t total)
{
	size_t size = (size_t)16 << szx, at = num * size;

	if (at >= total && total > 0)
		return (struct reply){.code = 400, .content_format = CF_NONE};
	return (struct reply){
		.code = 205,
		.content_format = 42,
		.body = span_of(body + at, total - at < size ? total - at : size),
		.block = {.present = true,
			  .num = num,
			  .szx = szx,
			  .more = total - at > size,
			  .size = num == 0 ? (uint32_t)total : CF_NONE,
			  .etag = SPAN_LIT("tag")},
	};
}

/* Takes what is in order and compares. */
static size_t drain(struct blockwise *b, size_t at)
{
	struct span s;
	unsigned code;

	while (blockwise_next(b, &s, &code) == 1) {
		assert_true(s.len <= OCTETS - at);
		assert_memory_equal(s.ptr, body + at, s.len);
		at += s.len;
	}
	return at;
}

static size_t run(struct blockwise *b, uint64_t from, uint64_t until, uint8_t szx, size_t total)
{
	uint32_t nums[BLOCKWISE_WINDOW_MAX];
	size_t at = (size_t)from;
	uint8_t wanted;

	blockwise_want(b, from, until);
	while (!blockwise_is_done(b)) {
		size_t n = 0;

		while (n < BLOCKWISE_WINDOW_MAX && blockwise_ask(b, &nums[n], &wanted))
			n++;
		assert_true(n > 0);
		while (n-- > 0) { /* the last one first */
			struct reply r = answer(nums[n], wanted < szx ? wanted : szx, total);

			assert_int_equal(blockwise_take(b, nums[n], &r), FWE_OK);
		}
		at = drain(b, at);
	}
	return at;
}

static void blockwise__puts_blocks_into_order(void **state)
{
	static const struct {
		uint64_t from, until;
		uint8_t szx;
		size_t total, want;
	} ROWS[] = {
		{0,     UINT64_MAX, 6, OCTETS, OCTETS},
		{0,     UINT64_MAX, 0, 5000,   5000  },
		{0,     UINT64_MAX, 6, 1024,   1024  },
		{0,     UINT64_MAX, 6, 0,      0     },
		{70000, UINT64_MAX, 6, OCTETS, OCTETS},
		{70001, UINT64_MAX, 3, OCTETS, OCTETS},
		{5,     6,          6, OCTETS, 6     },
		{1023,  4097,       6, OCTETS, 4097  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct blockwise b;

		blockwise_open(&b);
		assert_int_equal(run(&b, ROWS[i].from, ROWS[i].until, ROWS[i].szx, ROWS[i].total),
				 ROWS[i].want);
		assert_false(b.declined);
	}
}

static void blockwise__knows_the_body_for_more_ranges(void **state)
{
	struct blockwise b;

	(void)state;
	blockwise_open(&b);
	assert_int_equal(run(&b, 10, 20, 4, OCTETS), 20);
	assert_int_equal(run(&b, 4096, 8192, 4, OCTETS), 8192);
	assert_int_equal(run(&b, 99999, 100000, 4, OCTETS), 100000);
	blockwise_want(&b, 200000, 200001); /* beyond the end that Size2 has told */
	assert_true(blockwise_is_done(&b));
}

static void blockwise__opens_the_window_and_halves_it(void **state)
{
	struct blockwise b;
	uint32_t num, before;
	uint8_t szx;

	(void)state;
	blockwise_open(&b);
	assert_int_equal(run(&b, 0, 64 * 1024, 6, OCTETS), 64 * 1024);
	assert_int_equal(b.window, BLOCKWISE_WINDOW_MAX);
	blockwise_want(&b, 64 * 1024, UINT64_MAX);
	while (blockwise_ask(&b, &num, &szx))
		;
	assert_int_equal(b.under_way,
			 b.end - 64 < BLOCKWISE_WINDOW_MAX ? b.end - 64 : BLOCKWISE_WINDOW_MAX);
	blockwise_lost(&b, 70);
	before = b.window;
	blockwise_lost(&b, 65); /* of the same burst */
	assert_int_equal(before, BLOCKWISE_WINDOW_MAX / 2);
	assert_int_equal(b.window, before);
}

/* A body that is shorter than it was leaves requests under way, whose answers come later. */
static void blockwise_take__is_not_stalled_by_late_answers(void **state)
{
	uint32_t nums[BLOCKWISE_WINDOW_MAX], num;
	struct blockwise b;
	struct reply r;
	uint8_t szx;
	size_t n = 0;

	(void)state;
	blockwise_open(&b);
	assert_int_equal(run(&b, 0, 16 * 1024, 6, OCTETS), 16 * 1024);
	b.total = BLOCKWISE_BLOCKS_MAX; /* as if Size2 had not told */
	blockwise_want(&b, 16 * 1024, UINT64_MAX);
	while (n < BLOCKWISE_WINDOW_MAX && blockwise_ask(&b, &nums[n], &szx))
		n++;
	assert_true(n > 3);
	for (size_t i = 0; i < 2; i++) { /* it ends with the second */
		r = answer(nums[i], 6, 18 * 1024);
		assert_int_equal(blockwise_take(&b, nums[i], &r), FWE_OK);
	}
	assert_int_equal(drain(&b, 16 * 1024), 18 * 1024);
	assert_true(blockwise_is_done(&b));
	blockwise_want(&b, 0, 8 * 1024);
	for (size_t i = 2; i < n; i++) {
		r = answer(nums[i], 6, 18 * 1024);
		assert_int_equal(blockwise_take(&b, nums[i], &r), FWE_OK);
	}
	assert_true(blockwise_ask(&b, &num, &szx));
	assert_int_equal(num, 0);
	r = answer(num, 6, OCTETS);
	assert_int_equal(blockwise_take(&b, num, &r), FWE_OK);
	assert_int_equal(drain(&b, 0), 1024);
	while (blockwise_ask(&b, &num, &szx))
		;
	assert_int_equal(b.under_way, 7);
}

enum fault {
	F_SIZE,
	F_ETAG,
	F_FORMAT,
	F_NUM,
	F_SHORT,
	F_MORE,
	F_END,
	F_NO_BLOCK,
	F_LARGER,
	F_LONG
};

static void spoil(struct reply *r, enum fault f)
{
	switch (f) {
	case F_SIZE:
		r->block.szx = 5;
		r->body.len = 512;
		break;
	case F_ETAG:
		r->block.etag = SPAN_LIT("gat");
		break;
	case F_FORMAT:
		r->content_format = 50;
		break;
	case F_NUM:
		r->block.num++;
		break;
	case F_SHORT:
		r->body.len--;
		break;
	case F_MORE: /* behind the end that was told */
		r->block.num = 97;
		break;
	case F_END:
		r->block.more = false;
		break;
	case F_NO_BLOCK:
		r->block.present = false;
		break;
	case F_LARGER:
		r->block.szx = 7;
		break;
	case F_LONG:
		r->body.len++;
		break;
	}
}

static void blockwise_take__sees_what_does_not_fit(void **state)
{
	(void)state;
	for (int f = F_SIZE; f <= F_LONG; f++) {
		struct blockwise b;
		struct reply r;
		uint32_t num;
		uint8_t szx;

		blockwise_open(&b);
		blockwise_want(&b, 0, UINT64_MAX);
		assert_true(blockwise_ask(&b, &num, &szx));
		r = answer(num, szx, OCTETS);
		assert_int_equal(blockwise_take(&b, num, &r), FWE_OK);
		assert_int_equal(drain(&b, 0), 1024);
		assert_true(blockwise_ask(&b, &num, &szx));
		r = answer(num, szx, OCTETS);
		spoil(&r, (enum fault)f);
		if (blockwise_take(&b, num, &r) != FWE_FETCH_COAP_BLOCK)
			fail_msg("fault %d", f);
	}
}

static void blockwise_next__tells_another_code(void **state)
{
	const struct reply refused = {.code = 404, .content_format = CF_NONE};
	struct blockwise b;
	struct span s;
	uint32_t num;
	unsigned code = 0;
	uint8_t szx;

	(void)state;
	blockwise_open(&b);
	blockwise_want(&b, 5000, UINT64_MAX);
	assert_true(blockwise_ask(&b, &num, &szx));
	assert_false(blockwise_ask(&b, &num, &szx));
	assert_int_equal(num, 0);
	assert_int_equal(blockwise_take(&b, num, &refused), FWE_OK);
	assert_int_equal(blockwise_next(&b, &s, &code), -EPROTO);
	assert_int_equal(code, 404);
}

static void blockwise_take__declines_what_is_too_short(void **state)
{
	static const size_t TOTALS[] = {0, 10, 1024, 4096};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TOTALS); i++)
		for (int present = 0; present <= 1; present++) {
			struct blockwise b;
			struct reply r;
			uint32_t num;
			uint8_t szx;

			blockwise_open(&b);
			blockwise_want(&b, 4096, UINT64_MAX);
			assert_true(blockwise_ask(&b, &num, &szx));
			r = answer(num, szx, TOTALS[i]);
			if (!present) {
				r.body.len = TOTALS[i] < 2048 ? TOTALS[i] : 2048;
				r.block = (struct reply_block){.size = CF_NONE};
			}
			assert_int_equal(blockwise_take(&b, num, &r), FWE_OK);
			assert_true(b.declined);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blockwise__puts_blocks_into_order),
		cmocka_unit_test(blockwise__knows_the_body_for_more_ranges),
		cmocka_unit_test(blockwise__opens_the_window_and_halves_it),
		cmocka_unit_test(blockwise_take__is_not_stalled_by_late_answers),
		cmocka_unit_test(blockwise_take__sees_what_does_not_fit),
		cmocka_unit_test(blockwise_next__tells_another_code),
		cmocka_unit_test(blockwise_take__declines_what_is_too_short),
	};

	return cmocka_run_group_tests(tests, make_body, NULL);
}

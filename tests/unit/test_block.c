#include "test.h"

#include "transport/block.h"
#include "transport/exchange.h"

#define BODY_MAX ((size_t)256)

static uint8_t text[4096];

static struct remote peer(uint64_t session, uint16_t port)
{
	return (struct remote){.session = session, .addr.sa.sin6_port = port};
}

static struct message block(uint32_t num, bool more, uint8_t szx, size_t len)
{
	struct message m;

	message_init(&m, MT_CON, MC_POST, 1);
	assert_true(message_set_path(&m, SPAN_LIT("/oic/sec/cred")));
	m.block1 = (struct message_block){.present = true, .more = more, .szx = szx, .num = num};
	m.payload = span_of(text + num * (16u << szx), len);
	return m;
}

static int setup(void **state)
{
	static struct blocks bs;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 31 + i / 256);
	bs = (struct blocks){.body_max = BODY_MAX};
	*state = &bs;
	return 0;
}

static int teardown(void **state)
{
	blocks_done(*state);
	return 0;
}

struct step {
	uint32_t num;
	bool more;
	uint8_t szx;
	size_t len;
	uint8_t want;
};

#define STEPS_MAX 20
static const struct {
	const char *name;
	struct step steps[STEPS_MAX];
	size_t body; /* of the last step, if it gives 0 */
} SEQUENCES[] = {
	{"one block is a body",                  {{0, false, 6, 100, 0}},                                 100},
	{"two blocks",			   {{0, true, 2, 64, MC_CONTINUE}, {1, false, 2, 10, 0}},   74 },
	{"an empty last block",                  {{0, true, 2, 64, MC_CONTINUE}, {1, false, 2, 0, 0}},    64 },
	{"a block with no first one",            {{1, false, 2, 64, MC_INCOMPLETE}},                      0  },
	{"a far block with no first one",        {{1000000, true, 6, 1024, MC_INCOMPLETE}},               0  },
	{"a gap",
	 {{0, true, 2, 64, MC_CONTINUE}, {2, true, 2, 64, MC_INCOMPLETE}, {1, false, 2, 5, 0}},
	 69												  },
	{"the same block twice",
	 {{0, true, 2, 64, MC_CONTINUE},
	  {1, true, 2, 64, MC_CONTINUE},
	  {1, true, 2, 64, MC_INCOMPLETE}},
	 0												   },
	{"a new beginning",
	 {{0, true, 2, 64, MC_CONTINUE}, {0, true, 2, 64, MC_CONTINUE}, {1, false, 2, 1, 0}},
	 65												  },
	{"a smaller size on the way",
	 {{0, true, 2, 64, MC_CONTINUE}, {4, true, 0, 16, MC_CONTINUE}, {5, false, 0, 3, 0}},
	 83												  },
	{"a block that is not full",             {{0, true, 2, 63, MC_BAD_REQUEST}},                      0  },
	{"a block that is too full",             {{0, true, 2, 65, MC_BAD_REQUEST}},                      0  },
	{"a last block that is too full",        {{0, false, 2, 65, MC_BAD_REQUEST}},                     0  },
	{"one block beyond the cap",             {{0, false, 5, 257, MC_TOO_LARGE}},                      0  },
	{"a full body",			  {{0, true, 3, 128, MC_CONTINUE}, {1, false, 3, 128, 0}}, 256},
	{"a body beyond the cap, then its rest",
	 {{0, true, 3, 128, MC_CONTINUE},
	  {1, true, 3, 128, MC_CONTINUE},
	  {2, false, 3, 1, MC_TOO_LARGE},
	  {3, false, 3, 1, MC_INCOMPLETE}},
	 0												   },
};

static void blocks_take__follows_the_table(void **state)
{
	struct blocks *bs = *state;
	struct remote from = peer(7, 0);

	for (size_t i = 0; i < ARRAY_SIZE(SEQUENCES); i++) {
		struct span body = {0};
		uint8_t got = 0;

		for (size_t j = 0;
		     j < STEPS_MAX && SEQUENCES[i].steps[j].szx + SEQUENCES[i].steps[j].len > 0;
		     j++) {
			const struct step *s = &SEQUENCES[i].steps[j];
			struct message m = block(s->num % 64, s->more, s->szx, s->len);

			m.block1.num = s->num;
			got = blocks_take(bs, &from, &m, 1, &body);
			if (got != s->want)
				fail_msg("%s: step %zu gave %#x, want %#x", SEQUENCES[i].name, j,
					 got, s->want);
		}
		if (got == 0 && !span_eq(body, span_of(text, SEQUENCES[i].body)))
			fail_msg("%s: body of %zu", SEQUENCES[i].name, body.len);
		blocks_drop(bs, &from);
	}
}

static void blocks_take__size1_beyond_the_cap_is_refused_at_once(void **state)
{
	struct remote from = peer(7, 0);
	struct message m = block(0, true, 2, 64);
	struct span body;

	m.size1 = 0xfffffffe;
	assert_int_equal(blocks_take(*state, &from, &m, 1, &body), MC_TOO_LARGE);
	m.size1 = BODY_MAX;
	assert_int_equal(blocks_take(*state, &from, &m, 1, &body), MC_CONTINUE);
}

static void blocks_take__peers_do_not_mix(void **state)
{
	struct remote a = peer(1, 0), b = peer(2, 0);
	struct message first = block(0, true, 2, 64), last = block(1, false, 2, 8);
	struct span body;

	assert_int_equal(blocks_take(*state, &a, &first, 1, &body), MC_CONTINUE);
	assert_int_equal(blocks_take(*state, &b, &last, 1, &body), MC_INCOMPLETE);
	assert_int_equal(blocks_take(*state, &a, &last, 1, &body), 0);
}

static void blocks_take__other_path_or_method_is_another_body(void **state)
{
	struct remote from = peer(1, 0);
	struct message first = block(0, true, 2, 64), last = block(1, false, 2, 8);
	struct span body;

	assert_int_equal(blocks_take(*state, &from, &first, 1, &body), MC_CONTINUE);
	last.code = MC_PUT;
	assert_int_equal(blocks_take(*state, &from, &last, 1, &body), MC_INCOMPLETE);
	last.code = MC_POST;
	assert_true(message_set_path(&last, SPAN_LIT("/oic/sec/acl2")));
	assert_int_equal(blocks_take(*state, &from, &last, 1, &body), MC_INCOMPLETE);
}

static void blocks_take__forgets_after_the_exchange_lifetime(void **state)
{
	struct remote from = peer(1, 0);
	struct message first = block(0, true, 2, 64), last = block(1, false, 2, 8);
	struct span body;

	assert_int_equal(blocks_take(*state, &from, &first, 1, &body), MC_CONTINUE);
	assert_int_equal(blocks_take(*state, &from, &last, 1 + EXCHANGE_LIFETIME_US, &body),
			 MC_INCOMPLETE);
}

static void blocks_take__plain_peers_cannot_displace_secured_ones(void **state)
{
	struct remote secured = peer(1, 0);
	struct message first = block(0, true, 2, 64), last = block(1, false, 2, 8);
	struct span body;

	assert_int_equal(blocks_take(*state, &secured, &first, 1, &body), MC_CONTINUE);
	for (uint16_t port = 1; port <= 100; port++) {
		struct remote plain = peer(0, port);

		assert_int_equal(blocks_take(*state, &plain, &first, 1u + port, &body),
				 MC_CONTINUE);
	}
	assert_int_equal(
		blocks_take(*state, &(struct remote){.addr.sa.sin6_port = 100}, &last, 200, &body),
		0);
	assert_int_equal(
		blocks_take(*state, &(struct remote){.addr.sa.sin6_port = 96}, &last, 200, &body),
		MC_INCOMPLETE);
	assert_int_equal(blocks_take(*state, &secured, &last, 200, &body), 0);
}

static const struct {
	const char *name;
	size_t body;
	struct message_block asked;
	bool ok, present, more;
	size_t at, len;
} SLICES[] = {
	{"small, not asked",           100,  {0},					 true,  false, false, 0,    100 },
	{"exactly one block",          1024, {0},					 true,  false, false, 0,    1024},
	{"one octet more",             1025, {0},					 true,  true,  true,  0,    1024},
	{"its rest",                   1025, {.present = true, .szx = 6, .num = 1},       true,  true,  false, 1024, 1   },
	{"beyond it",                  1025, {.present = true, .szx = 6, .num = 2},       false, false, false, 0,    0   },
	{"far beyond it",
	 1025,			       {.present = true, .szx = 6, .num = 1048575},
	 false,										  false,
	 false,												0,
	 0													       },
	{"no block behind a full one",
	 2048,			       {.present = true, .szx = 6, .num = 2},
	 false,										  false,
	 false,												0,
	 0													       },
	{"smaller blocks",             100,  {.present = true, .szx = 1, .num = 2},       true,  true,  true,  64,   32  },
	{"the last of them",           100,  {.present = true, .szx = 1, .num = 3},       true,  true,  false, 96,   4   },
	{"small, asked",               10,   {.present = true, .szx = 6, .num = 0},       true,  true,  false, 0,    10  },
};

static void block_slice__follows_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(SLICES); i++) {
		struct message m;
		uint8_t etag[4];
		bool ok;

		message_init(&m, MT_ACK, MC_CONTENT, 1);
		ok = block_slice(&m, span_of(text, SLICES[i].body), SLICES[i].asked, etag);
		if (ok != SLICES[i].ok)
			fail_msg("%s: %d", SLICES[i].name, ok);
		if (!ok)
			continue;
		if (m.block2.present != SLICES[i].present || m.block2.more != SLICES[i].more ||
		    !span_eq(m.payload, span_of(text + SLICES[i].at, SLICES[i].len)))
			fail_msg("%s: present %d more %d len %zu", SLICES[i].name, m.block2.present,
				 m.block2.more, m.payload.len);
	}
}

static void block_slice__tag_tells_bodies_apart(void **state)
{
	struct message m;
	uint8_t a[4], b[4];

	(void)state;
	message_init(&m, MT_ACK, MC_CONTENT, 1);
	assert_true(block_slice(&m, span_of(text, 2000), (struct message_block){0}, a));
	assert_int_equal(m.size2, 2000);
	assert_true(block_slice(&m, span_of(text, 1999), (struct message_block){0}, b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(blocks_take__follows_the_table, setup, teardown),
		cmocka_unit_test_setup_teardown(
			blocks_take__size1_beyond_the_cap_is_refused_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(blocks_take__peers_do_not_mix, setup, teardown),
		cmocka_unit_test_setup_teardown(blocks_take__other_path_or_method_is_another_body,
						setup, teardown),
		cmocka_unit_test_setup_teardown(blocks_take__forgets_after_the_exchange_lifetime,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			blocks_take__plain_peers_cannot_displace_secured_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(block_slice__follows_the_table, setup, teardown),
		cmocka_unit_test_setup_teardown(block_slice__tag_tells_bodies_apart, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* transport/client: Observe (RFC 7641). */
#include "client_bench.h"

/* The answer to the request, which begins with this number. */
static struct message observe(struct bench *b, uint32_t sequence)
{
	struct call call = {.method = M_GET, .path = "/lamp", .observe = true};
	struct message m;

	assert_int_equal(client_call(b->c, &call, &SERVER, on_reply, b, b->now_us, &b->id), 0);
	assert_int_equal(LAST(b).observe, 0);
	m = answer(b, MT_ACK, MC_CONTENT);
	m.observe = sequence;
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
	assert_true(b->more);
	m.type = MT_CON;
	return m;
}

static void observe__gives_each_notification_and_acknowledges_it(void **state)
{
	struct bench *b = *state;
	struct message m = observe(b, 5);

	assert_int_equal(client_deadline(b->c), NEVER_US);
	for (uint16_t i = 1; i < 4; i++) {
		m.observe += 10;
		m.id = (uint16_t)(9000 + i);
		receive(b, &SERVER, &m);
		assert_int_equal(b->replies, 1 + i);
		assert_true(b->more);
		assert_int_equal(LAST(b).type, MT_ACK);
		assert_int_equal(LAST(b).id, m.id);
		receive(b, &SERVER, &m); /* once more: only the ACK comes again */
		assert_int_equal(b->replies, 1 + i);
	}
}

static void observe__drops_what_is_older(void **state)
{
	static const struct {
		const char *name;
		uint32_t last, now;
		uint64_t later_us;
		bool newer;
	} CASES[] = {
		{"next",            5,        6,        0,         true },
		{"same",            5,        5,        0,         false},
		{"older",           5,        4,        0,         false},
		{"wrapped",         0xffffff, 0,        0,         true },
		{"before the wrap", 0,        0xffffff, 0,         false},
		{"half way",        0,        0x7fffff, 0,         true },
		{"beyond it",       0,        0x800000, 0,         false},
		{"after 128 s",     5,        4,        128000001, true },
		{"after 127 s",     5,        4,        127000000, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct message m;
		struct bench *b;

		(void)setup(state);
		b = *state;
		m = observe(b, CASES[i].last);
		m.observe = CASES[i].now;
		m.id = 9000;
		b->now_us += CASES[i].later_us;
		receive(b, &SERVER, &m);
		if ((b->replies == 2) != CASES[i].newer)
			fail_msg("%s", CASES[i].name);
		assert_int_equal(LAST(b).type, MT_ACK);
		(void)teardown(state);
	}
	*state = NULL;
}

static void observe__ends_with_a_refusal_or_without_the_option(void **state)
{
	for (unsigned refused = 0; refused < 2; refused++) {
		struct message m;
		struct bench *b;

		(void)setup(state);
		b = *state;
		m = observe(b, 5);
		m.observe = refused ? 6 : MESSAGE_ABSENT;
		m.code = refused ? MC_UNAVAILABLE : MC_CONTENT;
		m.id = 9000;
		receive(b, &SERVER, &m);
		assert_int_equal(b->replies, 2);
		assert_false(b->more);
		assert_int_equal(b->code, refused ? 503 : 205);
		m.id = 9001;
		receive(b, &SERVER, &m);
		assert_int_equal(b->replies, 2);
		assert_int_equal(LAST(b).type, MT_RST);
		(void)teardown(state);
	}
	*state = NULL;
}

static void observe__cancelled_is_rejected(void **state)
{
	struct bench *b = *state;
	struct message m = observe(b, 5);

	b->cancel = b->id;
	m.observe = 6;
	m.id = 9000;
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 2);
	m.observe = 7;
	m.id = 9001;
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 2);
	assert_int_equal(LAST(b).type, MT_RST);
}

static void observe__of_what_needs_blocks_ends(void **state)
{
	struct bench *b = *state;
	struct message m = observe(b, 5);

	m.observe = 6;
	m.id = 9000;
	m.block2 = (struct message_block){.present = true, .more = true, .szx = 6};
	receive(b, &SERVER, &m);
	assert_int_equal(b->err, -EFBIG);
	assert_false(b->more);
}

static void observe__ends_with_the_session(void **state)
{
	struct bench *b = *state;

	(void)observe(b, 5);
	client_forget(b->c, SERVER.session);
	assert_int_equal(b->err, -ECONNRESET);
	assert_false(b->more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(observe__gives_each_notification_and_acknowledges_it),
		cmocka_unit_test(observe__drops_what_is_older),
		cmocka_unit_test(observe__ends_with_a_refusal_or_without_the_option),
		T(observe__cancelled_is_rejected),
		T(observe__of_what_needs_blocks_ends),
		T(observe__ends_with_the_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

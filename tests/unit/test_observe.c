/* Observation: what is told, when, to whom, and when it ends (RFC 7641). */
#include "server_bench.h"

#include "transport/observe.h"

#define FIRST_TIMEOUT_MAX_US (3 * USEC_PER_SEC)
#define GIVEN_UP_US          (100 * USEC_PER_SEC) /* after the last repetition */

static struct message get(uint16_t id, uint32_t observe, uint8_t token)
{
	struct message m = request(MT_CON, MC_GET, id, "/oic/sec/pstat");

	m.observe = observe;
	m.token_len = 1;
	m.token[0] = token;
	return m;
}

static int observed_setup(void **state)
{
	struct bench *b;
	struct message m = get(1, 0, 7);

	(void)setup(state);
	b = *state;
	b->observable = true;
	b->answer_len = 10;
	receive(b, &SECURED, &m);
	assert_int_equal(b->n_sent, 1);
	assert_int_not_equal(b->sent[0].m.observe, MESSAGE_ABSENT);
	return 0;
}

static void tick(struct bench *b, uint64_t later_us)
{
	b->now_us += later_us;
	server_tick(b->s, b->now_us);
}

static void change(struct bench *b)
{
	b->answer_first++;
	server_touch(b->s);
	assert_int_equal(server_deadline(b->s), 0);
	tick(b, 0);
}

static const struct message *last(const struct bench *b)
{
	return &b->sent[b->n_sent - 1].m;
}

static bool answer_to_last(struct bench *b, const struct remote *from, enum message_type type)
{
	struct message m;

	message_init(&m, type, MC_EMPTY, last(b)->id);
	return server_receive_empty(b->s, from, &m, b->now_us);
}

static void notification__tells_a_change_once(void **state)
{
	struct bench *b = *state;

	change(b);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(b->asked, ASKED_KEPT);
	assert_int_equal(last(b)->type, MT_CON);
	assert_int_equal(last(b)->code, MC_CONTENT);
	assert_int_equal(last(b)->token_len, 1);
	assert_int_equal(last(b)->token[0], 7);
	assert_int_equal(last(b)->payload.len, 10);
	assert_int_equal(last(b)->payload.ptr[0], 1);
	assert_true(last(b)->observe > b->sent[0].m.observe);
	assert_true(remote_eq(&b->sent[1].to, &SECURED));
	assert_true(answer_to_last(b, &SECURED, MT_ACK));
	tick(b, GIVEN_UP_US);
	assert_int_equal(b->n_sent, 2);
}

static void notification__needs_a_difference(void **state)
{
	struct bench *b = *state;

	server_touch(b->s);
	tick(b, 0);
	assert_int_equal(b->requests, 2);
	assert_int_equal(b->n_sent, 1);
	assert_true(server_deadline(b->s) > b->now_us); /* nothing to wake up for */
}

static void notification__waits_for_the_ack_of_the_one_before(void **state)
{
	struct bench *b = *state;

	change(b);
	b->answer_first = 8;
	server_touch(b->s);
	tick(b, 0);
	b->answer_first = 9;
	server_touch(b->s);
	tick(b, 0);
	assert_int_equal(b->n_sent, 2);
	assert_true(answer_to_last(b, &SECURED, MT_ACK));
	tick(b, 0);
	assert_int_equal(b->n_sent, 3);
	assert_int_equal(last(b)->payload.ptr[0], 9); /* the latest state, 8 was never told */
}

static void notification__repeated_shows_the_latest_state(void **state)
{
	struct bench *b = *state;

	change(b);
	b->answer_first = 9;
	server_touch(b->s);
	tick(b, FIRST_TIMEOUT_MAX_US);
	assert_int_equal(b->n_sent, 3);
	assert_int_equal(last(b)->payload.ptr[0], 9);
	assert_int_not_equal(last(b)->id, b->sent[1].m.id);
	assert_true(last(b)->observe > b->sent[1].m.observe);
	assert_true(answer_to_last(b, &SECURED, MT_ACK));
	tick(b, 0);
	assert_int_equal(b->n_sent, 3);
}

static void gone(struct bench *b)
{
	size_t before = b->n_sent;

	assert_int_equal(server_deadline(b->s), NEVER_US);
	b->answer_first++;
	server_touch(b->s);
	tick(b, GIVEN_UP_US);
	assert_int_equal(b->n_sent, before);
}

static void observer__that_is_silent_is_given_up(void **state)
{
	struct bench *b = *state;

	change(b);
	for (unsigned i = 0; i < 6; i++)
		tick(b, GIVEN_UP_US);
	assert_int_equal(b->n_sent, 2 + 4); /* MAX_RETRANSMIT */
	gone(b);
}

static void rst__ends_the_observation(void **state)
{
	struct bench *b = *state;

	change(b);
	assert_false(answer_to_last(b, &PLAIN, MT_RST)); /* somebody else's */
	assert_true(answer_to_last(b, &SECURED, MT_RST));
	assert_false(answer_to_last(b, &SECURED, MT_RST));
	gone(b);
}

static void deregistration__ends_the_observation(void **state)
{
	struct bench *b = *state;
	struct message m = get(2, 1, 7);

	receive(b, &SECURED, &m);
	assert_int_equal(last(b)->code, MC_CONTENT);
	assert_int_equal(last(b)->observe, MESSAGE_ABSENT);
	gone(b);
}

static void deregistration__of_another_token_does_not(void **state)
{
	struct bench *b = *state;
	struct message m = get(2, 1, 8);

	receive(b, &SECURED, &m);
	change(b);
	assert_int_equal(b->n_sent, 3);
}

static void forget__ends_the_observations_of_a_session(void **state)
{
	struct bench *b = *state;

	server_forget(b->s, SECURED.session);
	gone(b);
}

static void registration__twice_is_one(void **state)
{
	struct bench *b = *state;
	struct message m = get(2, 0, 7);

	receive(b, &SECURED, &m);
	assert_true(last(b)->observe > b->sent[0].m.observe);
	change(b);
	assert_int_equal(b->n_sent, 3);
}

static void refusal__is_told_and_ends_the_observation(void **state)
{
	struct bench *b = *state;

	b->verdict = V_UNAUTHORIZED;
	b->answer_len = 0;
	server_touch(b->s);
	tick(b, 0);
	assert_int_equal(last(b)->code, MC_UNAUTHORIZED);
	assert_int_equal(last(b)->type, MT_CON);
	assert_int_equal(last(b)->observe, MESSAGE_ABSENT);
	b->verdict = V_CONTENT; /* rights that come back do not bring it back */
	tick(b, FIRST_TIMEOUT_MAX_US);
	assert_int_equal(b->n_sent, 3);
	assert_int_equal(last(b)->code, MC_UNAUTHORIZED);
	assert_true(answer_to_last(b, &SECURED, MT_ACK));
	gone(b);
}

static void ignore__ends_the_observation_without_a_word(void **state)
{
	struct bench *b = *state;

	b->verdict = V_IGNORE;
	b->answer_len = 0;
	server_touch(b->s);
	tick(b, 0);
	assert_int_equal(b->n_sent, 1);
	gone(b);
}

static void end_observers__tells_each_even_behind_an_open_notification(void **state)
{
	struct bench *b = *state;
	struct message m = get(2, 0, 8);
	unsigned requests;

	change(b);
	receive(b, &SECURED, &m);
	requests = b->requests;
	server_end_observers(b->s, V_UNAVAILABLE);
	tick(b, 0);
	assert_int_equal(b->requests, requests);
	assert_int_equal(b->n_sent, 5);
	for (size_t i = 3; i < 5; i++) {
		assert_int_equal(b->sent[i].m.code, MC_UNAVAILABLE);
		assert_int_equal(b->sent[i].m.observe, MESSAGE_ABSENT);
		assert_int_equal(b->sent[i].m.payload.len, 0);
	}
	assert_int_not_equal(b->sent[3].m.token[0], b->sent[4].m.token[0]);
}

static void day__without_a_word_is_asked_for_one(void **state)
{
	struct bench *b = *state;

	assert_int_equal(server_deadline(b->s), b->now_us + OBSERVE_CONFIRM_US);
	tick(b, OBSERVE_CONFIRM_US - 1);
	assert_int_equal(b->n_sent, 1);
	tick(b, 1);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(last(b)->code, MC_CONTENT);
	assert_true(answer_to_last(b, &SECURED, MT_ACK));
	assert_int_equal(server_deadline(b->s), b->now_us + OBSERVE_CONFIRM_US);
}

static void blocks__the_first_is_in_the_notification(void **state)
{
	struct bench *b = *state;
	struct message m = get(2, MESSAGE_ABSENT, 9);

	b->answer_len = 1500;
	change(b);
	assert_int_equal(last(b)->payload.len, MESSAGE_BLOCK_MAX);
	assert_true(last(b)->block2.present && last(b)->block2.more);
	assert_int_equal(last(b)->etag.len, 4);
	m.block2 = (struct message_block){.present = true, .num = 1, .szx = 6};
	receive(b, &SECURED, &m);
	assert_int_equal(last(b)->payload.len, 1500 - MESSAGE_BLOCK_MAX);
	assert_true(span_eq(last(b)->etag, b->sent[1].m.etag));
	assert_int_equal(b->asked, ASKED_KEPT);
}

static void etag__of_the_registration_is_of_that_time(void **state)
{
	struct bench *b = *state;
	struct message m = get(2, MESSAGE_ABSENT, 9);

	b->answer_len = 1500;
	receive(b, &SECURED, &m);
	m.observe = 0;
	m.etag = b->sent[1].m.etag;
	receive(b, &SECURED, &m);
	assert_int_equal(last(b)->code, MC_VALID);
	assert_int_not_equal(last(b)->observe, MESSAGE_ABSENT);
	b->n_sent = 0;
	for (uint8_t first = 1; first < 3; first++) { /* and back to what it was */
		b->answer_first = first % 2;
		server_touch(b->s);
		tick(b, 0);
		assert_int_equal(b->n_sent, 2);
		for (size_t i = 0; i < b->n_sent; i++)
			assert_int_equal(b->sent[i].m.code, MC_CONTENT);
		while (b->n_sent > 0 && answer_to_last(b, &SECURED, MT_ACK))
			b->n_sent--;
		b->n_sent = 0;
	}
}

/* What is answered as any other GET. */
static const struct {
	const char *name;
	const struct remote *from;
	enum verdict verdict;
	bool observable, next_block, not_get, too_long;
} UNOBSERVED[] = {
	{"plain UDP",        &PLAIN,   V_CONTENT,      true,  false, false, false},
	{"not observable",   &SECURED, V_CONTENT,      false, false, false, false},
	{"refused",          &SECURED, V_UNAUTHORIZED, true,  false, false, false},
	{"a further block",  &SECURED, V_CONTENT,      true,  true,  false, false},
	{"a POST",           &SECURED, V_CONTENT,      true,  false, true,  false},
	{"too long to keep", &SECURED, V_CONTENT,      true,  false, false, true },
};

static void registration__is_refused_quietly(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(UNOBSERVED); i++) {
		struct message m =
			request(MT_CON, UNOBSERVED[i].not_get ? MC_POST : MC_GET, 1, "/a");
		static const uint8_t FILL[255]; /* with the rest it is beyond OBSERVE_REQUEST_MAX */
		struct bench *b;

		(void)setup(state);
		b = *state;
		m.observe = 0;
		if (UNOBSERVED[i].next_block)
			m.block2 = (struct message_block){.present = true, .num = 1};
		if (UNOBSERVED[i].too_long)
			m.query[m.n_query++] = span_of(FILL, sizeof(FILL));
		b->verdict = UNOBSERVED[i].verdict;
		b->observable = UNOBSERVED[i].observable;
		b->answer_len = UNOBSERVED[i].next_block ? 40 : 10;
		receive(b, UNOBSERVED[i].from, &m);
		if (b->n_sent != 1 || b->sent[0].m.observe != MESSAGE_ABSENT ||
		    server_deadline(b->s) != NEVER_US)
			fail_msg("%s: observed", UNOBSERVED[i].name);
		(void)teardown(state);
	}
	*state = NULL;
}

static void receive_quietly(struct bench *b, const struct remote *from, uint8_t token)
{
	struct message m = get(token, 0, token);

	b->n_sent = 0;
	receive(b, from, &m);
}

static void limit__of_one_peer(void **state)
{
	struct bench *b = *state;
	struct remote other = {.session = 6};

	for (size_t i = 1; i < OBSERVERS_PER_PEER_MAX; i++) { /* one is there */
		receive_quietly(b, &SECURED, (uint8_t)(100 + i));
		assert_int_not_equal(last(b)->observe, MESSAGE_ABSENT);
	}
	receive_quietly(b, &SECURED, 200);
	assert_int_equal(last(b)->code, MC_CONTENT);
	assert_int_equal(last(b)->observe, MESSAGE_ABSENT);
	receive_quietly(b, &other, 200);
	assert_int_not_equal(last(b)->observe, MESSAGE_ABSENT);
}

static void limit__in_all(void **state)
{
	struct bench *b = *state;

	for (size_t i = 1; i < OBSERVERS_MAX; i++) {
		receive_quietly(b, &(struct remote){.session = 100 + i}, 1);
		assert_int_not_equal(last(b)->observe, MESSAGE_ABSENT);
	}
	receive_quietly(b, &(struct remote){.session = 99}, 1);
	assert_int_equal(last(b)->observe, MESSAGE_ABSENT);
	server_forget(b->s, 100 + 1);
	receive_quietly(b, &(struct remote){.session = 99}, 1);
	assert_int_not_equal(last(b)->observe, MESSAGE_ABSENT);
}

static void sequence__has_24_bits(void **state)
{
	struct observers os = {.sequence = UINT32_C(0xfffffe)};

	(void)state;
	assert_int_equal(observers_sequence(&os), 0xffffff);
	assert_int_equal(observers_sequence(&os), 0);
	assert_int_equal(observers_sequence(&os), 1);
}

#define OBSERVED(test) cmocka_unit_test_setup_teardown(test, observed_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED(notification__tells_a_change_once),
		OBSERVED(notification__needs_a_difference),
		OBSERVED(notification__waits_for_the_ack_of_the_one_before),
		OBSERVED(notification__repeated_shows_the_latest_state),
		OBSERVED(observer__that_is_silent_is_given_up),
		OBSERVED(rst__ends_the_observation),
		OBSERVED(deregistration__ends_the_observation),
		OBSERVED(deregistration__of_another_token_does_not),
		OBSERVED(forget__ends_the_observations_of_a_session),
		OBSERVED(registration__twice_is_one),
		OBSERVED(refusal__is_told_and_ends_the_observation),
		OBSERVED(ignore__ends_the_observation_without_a_word),
		OBSERVED(end_observers__tells_each_even_behind_an_open_notification),
		OBSERVED(day__without_a_word_is_asked_for_one),
		OBSERVED(blocks__the_first_is_in_the_notification),
		OBSERVED(etag__of_the_registration_is_of_that_time),
		cmocka_unit_test(registration__is_refused_quietly),
		OBSERVED(limit__of_one_peer),
		OBSERVED(limit__in_all),
		cmocka_unit_test(sequence__has_24_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

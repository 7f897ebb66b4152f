/* Requests that the application answers later: in the ACK if it is quick, else by themselves. */
#include "server_bench.h"

#include "transport/later.h"

static void start(struct bench *b, enum message_type type, uint8_t code, uint16_t id)
{
	struct message m = request(type, code, id, "/lamp");

	b->verdict = V_LATER;
	receive(b, &SECURED, &m);
}

static void ready(struct bench *b, enum verdict verdict, size_t len)
{
	b->verdict = verdict;
	b->answer_len = len;
	server_ready(b->s, b->req.ticket, b->now_us);
}

static void tick(struct bench *b, uint64_t later_us)
{
	b->now_us += later_us;
	server_tick(b->s, b->now_us);
}

static const struct message *last(const struct bench *b)
{
	return &b->sent[b->n_sent - 1].m;
}

static bool empty(struct bench *b, enum message_type type, uint16_t id)
{
	struct message m;

	message_init(&m, type, MC_EMPTY, id);
	return server_receive_empty(b->s, &SECURED, &m, b->now_us);
}

static void answer__in_time_is_piggybacked(void **state)
{
	struct bench *b = *state;

	start(b, MT_CON, MC_GET, 77);
	assert_int_equal(b->n_sent, 0);
	assert_int_equal(b->asked, ASKED_FIRST);
	assert_int_equal(server_deadline(b->s), b->now_us + LATER_ACK_US);
	tick(b, LATER_ACK_US - 1);
	ready(b, V_CONTENT, 10);
	assert_int_equal(b->asked, ASKED_READY);
	assert_int_equal(b->n_sent, 1);
	assert_int_equal(last(b)->type, MT_ACK);
	assert_int_equal(last(b)->id, 77);
	assert_int_equal(last(b)->code, MC_CONTENT);
	assert_int_equal(last(b)->payload.len, 10);
	assert_int_equal(server_deadline(b->s), NEVER_US);
	ready(b, V_CONTENT, 10);
	assert_int_equal(b->n_sent, 1);
}

static void answer__behind_the_ack_is_a_con(void **state)
{
	struct bench *b = *state;

	start(b, MT_CON, MC_GET, 77);
	tick(b, LATER_ACK_US);
	assert_int_equal(b->n_sent, 1);
	assert_int_equal(last(b)->type, MT_ACK);
	assert_int_equal(last(b)->code, MC_EMPTY);
	assert_int_equal(last(b)->id, 77);
	assert_int_equal(server_deadline(b->s), NEVER_US);
	ready(b, V_CONTENT, 10);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(last(b)->type, MT_CON);
	assert_int_equal(last(b)->code, MC_CONTENT);
	assert_true(span_eq(span_of(last(b)->token, last(b)->token_len), SPAN_LIT("tokn")));
	assert_true(empty(b, MT_ACK, last(b)->id));
	assert_false(empty(b, MT_ACK, last(b)->id));
	tick(b, 100 * USEC_PER_SEC);
	assert_int_equal(b->n_sent, 2);
}

static void answer__is_repeated_until_it_is_acknowledged(void **state)
{
	struct bench *b = *state;

	start(b, MT_CON, MC_GET, 77);
	tick(b, LATER_ACK_US);
	ready(b, V_CONTENT, 10);
	for (unsigned i = 0; i < 6; i++)
		tick(b, 100 * USEC_PER_SEC);
	assert_int_equal(b->n_sent, 2 + 4); /* MAX_RETRANSMIT */
	assert_int_equal(b->sent[1].len, b->sent[5].len);
	assert_memory_equal(b->sent[1].octets, b->sent[5].octets, b->sent[1].len);
	assert_int_equal(server_deadline(b->s), NEVER_US);
}

static void non__has_no_ack_and_a_non_answer(void **state)
{
	struct bench *b = *state;

	start(b, MT_NON, MC_POST, 77);
	assert_int_equal(server_deadline(b->s), NEVER_US);
	ready(b, V_CHANGED, 0);
	assert_int_equal(b->n_sent, 1);
	assert_int_equal(last(b)->type, MT_NON);
	assert_int_equal(last(b)->code, MC_CHANGED);
}

/* At each stage of a POST: it is never carried out twice. */
static void repeat__is_not_asked_again(void **state)
{
	struct bench *b = *state;
	unsigned requests;

	start(b, MT_CON, MC_POST, 77);
	requests = b->requests;
	start(b, MT_CON, MC_POST, 77);
	assert_int_equal(b->n_sent, 0);
	tick(b, LATER_ACK_US);
	start(b, MT_CON, MC_POST, 77);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(last(b)->code, MC_EMPTY);
	assert_int_equal(b->requests, requests);
	ready(b, V_CHANGED, 0);
	start(b, MT_CON, MC_POST, 77);
	assert_int_equal(last(b)->type, MT_ACK);
	assert_true(empty(b, MT_ACK, b->sent[2].m.id));
	start(b, MT_CON, MC_POST, 77);
	assert_int_equal(last(b)->type, MT_ACK);
	assert_int_equal(last(b)->code, MC_EMPTY);
	assert_int_equal(b->requests, requests + 1); /* ASKED_READY */
}

static void repeat__of_a_piggybacked_answer_is_replayed(void **state)
{
	struct bench *b = *state;

	start(b, MT_CON, MC_POST, 77);
	ready(b, V_CHANGED, 3);
	start(b, MT_CON, MC_POST, 77);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(b->sent[0].len, b->sent[1].len);
	assert_memory_equal(b->sent[0].octets, b->sent[1].octets, b->sent[0].len);
}

/* Rights that are gone by then: the request is decided anew. */
static void answer__may_be_another_by_then(void **state)
{
	struct bench *b = *state;

	start(b, MT_CON, MC_GET, 77);
	ready(b, V_UNAUTHORIZED, 0);
	assert_int_equal(last(b)->code, MC_UNAUTHORIZED);
}

static void forget__drops_what_waits(void **state)
{
	struct bench *b = *state;
	unsigned requests;

	start(b, MT_CON, MC_GET, 77);
	requests = b->requests;
	server_forget(b->s, SECURED.session);
	assert_int_equal(server_deadline(b->s), NEVER_US);
	ready(b, V_CONTENT, 10);
	assert_int_equal(b->n_sent, 0);
	assert_int_equal(b->requests, requests);
}

static void observation__begins_with_the_answer(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_GET, 77, "/lamp");

	m.observe = 0;
	b->observable = true;
	b->verdict = V_LATER;
	receive(b, &SECURED, &m);
	ready(b, V_CONTENT, 10);
	assert_int_not_equal(last(b)->observe, MESSAGE_ABSENT);
	b->answer_first++;
	server_touch(b->s);
	tick(b, 0);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(last(b)->payload.ptr[0], 1);
}

static void body__of_a_request_is_not_kept(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 77, "/lamp");

	m.payload = SPAN_LIT("body");
	b->verdict = V_LATER;
	receive(b, &SECURED, &m);
	assert_int_equal(b->req.body.len, 4);
	ready(b, V_CHANGED, 0);
	assert_int_equal(b->req.body.len, 0);
	assert_true(span_is(b->req.path, "/lamp"));
}

static enum message_code start_from(struct bench *b, uint64_t session, uint16_t id)
{
	struct message m = request(MT_CON, MC_GET, id, "/lamp");

	b->n_sent = 0;
	b->verdict = V_LATER;
	receive(b, &(struct remote){.session = session}, &m);
	return b->n_sent > 0 ? last(b)->code : MC_EMPTY;
}

static void limit__of_one_peer_and_in_all(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < LATERS_MAX; i++) {
		uint64_t session = 5 + i / LATERS_PER_PEER_MAX;

		assert_int_equal(start_from(b, session, (uint16_t)i), MC_EMPTY);
		if (i + 1 == LATERS_PER_PEER_MAX)
			assert_int_equal(start_from(b, session, 999), MC_UNAVAILABLE);
	}
	assert_int_equal(start_from(b, 4711, 1), MC_UNAVAILABLE);
	server_forget(b->s, 5);
	assert_int_equal(start_from(b, 4711, 2), MC_EMPTY);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(answer__in_time_is_piggybacked),
		BENCH(answer__behind_the_ack_is_a_con),
		BENCH(answer__is_repeated_until_it_is_acknowledged),
		BENCH(non__has_no_ack_and_a_non_answer),
		BENCH(repeat__is_not_asked_again),
		BENCH(repeat__of_a_piggybacked_answer_is_replayed),
		BENCH(answer__may_be_another_by_then),
		BENCH(forget__drops_what_waits),
		BENCH(observation__begins_with_the_answer),
		BENCH(body__of_a_request_is_not_kept),
		BENCH(limit__of_one_peer_and_in_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

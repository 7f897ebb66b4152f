/* transport/client: one exchange, its repetitions, and groups. */
#include "client_bench.h"

static void call__sends_a_con_with_the_ocf_options(void **state)
{
	struct bench *b = *state;
	struct call call = {.method = M_POST,
			    .path = "/oic/sec/doxm",
			    .query = {"if=oic.if.rw"},
			    .n_query = 1,
			    .body = SPAN_LIT("\xa0")};

	assert_int_equal(client_call(b->c, &call, &SERVER, on_reply, b, b->now_us, &b->id), 0);
	assert_int_equal(b->n_sent, 1);
	assert_int_equal(LAST(b).type, MT_CON);
	assert_int_equal(LAST(b).code, MC_POST);
	assert_int_equal(LAST(b).token_len, 8);
	assert_true(span_is(span_of(LAST(b).path, LAST(b).path_len), "/oic/sec/doxm"));
	assert_true(span_is(LAST(b).query[0], "if=oic.if.rw"));
	assert_int_equal(LAST(b).accept, CF_OCF_CBOR);
	assert_int_equal(LAST(b).accept_version, MESSAGE_OCF_1_0);
	assert_int_equal(LAST(b).content_format, CF_OCF_CBOR);
	assert_int_equal(LAST(b).content_version, MESSAGE_OCF_1_0);
	assert_false(LAST(b).block1.present);
	assert_int_equal(b->replies, 0);
}

static void call__to_a_foreign_peer_has_no_ocf_options(void **state)
{
	struct bench *b = *state;
	struct call call = {
		.method = M_POST, .path = "/x", .body = SPAN_LIT("\xa0"), .foreign = true};

	assert_int_equal(client_call(b->c, &call, &SERVER, on_reply, b, b->now_us, &b->id), 0);
	assert_int_equal(LAST(b).accept, MESSAGE_ABSENT);
	assert_int_equal(LAST(b).accept_version, MESSAGE_ABSENT);
	assert_int_equal(LAST(b).content_version, MESSAGE_ABSENT);
}

static void call__refuses_what_it_cannot_send(void **state)
{
	struct bench *b = *state;
	char query[CLIENT_QUERY_MAX + 2];
	struct call long_query = {.method = M_GET, .path = "/x", .query = {query}, .n_query = 1};
	struct call bad_path = {.method = M_GET, .path = "x"};

	memset(query, 'q', sizeof(query) - 1);
	query[sizeof(query) - 1] = '\0';
	assert_int_equal(client_call(b->c, &long_query, &SERVER, on_reply, b, 1, &b->id),
			 -EMSGSIZE);
	assert_int_equal(client_call(b->c, &bad_path, &SERVER, on_reply, b, 1, &b->id), -EMSGSIZE);
	for (size_t i = 0; i < CLIENT_CALLS_MAX; i++)
		get(b, &SERVER);
	assert_int_equal(
		client_call(b->c, &(struct call){.path = "/x"}, &SERVER, on_reply, b, 1, &b->id),
		-EAGAIN);
	assert_int_equal(b->replies, 0);
}

static void reply__piggybacked(void **state)
{
	struct bench *b = *state;
	struct message m;

	get(b, &SERVER);
	m = answer(b, MT_ACK, MC_CONTENT);
	m.payload = SPAN_LIT("abc");
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->err, 0);
	assert_int_equal(b->code, 205);
	assert_memory_equal(b->body, "abc", 3);
	assert_int_equal(client_deadline(b->c), NEVER_US);
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
}

static void token__must_match(void **state)
{
	struct bench *b = *state;
	struct message m;

	get(b, &SERVER);
	m = answer(b, MT_ACK, MC_CONTENT);
	m.token[7] ^= 1;
	receive(b, &SERVER, &m);
	m.token[7] ^= 1;
	m.token_len = 7;
	receive(b, &SERVER, &m);
	m.token_len = 8;
	receive(b, &OTHER, &m); /* right token from another address */
	m.id++;
	receive(b, &SERVER, &m); /* an ACK of another message */
	assert_int_equal(b->replies, 0);
	m.id--;
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
}

static void token__of_two_calls_leads_to_the_right_one(void **state)
{
	struct bench *b = *state;
	struct message first;
	uint64_t id;

	get(b, &SERVER);
	id = b->id;
	first = answer(b, MT_NON, MC_CONTENT);
	get(b, &SERVER);
	assert_memory_not_equal(b->sent[0].m.token, b->sent[1].m.token, 8);
	assert_int_not_equal(b->sent[0].m.id, b->sent[1].m.id);
	receive(b, &SERVER, &first);
	assert_int_equal(b->replies, 1);
	client_cancel(b->c, id); /* the finished one: nothing to cancel */
	assert_int_not_equal(client_deadline(b->c), NEVER_US);
}

static void separate_response__is_awaited_and_acknowledged(void **state)
{
	struct bench *b = *state;
	struct message ack, m;

	get(b, &SERVER);
	ack = answer(b, MT_ACK, MC_EMPTY);
	ack.token_len = 0;
	m = answer(b, MT_CON, MC_CONTENT);
	m.id = 4711;
	receive(b, &SERVER, &ack);
	assert_int_equal(b->replies, 0);
	client_tick(b->c, b->now_us + 60 * USEC_PER_SEC);
	assert_int_equal(b->n_sent, 1); /* no repetition any more */
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(LAST(b).type, MT_ACK);
	assert_int_equal(LAST(b).id, 4711);

	receive(b, &SERVER, &m); /* our ACK was lost */
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->n_sent, 3);
	assert_int_equal(LAST(b).type, MT_ACK);
}

static void separate_response__that_never_comes_is_a_timeout(void **state)
{
	struct bench *b = *state;
	struct message ack;

	get(b, &SERVER);
	ack = answer(b, MT_ACK, MC_EMPTY);
	receive(b, &SERVER, &ack);
	assert_int_equal(client_deadline(b->c), b->now_us + CLIENT_SEPARATE_US);
	client_tick(b->c, client_deadline(b->c));
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->err, -ETIMEDOUT);
}

static void response__nobody_asked_for_gets_rst(void **state)
{
	struct bench *b = *state;
	struct message m;

	message_init(&m, MT_CON, MC_CONTENT, 99);
	receive(b, &SERVER, &m);
	assert_int_equal(b->n_sent, 1);
	assert_int_equal(LAST(b).type, MT_RST);
	assert_int_equal(LAST(b).id, 99);
	m.type = MT_NON;
	receive(b, &SERVER, &m);
	m.type = MT_ACK;
	receive(b, &SERVER, &m);
	assert_int_equal(b->n_sent, 1);
}

static void rst__ends_the_call(void **state)
{
	struct bench *b = *state;
	struct message m;

	get(b, &SERVER);
	message_init(&m, MT_RST, MC_EMPTY, LAST(b).id);
	receive(b, &OTHER, &m);
	assert_int_equal(b->replies, 0);
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->err, -ECONNRESET);
}

static void response__with_an_unknown_critical_option_is_bad(void **state)
{
	struct bench *b = *state;
	struct message m;

	get(b, &SERVER);
	m = answer(b, MT_ACK, MC_CONTENT);
	m.refusal = MC_BAD_OPTION;
	receive(b, &SERVER, &m);
	assert_int_equal(b->err, -EBADMSG);
}

/* ---- retransmission ---- */

static void retransmission__backs_off_and_gives_up(void **state)
{
	struct bench *b = *state;
	uint64_t before = b->now_us, wait = 0;

	get(b, &SERVER);
	for (size_t i = 0; i < 5; i++) {
		uint64_t due = client_deadline(b->c), last = wait;

		wait = due - before;
		if (i == 0)
			assert_in_range(wait, 2 * USEC_PER_SEC, 3 * USEC_PER_SEC);
		else
			assert_int_equal(wait, 2 * last);
		assert_int_equal(b->n_sent, i + 1);
		client_tick(b->c, due - 1);
		assert_int_equal(b->n_sent, i + 1);
		client_tick(b->c, due);
		before = due;
	}
	assert_int_equal(b->n_sent, 5);
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->err, -ETIMEDOUT);
	for (size_t i = 1; i < 5; i++)
		assert_memory_equal(b->sent[i].octets, b->sent[0].octets, b->sent[0].len);
}

static void retransmission__has_the_timers_of_the_call(void **state)
{
	struct bench *b = *state;
	struct call call = {.method = M_GET,
			    .path = "/x",
			    .ack_timeout_us = 100000,
			    .max_retransmit = 6,
			    .backoff_cap_us = 400000};
	uint64_t before = b->now_us;

	assert_int_equal(client_call(b->c, &call, &SERVER, on_reply, b, b->now_us, &b->id), 0);
	while (b->replies == 0) {
		uint64_t due = client_deadline(b->c);

		assert_in_range(due - before, 100000, 400000);
		client_tick(b->c, due);
		before = due;
	}
	assert_int_equal(b->n_sent, 7);
}

static void retransmission__stops_with_the_reply(void **state)
{
	struct bench *b = *state;
	struct message m;

	get(b, &SERVER);
	client_tick(b->c, client_deadline(b->c));
	assert_int_equal(b->n_sent, 2);
	m = answer(b, MT_ACK, MC_CONTENT);
	receive(b, &SERVER, &m);
	client_tick(b->c, b->now_us + 1000 * USEC_PER_SEC);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(b->replies, 1);
}

static void cancel__ends_without_a_reply(void **state)
{
	struct bench *b = *state;
	struct message m;

	get(b, &SERVER);
	m = answer(b, MT_ACK, MC_CONTENT);
	client_cancel(b->c, b->id);
	client_cancel(b->c, b->id);
	receive(b, &SERVER, &m);
	client_tick(b->c, b->now_us + 1000 * USEC_PER_SEC);
	assert_int_equal(b->replies, 0);
	assert_int_equal(client_deadline(b->c), NEVER_US);
}

static void forget__ends_the_calls_of_a_session(void **state)
{
	struct bench *b = *state;

	get(b, &(struct remote){.session = 3});
	get(b, &(struct remote){.session = 4});
	get(b, &(struct remote){.session = 3});
	client_forget(b->c, 3);
	assert_int_equal(b->replies, 2);
	assert_int_equal(b->err, -ECONNRESET);
	assert_int_not_equal(client_deadline(b->c), NEVER_US);
}

/* ---- groups ---- */

static void multicast__one_id_and_token_on_all_and_many_replies(void **state)
{
	struct bench *b = *state;
	struct call call = {
		.method = M_GET, .path = "/oic/sec/doxm", .query = {"owned=FALSE"}, .n_query = 1};
	const struct remote groups[] = {SERVER, OTHER};
	struct message m;

	assert_int_equal(client_multicast(b->c, &call, groups, 2, on_reply, b, &b->id), 0);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(b->sent[0].m.type, MT_NON);
	assert_int_equal(b->sent[0].len, b->sent[1].len);
	assert_memory_equal(b->sent[0].octets, b->sent[1].octets, b->sent[0].len);
	assert_int_equal(client_deadline(b->c), NEVER_US); /* never repeated */

	m = answer(b, MT_NON, MC_CONTENT);
	m.id = 1;
	receive(b, &(struct remote){.addr.sa.sin6_port = 7}, &m);
	m.id = 2;
	receive(b, &(struct remote){.addr.sa.sin6_port = 8}, &m);
	assert_int_equal(b->replies, 2);
	receive(b, &(struct remote){.session = 8}, &m);
	assert_int_equal(b->replies, 2);
	client_cancel(b->c, b->id);
	receive(b, &(struct remote){.addr.sa.sin6_port = 9}, &m);
	assert_int_equal(b->replies, 2);
	assert_int_equal(b->n_sent, 2); /* and no RST to the late one */
}

static void multicast__callback_may_cancel(void **state)
{
	struct bench *b = *state;
	struct call call = {.method = M_GET, .path = "/oic/sec/doxm"};
	struct message m;

	assert_int_equal(client_multicast(b->c, &call, &SERVER, 1, on_reply, b, &b->id), 0);
	b->cancel = b->id;
	m = answer(b, MT_NON, MC_CONTENT);
	receive(b, &OTHER, &m);
	receive(b, &OTHER, &m);
	assert_int_equal(b->replies, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(call__sends_a_con_with_the_ocf_options),
		T(call__to_a_foreign_peer_has_no_ocf_options),
		T(call__refuses_what_it_cannot_send),
		T(reply__piggybacked),
		T(token__must_match),
		T(token__of_two_calls_leads_to_the_right_one),
		T(separate_response__is_awaited_and_acknowledged),
		T(separate_response__that_never_comes_is_a_timeout),
		T(response__nobody_asked_for_gets_rst),
		T(rst__ends_the_call),
		T(response__with_an_unknown_critical_option_is_bad),
		T(retransmission__backs_off_and_gives_up),
		T(retransmission__has_the_timers_of_the_call),
		T(retransmission__stops_with_the_reply),
		T(cancel__ends_without_a_reply),
		T(forget__ends_the_calls_of_a_session),
		T(multicast__one_id_and_token_on_all_and_many_replies),
		T(multicast__callback_may_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

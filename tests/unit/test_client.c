/* The client's message layer with recorded datagrams and a clock of ours. */
#include "test.h"

#include "transport/client.h"

#define SENT_MAX ((size_t)1200)
#define BODY_MAX ((size_t)4096)

struct bench {
	struct client *c;
	uint64_t now_us;
	size_t n_sent;
	struct {
		struct remote to;
		uint8_t octets[MESSAGE_MAX];
		size_t len;
		struct message m;
	} sent[SENT_MAX];
	unsigned replies;
	int err;
	unsigned code;
	bool more;
	size_t len, streamed;
	uint8_t body[BODY_MAX];
	uint64_t id, cancel; /* cancel: the call the callback ends */
};

static void on_send(void *arg, const struct remote *to, struct span message)
{
	struct bench *b = arg;

	assert_in_range(message.len, 1, MESSAGE_MAX);
	assert_true(b->n_sent < SENT_MAX);
	b->sent[b->n_sent].to = *to;
	memcpy(b->sent[b->n_sent].octets, message.ptr, message.len);
	b->sent[b->n_sent].len = message.len;
	assert_int_equal(message_parse(&b->sent[b->n_sent].m,
				       span_of(b->sent[b->n_sent].octets, message.len)),
			 0);
	b->n_sent++;
}

static void on_reply(void *arg, const struct reply *reply)
{
	struct bench *b = arg;

	b->replies++;
	b->err = reply->err;
	b->code = reply->code;
	b->more = reply->more;
	b->len = reply->body.len;
	b->streamed += reply->body.len;
	if (reply->body.len > 0 && reply->body.len <= sizeof(b->body))
		memcpy(b->body, reply->body.ptr, reply->body.len);
	if (b->cancel)
		client_cancel(b->c, b->cancel);
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->now_us = USEC_PER_SEC;
	assert_int_equal(client_new(&b->c, BODY_MAX, on_send, b), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	(void)client_free(b->c);
	free(b);
	return 0;
}

static const struct remote SERVER = {.addr.sa.sin6_port = 1000};
static const struct remote OTHER = {.addr.sa.sin6_port = 1001};

static void get(struct bench *b, const struct remote *to)
{
	struct call call = {.method = M_GET, .path = "/oic/res"};

	assert_int_equal(client_call(b->c, &call, to, on_reply, b, b->now_us, &b->id), 0);
}

#define LAST(b) ((b)->sent[(b)->n_sent - 1].m)

static struct message answer(const struct bench *b, enum message_type type, uint8_t code)
{
	struct message m;

	message_init(&m, type, code, LAST(b).id);
	memcpy(m.token, LAST(b).token, LAST(b).token_len);
	m.token_len = LAST(b).token_len;
	m.path_len = 0;
	return m;
}

static void receive(struct bench *b, const struct remote *from, const struct message *m)
{
	client_receive(b->c, from, m, b->now_us);
}

/* ---- the exchange ---- */

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

/* ---- blocks ---- */

static void post(struct bench *b, size_t len)
{
	static uint8_t body[BODY_MAX];
	struct call call = {.method = M_POST, .path = "/x", .body = span_of(body, len)};

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(client_call(b->c, &call, &SERVER, on_reply, b, b->now_us, &b->id), 0);
}

static void continue_with(struct bench *b, struct message_block block)
{
	struct message m = answer(b, MT_ACK, MC_CONTINUE);

	m.block1 = block;
	receive(b, &SERVER, &m);
}

static void block1__a_large_body_goes_out_in_blocks(void **state)
{
	struct bench *b = *state;
	struct message m;

	post(b, 2500);
	assert_int_equal(LAST(b).payload.len, 1024);
	assert_int_equal(LAST(b).size1, 2500);
	assert_true(LAST(b).block1.more);
	continue_with(b, LAST(b).block1);
	assert_int_equal(LAST(b).block1.num, 1);
	assert_int_equal(LAST(b).payload.len, 1024);
	assert_memory_not_equal(b->sent[0].m.token, b->sent[1].m.token, 8);
	continue_with(b, LAST(b).block1);
	assert_int_equal(LAST(b).block1.num, 2);
	assert_false(LAST(b).block1.more);
	assert_int_equal(LAST(b).payload.len, 452);
	assert_int_equal(LAST(b).payload.ptr[0], (uint8_t)(2048 * 7 + 8));
	m = answer(b, MT_ACK, MC_CHANGED);
	m.block1 = LAST(b).block1;
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->code, 204);
}

static void block1__takes_the_smaller_size_of_the_server(void **state)
{
	struct bench *b = *state;

	post(b, 2500);
	continue_with(b, (struct message_block){.present = true, .more = true, .szx = 4});
	assert_int_equal(LAST(b).block1.szx, 4); /* RFC 7959 3.2: block 0 was taken as it was */
	assert_int_equal(LAST(b).block1.num, 4);
	assert_int_equal(LAST(b).payload.len, 256);
	assert_int_equal(LAST(b).payload.ptr[0], (uint8_t)(1024 * 7 + 4));
}

static const struct {
	const char *name;
	uint8_t code;
	struct message_block block;
	int err;
	unsigned want;
} BLOCK1_ENDS[] = {
	{"4.08",                MC_INCOMPLETE, {0},				       0,        408},
	{"4.13",                MC_TOO_LARGE,  {.present = true, .more = true, .szx = 6}, 0,        413},
	{"2.31 without Block1", MC_CONTINUE,   {0},                                       -EBADMSG, 0  },
	{"2.31 for another",    MC_CONTINUE,   {.present = true, .szx = 6, .num = 5},     -EBADMSG, 0  },
};

static void block1__errors_end_the_call(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(BLOCK1_ENDS); i++) {
		struct message m;

		b->replies = 0;
		post(b, 2500);
		m = answer(b, MT_ACK, BLOCK1_ENDS[i].code);
		m.block1 = BLOCK1_ENDS[i].block;
		receive(b, &SERVER, &m);
		if (b->replies != 1 || b->err != BLOCK1_ENDS[i].err ||
		    (b->err == 0 && b->code != BLOCK1_ENDS[i].want))
			fail_msg("%s: err %d code %u", BLOCK1_ENDS[i].name, b->err, b->code);
	}
}

static const uint8_t CONTENT[1024] = "content";

static struct message block2(const struct bench *b, uint32_t num, bool more)
{
	struct message m = answer(b, MT_ACK, MC_CONTENT);

	m.block2 = (struct message_block){.present = true, .more = more, .szx = 6, .num = num};
	m.payload = span_of(CONTENT, more ? sizeof(CONTENT) : 100);
	m.etag = SPAN_LIT("tag");
	m.content_format = CF_OCF_CBOR;
	return m;
}

static void block2__a_large_reply_is_joined(void **state)
{
	struct bench *b = *state;
	struct message m;

	get(b, &SERVER);
	m = block2(b, 0, true);
	receive(b, &SERVER, &m);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(LAST(b).code, MC_GET);
	assert_int_equal(LAST(b).block2.num, 1);
	assert_true(span_is(span_of(LAST(b).path, LAST(b).path_len), "/oic/res"));
	m = block2(b, 1, true);
	receive(b, &SERVER, &m);
	m = block2(b, 2, false);
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->err, 0);
	assert_int_equal(b->len, 2 * 1024 + 100);
	assert_memory_equal(b->body + 1024, "content", 7);
}

static const struct {
	const char *name;
	uint32_t num;
	bool more;
	size_t len;
	const char *etag;
	uint32_t size2;
	int want;
} BLOCK2_ENDS[] = {
	{"not the next one",     2, true,  1024, "tag",  MESSAGE_ABSENT, -EBADMSG},
	{"the same again",       0, true,  1024, "tag",  MESSAGE_ABSENT, -EBADMSG},
	{"not full",             1, true,  1023, "tag",  MESSAGE_ABSENT, -EBADMSG},
	{"the resource changed", 1, true,  1024, "tag2", MESSAGE_ABSENT, -EBADMSG},
	{"announced too large",  1, true,  1024, "tag",  BODY_MAX + 1,   -EFBIG  },
	{"fine",		 1, false, 10,   "tag",  BODY_MAX,       0       },
};

static void block2__errors_end_the_call(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(BLOCK2_ENDS); i++) {
		struct message m;

		b->replies = 0;
		get(b, &SERVER);
		m = block2(b, 0, true);
		receive(b, &SERVER, &m);
		m = block2(b, BLOCK2_ENDS[i].num, BLOCK2_ENDS[i].more);
		m.payload = span_of(CONTENT, BLOCK2_ENDS[i].len);
		m.etag = span_str(BLOCK2_ENDS[i].etag);
		m.size2 = BLOCK2_ENDS[i].size2;
		receive(b, &SERVER, &m);
		if (b->replies != 1 || b->err != BLOCK2_ENDS[i].want)
			fail_msg("%s: err %d", BLOCK2_ENDS[i].name, b->err);
	}
}

static void block2__beyond_the_cap_is_refused(void **state)
{
	struct bench *b = *state;

	get(b, &SERVER);
	for (uint32_t num = 0; b->replies == 0; num++) {
		struct message m = block2(b, num, true);

		assert_true(num <= BODY_MAX / 1024);
		receive(b, &SERVER, &m);
	}
	assert_int_equal(b->err, -EFBIG);
}

static void stream__gives_each_block_and_keeps_none(void **state)
{
	struct bench *b = *state;
	struct call call = {.method = M_GET, .path = "/image", .stream = true, .foreign = true};
	uint32_t n = 4 * BODY_MAX / 1024;

	assert_int_equal(client_call(b->c, &call, &SERVER, on_reply, b, b->now_us, &b->id), 0);
	for (uint32_t num = 0; num <= n; num++) {
		struct message m = block2(b, num, num < n);

		receive(b, &SERVER, &m);
		assert_int_equal(b->err, 0);
		assert_int_equal(b->replies, num + 1);
		assert_int_equal(b->more, num < n);
	}
	assert_int_equal(b->streamed, 4 * BODY_MAX + 100);
	assert_int_equal(client_deadline(b->c), NEVER_US);
}

static void stream__refuses_what_block_numbers_cannot_count(void **state)
{
	struct bench *b = *state;
	struct call call = {.method = M_GET, .path = "/image", .stream = true};
	struct message m;

	assert_int_equal(client_call(b->c, &call, &SERVER, on_reply, b, b->now_us, &b->id), 0);
	m = block2(b, 0, true);
	m.size2 = (uint32_t)ENDPOINT_STREAM_MAX + 1;
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->err, -EFBIG);
}

static void stream__can_be_cancelled_by_its_callback(void **state)
{
	struct bench *b = *state;
	struct call call = {.method = M_GET, .path = "/image", .stream = true};
	struct message m;

	assert_int_equal(client_call(b->c, &call, &SERVER, on_reply, b, b->now_us, &b->id), 0);
	b->cancel = b->id;
	m = block2(b, 0, true);
	receive(b, &SERVER, &m);
	assert_int_equal(b->replies, 1);
	assert_int_equal(b->n_sent, 1);
	assert_int_equal(client_deadline(b->c), NEVER_US);
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

static void multicast__a_reply_in_blocks_is_left_to_the_caller(void **state)
{
	struct bench *b = *state;
	struct call call = {.method = M_GET, .path = "/oic/res"};
	struct message m;

	assert_int_equal(client_multicast(b->c, &call, &SERVER, 1, on_reply, b, &b->id), 0);
	m = block2(b, 0, true);
	m.type = MT_NON;
	receive(b, &OTHER, &m);
	assert_int_equal(b->err, -EFBIG);
	assert_int_equal(b->n_sent, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- Observe ---- */

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
		T(block1__a_large_body_goes_out_in_blocks),
		T(block1__takes_the_smaller_size_of_the_server),
		T(block1__errors_end_the_call),
		T(block2__a_large_reply_is_joined),
		T(block2__errors_end_the_call),
		T(block2__beyond_the_cap_is_refused),
		T(stream__gives_each_block_and_keeps_none),
		T(stream__refuses_what_block_numbers_cannot_count),
		T(stream__can_be_cancelled_by_its_callback),
		T(observe__gives_each_notification_and_acknowledges_it),
		cmocka_unit_test(observe__drops_what_is_older),
		cmocka_unit_test(observe__ends_with_a_refusal_or_without_the_option),
		T(observe__cancelled_is_rejected),
		T(observe__of_what_needs_blocks_ends),
		T(observe__ends_with_the_session),
		T(multicast__one_id_and_token_on_all_and_many_replies),
		T(multicast__callback_may_cancel),
		T(multicast__a_reply_in_blocks_is_left_to_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

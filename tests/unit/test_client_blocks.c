/* transport/client: bodies in blocks, either way (RFC 7959). */
#include "client_bench.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(block1__a_large_body_goes_out_in_blocks),
		T(block1__takes_the_smaller_size_of_the_server),
		T(block1__errors_end_the_call),
		T(block2__a_large_reply_is_joined),
		T(block2__errors_end_the_call),
		T(block2__beyond_the_cap_is_refused),
		T(stream__gives_each_block_and_keeps_none),
		T(stream__refuses_what_block_numbers_cannot_count),
		T(stream__can_be_cancelled_by_its_callback),
		T(multicast__a_reply_in_blocks_is_left_to_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

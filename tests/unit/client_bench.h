/* tests/unit/client_bench.h - the client's message layer with recorded datagrams and a clock of
 * ours. */
#pragma once

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
__attribute__((unused)) static const struct remote OTHER = {.addr.sa.sin6_port = 1001};

__attribute__((unused)) static void get(struct bench *b, const struct remote *to)
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

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* tests/unit/server_bench.h - the server's message layer with recorded datagrams and a clock of
 * ours. */
#pragma once

#include "test.h"

#include "transport/exchange.h"
#include "transport/multicast.h"
#include "transport/server.h"

#define LEISURE_US UINT64_C(2000000)
#define SENT_MAX   ((size_t)16)

struct bench {
	struct server *s;
	uint64_t now_us;
	/* sent */
	size_t n_sent;
	struct {
		struct remote to;
		uint8_t octets[MESSAGE_MAX];
		size_t len;
		struct message m;
	} sent[SENT_MAX];
	/* asked */
	unsigned requests, acts, refusals;
	uint8_t refused_code;
	struct req req;
	uint8_t body[256];
	size_t sent_before_act;
	/* to answer */
	enum verdict verdict;
	size_t answer_len;
	uint8_t answer_first; /* octet; the others count up from it */
	uint32_t answer_format;
	bool act, observable;
	enum asked asked;
};

static void on_send(void *arg, const struct remote *to, struct span message)
{
	struct bench *b = arg;

	assert_in_range(message.len, 1, MESSAGE_MAX);
	b->sent[b->n_sent].to = *to;
	memcpy(b->sent[b->n_sent].octets, message.ptr, message.len);
	b->sent[b->n_sent].len = message.len;
	assert_int_equal(message_parse(&b->sent[b->n_sent].m,
				       span_of(b->sent[b->n_sent].octets, message.len)),
			 0);
	b->n_sent++;
	assert_true(b->n_sent < SENT_MAX);
}

static void on_request(void *arg, const struct remote *from, struct req *req, struct answer *answer)
{
	struct bench *b = arg;

	(void)from;
	b->requests++;
	b->req = *req;
	if (req->body.len > 0 && req->body.len <= sizeof(b->body))
		memcpy(b->body, req->body.ptr, req->body.len);
	answer->verdict = b->verdict;
	answer->act = b->act;
	answer->observable = b->observable;
	b->asked = req->asked;
	answer->content_format = b->answer_format;
	for (size_t i = 0; i < b->answer_len; i++)
		buf_put_byte(&answer->body, (uint8_t)(i + b->answer_first));
}

static void on_act(void *arg)
{
	struct bench *b = arg;

	b->acts++;
	b->sent_before_act = b->n_sent;
}

static void on_refused(void *arg, struct span path, uint8_t code)
{
	struct bench *b = arg;

	assert_true(path.len == 0 || path.ptr[0] == '/');
	b->refusals++;
	b->refused_code = code;
}

static const struct server_ops OPS = {
	.send = on_send, .request = on_request, .act = on_act, .refused = on_refused};

__attribute__((unused)) static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct server_config cfg = {.leisure_us = LEISURE_US, .body_max = REQ_BODY_MAX};

	b->now_us = USEC_PER_SEC;
	b->verdict = V_CONTENT;
	b->answer_format = CF_OCF_CBOR;
	assert_int_equal(server_new(&b->s, &cfg, &OPS, b), 0);
	*state = b;
	return 0;
}

__attribute__((unused)) static int teardown(void **state)
{
	struct bench *b = *state;

	(void)server_free(b->s);
	free(b);
	return 0;
}

__attribute__((unused)) static const struct remote PLAIN = {.addr.sa.sin6_port = 1000};
__attribute__((unused)) static const struct remote OTHER = {.addr.sa.sin6_port = 1001};
__attribute__((unused)) static const struct remote SECURED = {.session = 5};
__attribute__((unused)) static const struct remote GROUP = {.addr.sa.sin6_port = 1000,
							    .multicast = true};

__attribute__((unused)) static struct message request(enum message_type type, uint8_t code,
						      uint16_t id, const char *path)
{
	struct message m;

	message_init(&m, type, code, id);
	assert_true(message_set_path(&m, span_str(path)));
	m.token_len = 4;
	memcpy(m.token, "tokn", 4);
	return m;
}

__attribute__((unused)) static void receive(struct bench *b, const struct remote *from,
					    const struct message *m)
{
	uint8_t octets[SENT_MAX * MESSAGE_MAX];
	size_t len = message_write(m, octets, sizeof(octets));
	struct message parsed;

	assert_true(len > 0);
	assert_int_equal(message_parse(&parsed, span_of(octets, len)), 0);
	server_receive(b->s, from, &parsed, span_of(octets, len), false, b->now_us);
}

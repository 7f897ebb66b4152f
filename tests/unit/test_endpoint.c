/* Two endpoints in one process over loopback. Their clock is ours: `ahead` moves it. */
#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "transport/endpoint.h"

#define PATIENCE_US (5 * USEC_PER_SEC) /* of real time, for what must happen */

static uint64_t ahead;

static uint64_t now(void)
{
	return clock_monotonic_us() + ahead;
}

struct side {
	struct endpoint *e;
	enum dtls_profile offered;
	const char *psk;
	/* what happened */
	unsigned requests, acts, opened, closed, was_open;
	uint64_t session, closed_session;
	struct dtls_facts facts;
	enum dtls_end why;
	struct req last; /* its spans are void */
	char path[64], ep_coap[64], ep_coaps[64];
	uint8_t body[256];
	size_t body_len;
	/* what to answer */
	enum verdict verdict;
	size_t answer_len;
	bool act;
};

static void keep(char *ret, size_t room, struct span s)
{
	(void)snprintf(ret, room, "%.*s", (int)s.len, (const char *)s.ptr);
}

static void on_request(void *arg, const struct req *req, struct answer *answer)
{
	struct side *s = arg;

	s->requests++;
	s->last = *req;
	keep(s->path, sizeof(s->path), req->path);
	keep(s->ep_coap, sizeof(s->ep_coap), req->ep_coap);
	keep(s->ep_coaps, sizeof(s->ep_coaps), req->ep_coaps);
	s->body_len = req->body.len;
	if (req->body.len > 0 && req->body.len <= sizeof(s->body))
		memcpy(s->body, req->body.ptr, req->body.len);
	answer->verdict = s->verdict;
	answer->act = s->act;
	if (s->answer_len > 0) {
		uint8_t *room = buf_room(&answer->body, s->answer_len);

		assert_non_null(room);
		for (size_t i = 0; i < s->answer_len; i++)
			room[i] = (uint8_t)(i * 7);
		answer->body.len += s->answer_len;
		answer->content_format = CF_OCF_CBOR;
	}
}

static void on_act(void *arg)
{
	struct side *s = arg;

	s->acts++;
}

static void on_offer(void *arg, struct dtls_offer *ret)
{
	struct side *s = arg;

	ret->profile = s->offered;
	ret->hint = SPAN_LIT("server");
}

static int on_psk(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
{
	struct side *s = arg;

	(void)profile;
	if (!s->psk || identity.len != 16)
		return -ENOENT;
	return secret_set(ret, span_str(s->psk)) ? 0 : -ENOENT;
}

static void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
		      const struct endpoint_addr *peer)
{
	struct side *s = arg;

	(void)peer;
	s->opened++;
	s->session = session;
	s->facts = *facts;
}

static void on_closed(void *arg, uint64_t session, enum dtls_end why, bool was_open)
{
	struct side *s = arg;

	s->closed++;
	s->was_open += was_open;
	s->closed_session = session;
	s->why = why;
}

static const struct endpoint_ops OPS = {.offer = on_offer,
					.psk = on_psk,
					.opened = on_opened,
					.closed = on_closed,
					.request = on_request,
					.act = on_act};

static void side_new(struct side *s, bool server)
{
	struct endpoint_config cfg;

	*s = (struct side){.verdict = V_CONTENT, .offered = DTLS_NONE};
	endpoint_defaults(&cfg);
	cfg.coap_port = cfg.coaps_port = 0;
	cfg.server = server;
	assert_int_equal(endpoint_new(&s->e, &cfg, &OPS, s, now()), 0);
}

struct pair {
	struct side server, client;
};

static int setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	ahead = 0;
	side_new(&p->server, true);
	side_new(&p->client, false);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	(void)endpoint_free(p->client.e);
	(void)endpoint_free(p->server.e);
	free(p);
	return 0;
}

/* Runs both sides until *flag is at least `want`. */
static void run_until(struct pair *p, const unsigned *flag, unsigned want)
{
	uint64_t give_up = clock_monotonic_us() + PATIENCE_US;

	while (*flag < want) {
		struct pollfd fds[] = {
			{endpoint_fd(p->server.e), POLLIN, 0},
			{endpoint_fd(p->client.e), POLLIN, 0}
                };

		assert_true(clock_monotonic_us() < give_up);
		(void)poll(fds, 2, 10);
		assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
		assert_int_equal(endpoint_dispatch(p->client.e, now()), 0);
	}
}

struct got {
	unsigned n;
	int err;
	unsigned code;
	uint32_t content_format;
	size_t len;
	uint8_t body[REQ_BODY_MAX];
};

static void on_reply(void *arg, const struct reply *reply)
{
	struct got *g = arg;

	g->n++;
	g->err = reply->err;
	g->code = reply->code;
	g->content_format = reply->content_format;
	g->len = reply->body.len;
	if (reply->body.len > 0)
		memcpy(g->body, reply->body.ptr, reply->body.len);
}

static struct endpoint_addr server_addr(const struct pair *p, const char *host, bool secure)
{
	struct endpoint_addr a;

	assert_int_equal(endpoint_addr_parse(&a, span_str(host),
					     secure ? endpoint_coaps_port(p->server.e)
						    : endpoint_coap_port(p->server.e)),
			 0);
	return a;
}

static void call(struct pair *p, const struct call *c, struct got *got)
{
	uint64_t id;

	got->n = 0;
	assert_int_equal(endpoint_call(p->client.e, c, on_reply, got, now(), &id), 0);
	run_until(p, &got->n, 1);
	assert_int_equal(got->n, 1);
}

static void call__get_is_answered(void **state)
{
	static const struct {
		const char *host, *in_uri;
	} CASES[] = {
		{"127.0.0.1", "127.0.0.1"},
		{"::1",       "[::1]"    },
	};
	struct pair *p = *state;
	struct got got = {0};

	p->server.answer_len = 100;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		char want[64];

		call(p,
		     &(struct call){.method = M_GET,
				    .to = server_addr(p, CASES[i].host, false),
				    .path = "/oic/res"},
		     &got);
		assert_int_equal(got.err, 0);
		assert_int_equal(got.code, 205);
		assert_int_equal(got.content_format, CF_OCF_CBOR);
		assert_int_equal(got.len, 100);
		assert_string_equal(p->server.path, "/oic/res");
		assert_int_equal(p->server.last.accept, CF_OCF_CBOR);
		assert_int_equal(p->server.last.session, 0);
		(void)snprintf(want, sizeof(want), "coap://%s:%u", CASES[i].in_uri,
			       endpoint_coap_port(p->server.e));
		assert_string_equal(p->server.ep_coap, want);
		(void)snprintf(want, sizeof(want), "coaps://%s:%u", CASES[i].in_uri,
			       endpoint_coaps_port(p->server.e));
		assert_string_equal(p->server.ep_coaps, want);
	}
}

static void call__post_carries_its_body_and_act_follows(void **state)
{
	struct pair *p = *state;
	struct got got = {0};

	p->server.verdict = V_CHANGED;
	p->server.act = true;
	call(p,
	     &(struct call){.method = M_POST,
			    .to = server_addr(p, "127.0.0.1", false),
			    .path = "/oic/sec/doxm",
			    .body = SPAN_LIT("\xa0")},
	     &got);
	assert_int_equal(got.code, 204);
	assert_int_equal(got.len, 0);
	assert_int_equal(p->server.last.content_format, CF_OCF_CBOR);
	assert_int_equal(p->server.body_len, 1);
	assert_int_equal(p->server.acts, 1);
}

static const struct uuid CLIENT_ID = {
	{1, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
};

static struct dtls_offer psk_offer(const char *key)
{
	struct dtls_offer o = {.profile = DTLS_NORMAL,
			       .identity = span_of(CLIENT_ID.b, sizeof(CLIENT_ID.b)),
			       .handshake_us = 5 * USEC_PER_SEC};

	assert_true(secret_set(&o.key, span_str(key)));
	return o;
}

/* An open PSK session; its number on the client's side. */
static uint64_t open_session(struct pair *p)
{
	struct endpoint_addr to = server_addr(p, "::1", true);
	struct dtls_offer offer = psk_offer("0123456789abcdef");
	unsigned before = p->server.opened;
	uint64_t id;

	p->server.offered = DTLS_NORMAL;
	p->server.psk = "0123456789abcdef";
	assert_int_equal(endpoint_connect(p->client.e, &to, &offer, now(), &id), 0);
	run_until(p, &p->client.opened, p->client.opened + 1);
	run_until(p, &p->server.opened, before + 1);
	return id;
}

static void connect__psk_session_carries_requests(void **state)
{
	struct pair *p = *state;
	struct got got = {0};
	uint64_t id = open_session(p);

	assert_int_equal(id, p->client.session);
	assert_int_equal(p->client.facts.suite, 0xC037);
	p->server.answer_len = 50;
	call(p, &(struct call){.method = M_GET, .session = id, .path = "/oic/sec/cred"}, &got);
	assert_int_equal(got.code, 205);
	assert_int_equal(got.len, 50);
	assert_int_equal(p->server.last.session, p->server.session);
	assert_true(p->server.last.has_peer);
	assert_true(uuid_eq(&p->server.last.peer, &CLIENT_ID));

	endpoint_close(p->client.e, id);
	run_until(p, &p->client.closed, 1);
	assert_int_equal(p->client.why, DTLS_END_LOCAL);
	assert_true(p->client.was_open);
	run_until(p, &p->server.closed, 1);
	assert_int_equal(p->server.why, DTLS_END_NOTIFY);
	assert_int_equal(endpoint_sessions(p->server.e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(call__get_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(call__post_carries_its_body_and_act_follows, setup,
						teardown),
		cmocka_unit_test_setup_teardown(connect__psk_session_carries_requests, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

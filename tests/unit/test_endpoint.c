/* Two endpoints in one process over loopback. Their clock is ours: `ahead` moves it. */
#include "test.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

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

/* Smaller limits for tests that reach them; 0: the default. */
static struct {
	unsigned sessions, handshakes, per_address, at_once;
} limits;

static void on_offer(void *arg, struct dtls_offer *ret)
{
	struct side *s = arg;

	ret->profile = s->offered;
	ret->hint = SPAN_LIT("server");
	ret->at_once = limits.at_once;
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
	if (server && limits.sessions)
		cfg.sessions_max = limits.sessions;
	if (server && limits.handshakes)
		cfg.handshakes_max = limits.handshakes;
	if (server && limits.per_address)
		cfg.sessions_per_peer_max = limits.per_address;
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

/* ---- a relay that loses datagrams and keeps one address towards the server ---- */

#define RELAY_ROOM ((size_t)2048)

struct relay {
	int down, up;
	struct endpoint_addr client; /* who spoke last */
	unsigned n_up, n_down;       /* datagrams that came */
	unsigned lose_up, lose_down; /* bit n: lose the n-th one */
	uint8_t first_up[RELAY_ROOM];
	size_t first_up_len;
};

static int udp_socket(const struct endpoint_addr *connect_to)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int room = 1024 * 1024;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	if (connect_to)
		assert_int_equal(connect(fd, (const struct sockaddr *)&connect_to->sa,
					 sizeof(connect_to->sa)),
				 0);
	return fd;
}

static void relay_open(struct relay *r, const struct pair *p)
{
	struct endpoint_addr to = server_addr(p, "::1", true);

	*r = (struct relay){.down = udp_socket(NULL), .up = udp_socket(&to)};
}

static void relay_close(struct relay *r)
{
	(void)close(r->down);
	(void)close(r->up);
}

static struct endpoint_addr relay_addr(const struct relay *r)
{
	struct endpoint_addr a = {0};
	socklen_t len = sizeof(a.sa);

	assert_int_equal(getsockname(r->down, (struct sockaddr *)&a.sa, &len), 0);
	return a;
}

static void relay_run(struct relay *r)
{
	uint8_t b[RELAY_ROOM];
	socklen_t len = sizeof(r->client.sa);
	ssize_t n;

	while ((n = recvfrom(r->down, b, sizeof(b), 0, (struct sockaddr *)&r->client.sa, &len)) >
	       0) {
		if (r->n_up == 0) {
			memcpy(r->first_up, b, (size_t)n);
			r->first_up_len = (size_t)n;
		}
		if (!(r->lose_up >> r->n_up++ & 1))
			assert_int_equal(send(r->up, b, (size_t)n, 0), n);
	}
	while ((n = recv(r->up, b, sizeof(b), 0)) > 0) {
		if (!(r->lose_down >> r->n_down++ & 1))
			assert_int_equal(sendto(r->down, b, (size_t)n, 0,
						(struct sockaddr *)&r->client.sa,
						sizeof(r->client.sa)),
					 n);
	}
}

/* All three until nothing moves any more; the clock stands still but for what really passes. */
static void settle(struct pair *p, struct relay *r)
{
	uint64_t quiet = clock_monotonic_us() + 20 * USEC_PER_MSEC;

	while (clock_monotonic_us() < quiet) {
		struct pollfd fds[] = {
			{endpoint_fd(p->server.e), POLLIN, 0},
			{endpoint_fd(p->client.e), POLLIN, 0},
			{r ? r->down : -1,         POLLIN, 0},
			{r ? r->up : -1,           POLLIN, 0}
                };

		if (poll(fds, ARRAY_SIZE(fds), 5) > 0)
			quiet = clock_monotonic_us() + 20 * USEC_PER_MSEC;
		if (r)
			relay_run(r);
		assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
		assert_int_equal(endpoint_dispatch(p->client.e, now()), 0);
	}
}

static uint64_t connect_by(struct side *client, const struct endpoint_addr *to, const char *key)
{
	struct dtls_offer offer = psk_offer(key);
	uint64_t id;

	assert_int_equal(endpoint_connect(client->e, to, &offer, now(), &id), 0);
	return id;
}

#define KEY "0123456789abcdef"

static void offer_psk(struct pair *p)
{
	p->server.offered = DTLS_NORMAL;
	p->server.psk = KEY;
}

/* ---- stateless hello, policy ---- */

static void hello__without_a_cookie_leaves_nothing_behind(void **state)
{
	struct pair *p = *state;
	struct relay r;
	struct endpoint_addr to, server = server_addr(p, "::1", true);
	struct mallinfo2 before, after;

	offer_psk(p);
	relay_open(&r, p);
	to = relay_addr(&r);
	r.lose_down = ~0u; /* the client never sees a cookie */
	(void)connect_by(&p->client, &to, KEY);
	settle(p, &r);
	assert_int_equal(r.n_down, 1);

	before = mallinfo2();
	for (size_t i = 0; i < 300; i++) {
		int fd = udp_socket(&server);

		r.first_up[27 + i % 28] ^= (uint8_t)i; /* in the client random */
		assert_int_equal(send(fd, r.first_up, r.first_up_len, 0), r.first_up_len);
		assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
		assert_true(recv(fd, (uint8_t[RELAY_ROOM]){0}, RELAY_ROOM, 0) > 0);
		(void)close(fd);
	}
	after = mallinfo2();
	assert_int_equal(after.uordblks, before.uordblks);
	assert_int_equal(endpoint_deadline(p->server.e), NEVER_US);
	assert_int_equal(p->server.opened + p->server.closed, 0);
	relay_close(&r);
}

static void policy__none_is_silence(void **state)
{
	struct pair *p = *state;
	struct relay r;
	struct endpoint_addr to;

	relay_open(&r, p);
	to = relay_addr(&r);
	(void)connect_by(&p->client, &to, KEY);
	settle(p, &r);
	assert_int_equal(r.n_up, 1);
	assert_int_equal(r.n_down, 0);
	relay_close(&r);
}

static void policy__is_asked_for_each_handshake(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", true);
	uint64_t id = open_session(p);

	endpoint_close(p->client.e, id);
	run_until(p, &p->server.closed, 1);
	p->server.offered = DTLS_NONE;
	(void)connect_by(&p->client, &to, KEY);
	settle(p, NULL);
	assert_int_equal(p->server.opened, 1);
	p->server.offered = DTLS_NORMAL; /* the client's repeated hello finds another policy */
	ahead += 2 * USEC_PER_SEC;
	run_until(p, &p->server.opened, 2);
}

/* Between the two hellos: the second one is dropped though its cookie is good. */
static void policy__is_asked_again_after_the_cookie(void **state)
{
	struct pair *p = *state;
	struct relay r;
	struct endpoint_addr to;

	offer_psk(p);
	relay_open(&r, p);
	to = relay_addr(&r);
	(void)connect_by(&p->client, &to, KEY);
	relay_run(&r);
	assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
	p->server.offered = DTLS_NONE;
	settle(p, &r);
	assert_int_equal(r.n_up, 2);
	assert_int_equal(r.n_down, 1);
	relay_close(&r);
}

/* ---- handshakes ---- */

static void handshake__that_stalls_blocks_nobody(void **state)
{
	struct pair *p = *state;
	struct relay r;
	struct endpoint_addr to;

	offer_psk(p);
	relay_open(&r, p);
	to = relay_addr(&r);
	r.lose_up = ~0u << 2; /* two hellos, then nothing any more */
	(void)connect_by(&p->client, &to, KEY);
	settle(p, &r);
	assert_int_equal(p->server.opened, 0);
	(void)open_session(p);
	assert_int_equal(endpoint_sessions(p->server.e), 1);
	relay_close(&r);
}

static void handshake__repeats_what_is_lost(void **state)
{
	struct pair *p = *state;

	offer_psk(p);
	for (unsigned lost = 0; lost < 6; lost++) {
		struct relay r;
		struct endpoint_addr to;
		unsigned before = p->client.opened;

		relay_open(&r, p);
		to = relay_addr(&r);
		if (lost < 3)
			r.lose_up = 1u << lost;
		else
			r.lose_down = 1u << (lost - 3);
		(void)connect_by(&p->client, &to, KEY);
		for (unsigned tries = 0; tries < 8 && p->client.opened == before; tries++) {
			settle(p, &r);
			ahead += USEC_PER_SEC;
		}
		if (p->client.opened == before)
			fail_msg("datagram %u lost: never opened", lost);
		endpoint_close_all(p->client.e, 0);
		settle(p, &r);
		relay_close(&r);
	}
}

static void handshake__is_given_up_at_its_deadline(void **state)
{
	struct pair *p = *state;
	struct relay r;
	struct endpoint_addr to;

	offer_psk(p);
	relay_open(&r, p);
	to = relay_addr(&r);
	r.lose_up = ~0u << 2;
	(void)connect_by(&p->client, &to, KEY);
	settle(p, &r);
	assert_int_not_equal(endpoint_deadline(p->server.e), NEVER_US);
	ahead += 20 * USEC_PER_SEC;
	run_until(p, &p->server.closed, 1);
	assert_int_equal(p->server.why, DTLS_END_TIMEOUT);
	assert_int_equal(p->server.was_open, 0);
	assert_int_equal(endpoint_deadline(p->server.e), NEVER_US);
	relay_close(&r);
}

static void handshake__with_another_key_fails(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", true);

	offer_psk(p);
	(void)connect_by(&p->client, &to, "another key 1234");
	settle(p, NULL);
	ahead += 20 * USEC_PER_SEC;
	run_until(p, &p->client.closed, 1);
	run_until(p, &p->server.closed, 1);
	assert_int_equal(p->client.opened + p->server.opened, 0);
}

static void connect__twice_to_one_address_is_refused(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", true);
	struct dtls_offer offer = psk_offer(KEY);
	uint64_t id = open_session(p), second;

	assert_int_equal(endpoint_connect(p->client.e, &to, &offer, now(), &second), -EISCONN);
	endpoint_close(p->client.e, id);
	assert_int_equal(endpoint_connect(p->client.e, &to, &offer, now(), &second), 0);
	run_until(p, &p->server.opened, 2);
}

/* ---- a new association from the address of an old one (RFC 6347 4.2.8) ---- */

static void association__is_replaced_only_by_a_finished_one(void **state)
{
	struct pair *p = *state;
	struct side other;
	struct relay r;
	struct endpoint_addr to;
	struct got got = {0};
	struct call get = {.method = M_GET, .path = "/x"};
	uint64_t id, call_id, first;

	offer_psk(p);
	relay_open(&r, p);
	to = relay_addr(&r);
	id = connect_by(&p->client, &to, KEY);
	settle(p, &r);
	assert_int_equal(p->client.opened, 1);
	first = p->server.session;

	side_new(&other, false);
	r.lose_up = ~0u << (r.n_up + 2); /* its two hellos pass */
	(void)connect_by(&other, &to, KEY);
	for (unsigned i = 0; i < 4; i++) {
		settle(p, &r);
		assert_int_equal(endpoint_dispatch(other.e, now()), 0);
	}
	r.lose_up = 0;
	get.session = id;
	assert_int_equal(endpoint_call(p->client.e, &get, on_reply, &got, now(), &call_id), 0);
	settle(p, &r);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.code, 205); /* the old one lives */

	ahead += 2 * USEC_PER_SEC; /* the new one repeats its lost flight */
	for (unsigned i = 0; i < 10 && p->server.opened < 2; i++) {
		assert_int_equal(endpoint_dispatch(other.e, now()), 0);
		settle(p, &r);
		ahead += USEC_PER_SEC;
	}
	assert_int_equal(p->server.opened, 2);
	run_until(p, &p->server.closed, 1);
	assert_int_equal(p->server.why, DTLS_END_REPLACED);
	assert_int_equal(p->server.closed_session, first);
	assert_int_equal(endpoint_sessions(p->server.e), 1);
	(void)endpoint_free(other.e);
	relay_close(&r);
}

/* One wrong Finished is no proof yet, but a guess that must not be had for free. */
static void pin__guess_counts_however_the_handshake_ends(void **state)
{
	struct pair *p = *state;
	struct dtls_offer offer = psk_offer("another key 1234");

	offer.profile = p->server.offered = DTLS_PIN;
	p->server.psk = KEY;
	for (unsigned ending = 0; ending < 2; ending++) {
		struct side other;
		struct relay r;
		struct endpoint_addr to;
		uint64_t id;

		p->server.closed = 0;
		relay_open(&r, p);
		to = relay_addr(&r);
		assert_int_equal(endpoint_connect(p->client.e, &to, &offer, now(), &id), 0);
		settle(p, &r);
		assert_int_equal(p->server.closed, 0);
		if (ending == 0) {
			endpoint_close(p->client.e, id); /* an alert in the clear */
			settle(p, &r);
		} else {
			side_new(&other, false); /* a new hello from the same address and port */
			(void)connect_by(&other, &to, KEY);
			for (unsigned i = 0; i < 3; i++) {
				settle(p, &r);
				assert_int_equal(endpoint_dispatch(other.e, now()), 0);
			}
			(void)endpoint_free(other.e);
			endpoint_close(p->client.e, id);
		}
		run_until(p, &p->server.closed, 1);
		assert_int_equal(p->server.why, DTLS_END_PIN);
		assert_int_equal(p->server.was_open, 0);
		endpoint_close_all(p->server.e, 0);
		settle(p, &r);
		relay_close(&r);
	}
}

/* ---- limits ---- */

static int setup_small(void **state)
{
	limits.sessions = 3;
	limits.handshakes = 2;
	limits.per_address = 100;
	return setup(state);
}

static int setup_offer_small(void **state)
{
	limits.at_once = 2;
	return setup(state);
}

static int setup_few_each(void **state)
{
	limits.per_address = 2;
	return setup(state);
}

static int teardown_limits(void **state)
{
	memset(&limits, 0, sizeof(limits));
	return teardown(state);
}

/* Handshakes from `n` ports of one address, run to where they stand still. */
static void connect_many(struct pair *p, struct side *clients, size_t n, const char *host)
{
	struct endpoint_addr to = server_addr(p, host, true);

	offer_psk(p);
	for (size_t i = 0; i < n; i++) {
		side_new(&clients[i], false);
		(void)connect_by(&clients[i], &to, KEY);
		for (unsigned round = 0; round < 4; round++) {
			settle(p, NULL);
			assert_int_equal(endpoint_dispatch(clients[i].e, now()), 0);
		}
	}
}

static void limit__of_sessions_in_total(void **state)
{
	struct pair *p = *state;
	struct side clients[4];

	connect_many(p, clients, 4, "::1");
	assert_int_equal(p->server.opened, 3);
	assert_int_equal(endpoint_sessions(p->server.e), 3);
	endpoint_close_all(clients[0].e, 0);
	assert_int_equal(endpoint_dispatch(clients[0].e, now()), 0);
	run_until(p, &p->server.closed, 1);
	ahead += 2 * USEC_PER_SEC; /* the fourth asks again, and there is room */
	for (unsigned round = 0; round < 4; round++) {
		assert_int_equal(endpoint_dispatch(clients[3].e, now()), 0);
		settle(p, NULL);
	}
	assert_int_equal(p->server.opened, 4);
	for (size_t i = 0; i < 4; i++)
		(void)endpoint_free(clients[i].e);
}

static void limit__of_sessions_of_one_address(void **state)
{
	struct pair *p = *state;
	struct side clients[4], other[1];

	connect_many(p, clients, 4, "::1");
	assert_int_equal(p->server.opened, 2);
	connect_many(p, other, 1, "127.0.0.1");
	assert_int_equal(p->server.opened, 3);
	for (size_t i = 0; i < 4; i++)
		(void)endpoint_free(clients[i].e);
	(void)endpoint_free(other[0].e);
}

static void limit__of_handshakes(void **state)
{
	struct pair *p = *state;
	struct relay r[3];

	offer_psk(p);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		struct endpoint_addr to;

		relay_open(&r[i], p);
		to = relay_addr(&r[i]);
		r[i].lose_up = ~0u << 2; /* never finishes */
		(void)connect_by(&p->client, &to, KEY);
		settle(p, &r[i]);
	}
	assert_int_equal(r[2].n_down, 2);      /* HelloVerifyRequest, ServerHello */
	assert_int_equal(p->server.closed, 1); /* the oldest gave way */
	assert_int_equal(p->server.why, DTLS_END_TIMEOUT);
	assert_int_equal(p->server.was_open, 0);
	r[1].lose_up = 0; /* the second one is alive */
	ahead += USEC_PER_SEC;
	settle(p, &r[1]);
	assert_int_equal(p->server.opened, 1);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		relay_close(&r[i]);
}

static void idle__session_is_closed(void **state)
{
	struct pair *p = *state;
	struct got got = {0};
	uint64_t id = open_session(p);

	ahead += 599 * USEC_PER_SEC;
	call(p, &(struct call){.method = M_GET, .session = id, .path = "/x"}, &got);
	assert_int_equal(got.code, 205);
	ahead += 599 * USEC_PER_SEC; /* traffic counts */
	settle(p, NULL);
	assert_int_equal(p->server.closed, 0);
	ahead += 2 * USEC_PER_SEC;
	run_until(p, &p->server.closed, 1);
	assert_int_equal(p->server.why, DTLS_END_IDLE);
	run_until(p, &p->client.closed, 1);
}

static void close_all__spares_one(void **state)
{
	struct pair *p = *state;
	struct side clients[3];
	uint64_t keep;

	connect_many(p, clients, 3, "::1");
	assert_int_equal(p->server.opened, 3);
	keep = p->server.session;
	endpoint_close_all(p->server.e, keep);
	assert_int_equal(endpoint_deadline(p->server.e), 0);
	assert_int_equal(p->server.closed, 0); /* never from inside the call */
	run_until(p, &p->server.closed, 2);
	assert_int_equal(endpoint_sessions(p->server.e), 1);
	assert_int_equal(p->server.was_open, 2);
	for (size_t i = 0; i < 3; i++)
		(void)endpoint_free(clients[i].e);
}

static void close__ends_the_calls_under_way(void **state)
{
	struct pair *p = *state;
	struct got got = {0};
	uint64_t id = open_session(p), call_id;

	p->server.verdict = V_IGNORE;
	assert_int_equal(endpoint_call(p->client.e,
				       &(struct call){.method = M_GET, .session = id, .path = "/x"},
				       on_reply, &got, now(), &call_id),
			 0);
	endpoint_close(p->client.e, id);
	assert_int_equal(endpoint_call(p->client.e,
				       &(struct call){.method = M_GET, .session = id, .path = "/x"},
				       on_reply, &got, now(), &call_id),
			 -ENOTCONN);
	run_until(p, &got.n, 1);
	assert_int_equal(got.err, -ECONNRESET);
}

/* ---- plain datagrams ---- */

static void plain_send(const struct pair *p, int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, 0), len);
	assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
}

static void ping__is_answered_by_rst(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", false);
	int fd = udp_socket(&to);
	uint8_t b[64];

	plain_send(p, fd, "\x40\x00\x12\x34", 4);
	assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
	assert_memory_equal(b, "\x70\x00\x12\x34", 4);
	plain_send(p, fd, "\x4f\x01\x56\x78", 4); /* a format error in a CON */
	assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
	assert_memory_equal(b, "\x70\x00\x56\x78", 4);
	plain_send(p, fd, "\x5f\x01\x56\x78", 4); /* in a NON */
	plain_send(p, fd, "\x00\x01\x56\x78", 4); /* no CoAP */
	plain_send(p, fd, "", 0);
	assert_int_equal(recv(fd, b, sizeof(b), 0), -1);
	(void)close(fd);
}

static void duplicate__is_not_carried_out_twice(void **state)
{
	static const uint8_t POST[] = "\x41\x02\x12\x34t\xb1x\xff\xa0";
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "127.0.0.1", false);
	int fd;
	uint8_t a[64], b[64];
	ssize_t n;

	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to.sa, sizeof(to.sa)), 0);
	p->server.verdict = V_CHANGED;
	plain_send(p, fd, POST, sizeof(POST) - 1);
	n = recv(fd, a, sizeof(a), 0);
	assert_true(n > 4);
	plain_send(p, fd, POST, sizeof(POST) - 1);
	assert_int_equal(recv(fd, b, sizeof(b), 0), n);
	assert_memory_equal(a, b, (size_t)n);
	assert_int_equal(p->server.requests, 1);
	(void)close(fd);
}

static void oversize__datagram_is_too_large(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", false);
	int fd = udp_socket(&to);
	uint8_t b[4000] = {0x40, 0x02, 0x12, 0x34, 0xb1, 'x', 0xff};

	plain_send(p, fd, b, sizeof(b));
	assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
	assert_int_equal(b[1], 0x8d);
	assert_int_equal(p->server.requests, 0);
	(void)close(fd);
}

/* More than one recvmmsg(2) batch in one dispatch. */
static void batch__of_100_is_answered_in_one_dispatch(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", false);
	int fd = udp_socket(&to);
	uint8_t b[64];

	for (uint8_t i = 0; i < 100; i++)
		assert_int_equal(send(fd, (uint8_t[]){0x40, 0x01, 0x00, i, 0xb1, 'x'}, 6, 0), 6);
	assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
	assert_int_equal(p->server.requests, 100);
	for (uint8_t i = 0; i < 100; i++) {
		assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
		assert_int_equal(b[3], i);
	}
	(void)close(fd);
}

static bool is_readable(const struct endpoint *e)
{
	struct pollfd p = {endpoint_fd(e), POLLIN, 0};

	return poll(&p, 1, 0) == 1;
}

/* More than one dispatch takes: the rest, and what comes later, wakes the loop as ever. */
static void batch__of_300_wakes_again(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", false);
	int fd = udp_socket(&to);
	unsigned first;
	uint8_t b[64];

	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(
			send(fd, (uint8_t[]){0x50, 0x01, (uint8_t)(i >> 8), (uint8_t)i, 0xb1, 'x'},
			     6, 0),
			6);
	assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
	first = p->server.requests;
	assert_in_range(first, 100, 299);
	for (unsigned i = 0; i < first; i++)
		assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
	assert_true(is_readable(p->server.e));
	assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
	assert_int_equal(p->server.requests, 300);
	assert_false(is_readable(p->server.e));
	assert_int_equal(send(fd, "\x50\x01\x7f\x00\xb1x", 6, 0), 6);
	assert_true(is_readable(p->server.e));
	(void)close(fd);
}

static void idle__endpoint_never_wakes(void **state)
{
	struct pair *p = *state;
	struct got got = {0};
	struct pollfd fds[2];

	call(p, &(struct call){.method = M_GET, .to = server_addr(p, "::1", false), .path = "/x"},
	     &got);
	settle(p, NULL);
	assert_int_equal(endpoint_deadline(p->server.e), NEVER_US);
	assert_int_equal(endpoint_deadline(p->client.e), NEVER_US);
	fds[0] = (struct pollfd){endpoint_fd(p->server.e), POLLIN, 0};
	fds[1] = (struct pollfd){endpoint_fd(p->client.e), POLLIN, 0};
	assert_int_equal(poll(fds, 2, 0), 0);
}

/* ---- blocks, both roles at once ---- */

static void blocks__both_ways(void **state)
{
	struct pair *p = *state;
	static struct got got;
	static uint8_t body[REQ_BODY_MAX + 1];
	uint64_t id = open_session(p);

	for (unsigned secured = 0; secured < 2; secured++) {
		struct call c = {.path = "/x",
				 .session = secured ? id : 0,
				 .to = server_addr(p, "::1", false)};

		p->server.verdict = V_CONTENT;
		p->server.answer_len = REQ_BODY_MAX;
		c.method = M_GET;
		call(p, &c, &got);
		assert_int_equal(got.err, 0);
		assert_int_equal(got.len, REQ_BODY_MAX);
		for (size_t i = 0; i < got.len; i++)
			assert_int_equal(got.body[i], (uint8_t)(i * 7));

		p->server.verdict = V_CHANGED;
		p->server.answer_len = 0;
		c.method = M_POST;
		c.body = span_of(body, REQ_BODY_MAX);
		call(p, &c, &got);
		assert_int_equal(got.code, 204);
		assert_int_equal(p->server.body_len, REQ_BODY_MAX);

		p->server.requests = 0;
		c.body.len++;
		call(p, &c, &got);
		assert_int_equal(got.code, 413);
		assert_int_equal(p->server.requests, 0);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(call__get_is_answered),
		T(call__post_carries_its_body_and_act_follows),
		T(connect__psk_session_carries_requests),
		T(hello__without_a_cookie_leaves_nothing_behind),
		T(policy__none_is_silence),
		T(policy__is_asked_for_each_handshake),
		T(policy__is_asked_again_after_the_cookie),
		T(handshake__that_stalls_blocks_nobody),
		T(handshake__repeats_what_is_lost),
		T(handshake__is_given_up_at_its_deadline),
		T(handshake__with_another_key_fails),
		T(connect__twice_to_one_address_is_refused),
		T(association__is_replaced_only_by_a_finished_one),
		T(pin__guess_counts_however_the_handshake_ends),
		cmocka_unit_test_setup_teardown(limit__of_sessions_in_total, setup_small,
						teardown_limits),
		cmocka_unit_test_setup_teardown(limit__of_sessions_of_one_address, setup_few_each,
						teardown_limits),
		cmocka_unit_test_setup_teardown(limit__of_handshakes, setup_small, teardown_limits),
		cmocka_unit_test_setup_teardown(limit__of_handshakes, setup_offer_small,
						teardown_limits),
		T(idle__session_is_closed),
		T(close_all__spares_one),
		T(close__ends_the_calls_under_way),
		T(ping__is_answered_by_rst),
		T(duplicate__is_not_carried_out_twice),
		T(oversize__datagram_is_too_large),
		T(batch__of_100_is_answered_in_one_dispatch),
		T(batch__of_300_wakes_again),
		T(idle__endpoint_never_wakes),
		T(blocks__both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

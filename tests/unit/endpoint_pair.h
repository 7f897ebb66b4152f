/* tests/unit/endpoint_pair.h - a client and a server in one process, and a relay between them. */
#pragma once

#include "test.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "transport/endpoint.h"

#define PATIENCE_US (5 * USEC_PER_SEC) /* of real time, for what must happen */

static uint64_t ahead;

static inline uint64_t now(void)
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

static inline void keep(char *ret, size_t room, struct span s)
{
	(void)snprintf(ret, room, "%.*s", (int)s.len, (const char *)s.ptr);
}

static inline void on_request(void *arg, const struct req *req, struct answer *answer)
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

static inline void on_act(void *arg)
{
	struct side *s = arg;

	s->acts++;
}

/* Smaller limits for tests that reach them; 0: the default. */
static struct {
	unsigned sessions, handshakes, per_address, at_once;
} limits;

static inline void on_offer(void *arg, struct dtls_offer *ret)
{
	struct side *s = arg;

	ret->profile = s->offered;
	ret->hint = SPAN_LIT("server");
	ret->at_once = limits.at_once;
}

static inline int on_psk(void *arg, enum dtls_profile profile, struct span identity,
			 struct secret *ret)
{
	struct side *s = arg;

	(void)profile;
	if (!s->psk || identity.len != 16)
		return -ENOENT;
	return secret_set(ret, span_str(s->psk)) ? 0 : -ENOENT;
}

static inline void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
			     const struct endpoint_addr *peer)
{
	struct side *s = arg;

	(void)peer;
	s->opened++;
	s->session = session;
	s->facts = *facts;
}

static inline void on_closed(void *arg, uint64_t session, enum dtls_end why, bool was_open)
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

static inline void side_new(struct side *s, bool server)
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

static inline int setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	ahead = 0;
	side_new(&p->server, true);
	side_new(&p->client, false);
	*state = p;
	return 0;
}

static inline int teardown(void **state)
{
	struct pair *p = *state;

	(void)endpoint_free(p->client.e);
	(void)endpoint_free(p->server.e);
	free(p);
	return 0;
}

/* Runs both sides until *flag is at least `want`. */
static inline void run_until(struct pair *p, const unsigned *flag, unsigned want)
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

static inline void on_reply(void *arg, const struct reply *reply)
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

static inline struct endpoint_addr server_addr(const struct pair *p, const char *host, bool secure)
{
	struct endpoint_addr a;

	assert_int_equal(endpoint_addr_parse(&a, span_str(host),
					     secure ? endpoint_coaps_port(p->server.e)
						    : endpoint_coap_port(p->server.e)),
			 0);
	return a;
}

static inline void call(struct pair *p, const struct call *c, struct got *got)
{
	uint64_t id;

	got->n = 0;
	assert_int_equal(endpoint_call(p->client.e, c, on_reply, got, now(), &id), 0);
	run_until(p, &got->n, 1);
	assert_int_equal(got->n, 1);
}

static const struct uuid CLIENT_ID = {
	{1, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
};

static inline struct dtls_offer psk_offer(const char *key)
{
	struct dtls_offer o = {.profile = DTLS_NORMAL,
			       .identity = span_of(CLIENT_ID.b, sizeof(CLIENT_ID.b)),
			       .handshake_us = 5 * USEC_PER_SEC};

	assert_true(secret_set(&o.key, span_str(key)));
	return o;
}

/* An open PSK session; its number on the client's side. */
static inline uint64_t open_session(struct pair *p)
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

static inline int udp_socket(const struct endpoint_addr *connect_to)
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

static inline void relay_open(struct relay *r, const struct pair *p)
{
	struct endpoint_addr to = server_addr(p, "::1", true);

	*r = (struct relay){.down = udp_socket(NULL), .up = udp_socket(&to)};
}

static inline void relay_close(struct relay *r)
{
	(void)close(r->down);
	(void)close(r->up);
}

static inline struct endpoint_addr relay_addr(const struct relay *r)
{
	struct endpoint_addr a = {0};
	socklen_t len = sizeof(a.sa);

	assert_int_equal(getsockname(r->down, (struct sockaddr *)&a.sa, &len), 0);
	return a;
}

static inline void relay_run(struct relay *r)
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
static inline void settle(struct pair *p, struct relay *r)
{
	unsigned quiet = 0; /* in a row: on a busy machine time alone says nothing */

	while (quiet < 4) {
		struct pollfd fds[] = {
			{endpoint_fd(p->server.e), POLLIN, 0},
			{endpoint_fd(p->client.e), POLLIN, 0},
			{r ? r->down : -1,         POLLIN, 0},
			{r ? r->up : -1,           POLLIN, 0}
                };

		quiet = poll(fds, ARRAY_SIZE(fds), 5) > 0 ? 0 : quiet + 1;
		if (r)
			relay_run(r);
		assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
		assert_int_equal(endpoint_dispatch(p->client.e, now()), 0);
	}
}

static inline uint64_t connect_by(struct side *client, const struct endpoint_addr *to,
				  const char *key)
{
	struct dtls_offer offer = psk_offer(key);
	uint64_t id;

	assert_int_equal(endpoint_connect(client->e, to, &offer, now(), &id), 0);
	return id;
}

#define KEY "0123456789abcdef"

static inline void offer_psk(struct pair *p)
{
	p->server.offered = DTLS_NORMAL;
	p->server.psk = KEY;
}

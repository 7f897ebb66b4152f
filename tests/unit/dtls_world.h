/* tests/unit/dtls_world.h - a client and a server of lib/dtls in one process, joined by a wire
 * that loses, repeats, delays and cuts what it is told to. Time is a number that jumps to the next
 * deadline. */
#pragma once

#include "test.h"

#include "dtls/dtls.h"

#define QUEUE_MAX    128
#define PLAN_MAX     64
#define HANDSHAKE_US (20 * USEC_PER_SEC)
#define START_US     (1000 * USEC_PER_SEC)
#define DEVICE_UUID  "\xa7\x1c\x30\x00\x00\x00\x40\x00\x80\x00\x00\x00\x00\x00\x00\x02"
#define OBT_UUID     "\xb0\xb0\x00\x00\x00\x00\x40\x00\x80\x00\x00\x00\x00\x00\x00\x01"

enum fate { PASS, DROP, TWICE, LATER };

struct datagram {
	bool to_server;
	size_t len;
	uint8_t b[2048];
};

struct world;

struct side {
	struct world *world;
	bool server;
	struct dtls *d;
	struct dtls_session *s;
	struct dtls_offer offer;
	struct secret key;    /* server: of any identity; empty: unknown */
	uint8_t identity[64]; /* server: what the client offered */
	size_t identity_len;
	const struct x509_trust *trust; /* for the peer's chain */
	struct x509_time date;
	size_t chain_len;  /* of the peer's */
	const char *why;   /* it was refused */
	uint8_t got[2048]; /* last record of application data */
	size_t got_len;
	unsigned got_count;
	unsigned sent;   /* datagrams */
	size_t sent_max; /* octets of the largest */
};

struct world {
	uint64_t now_us;
	struct side client, server;
	struct datagram queue[QUEUE_MAX];
	size_t head, tail;
	enum fate plan[PLAN_MAX]; /* by the order of sending */
	size_t late_by;           /* how many datagrams overtake one that is LATER */
	size_t cut;               /* records, each a datagram with so many octets; 0: not at all */
	bool cut_server;          /* and the server's */
	size_t sent;
	struct datagram held;
	size_t held_for;
	unsigned accepted;
	struct buf reply;
	void (*look)(struct world *w, bool to_server, uint8_t *data, size_t len); /* and change */
};

static const struct span PEER = {(const uint8_t *)"\x0a\x00\x00\x02\x16\x34", 6};

static inline void enqueue(struct world *w, bool to_server, struct span data)
{
	struct datagram *at = &w->queue[w->tail % QUEUE_MAX];

	assert_true(w->tail - w->head < QUEUE_MAX);
	assert_true(data.len <= sizeof(at->b));
	at->to_server = to_server;
	at->len = data.len;
	memcpy(at->b, data.ptr, data.len);
	if (w->look)
		w->look(w, to_server, at->b, at->len);
	w->tail++;
}

static inline void travel(struct world *w, bool to_server, struct span data)
{
	enum fate fate = w->sent < PLAN_MAX ? w->plan[w->sent] : PASS;

	w->sent++;
	if (fate == LATER) {
		assert_int_equal(w->held_for, 0);
		w->held.to_server = to_server;
		w->held.len = data.len;
		memcpy(w->held.b, data.ptr, data.len);
		w->held_for = w->late_by;
		return;
	}
	if (fate != DROP)
		enqueue(w, to_server, data);
	if (fate == TWICE)
		enqueue(w, to_server, data);
	if (w->held_for > 0 && --w->held_for == 0)
		enqueue(w, w->held.to_server, span_of(w->held.b, w->held.len));
}

static inline void put24(uint8_t *at, size_t n)
{
	at[0] = (uint8_t)(n >> 16);
	at[1] = (uint8_t)(n >> 8);
	at[2] = (uint8_t)n;
}

/* One plain handshake record as fragments. Record numbers are made anew: 32 times the old one. */
static inline void travel_cut(struct world *w, bool to_server, const uint8_t *record, size_t len)
{
	size_t body = len - 25, part = 0;
	size_t from = (size_t)record[19] << 16 | (size_t)record[20] << 8 | record[21];

	for (size_t at = 0; at < body || part == 0; at += w->cut, part++) {
		size_t n = body - at < w->cut ? body - at : w->cut;
		uint8_t out[2048];

		memcpy(out, record, 25);
		memcpy(out + 25, record + 25 + at, n);
		put24(out + 8, (size_t)record[10] * 32 + part);
		out[11] = (uint8_t)((12 + n) >> 8);
		out[12] = (uint8_t)(12 + n);
		put24(out + 19, from + at);
		put24(out + 22, n);
		travel(w, to_server, span_of(out, 25 + n));
	}
}

static inline void travel_unpacked(struct world *w, bool to_server, struct span data)
{
	while (data.len > 0) {
		size_t len = 13 + (size_t)data.ptr[11] * 256 + data.ptr[12];
		uint8_t copy[2048];

		assert_true(len <= data.len && len <= sizeof(copy));
		memcpy(copy, data.ptr, len);
		if (copy[4] == 0 && copy[0] == 22) {
			travel_cut(w, to_server, copy, len);
		} else {
			if (copy[4] == 0)
				put24(copy + 8, (size_t)copy[10] * 32);
			travel(w, to_server, span_of(copy, len));
		}
		data = span_skip(data, len);
	}
}

static inline int on_send(void *arg, struct span datagram)
{
	struct side *side = arg;

	side->sent++;
	if (datagram.len > side->sent_max)
		side->sent_max = datagram.len;
	if (side->world->cut && (!side->server || side->world->cut_server))
		travel_unpacked(side->world, !side->server, datagram);
	else
		travel(side->world, !side->server, datagram);
	return 0;
}

static inline int on_psk(void *arg, enum dtls_profile profile, struct span identity,
			 struct secret *ret)
{
	struct side *side = arg;

	assert_int_equal(profile, side->offer.profile);
	assert_true(identity.len <= sizeof(side->identity));
	memcpy(side->identity, identity.ptr, identity.len);
	side->identity_len = identity.len;
	if (side->key.len == 0)
		return -ENOENT;
	*ret = side->key;
	return 0;
}

static inline void on_data(void *arg, struct span plain)
{
	struct side *side = arg;

	assert_true(plain.len <= sizeof(side->got));
	memcpy(side->got, plain.ptr, plain.len);
	side->got_len = plain.len;
	side->got_count++;
	if (span_is(plain, "echo"))
		assert_int_equal(dtls_send(side->s, SPAN_LIT("echoed")), 0);
	if (span_is(plain, "bye"))
		dtls_close(side->s);
}

static inline int on_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	struct side *side = arg;

	assert_int_equal(profile, side->offer.profile);
	side->chain_len = x509_chain_len(chain);
	return side->trust
		       ? x509_verify(chain, profile == DTLS_MFG ? X509_MANUFACTURER : X509_IDENTITY,
				     side->trust, &side->date, &side->why)
		       : -ENOKEY;
}

static const struct dtls_ops OPS = {
	.send = on_send, .psk = on_psk, .cert = on_cert, .data = on_data};

/* What the transport does with a datagram for the server. */
static inline void serve(struct world *w, struct span datagram)
{
	struct side *server = &w->server;
	struct dtls_session *fresh;

	if (server->s && dtls_is_repeat(server->s, datagram)) {
		if (dtls_state(server->s) == DTLS_HANDSHAKE)
			dtls_feed(server->s, datagram, w->now_us);
		return;
	}
	buf_reset(&w->reply);
	switch (dtls_hello(server->d, datagram, PEER, w->now_us, &w->reply)) {
	case DTLS_HELLO_NO:
		if (server->s)
			dtls_feed(server->s, datagram, w->now_us);
		break;
	case DTLS_HELLO_VERIFY:
		travel(w, false, buf_span(&w->reply));
		break;
	case DTLS_HELLO_GOOD:
		assert_int_equal(dtls_accept(&fresh, server->d, &server->offer, datagram, PEER,
					     &OPS, server, w->now_us),
				 0);
		(void)dtls_session_free(server->s);
		server->s = fresh;
		w->accepted++;
		break;
	}
}

static inline bool deliver(struct world *w)
{
	struct datagram *d;

	if (w->head == w->tail)
		return false;
	d = &w->queue[w->head++ % QUEUE_MAX];
	if (d->to_server)
		serve(w, span_of(d->b, d->len));
	else
		dtls_feed(w->client.s, span_of(d->b, d->len), w->now_us);
	return true;
}

static inline void deliver_all(struct world *w)
{
	while (deliver(w))
		;
}

static inline uint64_t next_deadline(const struct world *w)
{
	uint64_t a = dtls_deadline(w->client.s);
	uint64_t b = w->server.s ? dtls_deadline(w->server.s) : NEVER_US;

	return a < b ? a : b;
}

static inline void tick(struct world *w)
{
	assert_true(next_deadline(w) > w->now_us); /* or it would be a busy loop */
	w->now_us = next_deadline(w);
	dtls_tick(w->client.s, w->now_us);
	if (w->server.s)
		dtls_tick(w->server.s, w->now_us);
}

/* Delivers everything, then lets time pass to the next deadline, until nothing can happen. */
static inline void run(struct world *w)
{
	for (unsigned i = 0; i < 1000; i++) {
		deliver_all(w);
		if (next_deadline(w) == NEVER_US)
			return;
		tick(w);
	}
	fail_msg("no end after 1000 deadlines");
}

static inline struct secret secret_of(const char *text)
{
	struct secret s;

	assert_true(secret_set(&s, span_str(text)));
	return s;
}

static inline void world_init(struct world *w, enum dtls_profile profile)
{
	struct side *sides[] = {&w->client, &w->server};

	memset(w, 0, sizeof(*w));
	w->now_us = START_US;
	w->late_by = 1;
	w->reply = BUF_INIT(256);
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		sides[i]->world = w;
		assert_int_equal(dtls_new(&sides[i]->d), 0);
		sides[i]->offer.profile = profile;
		sides[i]->offer.handshake_us = HANDSHAKE_US;
	}
	w->server.server = true;
	w->server.key = secret_of("0123456789abcdef");
	w->client.offer.key = w->server.key;
	if (profile == DTLS_PIN) {
		w->server.offer.hint = SPAN_LIT("oic.sec.doxm.rdp:" DEVICE_UUID);
		w->client.offer.identity = SPAN_LIT("oic.sec.doxm.rdp");
	} else {
		w->server.offer.hint = SPAN_LIT(DEVICE_UUID);
		w->client.offer.identity = SPAN_LIT(OBT_UUID);
	}
}

static inline void connect_client(struct world *w)
{
	w->client.s = dtls_session_free(w->client.s);
	assert_int_equal(dtls_connect(&w->client.s, w->client.d, &w->client.offer, &OPS, &w->client,
				      w->now_us),
			 0);
}

static inline void world_done(struct world *w)
{
	(void)dtls_session_free(w->client.s);
	(void)dtls_session_free(w->server.s);
	(void)dtls_free(w->client.d);
	(void)dtls_free(w->server.d);
	buf_done(&w->reply);
}

static inline bool both_open(const struct world *w)
{
	return dtls_state(w->client.s) == DTLS_OPEN && w->server.s &&
	       dtls_state(w->server.s) == DTLS_OPEN;
}

static inline bool both_ended(const struct world *w, enum dtls_end client, enum dtls_end server)
{
	return dtls_state(w->client.s) == DTLS_ENDED && dtls_end(w->client.s) == client &&
	       dtls_state(w->server.s) == DTLS_ENDED && dtls_end(w->server.s) == server;
}

/* The client says "echo" and gets "echoed". */
static inline bool talks(struct world *w)
{
	unsigned before = w->client.got_count;

	return dtls_send(w->client.s, SPAN_LIT("echo")) == 0 && (run(w), true) &&
	       w->client.got_count == before + 1 &&
	       span_is(span_of(w->client.got, w->client.got_len), "echoed");
}

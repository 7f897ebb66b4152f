#include "test.h"

#include "base/parse.h"
#include "crypto/prf.h"
#include "dtls/dtls.h"

/* A client and a server in one process, joined by a wire that loses, repeats, swaps and cuts what
 * it is told to. Time is a number that jumps to the next deadline. */

#define QUEUE_MAX    64
#define PLAN_MAX     64
#define HANDSHAKE_US (20 * USEC_PER_SEC)
#define START_US     (1000 * USEC_PER_SEC)

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
	struct secret key;    /* server: of `identity`, empty: unknown */
	uint8_t identity[64]; /* server: what the client offered */
	size_t identity_len;
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
	size_t sent;
	struct datagram held;
	bool holding;
	unsigned accepted;
	struct buf reply;
};

static const struct span PEER = {(const uint8_t *)"\x0a\x00\x00\x02\x16\x34", 6};

static void enqueue(struct world *w, bool to_server, struct span data)
{
	struct datagram *at = &w->queue[w->tail % QUEUE_MAX];

	assert_true(w->tail - w->head < QUEUE_MAX);
	assert_true(data.len <= sizeof(at->b));
	at->to_server = to_server;
	at->len = data.len;
	memcpy(at->b, data.ptr, data.len);
	w->tail++;
}

static void travel(struct world *w, bool to_server, struct span data)
{
	enum fate fate = w->sent < PLAN_MAX ? w->plan[w->sent] : PASS;

	w->sent++;
	if (fate == LATER) {
		w->held.to_server = to_server;
		w->held.len = data.len;
		memcpy(w->held.b, data.ptr, data.len);
		w->holding = true;
		return;
	}
	if (fate != DROP)
		enqueue(w, to_server, data);
	if (fate == TWICE)
		enqueue(w, to_server, data);
	if (fate != DROP && w->holding) {
		w->holding = false;
		enqueue(w, w->held.to_server, span_of(w->held.b, w->held.len));
	}
}

static int on_send(void *arg, struct span datagram)
{
	struct side *side = arg;

	side->sent++;
	if (datagram.len > side->sent_max)
		side->sent_max = datagram.len;
	travel(side->world, !side->server, datagram);
	return 0;
}

static int on_psk(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
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

static void on_data(void *arg, struct span plain)
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

static const struct dtls_ops OPS = {.send = on_send, .psk = on_psk, .data = on_data};

/* What the transport does with a datagram for the server. */
static void serve(struct world *w, struct span datagram)
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

static bool deliver(struct world *w)
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

static uint64_t next_deadline(const struct world *w)
{
	uint64_t a = dtls_deadline(w->client.s);
	uint64_t b = w->server.s ? dtls_deadline(w->server.s) : NEVER_US;

	return a < b ? a : b;
}

/* Delivers everything, then lets time pass to the next deadline, until nothing can happen. */
static void run(struct world *w)
{
	for (unsigned i = 0; i < 1000; i++) {
		while (deliver(w))
			;
		if (next_deadline(w) == NEVER_US)
			return;
		assert_true(next_deadline(w) > w->now_us);
		w->now_us = next_deadline(w);
		dtls_tick(w->client.s, w->now_us);
		if (w->server.s)
			dtls_tick(w->server.s, w->now_us);
	}
	fail_msg("no end after 1000 deadlines");
}

static struct secret secret_of(const char *text)
{
	struct secret s;

	assert_true(secret_set(&s, span_str(text)));
	return s;
}

#define DEVICE_UUID "\xa7\x1c\x30\x00\x00\x00\x40\x00\x80\x00\x00\x00\x00\x00\x00\x02"
#define OBT_UUID    "\xb0\xb0\x00\x00\x00\x00\x40\x00\x80\x00\x00\x00\x00\x00\x00\x01"

static void world_init(struct world *w, enum dtls_profile profile)
{
	struct side *sides[] = {&w->client, &w->server};

	memset(w, 0, sizeof(*w));
	w->now_us = START_US;
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

static void connect_client(struct world *w)
{
	w->client.s = dtls_session_free(w->client.s);
	assert_int_equal(dtls_connect(&w->client.s, w->client.d, &w->client.offer, &OPS, &w->client,
				      w->now_us),
			 0);
}

static void world_done(struct world *w)
{
	(void)dtls_session_free(w->client.s);
	(void)dtls_session_free(w->server.s);
	(void)dtls_free(w->client.d);
	(void)dtls_free(w->server.d);
	buf_done(&w->reply);
}

static void assert_open(const struct world *w)
{
	assert_int_equal(dtls_state(w->client.s), DTLS_OPEN);
	assert_non_null(w->server.s);
	assert_int_equal(dtls_state(w->server.s), DTLS_OPEN);
}

static void assert_talks(struct world *w)
{
	unsigned before = w->client.got_count;

	assert_int_equal(dtls_send(w->client.s, SPAN_LIT("echo")), 0);
	run(w);
	assert_int_equal(w->client.got_count, before + 1);
	assert_true(span_is(span_of(w->client.got, w->client.got_len), "echoed"));
}

static void need_anon(void)
{
	if (!dtls_caps()->anon)
		skip();
}

static const struct {
	const char *name;
	enum dtls_profile profile;
	uint16_t suite;
	bool has_peer;
} PROFILES[] = {
	{"Just Works", DTLS_ANON,   0xFF00, false},
	{"Random PIN", DTLS_PIN,    0xC037, false},
	{"normal",     DTLS_NORMAL, 0xC037, true },
};

static void connects(size_t row)
{
	struct world w;

	world_init(&w, PROFILES[row].profile);
	connect_client(&w);
	run(&w);
	assert_open(&w);
	assert_int_equal(dtls_facts(w.server.s)->suite, PROFILES[row].suite);
	assert_int_equal(dtls_facts(w.client.s)->suite, PROFILES[row].suite);
	assert_true(dtls_facts(w.server.s)->server);
	assert_false(dtls_facts(w.client.s)->server);
	assert_int_equal(dtls_facts(w.server.s)->profile, PROFILES[row].profile);
	assert_int_equal(dtls_facts(w.server.s)->has_peer, PROFILES[row].has_peer);
	assert_false(dtls_facts(w.client.s)->has_peer);
	if (PROFILES[row].has_peer)
		assert_memory_equal(dtls_facts(w.server.s)->peer.b, OBT_UUID, 16);
	assert_int_equal(w.now_us, START_US); /* no timer had to run out */
	assert_talks(&w);
	/* two hellos and two flights, each in one datagram, and one for the data */
	assert_int_equal(w.client.sent, 4);
	world_done(&w);
}

static void dtls_accept__takes_just_works(void **state)
{
	(void)state;
	need_anon();
	connects(0);
}

static void dtls_accept__takes_a_pin_and_a_normal_session(void **state)
{
	(void)state;
	connects(1);
	connects(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dtls_accept__takes_just_works),
		cmocka_unit_test(dtls_accept__takes_a_pin_and_a_normal_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

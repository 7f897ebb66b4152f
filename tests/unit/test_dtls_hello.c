#include "dtls_world.h"

#include <malloc.h>

#include "crypto/rng.h"

#define LIFE_US (60 * USEC_PER_SEC) /* of a cookie key */

static struct datagram stolen;

static void steal_hello(struct world *w, bool to_server, uint8_t *data, size_t len)
{
	(void)w;
	if (to_server && data[0] == 22 && data[13] == 1) {
		memcpy(stolen.b, data, len);
		stolen.len = len;
	}
}

/* First hello, without a cookie, and the second, with the cookie of PEER made at w->now_us. */
static void get_hellos(struct world *w, struct datagram *bare, struct datagram *good)
{
	w->look = steal_hello;
	connect_client(w);
	*bare = stolen;
	(void)deliver(w);
	(void)deliver(w);
	*good = stolen;
	assert_null(w->server.s);
	w->head = w->tail;
	assert_int_equal(good->len, bare->len + 16);
}

static struct span datagram_span(const struct datagram *d)
{
	return span_of(d->b, d->len);
}

static enum dtls_hello ask(struct world *w, struct span datagram, struct span peer, uint64_t now_us)
{
	buf_reset(&w->reply);
	return dtls_hello(w->server.d, datagram, peer, now_us, &w->reply);
}

static void dtls_hello__answers_as_rfc_6347(void **state)
{
	struct datagram bare, good;
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	get_hellos(&w, &bare, &good);
	bare.b[10] = 7; /* number of the record, which the answer takes over */
	assert_int_equal(ask(&w, datagram_span(&bare), PEER, w.now_us), DTLS_HELLO_VERIFY);
	assert_int_equal(w.reply.len, 44);
	assert_true(w.reply.len < bare.len); /* a forger gains nothing */
	assert_memory_equal(w.reply.ptr, "\x16\xfe\xff\0\0\0\0\0\0\0\x07\0\x1f\x03", 14);
	assert_int_equal(ask(&w, datagram_span(&good), PEER, w.now_us), DTLS_HELLO_GOOD);
	assert_int_equal(w.reply.len, 0);
	world_done(&w);
}

static void dtls_hello__binds_the_cookie_to_the_peer(void **state)
{
	static const struct span other = {(const uint8_t *)"\x0a\x00\x00\x02\x16\x35", 6};
	struct datagram bare, good;
	struct dtls_session *s;
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	get_hellos(&w, &bare, &good);
	assert_int_equal(ask(&w, datagram_span(&good), other, w.now_us), DTLS_HELLO_VERIFY);
	assert_int_equal(dtls_accept(&s, w.server.d, &w.server.offer, datagram_span(&good), other,
				     &OPS, &w.server, w.now_us),
			 -EINVAL);
	assert_int_equal(dtls_accept(&s, w.server.d, &w.server.offer, datagram_span(&bare), PEER,
				     &OPS, &w.server, w.now_us),
			 -EINVAL);
	for (size_t i = 0; i < 16; i++) {
		struct datagram bad = good;

		bad.b[61 + i] ^= 1;
		assert_int_equal(ask(&w, datagram_span(&bad), PEER, w.now_us), DTLS_HELLO_VERIFY);
	}
	world_done(&w);
}

static void dtls_hello__turns_its_keys(void **state)
{
	static const struct {
		const char *name;
		uint64_t step_us; /* between other hellos */
		unsigned steps;
		enum dtls_hello want;
	} rows[] = {
		{"at once",             0,               1, DTLS_HELLO_GOOD  },
		{"present key",         LIFE_US - 1,     1, DTLS_HELLO_GOOD  },
		{"previous key",        LIFE_US,         1, DTLS_HELLO_GOOD  },
		{"previous key's end",  2 * LIFE_US - 1, 1, DTLS_HELLO_GOOD  },
		{"turned twice",        LIFE_US,         2, DTLS_HELLO_VERIFY},
		{"quiet for two lives", 2 * LIFE_US,     1, DTLS_HELLO_VERIFY},
		{"quiet for a day",     1440 * LIFE_US,  1, DTLS_HELLO_VERIFY},
	};
	struct datagram bare, good;
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		world_init(&w, DTLS_NORMAL);
		get_hellos(&w, &bare, &good);
		for (unsigned n = 0; n < rows[i].steps; n++) {
			w.now_us += rows[i].step_us;
			assert_int_equal(ask(&w, datagram_span(&bare), PEER, w.now_us),
					 DTLS_HELLO_VERIFY);
		}
		if (ask(&w, datagram_span(&good), PEER, w.now_us) != rows[i].want)
			fail_msg("%s", rows[i].name);
		world_done(&w);
	}
}

static void dtls_hello__drops_what_is_no_hello(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		uint8_t value;
	} rows[] = {
		{"another content type",     0,  23},
                {"TLS, not DTLS",            1,  3 },
		{"a later epoch",            4,  1 },
                {"record longer than it is", 11, 4 },
		{"ServerHello",              13, 2 },
                {"not the first fragment",   21, 1 },
	};
	struct datagram bare, good, bad;
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	get_hellos(&w, &bare, &good);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bad = good;
		bad.b[rows[i].at] = rows[i].value;
		if (ask(&w, datagram_span(&bad), PEER, w.now_us) != DTLS_HELLO_NO ||
		    w.reply.len != 0)
			fail_msg("%s", rows[i].name);
	}
	for (size_t len = 0; len < good.len; len++)
		assert_int_equal(ask(&w, span_of(good.b, len), PEER, w.now_us), DTLS_HELLO_NO);
	assert_int_equal(ask(&w, datagram_span(&good), PEER, w.now_us), DTLS_HELLO_GOOD);
	world_done(&w);
}

/* Hellos with forged senders leave nothing behind, and an honest client gets in among them. */
static void dtls_hello__keeps_nothing_of_a_flood(void **state)
{
	struct datagram bare, good;
	struct world w;
	size_t before;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	get_hellos(&w, &bare, &good);
	before = mallinfo2().uordblks; /* 0 under sanitizers */
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t peer[6];

		rng_fill(peer, sizeof(peer));
		rng_fill(bare.b + 27, 32);
		assert_int_equal(ask(&w, datagram_span(&bare), span_of(peer, sizeof(peer)),
				     w.now_us + i * 100),
				 DTLS_HELLO_VERIFY);
	}
	assert_int_equal(mallinfo2().uordblks, before);
	connect_client(&w);
	run(&w);
	assert_true(both_open(&w));
	world_done(&w);
}

/* Cut anywhere, a hello with a good cookie does not open anything and does not spin. */
static void dtls_accept__bears_a_broken_hello(void **state)
{
	struct datagram bare, good, bad;
	struct dtls_session *s;
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	get_hellos(&w, &bare, &good);
	for (size_t at = 0; at < good.len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			bad = good;
			bad.b[at] ^= (uint8_t)(1u << bit);
			if (dtls_accept(&s, w.server.d, &w.server.offer, datagram_span(&bad), PEER,
					&OPS, &w.server, w.now_us) < 0)
				continue;
			assert_int_not_equal(dtls_state(s), DTLS_OPEN);
			assert_true(dtls_state(s) == DTLS_ENDED || dtls_deadline(s) > w.now_us);
			(void)dtls_session_free(s);
			w.head = w.tail;
		}
	}
	world_done(&w);
}

static void assert_unharmed(struct world *w, const char *by)
{
	if (!both_open(w) || !talks(w))
		fail_msg("%s", by);
}

static void dtls_feed__open_sessions_bear_garbage(void **state)
{
	uint8_t junk[300];
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	for (unsigned i = 0; i < 3000; i++) {
		size_t len = i % sizeof(junk);

		rng_fill(junk, sizeof(junk));
		if (i % 3) { /* look like a record: of any type, of either epoch */
			junk[0] = (uint8_t)(20 + junk[0] % 5);
			memcpy(junk + 1, i % 3 == 1 ? "\xfe\xfd\0\0" : "\xfe\xfd\0\1", 4);
			junk[11] = 0;
			junk[12] = (uint8_t)(len > 13 ? (len - 13) % 256 : 1);
		}
		dtls_feed(i % 2 ? w.server.s : w.client.s, span_of(junk, len), w.now_us);
	}
	assert_unharmed(&w, "garbage");
	assert_int_equal(w.server.got_count, 1);
	world_done(&w);
}

/* Old and new plain handshake records, alerts and ChangeCipherSpec do not touch an open session. */
static void dtls_feed__open_sessions_ignore_plain_records(void **state)
{
	static const struct {
		const char *name;
		struct span record;
	} rows[] = {
		{"fatal alert",  SPAN_LIT("\x15\xfe\xfd\0\0\0\0\0\0\0\x63\0\2\2\x28")      },
		{"close_notify", SPAN_LIT("\x15\xfe\xfd\0\0\0\0\0\0\0\x64\0\2\1\0")        },
		{"CCS",          SPAN_LIT("\x14\xfe\xfd\0\0\0\0\0\0\0\x65\0\1\1")          },
		{"HelloRequest",
		 SPAN_LIT("\x16\xfe\xfd\0\0\0\0\0\0\0\x66\0\x0c\0\0\0\0\0\x09\0\0\0\0\0\0")},
		{"data",         SPAN_LIT("\x17\xfe\xfd\0\0\0\0\0\0\0\x67\0\4echo")        },
	};
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		dtls_feed(w.server.s, rows[i].record, w.now_us);
		dtls_feed(w.client.s, rows[i].record, w.now_us);
		assert_unharmed(&w, rows[i].name);
	}
	assert_int_equal(w.server.got_count, ARRAY_SIZE(rows));
	world_done(&w);
}

/* A datagram that holds the hello eight times is answered with one flight, one of other old
 * messages with none. */
static void dtls_feed__repeats_a_flight_once_a_datagram(void **state)
{
	uint8_t many[DTLS_INPUT_MAX];
	struct datagram hello;
	unsigned before;
	size_t len = 0;
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	w.look = steal_hello;
	connect_client(&w);
	for (unsigned i = 0; i < 3; i++)
		assert_true(deliver(&w)); /* the server's flight is under way */
	hello = stolen;
	before = w.server.sent;
	for (uint8_t i = 0; i < 8; i++, len += hello.len) {
		hello.b[10] = (uint8_t)(10 + i);
		memcpy(many + len, hello.b, hello.len);
	}
	dtls_feed(w.server.s, span_of(many, len), w.now_us);
	assert_int_equal(w.server.sent, before + 1);

	for (len = 0; len < 40 * 26; len += 26) {
		memcpy(many + len, "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x0d\1\0\0\1\0\1\0\0\0\0\0\1\0",
		       26);
		many[len + 10] = (uint8_t)(20 + len / 26);
	}
	dtls_feed(w.server.s, span_of(many, len), w.now_us);
	assert_int_equal(w.server.sent, before + 1);
	run(&w);
	assert_unharmed(&w, "repeats");
	world_done(&w);
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2(); /* all 0 under sanitizers */

	return m.uordblks + m.hblkhd;
}

/* GnuTLS would keep 17 kB for each ChangeCipherSpec that comes early, and what a fragment claims
 * to be the length of its message. */
static void dtls_feed__keeps_little_for_a_handshake(void **state)
{
	static const struct {
		const char *name;
		struct span record; /* octets 9 and 10: its number, 18: that of the message */
	} rows[] = {
		{"ChangeCipherSpec",            SPAN_LIT("\x14\xfe\xfd\0\0\0\0\0\0\0\0\0\1\1")   },
		{"long message",
		 SPAN_LIT("\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x0d\x10\xff\xff\xff\0\0\0\0\0\0\0\1\0")},
		{"long message behind another",
		 SPAN_LIT("\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x19\x10\0\0\0\0\1\0\0\0\0\0\0"
			  "\x10\xff\xff\xff\0\3\0\0\0\0\0\1\0")                                  },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t copy[64];
		size_t before;

		world_init(&w, DTLS_NORMAL);
		connect_client(&w);
		for (unsigned n = 0; n < 3; n++)
			assert_true(deliver(&w));
		before = heap();
		for (unsigned n = 0; n < 500; n++) {
			memcpy(copy, rows[i].record.ptr, rows[i].record.len);
			copy[9] = (uint8_t)(n >> 8);
			copy[10] = (uint8_t)n;
			if (copy[0] == 22)
				copy[18] = (uint8_t)(2 + n % 5);
			dtls_feed(w.server.s, span_of(copy, rows[i].record.len), w.now_us);
		}
		if (heap() > before + 64 * 1024)
			fail_msg("%s: %zu octets", rows[i].name, heap() - before);
		world_done(&w);
	}
}

static void dtls_feed__drops_what_is_too_long(void **state)
{
	static uint8_t big[DTLS_INPUT_MAX + 1];
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	dtls_feed(w.server.s, span_of(big, sizeof(big)), w.now_us);
	dtls_feed(w.server.s, span_of(big, 0), w.now_us);
	assert_unharmed(&w, "a long datagram");
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dtls_hello__answers_as_rfc_6347),
		cmocka_unit_test(dtls_hello__binds_the_cookie_to_the_peer),
		cmocka_unit_test(dtls_hello__turns_its_keys),
		cmocka_unit_test(dtls_hello__drops_what_is_no_hello),
		cmocka_unit_test(dtls_hello__keeps_nothing_of_a_flood),
		cmocka_unit_test(dtls_accept__bears_a_broken_hello),
		cmocka_unit_test(dtls_feed__open_sessions_bear_garbage),
		cmocka_unit_test(dtls_feed__open_sessions_ignore_plain_records),
		cmocka_unit_test(dtls_feed__repeats_a_flight_once_a_datagram),
		cmocka_unit_test(dtls_feed__keeps_little_for_a_handshake),
		cmocka_unit_test(dtls_feed__drops_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

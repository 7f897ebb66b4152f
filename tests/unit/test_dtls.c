#include "dtls_world.h"

#include <malloc.h>
#include <sys/stat.h>

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

/* Just Works needs the private GnuTLS; the rest of each table runs with any. */
static bool can(size_t row)
{
	return PROFILES[row].profile != DTLS_ANON || dtls_caps()->anon;
}

/* First of all tests: GnuTLS looks at the environment once. */
static void dtls_session__writes_no_key_log(void **state)
{
	char path[] = "/tmp/test_dtls.XXXXXX";
	CLEANUP(closep) int fd = mkstemp(path);
	struct world w;
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(setenv("SSLKEYLOGFILE", path, 1), 0);
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	assert_true(both_open(&w));
	world_done(&w);
	assert_int_equal(unsetenv("SSLKEYLOGFILE"), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(st.st_size, 0);
}

static void dtls_caps__agree_with_what_works(void **state)
{
	const struct dtls_ops ops = OPS;
	struct dtls_session *s;
	struct world w;

	(void)state;
	assert_non_null(strstr(dtls_caps()->library, "libgnutls.so.30"));
	assert_in_range(dtls_caps()->library[0], '3', '9');
	world_init(&w, DTLS_ANON);
	assert_int_equal(dtls_connect(&s, w.client.d, &w.client.offer, &ops, &w.client, w.now_us),
			 dtls_caps()->anon ? 0 : -ENOTSUP);
	if (dtls_caps()->anon)
		(void)dtls_session_free(s);
	world_done(&w);
}

static void dtls_connect__needs_the_private_library_for_just_works(void **state)
{
	(void)state;
	if (!dtls_caps()->anon)
		skip();
	assert_true(dtls_caps()->binary_hint); /* one patch brings both */
}

static void dtls_connect__refuses_what_it_cannot_offer(void **state)
{
	static const uint8_t big[DTLS_IDENTITY_MAX + 1];
	struct dtls_session *s = NULL;
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	w.client.offer.profile = DTLS_NONE;
	assert_int_equal(dtls_connect(&s, w.client.d, &w.client.offer, &OPS, &w.client, w.now_us),
			 -ENOTSUP);
	w.client.offer.profile = DTLS_NORMAL;
	w.client.offer.identity = span_of(big, sizeof(big));
	assert_int_equal(dtls_connect(&s, w.client.d, &w.client.offer, &OPS, &w.client, w.now_us),
			 -EINVAL);
	assert_null(s);
	assert_int_equal(w.client.sent, 0);
	world_done(&w);
}

static void dtls_accept__opens_every_profile(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PROFILES); i++) {
		const struct dtls_facts *facts;

		if (!can(i))
			continue;
		world_init(&w, PROFILES[i].profile);
		connect_client(&w);
		run(&w);
		if (!both_open(&w))
			fail_msg("%s: not open", PROFILES[i].name);
		facts = dtls_facts(w.server.s);
		assert_int_equal(facts->suite, PROFILES[i].suite);
		assert_int_equal(dtls_facts(w.client.s)->suite, PROFILES[i].suite);
		assert_true(facts->server);
		assert_false(dtls_facts(w.client.s)->server);
		assert_int_equal(facts->profile, PROFILES[i].profile);
		assert_int_equal(facts->has_peer, PROFILES[i].has_peer);
		assert_false(dtls_facts(w.client.s)->has_peer);
		if (PROFILES[i].has_peer)
			assert_memory_equal(facts->peer.b, OBT_UUID, 16);
		assert_int_equal(w.now_us, START_US); /* no timer had to run out */
		/* two hellos and one flight; one flight: each a single datagram */
		assert_int_equal(w.client.sent, 3);
		assert_int_equal(w.server.sent, 2);
		assert_true(talks(&w));
		assert_int_equal(w.client.sent, 4);
		world_done(&w);
	}
}

static void dtls_psk__keeps_zero_octets_of_the_identity(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	assert_int_equal(w.server.identity_len, 16);
	assert_memory_equal(w.server.identity, OBT_UUID, 16);
	world_done(&w);
}

static bool hint_seen;

static void look_for_hint(struct world *w, bool to_server, uint8_t *data, size_t len)
{
	struct span hint = w->server.offer.hint;

	if (!to_server && memmem(data, len, hint.ptr, hint.len))
		hint_seen = true;
}

static void dtls_psk__sends_the_hint_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *name;
		struct span hint;
		bool zero;
	} rows[] = {
		{"plain",       {(const uint8_t *)"\xa7\x1c\x30\x01", 4},               false},
		{"zero octets", {(const uint8_t *)DEVICE_UUID, 16},                     true },
		{"PIN",         {(const uint8_t *)"oic.sec.doxm.rdp:" DEVICE_UUID, 33}, true },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		world_init(&w, DTLS_NORMAL);
		w.server.offer.hint = rows[i].hint;
		w.look = look_for_hint;
		hint_seen = false;
		connect_client(&w);
		run(&w);
		assert_true(both_open(&w)); /* our client does not need it */
		if (hint_seen != (dtls_caps()->binary_hint || !rows[i].zero))
			fail_msg("%s", rows[i].name);
		world_done(&w);
	}
}

static const struct {
	const char *name;
	enum fate fate;
	uint64_t within_us;
} MISHAPS[] = {
	{"lost",    DROP,  1 * USEC_PER_SEC},
	{"doubled", TWICE, 0               },
	{"late",    LATER, 3 * USEC_PER_SEC},
};

/* Every datagram of the handshake meets each mishap in turn. */
static void dtls_feed__survives_a_bad_wire(void **state)
{
	struct world w;

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(PROFILES); p++) {
		for (size_t m = 0; can(p) && m < ARRAY_SIZE(MISHAPS); m++) {
			for (size_t at = 0; at < 6; at++) {
				world_init(&w, PROFILES[p].profile);
				w.plan[at] = MISHAPS[m].fate;
				connect_client(&w);
				run(&w);
				if (!both_open(&w) || !talks(&w))
					fail_msg("%s, %s at %zu", PROFILES[p].name, MISHAPS[m].name,
						 at);
				if (w.now_us - START_US > MISHAPS[m].within_us)
					fail_msg("%s, %s at %zu: took %u ms", PROFILES[p].name,
						 MISHAPS[m].name, at,
						 (unsigned)((w.now_us - START_US) / 1000));
				world_done(&w);
			}
		}
	}
}

/* Two losses in a row, at every place. */
static void dtls_feed__survives_two_losses(void **state)
{
	struct world w;

	(void)state;
	for (size_t a = 0; a < 8; a++) {
		for (size_t b = a + 1; b < 9; b++) {
			world_init(&w, DTLS_NORMAL);
			w.plan[a] = DROP;
			w.plan[b] = DROP;
			connect_client(&w);
			run(&w);
			if (!both_open(&w))
				fail_msg("lost %zu and %zu", a, b);
			assert_true(w.now_us - START_US <= 7 * USEC_PER_SEC);
			world_done(&w);
		}
	}
}

static void dtls_feed__takes_one_record_a_datagram_and_fragments(void **state)
{
	static const size_t cuts[] = {1000, 100, 60, 30};
	struct world w;

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(PROFILES); p++) {
		for (size_t i = 0; can(p) && i < 2 * ARRAY_SIZE(cuts); i++) {
			world_init(&w, PROFILES[p].profile);
			w.cut = cuts[i / 2];
			w.cut_server = i % 2;
			connect_client(&w);
			run(&w);
			/* below 60 octets the first fragment ends before the cookie */
			if (w.cut >= 60 ? !both_open(&w) || !talks(&w) : w.accepted != 0)
				fail_msg("%s in pieces of %zu", PROFILES[p].name, w.cut);
			/* and nobody said anything twice */
			if (w.cut >= 60 &&
			    (w.client.sent != 4 || w.server.sent != 3 || w.now_us != START_US))
				fail_msg("%s in pieces of %zu: %u and %u datagrams",
					 PROFILES[p].name, w.cut, w.client.sent, w.server.sent);
			world_done(&w);
		}
	}
}

static void dtls_feed__gives_each_fragment_its_mishap(void **state)
{
	struct world w;

	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(MISHAPS); m++) {
		for (size_t at = 0; at < 30; at++) {
			world_init(&w, DTLS_NORMAL);
			w.cut = at % 2 ? 60 : 1000;
			w.cut_server = true;
			w.plan[at / 2] = MISHAPS[m].fate;
			connect_client(&w);
			run(&w);
			if (!both_open(&w) || w.now_us - START_US > 3 * USEC_PER_SEC)
				fail_msg("%s at %zu, in pieces of %zu", MISHAPS[m].name, at / 2,
					 w.cut);
			world_done(&w);
		}
	}
}

static void dtls_pin__tells_a_wrong_pin_from_bad_luck(void **state)
{
	static const struct {
		const char *name;
		bool wrong;
		size_t cut, late, late_by, lose; /* by the order of sending; 0: none */
		uint64_t handshake_us, at_us;
	} rows[] = {
		{"wrong",                       true,  0,    0, 0, 0, HANDSHAKE_US, 1000000},
		{"wrong, Finished lost",        true,  1000, 0, 0, 6, HANDSHAKE_US, 3000000},
		{"wrong, one try till the end", true,  0,    0, 0, 0, 900000,       900000 },
		{"right, Finished before CCS",  false, 1000, 5, 1, 0, HANDSHAKE_US, 1000000},
		{"right, Finished before key",  false, 1000, 4, 2, 0, HANDSHAKE_US, 1000000},
		{"right",                       false, 0,    0, 0, 0, HANDSHAKE_US, 0      },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		world_init(&w, DTLS_PIN);
		if (rows[i].wrong)
			w.client.offer.key = secret_of("0123456789abcdeF");
		w.cut = rows[i].cut;
		w.late_by = rows[i].late_by;
		if (rows[i].late)
			w.plan[rows[i].late] = LATER;
		if (rows[i].lose)
			w.plan[rows[i].lose] = DROP;
		w.server.offer.handshake_us = rows[i].handshake_us;
		connect_client(&w);
		run(&w);
		if (rows[i].wrong ? !both_ended(&w, DTLS_END_PIN, DTLS_END_PIN) : !both_open(&w))
			fail_msg("%s: another end", rows[i].name);
		if (w.now_us - START_US != rows[i].at_us)
			fail_msg("%s: after %u us", rows[i].name, (unsigned)(w.now_us - START_US));
		world_done(&w);
	}
}

/* An owner with a stale credential learns it from the second try on, not from a timeout. */
static void dtls_normal__refuses_a_wrong_key(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	w.client.offer.key = secret_of("another");
	connect_client(&w);
	run(&w);
	assert_true(both_ended(&w, DTLS_END_ALERT, DTLS_END_FAILED));
	assert_int_equal(w.now_us, START_US + USEC_PER_SEC);
	world_done(&w);
}

static void dtls_psk__refuses_an_unknown_identity(void **state)
{
	static const enum dtls_profile profiles[] = {DTLS_PIN, DTLS_NORMAL};
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		world_init(&w, profiles[i]);
		w.server.key.len = 0;
		connect_client(&w);
		run(&w);
		assert_true(both_ended(&w, DTLS_END_ALERT, DTLS_END_FAILED));
		assert_int_equal(w.now_us, START_US);
		world_done(&w);
	}
}

/* Makes the client offer ECDHE-ECDSA with AES-128-CCM-8 instead. */
static void change_suite(struct world *w, bool to_server, uint8_t *data, size_t len)
{
	uint8_t *at = to_server && data[0] == 22 && data[13] == 1 ? memmem(data, len, "\xc0\x37", 2)
								  : NULL;

	(void)w;
	if (at)
		at[1] = 0xAE;
}

static void dtls_accept__refuses_without_a_common_suite(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	w.look = change_suite;
	connect_client(&w);
	run(&w);
	assert_true(both_ended(&w, DTLS_END_ALERT, DTLS_END_FAILED));
	world_done(&w);
	if (!dtls_caps()->anon)
		return;

	world_init(&w, DTLS_ANON);
	w.client.offer.profile = DTLS_NORMAL;
	connect_client(&w);
	run(&w);
	assert_true(both_ended(&w, DTLS_END_ALERT, DTLS_END_FAILED));
	world_done(&w);

	world_init(&w, DTLS_NORMAL);
	w.client.offer.profile = DTLS_ANON;
	connect_client(&w);
	run(&w);
	assert_true(both_ended(&w, DTLS_END_ALERT, DTLS_END_FAILED));
	world_done(&w);
}

static void dtls_deadline__backs_off_and_gives_up(void **state)
{
	static const uint64_t seconds[] = {1, 3, 7, 15, 20};
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	w.head = w.tail; /* nobody is there */
	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		assert_int_equal(dtls_state(w.client.s), DTLS_HANDSHAKE);
		assert_int_equal(w.client.sent, i + 1);
		assert_int_equal(dtls_deadline(w.client.s), START_US + seconds[i] * USEC_PER_SEC);
		dtls_tick(w.client.s, dtls_deadline(w.client.s) - 1); /* too early: nothing */
		assert_int_equal(w.client.sent, i + 1);
		dtls_tick(w.client.s, dtls_deadline(w.client.s));
	}
	assert_int_equal(dtls_state(w.client.s), DTLS_ENDED);
	assert_int_equal(dtls_end(w.client.s), DTLS_END_TIMEOUT);
	assert_int_equal(dtls_deadline(w.client.s), NEVER_US);
	world_done(&w);
}

static void dtls_deadline__is_never_when_open(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	assert_int_equal(dtls_deadline(w.client.s), NEVER_US);
	assert_int_equal(dtls_deadline(w.server.s), NEVER_US);
	dtls_tick(w.server.s, w.now_us + 3600 * USEC_PER_SEC);
	assert_true(talks(&w));
	world_done(&w);
}

/* A lone first fragment with a good cookie: only the end of the handshake is waited for. */
static void dtls_deadline__does_not_spin_on_half_a_hello(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	w.cut = 60;
	for (size_t i = 0; i < PLAN_MAX; i++)
		w.plan[i] = DROP;
	w.plan[0] = PASS; /* a hello of 2 pieces, the answer to the first, the next hello's first */
	w.plan[2] = PASS;
	w.plan[3] = PASS;
	connect_client(&w);
	deliver_all(&w);
	assert_non_null(w.server.s);
	assert_int_equal(dtls_deadline(w.server.s), w.now_us + HANDSHAKE_US);
	assert_int_equal(w.server.sent, 0);
	dtls_tick(w.server.s, w.now_us + HANDSHAKE_US);
	assert_int_equal(dtls_end(w.server.s), DTLS_END_TIMEOUT);
	world_done(&w);
}

static void dtls_close__is_heard(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	dtls_close(w.client.s);
	run(&w);
	assert_true(both_ended(&w, DTLS_END_LOCAL, DTLS_END_NOTIFY));
	assert_int_equal(dtls_send(w.server.s, SPAN_LIT("late")), -ENOTCONN);
	dtls_close(w.client.s); /* a second time changes nothing */
	assert_int_equal(dtls_end(w.client.s), DTLS_END_LOCAL);
	world_done(&w);
}

static void dtls_close__works_inside_the_data_callback(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	assert_int_equal(dtls_send(w.client.s, SPAN_LIT("bye")), 0);
	run(&w);
	assert_true(both_ended(&w, DTLS_END_NOTIFY, DTLS_END_LOCAL));
	world_done(&w);
}

static void dtls_close__ends_a_handshake(void **state)
{
	struct world w;

	(void)state;
	for (unsigned by_server = 0; by_server < 2; by_server++) {
		struct side *closes, *hears;

		world_init(&w, DTLS_NORMAL);
		connect_client(&w);
		for (unsigned i = 0; i < 3; i++)
			assert_true(deliver(&w));
		closes = by_server ? &w.server : &w.client;
		hears = by_server ? &w.client : &w.server;
		assert_int_equal(dtls_state(closes->s), DTLS_HANDSHAKE);
		dtls_close(closes->s);
		run(&w);
		assert_int_equal(dtls_end(closes->s), DTLS_END_LOCAL);
		assert_int_equal(dtls_state(hears->s), DTLS_ENDED);
		if (!by_server)
			assert_int_equal(dtls_end(hears->s), DTLS_END_NOTIFY);
		assert_int_equal(w.now_us, START_US); /* nobody had to wait */
		world_done(&w);
	}
}

static void dtls_send__keeps_datagrams_small(void **state)
{
	uint8_t big[DTLS_DATAGRAM_MAX] = {0};
	struct world w;
	size_t room = 0;

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(PROFILES); p++) {
		if (!can(p))
			continue;
		world_init(&w, PROFILES[p].profile);
		connect_client(&w);
		assert_int_equal(dtls_send(w.client.s, SPAN_LIT("early")), -ENOTCONN);
		run(&w);
		for (room = sizeof(big); room > 0; room--)
			if (dtls_send(w.client.s, span_of(big, room)) != -EMSGSIZE)
				break;
		run(&w);
		assert_true(room >= 1024 + 64); /* a block of CoAP and its options */
		assert_int_equal(w.server.got_len, room);
		assert_true(w.client.sent_max <= DTLS_DATAGRAM_MAX);
		world_done(&w);
	}
}

static void dtls_is_repeat__knows_its_hello(void **state)
{
	struct datagram hello;
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	(void)deliver(&w);
	(void)deliver(&w);
	hello = w.queue[w.head % QUEUE_MAX]; /* the one with the cookie */
	run(&w);
	assert_true(both_open(&w));
	assert_true(dtls_is_repeat(w.server.s, span_of(hello.b, hello.len)));
	assert_false(dtls_is_repeat(w.client.s, span_of(hello.b, hello.len)));
	assert_false(dtls_is_repeat(w.server.s, span_of(hello.b, 59)));
	hello.b[30] ^= 1;
	assert_false(dtls_is_repeat(w.server.s, span_of(hello.b, hello.len)));
	world_done(&w);
}

static void dtls_accept__new_association_takes_the_old_ones_place(void **state)
{
	struct dtls_session *old;
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	connect_client(&w);
	run(&w);
	old = w.client.s;
	w.client.s = NULL;
	connect_client(&w); /* same 5-tuple, no close_notify */
	assert_true(deliver(&w));
	assert_int_equal(w.accepted, 1); /* without a cookie the old one stays */
	assert_int_equal(dtls_state(w.server.s), DTLS_OPEN);
	run(&w);
	assert_int_equal(w.accepted, 2);
	assert_true(both_open(&w));
	assert_true(talks(&w));
	assert_int_equal(w.now_us, START_US);
	(void)dtls_session_free(old);
	world_done(&w);
}

static void dtls_owner_key__is_the_same_at_both_ends(void **state)
{
	const struct uuid obt = {{1}}, device = {{2}};
	uint8_t a[16], b[16], swapped[16];
	struct world w;

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(PROFILES); p++) {
		if (!can(p))
			continue;
		world_init(&w, PROFILES[p].profile);
		connect_client(&w);
		assert_int_equal(dtls_owner_key(w.client.s, "l", &obt, &device, a), -ENOTCONN);
		run(&w);
		assert_int_equal(dtls_owner_key(w.client.s, "l", &obt, &device, a), 0);
		assert_int_equal(dtls_owner_key(w.server.s, "l", &obt, &device, b), 0);
		assert_int_equal(dtls_owner_key(w.server.s, "l", &device, &obt, swapped), 0);
		assert_memory_equal(a, b, sizeof(a));
		assert_memory_not_equal(a, swapped, sizeof(a));
		world_done(&w);
	}
}

enum { MANY = 20 };

/* Opens MANY sessions, keeps the server's ends and closes them. Heap of one of them. */
static size_t open_many(struct world *w)
{
	size_t before = mallinfo2().uordblks, cost;
	struct dtls_session *s[MANY];

	for (size_t i = 0; i < MANY; i++) {
		connect_client(w);
		run(w);
		assert_true(talks(w));
		s[i] = w->server.s;
		w->server.s = NULL;
		w->client.s = dtls_session_free(w->client.s);
	}
	cost = (mallinfo2().uordblks - before) / MANY;
	for (size_t i = 0; i < MANY; i++)
		(void)dtls_session_free(s[i]);
	return cost;
}

static void dtls_session__costs_little_and_gives_it_back(void **state)
{
	size_t cost, before, after;
	struct world w;

	(void)state;
	world_init(&w, DTLS_NORMAL);
	(void)open_many(&w);           /* what is allocated once is allocated now */
	before = mallinfo2().uordblks; /* 0 under sanitizers, which have their own allocator */
	cost = open_many(&w);
	after = mallinfo2().uordblks;
	if (cost > 16 * 1024 || after > before + cost)
		fail_msg("a session costs %zu octets, of all %zu stay", cost, after - before);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dtls_session__writes_no_key_log),
		cmocka_unit_test(dtls_caps__agree_with_what_works),
		cmocka_unit_test(dtls_connect__needs_the_private_library_for_just_works),
		cmocka_unit_test(dtls_connect__refuses_what_it_cannot_offer),
		cmocka_unit_test(dtls_accept__opens_every_profile),
		cmocka_unit_test(dtls_psk__keeps_zero_octets_of_the_identity),
		cmocka_unit_test(dtls_psk__sends_the_hint_whole_or_not_at_all),
		cmocka_unit_test(dtls_feed__survives_a_bad_wire),
		cmocka_unit_test(dtls_feed__survives_two_losses),
		cmocka_unit_test(dtls_feed__takes_one_record_a_datagram_and_fragments),
		cmocka_unit_test(dtls_feed__gives_each_fragment_its_mishap),
		cmocka_unit_test(dtls_pin__tells_a_wrong_pin_from_bad_luck),
		cmocka_unit_test(dtls_normal__refuses_a_wrong_key),
		cmocka_unit_test(dtls_psk__refuses_an_unknown_identity),
		cmocka_unit_test(dtls_accept__refuses_without_a_common_suite),
		cmocka_unit_test(dtls_deadline__backs_off_and_gives_up),
		cmocka_unit_test(dtls_deadline__is_never_when_open),
		cmocka_unit_test(dtls_deadline__does_not_spin_on_half_a_hello),
		cmocka_unit_test(dtls_close__is_heard),
		cmocka_unit_test(dtls_close__works_inside_the_data_callback),
		cmocka_unit_test(dtls_close__ends_a_handshake),
		cmocka_unit_test(dtls_send__keeps_datagrams_small),
		cmocka_unit_test(dtls_is_repeat__knows_its_hello),
		cmocka_unit_test(dtls_accept__new_association_takes_the_old_ones_place),
		cmocka_unit_test(dtls_owner_key__is_the_same_at_both_ends),
		cmocka_unit_test(dtls_session__costs_little_and_gives_it_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

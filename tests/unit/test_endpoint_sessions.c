/* The endpoint: hellos, handshakes, associations, their limits and ends. */
#include "endpoint_pair.h"

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

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

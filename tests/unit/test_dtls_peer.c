/* lib/dtls against a peer that is bare GnuTLS with its own ways: an independent look at keys,
 * hints, renegotiation and resumption. */
#include "dtls_world.h"

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

#include "tests/unit/key_block.h"

#define PSK_PRIORITY "NORMAL:-VERS-ALL:+VERS-DTLS1.2:+ECDHE-PSK:+DHE-PSK:+PSK:+SHA256"

struct bare {
	gnutls_session_t tls;
	gnutls_psk_client_credentials_t client;
	gnutls_psk_server_credentials_t server;
	struct datagram out[16];
	size_t out_count;
	struct side ours;
	struct world world; /* queue of what our side sends */
};

static ssize_t bare_push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	struct bare *b = arg;

	assert_true(b->out_count < ARRAY_SIZE(b->out) && len <= sizeof(b->out[0].b));
	memcpy(b->out[b->out_count].b, data, len);
	b->out[b->out_count++].len = len;
	return (ssize_t)len;
}

static void ours_take(struct bare *b, struct span datagram)
{
	struct side *ours = &b->ours;

	if (ours->s) {
		dtls_feed(ours->s, datagram, START_US);
		return;
	}
	buf_reset(&b->world.reply);
	switch (dtls_hello(ours->d, datagram, PEER, START_US, &b->world.reply)) {
	case DTLS_HELLO_NO:
		fail_msg("no hello");
		break;
	case DTLS_HELLO_VERIFY:
		enqueue(&b->world, false, buf_span(&b->world.reply));
		break;
	case DTLS_HELLO_GOOD:
		assert_int_equal(dtls_accept(&ours->s, ours->d, &ours->offer, datagram, PEER, &OPS,
					     ours, START_US),
				 0);
		break;
	}
}

/* Brings what the bare side has sent, after GnuTLS has returned, as on a real wire. */
static void bare_deliver(struct bare *b)
{
	for (size_t i = 0; i < b->out_count; i++)
		ours_take(b, span_of(b->out[i].b, b->out[i].len));
	b->out_count = 0;
}

static ssize_t bare_pull(gnutls_transport_ptr_t arg, void *data, size_t room)
{
	struct bare *b = arg;
	struct datagram *d;

	if (b->world.head == b->world.tail) {
		gnutls_transport_set_errno(b->tls, EAGAIN);
		return -1;
	}
	d = &b->world.queue[b->world.head++ % QUEUE_MAX];
	assert_true(d->len <= room);
	memcpy(data, d->b, d->len);
	return (ssize_t)d->len;
}

static int bare_pull_timeout(gnutls_transport_ptr_t arg, unsigned ms)
{
	const struct bare *b = arg;

	(void)ms;
	return b->world.head != b->world.tail;
}

static gnutls_datum_t datum_copy(struct span data)
{
	gnutls_datum_t d = {gnutls_malloc(data.len), (unsigned)data.len};

	assert_non_null(d.data);
	memcpy(d.data, data.ptr, data.len);
	return d;
}

static int bare_key(gnutls_session_t tls, const gnutls_datum_t *identity, gnutls_datum_t *ret)
{
	(void)tls;
	assert_int_equal(identity->size, 16);
	assert_memory_equal(identity->data, OBT_UUID, 16);
	*ret = datum_copy(SPAN_LIT("0123456789abcdef"));
	return 0;
}

static void bare_init(struct bare *b, enum dtls_profile profile, bool server)
{
	unsigned flags =
		GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | (server ? GNUTLS_SERVER : GNUTLS_CLIENT);

	memset(b, 0, sizeof(*b));
	world_init(&b->world, profile);
	b->ours = server ? b->world.client : b->world.server;
	b->ours.world = &b->world;
	assert_int_equal(gnutls_init(&b->tls, flags), 0);
	assert_int_equal(gnutls_priority_set_direct(b->tls, PSK_PRIORITY, NULL), 0);
	gnutls_transport_set_ptr(b->tls, b);
	gnutls_transport_set_push_function(b->tls, bare_push);
	gnutls_transport_set_pull_function(b->tls, bare_pull);
	gnutls_transport_set_pull_timeout_function(b->tls, bare_pull_timeout);
	if (server) {
		assert_int_equal(gnutls_psk_allocate_server_credentials(&b->server), 0);
		gnutls_psk_set_server_credentials_function2(b->server, bare_key);
		gnutls_credentials_set(b->tls, GNUTLS_CRD_PSK, b->server);
	} else {
		gnutls_datum_t identity = datum_copy(b->world.client.offer.identity);
		gnutls_datum_t key = datum_copy(SPAN_LIT("0123456789abcdef"));

		assert_int_equal(gnutls_psk_allocate_client_credentials(&b->client), 0);
		assert_int_equal(gnutls_psk_set_client_credentials2(b->client, &identity, &key,
								    GNUTLS_PSK_KEY_RAW),
				 0);
		gnutls_credentials_set(b->tls, GNUTLS_CRD_PSK, b->client);
		gnutls_free(identity.data);
		gnutls_free(key.data);
	}
}

static void bare_done(struct bare *b)
{
	gnutls_deinit(b->tls);
	if (b->client)
		gnutls_psk_free_client_credentials(b->client);
	if (b->server)
		gnutls_psk_free_server_credentials(b->server);
	(void)dtls_session_free(b->ours.s);
	world_done(&b->world);
}

static int bare_handshake(struct bare *b)
{
	int r = GNUTLS_E_AGAIN;

	for (unsigned i = 0; i < 20 && r == GNUTLS_E_AGAIN; i++) {
		r = gnutls_handshake(b->tls);
		bare_deliver(b);
	}
	return r;
}

static void bare_connect(struct bare *b)
{
	assert_int_equal(bare_handshake(b), 0);
	assert_int_equal(dtls_state(b->ours.s), DTLS_OPEN);
	assert_string_equal(gnutls_ciphersuite_get(b->tls),
			    "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256");
}

static bool bare_talks(struct bare *b)
{
	char got[16];

	return gnutls_record_send(b->tls, "echo", 4) == 4 && (bare_deliver(b), true) &&
	       gnutls_record_recv(b->tls, got, sizeof(got)) == 6 && memcmp(got, "echoed", 6) == 0;
}

static void dtls_owner_key__equals_one_made_by_hand(void **state)
{
	static const enum dtls_profile profiles[] = {DTLS_PIN, DTLS_NORMAL};
	const struct uuid obt = {OBT_UUID}, device = {DEVICE_UUID};
	gnutls_datum_t master, client, server;
	uint8_t block[96], want[16], got[16];
	struct bare b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		bare_init(&b, profiles[i], false);
		bare_connect(&b);
		gnutls_session_get_master_secret(b.tls, &master);
		gnutls_session_get_random(b.tls, &client, &server);
		assert_int_equal(key_block(span_of(master.data, master.size),
					   span_of(client.data, client.size),
					   span_of(server.data, server.size), block, sizeof(block)),
				 0);
		assert_int_equal(prf_owner_key(span_of(block, sizeof(block)), "oic.sec.doxm.rdp",
					       &obt, &device, want),
				 0);
		assert_int_equal(dtls_owner_key(b.ours.s, "oic.sec.doxm.rdp", &obt, &device, got),
				 0);
		assert_memory_equal(got, want, sizeof(got));
		bare_done(&b);
	}
}

static void dtls_accept__serves_a_client_with_many_suites(void **state)
{
	struct bare b;

	(void)state;
	bare_init(&b, DTLS_NORMAL, false);
	bare_connect(&b);
	assert_true(dtls_facts(b.ours.s)->has_peer);
	assert_memory_equal(dtls_facts(b.ours.s)->peer.b, OBT_UUID, 16);
	assert_true(bare_talks(&b));
	bare_done(&b);
}

static void dtls_accept__refuses_renegotiation_and_goes_on(void **state)
{
	struct bare b;

	(void)state;
	bare_init(&b, DTLS_NORMAL, false);
	bare_connect(&b);
	assert_int_equal(bare_handshake(&b), GNUTLS_E_WARNING_ALERT_RECEIVED);
	assert_int_equal(gnutls_alert_get(b.tls), GNUTLS_A_NO_RENEGOTIATION);
	assert_int_equal(dtls_state(b.ours.s), DTLS_OPEN);
	assert_int_equal(dtls_send(b.ours.s, SPAN_LIT("still here")), 0);
	bare_done(&b);
}

static void dtls_connect__refuses_renegotiation_and_goes_on(void **state)
{
	struct bare b;

	(void)state;
	bare_init(&b, DTLS_NORMAL, true);
	assert_int_equal(dtls_connect(&b.ours.s, b.ours.d, &b.ours.offer, &OPS, &b.ours, START_US),
			 0);
	bare_connect(&b);
	assert_int_equal(gnutls_rehandshake(b.tls), GNUTLS_E_AGAIN); /* waits for an answer */
	bare_deliver(&b);
	assert_int_equal(gnutls_rehandshake(b.tls), GNUTLS_E_WARNING_ALERT_RECEIVED);
	assert_int_equal(gnutls_alert_get(b.tls), GNUTLS_A_NO_RENEGOTIATION);
	assert_int_equal(dtls_state(b.ours.s), DTLS_OPEN);
	assert_true(bare_talks(&b));
	bare_done(&b);
}

static void dtls_accept__does_not_resume(void **state)
{
	gnutls_datum_t saved = {0};
	struct bare b;

	(void)state;
	bare_init(&b, DTLS_NORMAL, false);
	bare_connect(&b);
	assert_int_equal(gnutls_session_get_data2(b.tls, &saved), 0);
	bare_done(&b);

	bare_init(&b, DTLS_NORMAL, false);
	assert_int_equal(gnutls_session_set_data(b.tls, saved.data, saved.size), 0);
	bare_connect(&b);
	assert_false(gnutls_session_is_resumed(b.tls));
	gnutls_free(saved.data);
	bare_done(&b);
}

static void dtls_feed__takes_a_fatal_alert(void **state)
{
	struct bare b;

	(void)state;
	bare_init(&b, DTLS_NORMAL, false);
	bare_connect(&b);
	assert_int_equal(gnutls_alert_send(b.tls, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR), 0);
	bare_deliver(&b);
	assert_int_equal(dtls_state(b.ours.s), DTLS_ENDED);
	assert_int_equal(dtls_end(b.ours.s), DTLS_END_ALERT);
	bare_done(&b);
}

static void dtls_feed__goes_on_after_a_warning(void **state)
{
	struct bare b;

	(void)state;
	bare_init(&b, DTLS_NORMAL, false);
	bare_connect(&b);
	assert_int_equal(gnutls_alert_send(b.tls, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED), 0);
	assert_true(bare_talks(&b));
	bare_done(&b);
}

static void dtls_feed__answers_close_notify(void **state)
{
	struct bare b;

	(void)state;
	bare_init(&b, DTLS_NORMAL, false);
	bare_connect(&b);
	assert_int_equal(gnutls_bye(b.tls, GNUTLS_SHUT_WR), 0);
	bare_deliver(&b);
	assert_int_equal(dtls_end(b.ours.s), DTLS_END_NOTIFY);
	assert_int_equal(gnutls_record_recv(b.tls, &(char){0}, 1), 0); /* its close_notify */
	bare_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dtls_owner_key__equals_one_made_by_hand),
		cmocka_unit_test(dtls_accept__serves_a_client_with_many_suites),
		cmocka_unit_test(dtls_accept__refuses_renegotiation_and_goes_on),
		cmocka_unit_test(dtls_connect__refuses_renegotiation_and_goes_on),
		cmocka_unit_test(dtls_accept__does_not_resume),
		cmocka_unit_test(dtls_feed__takes_a_fatal_alert),
		cmocka_unit_test(dtls_feed__goes_on_after_a_warning),
		cmocka_unit_test(dtls_feed__answers_close_notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

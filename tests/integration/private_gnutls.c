/* The private GnuTLS in use: the two OCF suites complete a handshake, and an identity hint with
 * NUL octets arrives whole in every PSK key exchange that has one. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

#include "unit/test.h"

#define BASE    "NONE:+VERS-DTLS1.2:+COMP-NULL:+GROUP-SECP256R1:+GROUP-FFDHE2048:+SIGN-ECDSA-SHA256"
#define JW(aes) BASE ":+ANON-ECDH:+SHA256:+AES-" aes "-CBC"
#define PSK(kx) BASE ":+SHA256:+AES-128-CBC:+" kx

typedef int hint_setter(gnutls_psk_server_credentials_t, const gnutls_datum_t *);

static const uint8_t HINT[16] = {0, 1, 0, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0};

/* One way of a loopback: datagrams in order. */
struct pipe {
	struct {
		uint8_t data[2048];
		size_t len;
	} ring[32];
	size_t in, out;
};

struct end {
	gnutls_session_t session;
	struct pipe *from, *to;
	uint8_t hint[64]; /* as the client saw it */
	size_t hint_len;
};

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct pipe *p = ((struct end *)ptr)->to;

	assert_true(len <= sizeof(p->ring[0].data) && p->in - p->out < 32);
	memcpy(p->ring[p->in % 32].data, data, len);
	p->ring[p->in++ % 32].len = len;
	return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t room)
{
	struct end *e = ptr;
	struct pipe *p = e->from;
	size_t len;

	if (p->in == p->out) {
		gnutls_transport_set_errno(e->session, EAGAIN);
		return -1;
	}
	len = p->ring[p->out % 32].len;
	assert_true(len <= room);
	memcpy(data, p->ring[p->out++ % 32].data, len);
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	const struct pipe *p = ((struct end *)ptr)->from;

	(void)ms;
	return p->in != p->out;
}

static int keep_hint(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
		     const gnutls_datum_t *msg)
{
	struct end *e = gnutls_session_get_ptr(session);

	(void)type;
	(void)when;
	assert_true(incoming && msg->size >= 2);
	e->hint_len = (size_t)msg->data[0] << 8 | msg->data[1];
	assert_true(e->hint_len + 2 <= msg->size && e->hint_len <= sizeof(e->hint));
	memcpy(e->hint, msg->data + 2, e->hint_len);
	return 0;
}

static int give_key(gnutls_session_t session, const char *name, gnutls_datum_t *ret)
{
	(void)session;
	(void)name;
	ret->data = gnutls_calloc(1, 16);
	ret->size = ret->data ? 16 : 0;
	return ret->data ? 0 : -1;
}

static void start(struct end *e, unsigned side, const char *priority,
		  gnutls_credentials_type_t type, void *credentials)
{
	assert_int_equal(gnutls_init(&e->session, side | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK), 0);
	assert_int_equal(gnutls_priority_set_direct(e->session, priority, NULL), 0);
	assert_int_equal(gnutls_credentials_set(e->session, type, credentials), 0);
	gnutls_session_set_ptr(e->session, e);
	gnutls_transport_set_ptr(e->session, e);
	gnutls_transport_set_push_function(e->session, push);
	gnutls_transport_set_pull_function(e->session, pull);
	gnutls_transport_set_pull_timeout_function(e->session, pull_timeout);
	gnutls_dtls_set_mtu(e->session, 1400);
}

/* Runs both ends until they are done; the code point's name as the server knows it. */
static const char *handshake(struct end *server, struct end *client)
{
	int s = GNUTLS_E_AGAIN, c = GNUTLS_E_AGAIN;

	for (int turn = 0; turn < 20 && (s || c); turn++) {
		if (c)
			c = gnutls_handshake(client->session);
		if (s)
			s = gnutls_handshake(server->session);
		assert_true(!c || !gnutls_error_is_fatal(c));
		assert_true(!s || !gnutls_error_is_fatal(s));
	}
	assert_int_equal(s, 0);
	assert_int_equal(c, 0);
	return gnutls_ciphersuite_get(server->session);
}

static void suite__completes_a_handshake(void **state)
{
	static const struct {
		const char *priority, *name;
	} CASES[] = {
		{JW("128"), "TLS_ECDH_anon_WITH_AES_128_CBC_SHA256"},
		{JW("256"), "TLS_ECDH_anon_WITH_AES_256_CBC_SHA256"},
	};
	gnutls_anon_server_credentials_t scred;
	gnutls_anon_client_credentials_t ccred;

	(void)state;
	assert_int_equal(gnutls_anon_allocate_server_credentials(&scred), 0);
	assert_int_equal(gnutls_anon_allocate_client_credentials(&ccred), 0);
	for (size_t i = 0; i < 2; i++) {
		static struct pipe up, down;
		struct end server = {.from = &up, .to = &down};
		struct end client = {.from = &down, .to = &up};
		const char *name;

		start(&server, GNUTLS_SERVER, CASES[i].priority, GNUTLS_CRD_ANON, scred);
		start(&client, GNUTLS_CLIENT, CASES[i].priority, GNUTLS_CRD_ANON, ccred);
		name = handshake(&server, &client);
		if (!name || strcmp(name, CASES[i].name) != 0)
			fail_msg("%s: got %s", CASES[i].name, name ? name : "none");
		gnutls_deinit(server.session);
		gnutls_deinit(client.session);
	}
	gnutls_anon_free_server_credentials(scred);
	gnutls_anon_free_client_credentials(ccred);
}

static void suite__has_the_code_point(void **state)
{
	bool found[2] = {false};
	gnutls_protocol_t min;
	gnutls_kx_algorithm_t kx;
	gnutls_cipher_algorithm_t cipher;
	gnutls_mac_algorithm_t mac;
	uint8_t id[2];

	(void)state;
	for (size_t i = 0; gnutls_cipher_suite_info(i, id, &kx, &cipher, &mac, &min); i++) {
		if (id[0] != 0xff || id[1] > 1)
			continue;
		assert_int_equal(kx, GNUTLS_KX_ANON_ECDH);
		assert_int_equal(cipher,
				 id[1] ? GNUTLS_CIPHER_AES_256_CBC : GNUTLS_CIPHER_AES_128_CBC);
		assert_int_equal(mac, GNUTLS_MAC_SHA256);
		assert_int_equal(min, GNUTLS_TLS1_2);
		found[id[1]] = true;
	}
	assert_true(found[0] && found[1]);
}

/* No peer gets an anonymous suite that did not ask for one by name. */
static void suite__is_in_no_named_priority(void **state)
{
	static const char *const NAMES[] = {"NORMAL", "LEGACY", "SECURE128", "PERFORMANCE"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		gnutls_priority_t p;
		unsigned index;
		uint8_t id[2];

		assert_int_equal(gnutls_priority_init(&p, NAMES[i], NULL), 0);
		for (unsigned k = 0;; k++) {
			int r = gnutls_priority_get_cipher_suite_index(p, k, &index);

			if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
				break;
			if (r == GNUTLS_E_UNKNOWN_CIPHER_SUITE)
				continue;
			assert_int_equal(r, 0);
			assert_non_null(
				gnutls_cipher_suite_info(index, id, NULL, NULL, NULL, NULL));
			assert_true(id[0] != 0xff);
		}
		gnutls_priority_deinit(p);
	}
}

static void hint__arrives_whole(void **state)
{
	static const char *const PRIORITIES[] = {PSK("PSK"), PSK("ECDHE-PSK"), PSK("DHE-PSK")};
	hint_setter *set =
		(hint_setter *)dlsym(RTLD_DEFAULT, "gnutls_psk_set_server_credentials_hint2");
	gnutls_psk_server_credentials_t scred;
	gnutls_psk_client_credentials_t ccred;
	uint8_t copy[sizeof(HINT)];
	const gnutls_datum_t hint = {copy, sizeof(copy)}, key = {(uint8_t[16]){0}, 16};
	const gnutls_datum_t too_long = {copy, 65536};

	(void)state;
	assert_non_null(set);
	assert_int_equal(gnutls_psk_allocate_server_credentials(&scred), 0);
	assert_int_equal(gnutls_psk_allocate_client_credentials(&ccred), 0);
	assert_int_equal(gnutls_psk_set_client_credentials(ccred, "id", &key, GNUTLS_PSK_KEY_RAW),
			 0);
	assert_int_equal(gnutls_psk_set_server_known_dh_params(scred, GNUTLS_SEC_PARAM_MEDIUM), 0);
	gnutls_psk_set_server_credentials_function(scred, give_key);

	assert_int_equal(gnutls_psk_set_server_credentials_hint(scred, "replaced"), 0);
	memcpy(copy, HINT, sizeof(copy));
	assert_int_equal(set(scred, &hint), 0);
	memset(copy, 0xff, sizeof(copy)); /* it keeps a copy */
	assert_int_equal(set(scred, &too_long), GNUTLS_E_INVALID_REQUEST);

	for (size_t i = 0; i < 3; i++) {
		static struct pipe up, down;
		struct end server = {.from = &up, .to = &down};
		struct end client = {.from = &down, .to = &up};

		start(&server, GNUTLS_SERVER, PRIORITIES[i], GNUTLS_CRD_PSK, scred);
		start(&client, GNUTLS_CLIENT, PRIORITIES[i], GNUTLS_CRD_PSK, ccred);
		gnutls_handshake_set_hook_function(client.session,
						   GNUTLS_HANDSHAKE_SERVER_KEY_EXCHANGE,
						   GNUTLS_HOOK_PRE, keep_hint);
		assert_non_null(handshake(&server, &client));
		assert_int_equal(client.hint_len, sizeof(HINT));
		assert_memory_equal(client.hint, HINT, sizeof(HINT));
		gnutls_deinit(server.session);
		gnutls_deinit(client.session);
	}
	gnutls_psk_free_server_credentials(scred);
	gnutls_psk_free_client_credentials(ccred);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suite__has_the_code_point),
		cmocka_unit_test(suite__completes_a_handshake),
		cmocka_unit_test(suite__is_in_no_named_priority),
		cmocka_unit_test(hint__arrives_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

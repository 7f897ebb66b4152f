#include "dtls/dtls.h"

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <limits.h>

#include "base/log.h"
#include "crypto/prf.h"
#include "dtls/session.h"

#define LAST_WORDS      3            /* alerts with which a client leaves */
#define RESEND_FIRST_US USEC_PER_SEC /* RFC 6347 4.2.4.1 */
#define RESEND_MAX_US   (60 * USEC_PER_SEC)
#define KEY_STRIKES     2 /* undecipherable Finished messages that prove another key */

enum dtls_hello dtls_hello(struct dtls *d, struct span datagram, struct span peer, uint64_t now_us,
			   struct buf *reply)
{
	struct hello hello;

	if (!hello_parse(datagram, &hello))
		return DTLS_HELLO_NO;
	hello_keys_turn(&d->cookies, now_us);
	if (hello_is_verified(&d->cookies, datagram, peer))
		return DTLS_HELLO_GOOD;
	return hello_verify_request(&d->cookies, &hello, peer, reply) ? DTLS_HELLO_VERIFY
								      : DTLS_HELLO_NO;
}

bool dtls_is_repeat(const struct dtls_session *s, struct span datagram)
{
	struct hello hello;

	return s->facts.server && hello_parse(datagram, &hello) &&
	       memcmp(hello.random, s->client_random, sizeof(hello.random)) == 0;
}

static int session_new(struct dtls_session **ret, const struct dtls *d,
		       const struct dtls_offer *offer, bool server, const struct dtls_ops *ops,
		       void *arg, uint64_t now_us)
{
	CLEANUP(dtls_session_freep) struct dtls_session *s = calloc(1, sizeof(*s));
	unsigned flags = GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS;
	int r;

	if (!s)
		return -ENOMEM;
	s->ops = ops;
	s->arg = arg;
	s->facts.server = server;
	s->facts.profile = offer->profile;
	s->give_up_us = now_us + offer->handshake_us;
	s->resend_first_us = offer->resend_us ? offer->resend_us : RESEND_FIRST_US;
	s->resend_max_us = offer->resend_max_us ? offer->resend_max_us : RESEND_MAX_US;
	s->resend_us = NEVER_US;
	if (gnutls_init(&s->tls, flags | (server ? GNUTLS_SERVER : GNUTLS_CLIENT)) < 0) {
		s->tls = NULL;
		return -ENOMEM;
	}
	r = profile_use(d, s, offer);
	if (r < 0)
		return r;
	gnutls_session_set_keylog_function(s->tls, NULL); /* or SSLKEYLOGFILE gets the secrets */
	gnutls_session_set_ptr(s->tls, s);
	wire_attach(s);
	gnutls_dtls_set_mtu(s->tls, DTLS_DATAGRAM_MAX);
	/* GnuTLS times by the wall clock, which jumps when a gateway learns the date. With an
	 * interval of 0 it repeats a flight whenever it is called without input, so dtls_tick()
	 * decides; half of what it can take as the limit leaves room for jumps either way. */
	gnutls_dtls_set_timeouts(s->tls, 0, INT_MAX / 2);
	*ret = s;
	s = NULL;
	return 0;
}

struct dtls_session *dtls_session_free(struct dtls_session *s)
{
	if (!s)
		return NULL;
	if (s->tls)
		gnutls_deinit(s->tls);
	creds_done(&s->creds);
	free(s);
	return NULL;
}

/* A handshake given up for whatever reason after a Finished message that did not decipher was a
 * guess at the PIN: no alert, new hello or closing makes it unsaid. */
static void finish(struct dtls_session *s, enum dtls_end end)
{
	bool guess = s->facts.server && s->facts.profile == DTLS_PIN && s->strikes > 0;

	s->end = guess && s->state == DTLS_HANDSHAKE ? DTLS_END_PIN : end;
	s->state = DTLS_ENDED;
}

static void finish_with_alert(struct dtls_session *s, enum dtls_end end,
			      gnutls_alert_description_t alert)
{
	finish(s, end);
	(void)gnutls_alert_send(s->tls, GNUTLS_AL_FATAL, alert); /* nobody waits for it */
}

/* A client's last words. Alerts are not repeated by themselves (RFC 6347 4.2.7), and a server that
 * has finished its handshake and misses them is silent, while it is being onboarded, for nobody. */
static void say_goodbye(struct dtls_session *s, gnutls_alert_level_t level,
			gnutls_alert_description_t alert)
{
	for (int i = 0; i < LAST_WORDS; i++)
		(void)gnutls_alert_send(s->tls, level, alert);
}

/* --- handshake --- */

static uint16_t suite_of(gnutls_session_t tls)
{
	gnutls_kx_algorithm_t kx;
	gnutls_cipher_algorithm_t cipher;
	gnutls_mac_algorithm_t mac;
	unsigned char id[2];

	for (size_t i = 0; gnutls_cipher_suite_info(i, id, &kx, &cipher, &mac, NULL); i++) {
		if (kx == gnutls_kx_get(tls) && cipher == gnutls_cipher_get(tls) &&
		    mac == gnutls_mac_get(tls))
			return (uint16_t)(id[0] << 8 | id[1]);
	}
	return 0;
}

static void opened(struct dtls_session *s)
{
	gnutls_datum_t identity;

	s->state = DTLS_OPEN;
	s->facts.suite = suite_of(s->tls);
	if (s->facts.server && s->facts.profile == DTLS_NORMAL &&
	    gnutls_psk_server_get_username2(s->tls, &identity) == 0 &&
	    identity.size == sizeof(s->facts.peer.b)) {
		memcpy(s->facts.peer.b, identity.data, identity.size);
		s->facts.has_peer = true;
	}
}

static bool is_of_certificate(gnutls_alert_description_t alert)
{
	return alert == GNUTLS_A_BAD_CERTIFICATE || alert == GNUTLS_A_UNSUPPORTED_CERTIFICATE ||
	       alert == GNUTLS_A_CERTIFICATE_REVOKED || alert == GNUTLS_A_CERTIFICATE_EXPIRED ||
	       alert == GNUTLS_A_CERTIFICATE_UNKNOWN || alert == GNUTLS_A_UNKNOWN_CA;
}

static void handshake_alerted(struct dtls_session *s)
{
	gnutls_alert_description_t alert = gnutls_alert_get(s->tls);
	bool pin = s->facts.profile == DTLS_PIN && !s->facts.server &&
		   (alert == GNUTLS_A_BAD_RECORD_MAC || alert == GNUTLS_A_DECRYPT_ERROR);

	finish(s, pin ? DTLS_END_PIN : is_of_certificate(alert) ? DTLS_END_CERT : DTLS_END_ALERT);
}

static gnutls_alert_description_t alert_of(int refused)
{
	switch (-refused) {
	case EKEYEXPIRED:
		return GNUTLS_A_CERTIFICATE_EXPIRED;
	case EKEYREVOKED:
		return GNUTLS_A_CERTIFICATE_REVOKED;
	case ENOKEY:
		return GNUTLS_A_UNKNOWN_CA;
	default:
		return GNUTLS_A_BAD_CERTIFICATE;
	}
}

static void handshake_failed(struct dtls_session *s, int error)
{
	log_debug("dtls: handshake failed error=%s", gnutls_strerror_name(error));
	if (error == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		handshake_alerted(s);
	} else if (error == GNUTLS_E_SESSION_EOF) {
		finish(s, DTLS_END_NOTIFY);
	} else if (error == GNUTLS_E_TIMEDOUT) {
		finish(s, DTLS_END_TIMEOUT);
	} else if (s->refused < 0) {
		finish_with_alert(s, DTLS_END_CERT, alert_of(s->refused));
	} else if (error == GNUTLS_E_NO_CERTIFICATE_FOUND ||
		   error == GNUTLS_E_CERTIFICATE_REQUIRED) {
		finish(s, DTLS_END_CERT);
		(void)gnutls_alert_send_appropriate(s->tls, error);
	} else if (s->unknown) {
		finish_with_alert(s, DTLS_END_FAILED, GNUTLS_A_UNKNOWN_PSK_IDENTITY);
	} else {
		finish(s, DTLS_END_FAILED);
		(void)gnutls_alert_send_appropriate(s->tls, error);
	}
}

static void wrong_key(struct dtls_session *s)
{
	finish_with_alert(s, s->facts.profile == DTLS_PIN ? DTLS_END_PIN : DTLS_END_FAILED,
			  GNUTLS_A_BAD_RECORD_MAC);
}

/* A client with another key or PIN sends a Finished message that does not decipher. GnuTLS drops it
 * and waits on, so it is counted here; one alone may have overtaken its ChangeCipherSpec. */
static void count_strike(struct dtls_session *s)
{
	if (!s->keyed || !s->in_encrypted)
		return;
	s->strikes++;
	if (s->strikes >= KEY_STRIKES)
		wrong_key(s);
}

static void handshake_step(struct dtls_session *s)
{
	unsigned dropped = gnutls_record_get_discarded(s->tls);
	struct flight flight;
	int r;

	wire_begin(s, &flight);
	r = gnutls_handshake(s->tls);
	wire_end(s);
	/* Its own clock must not end the handshake: see session_new(). */
	gnutls_dtls_set_timeouts(s->tls, 0, UINT_MAX);

	if (r == 0)
		opened(s);
	else if (gnutls_error_is_fatal(r))
		handshake_failed(s, r);
	else if (gnutls_record_get_discarded(s->tls) != dropped)
		count_strike(s);
}

/* --- application data --- */

static void receive_failed(struct dtls_session *s, int error)
{
	if (error == GNUTLS_E_REHANDSHAKE) {
		(void)gnutls_alert_send(s->tls, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
	} else if (error == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		finish(s, DTLS_END_ALERT);
	} else if (gnutls_error_is_fatal(error)) {
		finish(s, DTLS_END_FAILED);
		(void)gnutls_alert_send_appropriate(s->tls, error);
	}
}

static void receive_step(struct dtls_session *s)
{
	uint8_t plain[DTLS_INPUT_MAX]; /* no record is longer than its datagram */
	struct flight flight;
	ssize_t n;

	wire_begin(s, &flight); /* GnuTLS may repeat the last flight of a handshake here */
	n = gnutls_record_recv(s->tls, plain, sizeof(plain));
	wire_end(s);
	if (n < 0) {
		receive_failed(s, (int)n);
	} else if (n == 0) {
		(void)gnutls_bye(s->tls, GNUTLS_SHUT_WR);
		finish(s, DTLS_END_NOTIFY);
	} else {
		s->ops->data(s->arg, span_of(plain, (size_t)n));
	}
}

/* --- public --- */

/* Octets not read yet. GnuTLS may hold data behind a ChangeCipherSpec that came twice. */
static size_t unread(const struct dtls_session *s)
{
	return s->in.len + gnutls_record_check_pending(s->tls);
}

/* Runs until the datagram in hand is used up, or GnuTLS takes no more of it. With `repeat` the last
 * flight may go out again. */
static void run(struct dtls_session *s, struct span datagram, bool repeat, uint64_t now_us)
{
	size_t before;

	s->in = datagram;
	s->in_records = 0;
	s->next_message = repeat ? 0 : s->sent_messages;
	s->mute = false;
	s->sent = false;
	do {
		before = unread(s);
		if (s->state == DTLS_HANDSHAKE)
			handshake_step(s);
		else
			receive_step(s);
	} while (s->state != DTLS_ENDED && unread(s) < before &&
		 (s->state == DTLS_OPEN ? unread(s) : s->in.len) > 0);
	s->in = span_of(NULL, 0);
	if (s->sent) {
		s->resend_after_us = s->resend_first_us;
		s->resend_us = now_us + s->resend_after_us;
	}
}

int dtls_accept(struct dtls_session **ret, struct dtls *d, const struct dtls_offer *offer,
		struct span datagram, struct span peer, const struct dtls_ops *ops, void *arg,
		uint64_t now_us)
{
	CLEANUP(dtls_session_freep) struct dtls_session *s = NULL;
	struct hello hello;
	int r;

	if (!hello_parse(datagram, &hello) || !hello_is_verified(&d->cookies, datagram, peer))
		return -EINVAL;
	r = session_new(&s, d, offer, true, ops, arg, now_us);
	if (r < 0)
		return r;
	memcpy(s->client_random, hello.random, sizeof(hello.random));
	gnutls_dtls_prestate_set(s->tls, &(gnutls_dtls_prestate_st){
						 .record_seq = hello.record_seq,
						 .hsk_read_seq = hello.message_seq,
					 });
	run(s, datagram, false, now_us);
	*ret = s;
	s = NULL;
	return 0;
}

int dtls_connect(struct dtls_session **ret, struct dtls *d, const struct dtls_offer *offer,
		 const struct dtls_ops *ops, void *arg, uint64_t now_us)
{
	CLEANUP(dtls_session_freep) struct dtls_session *s = NULL;
	int r;

	r = session_new(&s, d, offer, false, ops, arg, now_us);
	if (r == 0 && offer->server &&
	    gnutls_server_name_set(s->tls, GNUTLS_NAME_DNS, offer->server, strlen(offer->server)) <
		    0)
		r = -EINVAL;
	if (r < 0)
		return r;
	run(s, span_of(NULL, 0), false, now_us);
	*ret = s;
	s = NULL;
	return 0;
}

enum dtls_state dtls_state(const struct dtls_session *s)
{
	return s->state;
}

enum dtls_end dtls_end(const struct dtls_session *s)
{
	return s->end;
}

const struct dtls_facts *dtls_facts(const struct dtls_session *s)
{
	return &s->facts;
}

void dtls_feed(struct dtls_session *s, struct span datagram, uint64_t now_us)
{
	if (s->state != DTLS_ENDED && datagram.len > 0 && datagram.len <= DTLS_INPUT_MAX)
		run(s, datagram, dtls_is_repeat(s, datagram), now_us);
}

void dtls_tick(struct dtls_session *s, uint64_t now_us)
{
	uint64_t wait = s->resend_after_us * 2;

	if (s->state != DTLS_HANDSHAKE || now_us < dtls_deadline(s))
		return;
	if (now_us < s->give_up_us) {
		run(s, span_of(NULL, 0), true, now_us);
		s->resend_after_us = wait < s->resend_max_us ? wait : s->resend_max_us;
		s->resend_us = now_us + s->resend_after_us;
	} else if (s->strikes > 0) {
		wrong_key(s);
	} else {
		finish(s, DTLS_END_TIMEOUT);
		/* The server may have finished, and only its last flight be lost: it need not wait
		 * for us any more. */
		if (!s->facts.server)
			say_goodbye(s, GNUTLS_AL_FATAL, GNUTLS_A_USER_CANCELED);
	}
}

uint64_t dtls_deadline(const struct dtls_session *s)
{
	if (s->state != DTLS_HANDSHAKE)
		return NEVER_US;
	return s->resend_us < s->give_up_us ? s->resend_us : s->give_up_us;
}

int dtls_send(struct dtls_session *s, struct span plain)
{
	if (s->state != DTLS_OPEN)
		return -ENOTCONN;
	if (plain.len > gnutls_dtls_get_data_mtu(s->tls))
		return -EMSGSIZE;
	return gnutls_record_send(s->tls, plain.ptr, plain.len) < 0 ? -EIO : 0;
}

void dtls_close(struct dtls_session *s)
{
	if (s->state == DTLS_ENDED)
		return;
	finish(s, DTLS_END_LOCAL);
	if (s->facts.server)
		(void)gnutls_bye(s->tls, GNUTLS_SHUT_WR); /* nobody waits for it */
	else
		say_goodbye(s, GNUTLS_AL_WARNING, GNUTLS_A_CLOSE_NOTIFY);
}

void dtls_drop(struct dtls_session *s)
{
	if (s->state != DTLS_ENDED)
		finish(s, DTLS_END_LOCAL);
}

int dtls_owner_key(struct dtls_session *s, const char *label, const struct uuid *obt,
		   const struct uuid *device, uint8_t ret[16])
{
	size_t len = prf_key_block_len(s->facts.suite);
	uint8_t block[PRF_KEY_BLOCK_MAX], seed[2 * HELLO_RANDOM_LEN];
	gnutls_datum_t client, server;
	int r;

	if (s->state != DTLS_OPEN)
		return -ENOTCONN;
	if (len == 0)
		return -ENOTSUP;
	gnutls_session_get_random(s->tls, &client, &server);
	memcpy(seed, server.data, HELLO_RANDOM_LEN);
	memcpy(seed + HELLO_RANDOM_LEN, client.data, HELLO_RANDOM_LEN);
	r = gnutls_prf_raw(s->tls, 13, "key expansion", sizeof(seed), (const char *)seed, len,
			   (char *)block);
	r = r < 0 ? -EIO : prf_owner_key(span_of(block, len), label, obt, device, ret);
	explicit_bzero(block, sizeof(block));
	return r;
}

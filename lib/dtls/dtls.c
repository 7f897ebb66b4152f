#include "dtls/dtls.h"

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <limits.h>

#include "base/log.h"
#include "crypto/prf.h"
#include "dtls/creds.h"
#include "dtls/hello.h"
#include "dtls/record.h"

#define LAST_WORDS      3            /* alerts with which a client leaves */
#define RECORDS_MAX     32           /* of one datagram that we look at */
#define RESEND_FIRST_US USEC_PER_SEC /* RFC 6347 4.2.4.1 */
#define RESEND_MAX_US   (60 * USEC_PER_SEC)
#define KEY_STRIKES     2 /* undecipherable Finished messages that prove another key */

#define PRIO_COMMON "NONE:+VERS-DTLS1.2:+COMP-NULL:+GROUP-SECP256R1:+SIGN-ECDSA-SHA256"
#define PRIO_ANON   ":+ANON-ECDH:+AES-128-CBC:+SHA256"
#define PRIO_PSK    ":+ECDHE-PSK:+AES-128-CBC:+SHA256"
#define PRIO_CERT                                                                                  \
	":+ECDHE-ECDSA:+AES-128-CCM-8:+AES-128-CCM:+AES-256-CCM-8:+AES-256-CCM:+AEAD:+CTYPE-X509"

struct dtls {
	struct hello_keys cookies;
	gnutls_priority_t anon; /* NULL: this GnuTLS has no suite 0xFF00 */
	gnutls_priority_t psk, cert, both;
};

/* What one handshake sends at a time, packed into as few datagrams as can be. */
struct flight {
	uint8_t b[DTLS_DATAGRAM_MAX];
	size_t len;
};

struct dtls_session {
	gnutls_session_t tls;
	struct creds creds;
	const struct dtls_ops *ops;
	void *arg;

	enum dtls_state state;
	enum dtls_end end;
	struct dtls_facts facts;
	uint8_t client_random[HELLO_RANDOM_LEN]; /* server only */

	struct span in;         /* records of the datagram in hand that GnuTLS has not read yet */
	unsigned in_records;    /* how many it has read */
	bool in_encrypted;      /* the last of them is of a later epoch than 0 */
	struct flight *flight;  /* set while GnuTLS runs on input */
	uint64_t sent_messages; /* handshake messages (number, offset) below it have been sent */
	uint64_t next_message;  /* those below it are not to be sent now */
	bool mute;              /* the last plain one was held back */
	bool sent;              /* a flight went out since the timer was looked at */

	uint64_t give_up_us, resend_us, resend_after_us, resend_first_us, resend_max_us;
	bool keyed;       /* server: the client's key exchange has been taken */
	bool unknown;     /* server: nobody has the identity that was offered */
	int refused;      /* -errno of the peer's certificate; 0: not refused */
	unsigned strikes; /* undecipherable records since `keyed` */
};

/* --- what all sessions share --- */

int dtls_new(struct dtls **ret)
{
	CLEANUP(dtls_freep) struct dtls *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	hello_keys_init(&d->cookies);
	if (gnutls_priority_init(&d->psk, PRIO_COMMON PRIO_PSK, NULL) < 0 ||
	    gnutls_priority_init(&d->cert, PRIO_COMMON PRIO_CERT, NULL) < 0 ||
	    gnutls_priority_init(&d->both, PRIO_COMMON PRIO_PSK PRIO_CERT, NULL) < 0)
		return -ENOMEM;
	/* Stock GnuTLS finds no suite for this and refuses it */
	if (gnutls_priority_init(&d->anon, PRIO_COMMON PRIO_ANON, NULL) < 0)
		d->anon = NULL;
	*ret = d;
	d = NULL;
	return 0;
}

struct dtls *dtls_free(struct dtls *d)
{
	if (!d)
		return NULL;
	gnutls_priority_deinit(d->anon);
	gnutls_priority_deinit(d->psk);
	gnutls_priority_deinit(d->cert);
	gnutls_priority_deinit(d->both);
	explicit_bzero(d, sizeof(*d));
	free(d);
	return NULL;
}

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

/* --- octets out --- */

static void send_datagram(struct dtls_session *s, const void *data, size_t len)
{
	(void)s->ops->send(s->arg, span_of(data, len)); /* lost is lost: timers repeat it */
}

static void send_flight(struct dtls_session *s)
{
	if (s->flight->len)
		send_datagram(s, s->flight->b, s->flight->len);
	s->flight->len = 0;
}

static void begin_flight(struct dtls_session *s, struct flight *flight)
{
	flight->len = 0;
	s->flight = flight;
}

static void end_flight(struct dtls_session *s)
{
	send_flight(s);
	s->flight = NULL;
}

/* With its interval of 0 GnuTLS repeats its flight whenever it runs out of input, and for every old
 * message in a datagram. It goes out when a timer or the peer's repeated hello asks for it, and
 * then once. Encrypted records share the fate of the plain ones before them. */
static bool is_unasked(struct dtls_session *s, struct span record)
{
	uint64_t message;

	if (!record_message(record, &message))
		return s->mute;
	s->mute = message < s->next_message;
	if (!s->mute)
		s->next_message = message + 1;
	if (s->sent_messages < s->next_message)
		s->sent_messages = s->next_message;
	return s->mute;
}

static ssize_t push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	struct dtls_session *s = arg;

	if (!s->flight) {
		send_datagram(s, data, len);
		return (ssize_t)len;
	}
	if (is_unasked(s, span_of(data, len)))
		return (ssize_t)len;
	if (len > sizeof(s->flight->b) - s->flight->len)
		send_flight(s);
	if (len <= sizeof(s->flight->b)) {
		memcpy(s->flight->b + s->flight->len, data, len);
		s->flight->len += len;
		s->sent = true;
	}
	return (ssize_t)len;
}

/* --- octets in --- */

/* GnuTLS allocates what a fragment claims to be the length of its message, and keeps 17 kB for each
 * ChangeCipherSpec that comes early: one is enough. */
static bool is_affordable(const struct dtls_session *s, struct span record)
{
	switch (record_plain_type(record)) {
	case RECORD_CHANGE_CIPHER_SPEC:
		return gnutls_record_check_pending(s->tls) == 0;
	case RECORD_HANDSHAKE:
		return record_is_modest(record);
	default:
		return true;
	}
}

/* The next record that is worth GnuTLS's time; empty: none. */
static struct span next_record(struct dtls_session *s)
{
	while (s->in.len > 0 && s->in_records < RECORDS_MAX) {
		struct span record = record_cut(&s->in);

		s->in_records++;
		if (record.len > 0 && is_affordable(s, record))
			return record;
	}
	s->in = span_of(NULL, 0);
	return s->in;
}

/* Gives GnuTLS one record at a time. It stops at the first record it cannot use and would keep the
 * rest of the datagram until the next one comes. */
static ssize_t pull(gnutls_transport_ptr_t arg, void *data, size_t room)
{
	struct dtls_session *s = arg;
	struct span record = next_record(s);
	size_t len = record.len < room ? record.len : room; /* cut short, it is dropped */

	if (len == 0) {
		gnutls_transport_set_errno(s->tls, EAGAIN);
		return -1;
	}
	s->in_encrypted = record_is_encrypted(record);
	memcpy(data, record.ptr, len);
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t arg, unsigned ms)
{
	const struct dtls_session *s = arg;

	(void)ms; /* never waits */
	return s->in.len > 0;
}

/* --- credentials --- */

static int server_key(gnutls_session_t tls, const gnutls_datum_t *identity, gnutls_datum_t *ret)
{
	struct dtls_session *s = gnutls_session_get_ptr(tls);
	CLEANUP(secret_wipe) struct secret key = {0};
	int r;

	r = s->ops->psk(s->arg, s->facts.profile, span_of(identity->data, identity->size), &key);
	if (r < 0 || key.len == 0) {
		s->unknown = true;
		return -1;
	}
	ret->data = gnutls_malloc(key.len); /* GnuTLS wipes and frees it */
	if (!ret->data)
		return -1;
	memcpy(ret->data, key.b, key.len);
	ret->size = (unsigned)key.len;
	s->keyed = true;
	return 0;
}

/* The chain that the peer has sent, judged by the caller. */
static int judge_chain(struct dtls_session *s)
{
	CLEANUP(x509_chain_freep) struct x509_chain *chain = NULL;
	struct span der[X509_CHAIN_MAX];
	unsigned n = 0;
	const gnutls_datum_t *sent = gnutls_certificate_get_peers(s->tls, &n);
	const char *why = "chain is too long";
	int r = n <= X509_CHAIN_MAX ? 0 : -EBADMSG;

	for (unsigned i = 0; r == 0 && i < n; i++)
		der[i] = span_of(sent[i].data, sent[i].size);
	if (r == 0)
		r = x509_chain_from_der(der, n, &chain, &why);
	if (r < 0) {
		log_debug("dtls: certificate refused why=%s", why);
		return r;
	}
	r = s->ops->cert ? s->ops->cert(s->arg, s->facts.profile, chain) : -EKEYREJECTED;
	if (r < 0)
		return r;
	/* An owner's manufacturer says nothing of who it is in the security domain. */
	if (s->facts.server && s->facts.profile == DTLS_MFG)
		return 0;
	s->facts.has_cert = true;
	s->facts.key = *x509_chain_key(chain);
	s->facts.has_peer = x509_chain_uuid(chain, &s->facts.peer);
	return 0;
}

bool dtls_is_still_good(struct dtls_session *s)
{
	return s->state != DTLS_OPEN || !s->facts.has_cert || judge_chain(s) == 0;
}

static int on_certificate(gnutls_session_t tls)
{
	struct dtls_session *s = gnutls_session_get_ptr(tls);

	s->refused = judge_chain(s);
	return s->refused < 0 ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

/* In a transfer the server shows its certificate and asks for none; otherwise both do. */
static int use_cert(struct dtls_session *s, const struct dtls_offer *offer)
{
	if (!offer->own && (s->facts.server || offer->profile == DTLS_NORMAL))
		return -EINVAL;
	gnutls_session_set_verify_function(s->tls, on_certificate);
	if (s->facts.server && (offer->profile == DTLS_NORMAL || offer->ask))
		gnutls_certificate_server_set_request(s->tls, GNUTLS_CERT_REQUIRE);
	return creds_cert(&s->creds, s->tls, offer->own);
}

static int use_psk(struct dtls_session *s, const struct dtls_offer *offer)
{
	int r;

	if (!s->facts.server)
		return creds_psk_client(&s->creds, s->tls, offer->identity, &offer->key);
	r = creds_psk_server(&s->creds, s->tls, offer->hint);
	if (r == 0)
		gnutls_psk_set_server_credentials_function2(s->creds.psk_server, server_key);
	return r;
}

/* A client has a key, a certificate or both; a server always takes keys. */
static int use_normal(const struct dtls *d, struct dtls_session *s, const struct dtls_offer *offer,
		      gnutls_priority_t *ret)
{
	bool psk = s->facts.server || offer->key.len > 0 || !offer->own;
	int r = psk ? use_psk(s, offer) : 0;

	*ret = offer->own ? psk ? d->both : d->cert : d->psk;
	return r == 0 && offer->own ? use_cert(s, offer) : r;
}

/* Suites and credentials of the profile. */
static int use_profile(const struct dtls *d, struct dtls_session *s, const struct dtls_offer *offer)
{
	gnutls_priority_t priority = NULL;
	int r = -ENOTSUP;

	switch (offer->profile) {
	case DTLS_ANON:
		priority = d->anon;
		r = priority ? creds_anon(&s->creds, s->tls, s->facts.server) : -ENOTSUP;
		break;
	case DTLS_PIN:
		priority = d->psk;
		r = use_psk(s, offer);
		break;
	case DTLS_MFG:
		priority = d->cert;
		r = use_cert(s, offer);
		break;
	case DTLS_NORMAL:
		r = use_normal(d, s, offer, &priority);
		break;
	case DTLS_NONE:
		break;
	}
	if (r < 0)
		return r;
	return gnutls_priority_set(s->tls, priority) < 0 ? -ENOMEM : 0;
}

/* --- a session's life --- */

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
	r = use_profile(d, s, offer);
	if (r < 0)
		return r;
	gnutls_session_set_keylog_function(s->tls, NULL); /* or SSLKEYLOGFILE gets the secrets */
	gnutls_session_set_ptr(s->tls, s);
	gnutls_transport_set_ptr(s->tls, s);
	gnutls_transport_set_push_function(s->tls, push);
	gnutls_transport_set_pull_function(s->tls, pull);
	gnutls_transport_set_pull_timeout_function(s->tls, pull_timeout);
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

	begin_flight(s, &flight);
	r = gnutls_handshake(s->tls);
	end_flight(s);
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

	begin_flight(s, &flight); /* GnuTLS may repeat the last flight of a handshake here */
	n = gnutls_record_recv(s->tls, plain, sizeof(plain));
	end_flight(s);
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

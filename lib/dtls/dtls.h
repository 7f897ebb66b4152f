/* lib/dtls/dtls.h - DTLS 1.2 sessions of the OCF profiles, over GnuTLS, without sockets or clock.
 *
 * The transport hands datagrams in and gets datagrams out by a callback; time comes in as now_us.
 * Master secrets and key blocks never leave this library: callers ask for what is derived. */
#pragma once

#include "base/buf.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "crypto/x509.h"

struct dtls;         /* what all sessions share: cookie keys, parsed priorities */
struct dtls_session; /* one association */

#define DTLS_DATAGRAM_MAX ((size_t)1200) /* octets we send at most in one datagram */
#define DTLS_INPUT_MAX    ((size_t)2048) /* longer datagrams are dropped */
#define DTLS_HINT_MAX     ((size_t)64)
#define DTLS_IDENTITY_MAX ((size_t)64)

/* Which suites and credentials a handshake may use. */
enum dtls_profile {
	DTLS_NONE,   /* nothing: a hello is dropped before the cookie step */
	DTLS_ANON,   /* 0xFF00, needs dtls_caps().anon */
	DTLS_PIN,    /* 0xC037 during Random PIN transfer: a failed Finished is a wrong PIN */
	DTLS_MFG,    /* 0xC0AC..AF, server certificate only, or both if asked for */
	DTLS_NORMAL, /* 0xC037, and certificates both ways where credentials are given */
};

/* One handshake's terms, server or client. Spans are copied. */
struct dtls_offer {
	enum dtls_profile profile;
	struct span hint;      /* server: PSK identity hint, may hold zero octets */
	struct span identity;  /* client: PSK identity */
	const char *server;    /* client: the name of whom we ask for (RFC 6066 3); NULL: none */
	struct secret key;     /* client: PSK (wiped by the caller afterwards) */
	struct x509_own *own;  /* what we present: MFG server, NORMAL; NULL: nothing. One more
				* owner is counted */
	bool ask;              /* MFG server: the client has to show a certificate, too */
	uint64_t handshake_us; /* give up after this long */
	/* A flight without an answer goes out again after resend_us, then after twice as long each
	 * time, up to resend_max_us. 0: 1 s and 60 s (RFC 6347 4.2.4.1). */
	uint64_t resend_us, resend_max_us;
	unsigned at_once; /* for the transport: so many handshakes; 0: its own limit */
};

enum dtls_end {
	DTLS_END_NOTIFY,  /* the peer said close_notify */
	DTLS_END_LOCAL,   /* we closed it */
	DTLS_END_ALERT,   /* a fatal alert came */
	DTLS_END_FAILED,  /* the handshake failed: no common suite, unknown identity, another key */
	DTLS_END_PIN,     /* the handshake failed because the PIN was another one */
	DTLS_END_CERT,    /* the handshake failed on a certificate: the peer's, or ours there */
	DTLS_END_TIMEOUT, /* handshake deadline */
	DTLS_END_IDLE,    /* idle limit of the transport */
	DTLS_END_REPLACED, /* a new association of the same 5-tuple took its place */
};

struct dtls_facts {
	uint16_t suite; /* code point, 0xFF00 ... */
	bool server;
	enum dtls_profile profile;
	bool has_peer; /* PSK identity of 16 octets (NORMAL), or certificate UUID */
	struct uuid peer;
	bool has_cert;         /* the peer has shown a certificate ... */
	struct x509_point key; /* ... of this key */
};

struct dtls_ops {
	/* One datagram out. 0, or -errno: treated as lost. */
	int (*send)(void *arg, struct span datagram);
	/* Server: the key for an identity. 0 and *ret, or -ENOENT: refuse the handshake. */
	int (*psk)(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret);
	/* The peer's chain, not judged yet: 0, or the error of x509_verify(), which ends the
	 * handshake with DTLS_END_CERT. NULL: none is good. */
	int (*cert)(void *arg, enum dtls_profile profile, const struct x509_chain *chain);
	/* Application data, one record. */
	void (*data)(void *arg, struct span plain);
};

struct dtls_caps {
	bool anon;         /* suite 0xFF00 is in this GnuTLS */
	bool binary_hint;  /* hints with zero octets can be sent */
	char library[256]; /* "3.7.9 /usr/lib/.../libgnutls.so.30" */
};
/* What the loaded GnuTLS can do; asked at run time. */
const struct dtls_caps *dtls_caps(void);

/* -ENOMEM. */
MUST_USE int dtls_new(struct dtls **ret);
struct dtls *dtls_free(struct dtls *d); /* after all its sessions */
DEFINE_CLEANUP(struct dtls *, dtls_free)

/* Stateless first contact (RFC 6347 4.2.1). Looks at a datagram of an unknown peer; `peer` are
 * octets that identify address and port. Allocates nothing. */
enum dtls_hello {
	DTLS_HELLO_NO,     /* not an acceptable ClientHello: drop it */
	DTLS_HELLO_VERIFY, /* send `reply` (a HelloVerifyRequest) and forget the peer */
	DTLS_HELLO_GOOD,   /* cookie verified: call dtls_accept with this datagram */
};
enum dtls_hello dtls_hello(struct dtls *d, struct span datagram, struct span peer, uint64_t now_us,
			   struct buf *reply);
/* Is this datagram a ClientHello of epoch 0 with the client random of `s`? (a repeat, not a new
 * association) */
bool dtls_is_repeat(const struct dtls_session *s, struct span datagram);
/* Starts the server side on a DTLS_HELLO_GOOD datagram and feeds it; *ret is owned by the caller.
 * -ENOMEM; -EINVAL: the datagram is another one, the offer is beyond the limits above, or has no
 * certificate for DTLS_MFG; -ENOTSUP: DTLS_ANON without dtls_caps().anon, DTLS_NONE. */
MUST_USE int dtls_accept(struct dtls_session **ret, struct dtls *d, const struct dtls_offer *offer,
			 struct span datagram, struct span peer, const struct dtls_ops *ops,
			 void *arg, uint64_t now_us);
/* Starts the client side and sends the first flight. Errors and ownership as dtls_accept. */
MUST_USE int dtls_connect(struct dtls_session **ret, struct dtls *d, const struct dtls_offer *offer,
			  const struct dtls_ops *ops, void *arg, uint64_t now_us);
/* Frees without a word to the peer; accepts NULL, returns NULL. Never from inside a callback. */
struct dtls_session *dtls_session_free(struct dtls_session *s);
DEFINE_CLEANUP(struct dtls_session *, dtls_session_free)

enum dtls_state { DTLS_HANDSHAKE, DTLS_OPEN, DTLS_ENDED };
enum dtls_state dtls_state(const struct dtls_session *s);
enum dtls_end dtls_end(const struct dtls_session *s);              /* when DTLS_ENDED */
const struct dtls_facts *dtls_facts(const struct dtls_session *s); /* when DTLS_OPEN */

/* A datagram of this association; may call ops, may end the session (see dtls_state). */
void dtls_feed(struct dtls_session *s, struct span datagram, uint64_t now_us);
/* To be called at dtls_deadline(): retransmits, gives up. */
void dtls_tick(struct dtls_session *s, uint64_t now_us);
uint64_t dtls_deadline(const struct dtls_session *s); /* NEVER_US: none */
/* One record. -ENOTCONN, -EMSGSIZE (beyond DTLS_DATAGRAM_MAX less overhead), -EIO. */
MUST_USE int dtls_send(struct dtls_session *s, struct span plain);
/* Asks ops->cert once more about the peer's certificate, if it has shown one. False: it is not good
 * any more; close the session. */
MUST_USE bool dtls_is_still_good(struct dtls_session *s);
/* close_notify out, by a client thrice; the session is DTLS_ENDED: DTLS_END_LOCAL, or DTLS_END_PIN
 * of a handshake with a guess at the PIN behind it. */
void dtls_close(struct dtls_session *s);
/* The same without a word to the peer. */
void dtls_drop(struct dtls_session *s);

/* CR 2868: first 16 octets of P_SHA256(key_block, label || obt || device), where key_block is
 * P_SHA256(master, "key expansion" || server_random || client_random) of the suite's length.
 * -ENOTCONN; -ENOTSUP: no length is defined for the suite. */
MUST_USE int dtls_owner_key(struct dtls_session *s, const char *label, const struct uuid *obt,
			    const struct uuid *device, uint8_t ret[16]);

/* lib/dtls/session.h - a session as the files of lib/dtls share it; internal to lib/dtls. */
#pragma once

#include "dtls/creds.h"
#include "dtls/dtls.h"
#include "dtls/hello.h"

struct gnutls_priority_st;

struct dtls {
	struct hello_keys cookies;
	struct gnutls_priority_st *anon; /* NULL: this GnuTLS has no suite 0xFF00 */
	struct gnutls_priority_st *psk, *cert, *both;
};

/* What one handshake sends at a time, packed into as few datagrams as can be. */
struct flight {
	uint8_t b[DTLS_DATAGRAM_MAX];
	size_t len;
};

struct dtls_session {
	struct gnutls_session_int *tls;
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

/* wire.c: the session reads records of `in`, and writes datagrams by ops. */
void wire_attach(struct dtls_session *s);
/* What GnuTLS sends between these two goes out in as few datagrams as can be. */
void wire_begin(struct dtls_session *s, struct flight *flight);
void wire_end(struct dtls_session *s);

/* profile.c: gives the session suites and credentials. Errors as dtls_accept(). */
MUST_USE int profile_use(const struct dtls *d, struct dtls_session *s,
			 const struct dtls_offer *offer);

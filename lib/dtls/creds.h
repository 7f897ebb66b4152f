/* lib/dtls/creds.h - what one handshake proves itself with; internal to lib/dtls. The library's
 * types are named, not included. */
#pragma once

#include "crypto/x509.h"

struct gnutls_anon_client_credentials_st;
struct gnutls_anon_server_credentials_st;
struct gnutls_certificate_credentials_st;
struct gnutls_psk_client_credentials_st;
struct gnutls_psk_server_credentials_st;
struct gnutls_session_int;

struct creds { /* all zero: nothing */
	struct gnutls_psk_server_credentials_st *psk_server;
	struct gnutls_psk_client_credentials_st *psk_client;
	struct gnutls_anon_server_credentials_st *anon_server;
	struct gnutls_anon_client_credentials_st *anon_client;
	struct gnutls_certificate_credentials_st *bare; /* no certificate, but takes the peer's */
	struct x509_own *own;
};

void creds_done(struct creds *c); /* after the session */

/* Each adds to the session. -ENOMEM; -EINVAL: beyond the limits of dtls.h. */
MUST_USE int creds_anon(struct creds *c, struct gnutls_session_int *tls, bool server);
/* Keys are asked for by the function that profile.c has set on ret->psk_server afterwards. */
MUST_USE int creds_psk_server(struct creds *c, struct gnutls_session_int *tls, struct span hint);
MUST_USE int creds_psk_client(struct creds *c, struct gnutls_session_int *tls, struct span identity,
			      const struct secret *key);
/* `own` NULL: to look at the peer's certificate only. */
MUST_USE int creds_cert(struct creds *c, struct gnutls_session_int *tls, struct x509_own *own);

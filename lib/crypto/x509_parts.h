/* lib/crypto/x509_parts.h - what the x509 files share; internal to lib/crypto and lib/dtls. The
 * library's types are named, not included. */
#pragma once

#include "crypto/x509.h"

struct gnutls_certificate_credentials_st;
struct gnutls_privkey_st;
struct gnutls_pubkey_st;
struct gnutls_x509_crt_int;

#define X509_OID_IDENTITY "1.3.6.1.4.1.44924.1.6"
#define X509_OID_ROLE     "1.3.6.1.4.1.44924.1.7"

struct x509_key {
	struct gnutls_privkey_st *priv;
	struct x509_point point;
};

struct x509_chain {
	size_t n;
	struct gnutls_x509_crt_int *crt[X509_CHAIN_MAX];
	struct x509_point key;
};

/* False: not a P-256 key. */
MUST_USE bool x509_point_of(struct gnutls_pubkey_st *pub, struct x509_point *ret);
/* The public half, owned by the caller. NULL: out of memory. */
struct gnutls_pubkey_st *x509_pubkey_new(const struct x509_point *point);
/* "uuid:<36 characters>" anywhere in the text. */
MUST_USE bool x509_name_uuid(struct span text, struct uuid *ret);
/* Seconds since 1970, `to` the last one; INT64_MAX: without end. False: malformed. */
MUST_USE bool x509_validity(struct gnutls_x509_crt_int *crt, int64_t *ret_from, int64_t *ret_to);
/* Is the issuer of the certificate its own subject? */
bool x509_is_self_issued(struct gnutls_x509_crt_int *crt);
/* NULL, or why a chain that we are to present breaks the rules of its use. */
const char *x509_own_fault(const struct x509_chain *c, enum x509_use use);
/* Borrowed. */
struct gnutls_certificate_credentials_st *x509_own_credentials(const struct x509_own *o);

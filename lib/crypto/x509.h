/* lib/crypto/x509.h - certificate chains, keys and requests by the rules of OCF: P-256 and
 * ecdsa-with-SHA256 only.
 *
 * No clock: the time comes in. Each refusal has a reason, static text for one line of the log.
 * Certificates are issued by crypto/x509_issue.h. */
#pragma once

#include "base/buf.h"
#include "base/secret.h"
#include "base/uuid.h"

#define X509_PEM_MAX     ((size_t)8192) /* octets of a chain in PEM */
#define X509_DER_MAX     ((size_t)2048) /* octets of one certificate or request */
#define X509_CHAIN_MAX   ((size_t)5)    /* certificates of a chain, root included */
#define X509_ANCHORS_MAX ((size_t)64)
#define X509_CRL_MAX     ((size_t)32768) /* octets of a CRL in DER */
#define X509_CRLS_MAX    ((size_t)4)
#define X509_URL_MAX     ((size_t)512)
#define X509_NAME_MAX    ((size_t)64) /* octets of a common name or unit (RFC 5280 ub-common-name) */

/* A P-256 point, x and y. Equal keys are equal octets. */
struct x509_point {
	uint8_t b[64];
};

/* Wall clock. Not trusted: `us` is a lower bound of it, so what ended before is over, and whether
 * something has begun cannot be said and is not asked. */
struct x509_time {
	uint64_t us; /* since 1970 UTC */
	bool trusted;
};

/* --- private keys --- */

struct x509_key; /* opaque: a P-256 pair, here or in a token */

/* A new private number, 32 octets: all that has to be stored of a key. -EIO. */
MUST_USE int x509_secret_new(struct secret *ret);
/* -EBADMSG: it is no such number. -ENOMEM, -EIO. */
MUST_USE int x509_key_from_secret(const struct secret *number, struct x509_key **ret);
/* Unencrypted PEM (PKCS#8 or SEC 1). -EBADMSG and *ret_why; -ENOMEM. */
MUST_USE int x509_key_from_pem(struct span pem, struct x509_key **ret, const char **ret_why);
/* "pkcs11:..." or "tpmkey:..." (RFC 7512; the PIN by pin-source= or pin-value=). -EBADMSG and
 * *ret_why: no such key, not P-256, or the token is not there. -ENOMEM. */
MUST_USE int x509_key_from_url(const char *url, struct x509_key **ret, const char **ret_why);
struct x509_key *x509_key_free(struct x509_key *k); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct x509_key *, x509_key_free)
const struct x509_point *x509_key_point(const struct x509_key *k);

/* --- requests (PKCS#10): OCF Security 13.12, /oic/sec/csr --- */

/* Appends a request in PEM, subject "CN=uuid:<subject>". -ENOMEM, -EIO. */
MUST_USE int x509_csr_write(const struct x509_key *k, const struct uuid *subject, struct buf *pem);
/* Self-signature, key, digest and CN are what they must be. -EBADMSG and *ret_why; -ENOMEM. */
MUST_USE int x509_csr_parse(struct span pem, struct uuid *ret_subject, struct x509_point *ret_key,
			    const char **ret_why);

/* --- chains --- */

struct x509_chain; /* opaque: certificates, leaf first, not judged yet */

/* Text around the certificates is skipped (RFC 7468 2). -EBADMSG and *ret_why: beyond the limits,
 * malformed, not in order, or another kind of key or signature. -ENOMEM. */
MUST_USE int x509_chain_parse(struct span pem, struct x509_chain **ret, const char **ret_why);
/* The same of `n` certificates in DER. */
MUST_USE int x509_chain_from_der(const struct span *der, size_t n, struct x509_chain **ret,
				 const char **ret_why);
/* Cuts the next certificate in PEM off *rest, from its first line to its last; false: no more. */
MUST_USE bool x509_pem_next(struct span *rest, struct span *ret);
struct x509_chain *x509_chain_free(struct x509_chain *c); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct x509_chain *, x509_chain_free)

size_t x509_chain_len(const struct x509_chain *c);
/* Of the leaf. */
const struct x509_point *x509_chain_key(const struct x509_chain *c);
/* "uuid:<36 characters>" anywhere in the leaf's CN. False: there is none, or nil. */
MUST_USE bool x509_chain_uuid(const struct x509_chain *c, struct uuid *ret);

/* Does the leaf name this host, or address, in its subjectAltName (RFC 9525 6)? */
MUST_USE bool x509_chain_is_for(const struct x509_chain *c, const char *host);

/* When all its certificates are valid, microseconds since 1970; until UINT64_MAX: without end. An
 * empty period has `from` beyond `until`. */
void x509_chain_period(const struct x509_chain *c, uint64_t *ret_from_us, uint64_t *ret_until_us);

/* A role: CN and OU of a directoryName in the leaf's subjectAltName; without OU the authority is
 * the issuer's CN. Text is UTF-8 without control characters. */
struct x509_role {
	char name[X509_NAME_MAX + 1], authority[X509_NAME_MAX + 1];
};
/* The role number `i`, from 0. False: there are not so many. */
MUST_USE bool x509_chain_role(const struct x509_chain *c, size_t i, struct x509_role *ret);

/* --- trust --- */

/* What an end entity's certificate is for: the rules that its chain is judged by. */
enum x509_use {
	X509_IDENTITY,     /* sessions in normal operation; must hold a UUID */
	X509_ROLE,         /* role certificate; must hold a UUID and a role */
	X509_MANUFACTURER, /* owner transfer: three tiers at most, a UUID may be absent */
	X509_SERVER,       /* a server of any kind, see x509_chain_is_for(); no UUID */
};

struct x509_trust; /* opaque: trust anchors and revocation lists */

/* -ENOMEM. */
MUST_USE int x509_trust_new(struct x509_trust **ret);
struct x509_trust *x509_trust_free(struct x509_trust *t); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct x509_trust *, x509_trust_free)
/* One CA certificate in PEM; it vouches for `subject` only, or for all if NULL. -EBADMSG and
 * *ret_why: no CA certificate by the rules below (dates are judged when it is used). -ENOSPC:
 * X509_ANCHORS_MAX. -ENOMEM. */
MUST_USE int x509_trust_add(struct x509_trust *t, struct span pem, const struct uuid *subject,
			    const char **ret_why);
/* A CRL in DER, signed by an anchor added before. It counts even when its time is over. -EBADMSG
 * and *ret_why; -ENOSPC: X509_CRLS_MAX; -ENOMEM. */
MUST_USE int x509_trust_add_crl(struct x509_trust *t, struct span der, const char **ret_why);
size_t x509_trust_len(const struct x509_trust *t); /* anchors */

/* Judges a chain at a time: signatures up to an anchor that vouches for the leaf's UUID, and for
 * each certificate version, validity, basic constraints, key usage, path length (0 in an owner
 * transfer, else covering the depth), extended key usage; OCF Security 9.4.
 * 0: good. Else *ret_why says what is wrong: -EKEYREJECTED; -EKEYEXPIRED (or not yet valid);
 * -EKEYREVOKED; -ENOKEY: no anchor. -ENOMEM. */
MUST_USE int x509_verify(const struct x509_chain *c, enum x509_use use,
			 const struct x509_trust *trust, const struct x509_time *now,
			 const char **ret_why);

/* When a CRL was made, microseconds since 1970. -EBADMSG: not a CRL. */
MUST_USE int x509_crl_time(struct span der, uint64_t *ret_us);

/* --- what we present --- */

struct x509_own; /* opaque, counted: a chain with its private key, as DTLS uses it */

/* Leaf first; the root may be left out. The key is taken, also on error. -EBADMSG and *ret_why: the
 * chain breaks the rules of its use (dates apart), or the key is another one. -ENOMEM. */
MUST_USE int x509_own_new(struct x509_own **ret, struct span chain_pem, struct x509_key *key,
			  enum x509_use use, const char **ret_why);
struct x509_own *x509_own_ref(struct x509_own *o);   /* one more owner; accepts NULL */
struct x509_own *x509_own_unref(struct x509_own *o); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct x509_own *, x509_own_unref)
const struct x509_chain *x509_own_chain(const struct x509_own *o);

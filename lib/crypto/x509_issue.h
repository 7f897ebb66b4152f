/* lib/crypto/x509_issue.h - the authority of a security domain: its root, what it issues and what
 * it revokes, by the rules that crypto/x509.h judges by. Times are microseconds since 1970. */
#pragma once

#include "crypto/x509.h"

#define X509_SERIAL_MAX ((size_t)20) /* octets (RFC 5280 4.1.2.2) */

struct x509_serial {
	uint8_t b[X509_SERIAL_MAX];
	size_t len;
};

/* Of the leaf. */
void x509_chain_serial(const struct x509_chain *c, struct x509_serial *ret);

struct x509_authority { /* borrowed */
	const struct x509_key *key;
	struct span pem; /* its CA certificate */
};

struct x509_period {
	uint64_t from_us, until_us; /* UINT64_MAX: without end */
};

/* Appends a root in PEM, subject "CN=<name>", signed with its own key. -EINVAL: a name beyond
 * X509_NAME_MAX. -ENOMEM, -EIO. */
MUST_USE int x509_root_issue(const struct x509_key *key, const char *name,
			     const struct x509_period *valid, struct buf *pem);

/* What an end entity gets. */
struct x509_grant {
	enum x509_use use;
	struct uuid subject; /* CN "uuid:..." */
	struct x509_point key;
	const struct x509_role *role; /* X509_ROLE; authority "": that of the issuer's name */
	struct x509_period valid;
};
/* Appends a certificate in PEM, with a random serial number; the authority's own is not put behind
 * it. -EBADMSG and *ret_why: no CA certificate, of another key, or no role where one is needed.
 * -ENOMEM, -EIO. */
MUST_USE int x509_issue(const struct x509_authority *ca, const struct x509_grant *grant,
			struct buf *pem, const char **ret_why);

/* Appends a CRL in DER: of the serial numbers, made at valid->from_us. As x509_issue(). */
MUST_USE int x509_crl_issue(const struct x509_authority *ca, const struct x509_serial *revoked,
			    size_t n, uint32_t number, const struct x509_period *valid,
			    struct buf *der, const char **ret_why);

/* lib/svr/credential.h - credentials and what is revoked: OCF Security 9.3, 13.3, 13.4. */
#pragma once

#include "base/secret.h"
#include "svr/svr.h"

#define CRED_PUBLIC_MAX   ((size_t)3072) /* characters of a certificate chain */
#define CRED_OPTIONAL_MAX ((size_t)3072) /* octets of revocation data or an issuer chain */
#define CRED_ROLE_MAX     ((size_t)SVR_ROLE_TEXT_MAX)
#define CRED_PERIOD_MAX   ((size_t)64)
#define ROLE_RESERVED     "oic.role." /* roles of the standard begin with it */
#define ROLE_OWNER        "oic.role.owner"

enum credusage {
	USAGE_NONE, /* a pairwise key; all others are certificates */
	USAGE_TRUSTCA,
	USAGE_CERT,
	USAGE_ROLECERT,
	USAGE_MFGTRUSTCA,
	USAGE_MFGCERT,
};

enum encoding { ENCODING_NONE, ENCODING_RAW, ENCODING_BASE64, ENCODING_PEM, ENCODING_HANDLE };

/* Immutable and counted: copies of a device share their entries. Texts hold no NUL. */
struct cred {
	unsigned refs;
	size_t size; /* of the allocation */
	uint32_t credid;
	enum credusage usage;
	bool any; /* subject "*", certificates only */
	struct uuid subject;
	struct secret key;          /* pairwise only */
	struct span public;         /* PEM, leaf first; certificates only */
	bool has_optional, revoked; /* optionaldata and its revstat */
	enum encoding optional_encoding;
	struct span optional;
	struct span role, authority; /* pairwise only; empty: none */
	unsigned crms;               /* CRM_BIT()s, informational */
	struct span period;          /* RFC 5545 3.3.9; empty: for ever */
};

/* A copy of `draft` and all it points to, with one reference. NULL: out of memory. */
MUST_USE struct cred *cred_new(const struct cred *draft);
struct cred *cred_ref(struct cred *cred);
struct cred *cred_unref(struct cred *cred); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct cred *, cred_unref)

/* Equal in all but credid? */
bool cred_is_same(const struct cred *a, const struct cred *b);
/* Does it name this subject, and nobody else? */
bool cred_names(const struct cred *cred, const struct uuid *subject);
/* Neither revoked nor outside its period, as X.509 dates are judged: a clock that is not trusted
 * says what is over, but not what has not begun. */
bool cred_in_force(const struct cred *cred, const struct svr_wall *wall);

#define CRL_MAX ((size_t)32 * 1024) /* octets, DER */

/* The revocation list: OCF Security 13.4. Immutable and counted, too. */
struct crl {
	unsigned refs;
	uint32_t crlid;
	char thisupdate[SVR_TEXT_MAX + 1]; /* what the peer wrote */
	size_t len;
	uint8_t der[];
};

/* At most SVR_TEXT_MAX octets of text, CRL_MAX of DER. NULL: out of memory. */
MUST_USE struct crl *crl_new(uint32_t crlid, struct span thisupdate, struct span der);
struct crl *crl_ref(struct crl *crl);   /* accepts NULL */
struct crl *crl_unref(struct crl *crl); /* accepts NULL, returns NULL */

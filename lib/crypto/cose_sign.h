/* lib/crypto/cose_sign.h - COSE_Sign1 and COSE_Sign (RFC 9052 4): reading, verifying, making.
 *
 * A detached payload is refused. The kid of a message is the octets whose base64url the trust store
 * has as kid. Some deployments bind data outside the message, `external_aad`; manifests have none.
 */
#pragma once

#include "base/buf.h"
#include "crypto/cose.h"
#include "crypto/envelope.h"

struct cose_entry {
	struct cose_header header; /* COSE_Sign1: that of the body */
	struct span signature;
	bool known; /* the algorithm is one of ours */
	enum sig_alg alg;
	struct buf kid; /* as base64url */
	bool has_kid;
};

struct cose_sign {
	struct buf octets; /* the message; all spans are borrowed from it */
	enum cose_kind kind;
	struct cose_header body;
	struct span payload; /* not to be looked at before cose_sign_verify() */
	size_t n;
	struct cose_entry entries[ENVELOPE_SIGNATURES_MAX];
};

/* FWE_OK: *ret is owned by the caller. Else the first
 * failing check of these: form; headers; alg; embedded keys, crit and content type (`content_type`
 * as for cose_header_check()); number of signatures. */
MUST_USE enum fw_error cose_sign_parse(struct span octets, const char *content_type,
				       struct cose_sign **ret);
struct cose_sign *cose_sign_free(struct cose_sign *m); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct cose_sign *, cose_sign_free)

/* Checks each signature (signers.h); the payload of *ret is not touched. */
MUST_USE enum fw_error cose_sign_verify(const struct cose_sign *m, struct span external_aad,
					const struct trust *trust,
					const struct envelope_policy *policy, struct envelope *ret);

/* Making: for each key a protected header with alg, kid and content type (NULL: none). 0, -ENOMEM;
 * ... */
MUST_USE int cose_put_header(const struct key *k, const char *content_type, struct buf *out);
/* ... the octets that are signed; COSE_Sign has a body header, here always an empty one ... */
void cose_put_signed(enum cose_kind kind, struct span protected, struct span external_aad,
		     struct span payload, struct buf *out);
/* ... and the tagged message: COSE_Sign1 of one signature, COSE_Sign of several. Errors stick in
 * the buffer. */
struct cose_signature {
	struct span protected, value;
};
void cose_put_message(enum cose_kind kind, struct span payload, const struct cose_signature *sigs,
		      size_t n, struct buf *out);

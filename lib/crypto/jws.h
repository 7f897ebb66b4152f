/* lib/crypto/jws.h - JSON Web Signature (RFC 7515): reading, verifying and making.
 *
 * Compact, flattened and general serialization. No `crit` extension is understood, unencoded
 * payloads (RFC 7797) among them; a detached payload counts as an empty one. */
#pragma once

#include "crypto/envelope.h"

struct jws_entry {
	struct span protected_text, signature_text; /* base64url as received, borrowed */
	struct buf protected, signature;            /* decoded */
	struct jsn *header;                         /* protected, owned; NULL: there is none */
	const struct jsn *unprotected;              /* borrowed, or NULL */
	struct span alg, kid;                       /* borrowed; kid.ptr is NULL without one */
};

struct jws {
	struct span payload_text; /* base64url as received, borrowed */
	struct buf payload;       /* decoded: not to be looked at before jws_verify() */
	size_t n;
	struct jws_entry *entries; /* owned */
};

/* Exactly three parts. All texts stay borrowed from `text`. `typ` as in the envelope's policy.
 * FWE_OK: *ret is owned by the caller. Else the first failing check of these, each over all
 * signatures: parts; base64url of header and signature; header; alg; none; embedded keys; crit;
 * typ; base64url of the payload; number of signatures. */
MUST_USE enum fw_error jws_parse_compact(struct span text, const char *typ, struct jws **ret);
/* Flattened or general; borrowed from `root`. */
MUST_USE enum fw_error jws_parse_json(const struct jsn *root, const char *typ, struct jws **ret);
struct jws *jws_free(struct jws *j); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct jws *, jws_free)

/* Checks each signature (signers.h); the payload of *ret is not touched. */
MUST_USE enum fw_error jws_verify(const struct jws *j, const struct trust *trust,
				  const struct envelope_policy *policy, struct envelope *ret);

/* The protected header of a signature to come, as base64url: alg, kid and typ. 0, -ENOMEM. */
MUST_USE int jws_put_header(const struct key *k, const char *typ, struct buf *out);
/* One element of `signatures`, {"protected", "signature"}, of such a header and a signature. Owned
 * by the caller. */
struct jsn *jws_new_entry(struct span protected, struct span signature);

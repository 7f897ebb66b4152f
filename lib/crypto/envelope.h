/* lib/crypto/envelope.h - from received octets to a payload that trusted keys have signed.
 *
 * The container is found by its first octets. At most one layer of encryption is opened, and there
 * must be a signed message inside. Nothing of the payload is looked at before enough signatures are
 * accepted; the caller parses the very copy that was verified. */
#pragma once

#include "base/fwerr.h"
#include "crypto/enc_key.h"
#include "crypto/trust.h"

#define ENVELOPE_SIGNATURES_MAX ((size_t)8)
#define ENVELOPE_DEPTH_MAX      16u

struct envelope_policy {
	size_t bytes_max;   /* of the whole container */
	unsigned algs;      /* SIG_BIT() of those allowed */
	unsigned threshold; /* distinct keys that must have signed; 0 counts as 1 */
	const char *typ;    /* `typ` header, if there is one, must be this; NULL: not looked at */
	const char *content_type;    /* COSE: likewise the content type */
	const struct enc_ring *ring; /* keys to decrypt with, borrowed; NULL: none */
	enum trust_role role;        /* that every counted key must have ... */
	const char *manufacturer;    /* ... for this manufacturer */
};

enum envelope_form { ENVELOPE_JSON, ENVELOPE_CBOR };

struct envelope {
	enum envelope_form form; /* that the payload is said to have: JSON in a JWS, CBOR in COSE */
	struct buf payload;      /* owned */
	/* Distinct keys that have signed, borrowed from the trust store: those that count, and
	 * those of the role root, which need not have the role of the policy. */
	size_t n_signers, n_roots;
	const struct trust_key *signers[ENVELOPE_SIGNATURES_MAX], *roots[ENVELOPE_SIGNATURES_MAX];
};

/* FWE_OK: *ret is to be ended by envelope_done(). Else the name of the first failing check. */
MUST_USE enum fw_error envelope_open(struct span octets, const struct trust *trust,
				     const struct envelope_policy *policy, struct envelope *ret);
/* Takes the layer of encryption off and nothing else: *ret, owned by the caller, is what it hid,
 * and nothing of it is verified. FWE_MANIFEST_FORMAT_UNKNOWN: not encrypted. Errors of reading the
 * container, of jwe_decrypt() and cose_decrypt(). */
MUST_USE enum fw_error envelope_decrypt(struct span octets, const struct enc_ring *ring,
					struct buf *ret);
void envelope_done(struct envelope *e);

/* Three or five base64url parts: a JWS or JWE in compact form, which no payload may be. */
bool envelope_is_compact(struct span text);
/* The names of the faults that reading a JSON container or payload has. */
enum fw_error envelope_json_error(enum jsn_err e);

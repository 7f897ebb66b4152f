/* lib/crypto/signers.h - which signatures of a message count, whatever its container.
 *
 * Signatures of unknown, revoked or unauthorised keys and of other algorithms are passed over; a
 * wrong signature of a trusted key refuses the message. Keys count once, by thumbprint. */
#pragma once

#include "crypto/envelope.h"

#define SIGNERS_TRIED_MAX ((size_t)8) /* keys for a signature without kid */

struct signature {
	bool known; /* the algorithm is one of ours */
	enum sig_alg alg;
	struct span kid; /* as the trust store spells it; ptr is NULL without one */
	struct span value;
};

struct signers {
	const struct trust *trust;
	const struct envelope_policy *policy;
	bool met[FWE_COUNT]; /* why signatures did not count */
	size_t n, n_roots;
	const struct trust_key *keys[ENVELOPE_SIGNATURES_MAX], *roots[ENVELOPE_SIGNATURES_MAX];
};

/* `input` is what the signature covers. Called at most ENVELOPE_SIGNATURES_MAX times. FWE_OK: go
 * on, whether it counts or not. Else the message is refused. */
MUST_USE enum fw_error signers_add(struct signers *s, const struct signature *sig,
				   struct span input);
/* After all signatures: enough keys of the policy have signed, and are now in *ret; or the reason
 * nearest to success why not. */
MUST_USE enum fw_error signers_result(const struct signers *s, struct envelope *ret);

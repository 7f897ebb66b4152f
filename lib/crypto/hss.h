/* lib/crypto/hss.h - hash-based signatures HSS/LMS (RFC 8554, SP 800-208): verification.
 *
 * All parameter sets of SHA-256 and SHAKE256, with 32 and 24 octets. Signing is not offered: its
 * keys have a state that software cannot guard (SP 800-208). */
#pragma once

#include "base/span.h"

#define HSS_PUBLIC_MAX ((size_t)60) /* octets of the longest public key */
#define HSS_LEVELS_MAX 8u

/* Form only: levels, types that we have and that fit each other, and the exact length. */
MUST_USE bool hss_public_is_valid(struct span public_key);
/* The signature must be all of its octets: nothing may follow. */
MUST_USE bool hss_verify(struct span public_key, struct span message, struct span signature);

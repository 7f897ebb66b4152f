/* lib/crypto/drbg.h - HMAC_DRBG with SHA-256, 256 bits of strength (NIST SP 800-90A 10.1.2). */
#pragma once

#include "base/span.h"

#define DRBG_ENTROPY_MIN  ((size_t)32)      /* octets for 256 bits of strength */
#define DRBG_NONCE_MIN    ((size_t)16)      /* half of that (8.6.7) */
#define DRBG_SEED_MAX     ((size_t)64)      /* octets of entropy and nonce together */
#define DRBG_GENERATE_MAX ((size_t)1 << 16) /* octets of one request (table 2) */

struct drbg {
	uint8_t key[32], v[32]; /* secret: end with drbg_wipe() */
};

/* Instantiates from `entropy` and `nonce`. -EINVAL: too short, or beyond DRBG_SEED_MAX. -EIO: the
 * library failed. */
MUST_USE int drbg_seed(struct drbg *d, struct span entropy, struct span nonce);
/* -EINVAL: beyond DRBG_GENERATE_MAX. -EIO: *ret holds nothing of use. */
MUST_USE int drbg_generate(struct drbg *d, void *ret, size_t len);
void drbg_wipe(struct drbg *d);

/* `len` octets of an instance of its own, which getrandom(2) has seeded and which does not outlive
 * the call. Aborts the process if there is no randomness, since nothing could go on. */
void drbg_fill(void *ret, size_t len);

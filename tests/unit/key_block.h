/* tests/unit/key_block.h - the key block of TLS 1.2, where the library has no session. */
#pragma once

#include <string.h>

#include "crypto/prf.h"

/* First `len` octets of P_SHA256(master, "key expansion" || server_random || client_random)
 * (RFC 5246 6.3). 0, -EIO. */
static inline int key_block(struct span master, struct span client_random,
			    struct span server_random, uint8_t *ret, size_t len)
{
	uint8_t seed[64];

	memcpy(seed, server_random.ptr, 32);
	memcpy(seed + 32, client_random.ptr, 32);
	return prf_sha256(master, SPAN_LIT("key expansion"), span_of(seed, sizeof(seed)), ret, len);
}

/* lib/crypto/prf.h - P_SHA256 and the keys OCF derives with it. */
#pragma once

#include "base/secret.h"
#include "base/uuid.h"

#define PRF_KEY_BLOCK_MAX ((size_t)184) /* octets, over all suites of prf_key_block_len() */

/* P_SHA256(secret, label || seed) of RFC 5246 5, `len` octets. -EIO: the library failed. */
MUST_USE int prf_sha256(struct span secret, struct span label, struct span seed, uint8_t *ret,
			size_t len);
/* Length N of the key block that the owner credential uses with a cipher suite (not always the one
 * of TLS); 0: not defined. 0xFF00 and 0xC037: 96. */
size_t prf_key_block_len(uint16_t suite);
/* CR 2868: first 16 octets of P_SHA256(key_block, label || obt || device). -EIO. */
MUST_USE int prf_owner_key(struct span key_block, const char *label, const struct uuid *obt,
			   const struct uuid *device, uint8_t ret[16]);
/* Random PIN: PBKDF2-HMAC-SHA256(pin, salt = device UUID, 1000 rounds), 16 octets.
 * -EINVAL: a PIN beyond SECRET_MAX octets. -EIO. */
MUST_USE int prf_pin_key(struct span pin, const struct uuid *device, struct secret *ret);

/* lib/crypto/cose_encrypt.h - COSE_Encrypt0 and COSE_Encrypt (RFC 9052 5) to keys of enc_key.h.
 *
 * The rules of jwe.h: AES-GCM, and one error for whatever makes decryption fail. The kid of a
 * message is the octets whose base64url the key has. */
#pragma once

#include "crypto/cose.h"
#include "crypto/enc_key.h"

#define COSE_RECIPIENTS_MAX ((size_t)8)

/* *ret is the plaintext, owned by the caller. FWE_MANIFEST_FORMAT_UNKNOWN: no encrypted COSE, or
 * detached; FWE_MANIFEST_CBOR_INVALID; FWE_MANIFEST_HEADER_INVALID; FWE_MANIFEST_ALG_UNPROTECTED;
 * FWE_MANIFEST_KEY_EMBEDDED, _CRIT_INVALID, _CRIT_UNSUPPORTED; FWE_MANIFEST_ENC_NOT_ALLOWED;
 * FWE_MANIFEST_DECRYPT_FAILED; FWE_INTERNAL. */
MUST_USE enum fw_error cose_decrypt(struct span octets, struct span external_aad,
				    const struct enc_ring *ring, struct buf *ret);

/* To one recipient: COSE_Encrypt, or COSE_Encrypt0 for a key of direct use. 0, -EINVAL (a key for
 * direct use of another length, a kid that is not base64url), -ENOMEM, -EIO. */
MUST_USE int cose_encrypt(const struct enc_key *k, enum enc_content content,
			  struct span external_aad, struct span plaintext, struct buf *out);

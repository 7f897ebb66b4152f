/* lib/crypto/jwe.h - JSON Web Encryption (RFC 7516) to keys of enc_key.h.
 *
 * AES-GCM only, no compression. Whatever makes decryption fail - a damaged message, a key that is
 * not ours, a tag that does not fit - is one error that tells nothing. */
#pragma once

#include "base/fwerr.h"
#include "codec/jsn.h"
#include "crypto/enc_key.h"

#define JWE_RECIPIENTS_MAX ((size_t)8)

/* Compact form, or JSON (flattened or general) when `root` is its value. *ret is the plaintext,
 * owned by the caller. FWE_MANIFEST_KEY_EMBEDDED, _CRIT_INVALID, _CRIT_UNSUPPORTED,
 * _ZIP_UNSUPPORTED; FWE_MANIFEST_ENC_NOT_ALLOWED: algorithms that are not ours, or not that of the
 * named key; FWE_MANIFEST_DECRYPT_FAILED; FWE_INTERNAL. */
MUST_USE enum fw_error jwe_decrypt(struct span text, const struct jsn *root,
				   const struct enc_ring *ring, struct buf *ret);

/* To one recipient, in compact form; typ and cty as given, NULL: none. 0, -EINVAL (a key for direct
 * use of another length), -ENOMEM, -EIO. */
MUST_USE int jwe_encrypt(const struct enc_key *k, enum enc_content content, const char *typ,
			 const char *cty, struct span plaintext, struct buf *out);

/* The KDF of RFC 7518 4.6.2, for a message with these parameters. */
struct jwe_kdf {
	struct span alg; /* AlgorithmID */
	struct span apu, apv;
};
MUST_USE int jwe_derive(const void *jwe_kdf, struct span z, size_t len, struct secret *ret);

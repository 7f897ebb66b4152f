/* lib/crypto/seal.h - octets under a passphrase: PBKDF2-HMAC-SHA256 (RFC 8018) and AES-256-GCM.
 *
 * "ocfseal1", 4 octets of rounds (big-endian), 16 of salt, 12 of nonce, then the ciphertext and its
 * tag of 16; all before the ciphertext is authenticated with it. */
#pragma once

#include "base/buf.h"

#define SEAL_OVERHEAD   ((size_t)(8 + 4 + 16 + 12 + 16))
#define SEAL_ROUNDS     600000u  /* what we write (OWASP 2023 for PBKDF2-HMAC-SHA256) */
#define SEAL_ROUNDS_MAX 5000000u /* what we take: a forged head must not cost hours */
#define SEAL_PASS_MIN   ((size_t)8)
#define SEAL_PASS_MAX   ((size_t)255)

/* Appends the sealed form. -EINVAL: a passphrase beyond the limits. -ENOMEM, -EIO. */
MUST_USE int seal_close(struct span passphrase, struct span data, struct buf *out);
/* Appends what was sealed; `out` should be secret. -EBADMSG: not sealed by seal_close().
 * -EKEYREJECTED: another passphrase, or it was changed. -EINVAL, -ENOMEM, -EIO. */
MUST_USE int seal_open(struct span passphrase, struct span sealed, struct buf *out);

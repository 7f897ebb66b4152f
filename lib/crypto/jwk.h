/* lib/crypto/jwk.h - JSON Web Keys (RFC 7517, 8037) and their thumbprints (RFC 7638). */
#pragma once

#include "codec/jsn.h"
#include "crypto/key.h"

#define JWK_FILE_MAX       ((size_t)64 * 1024) /* octets of a key or trust store file */
#define JWK_DEPTH_MAX      8u
#define JWK_KID_MAX        KEY_KID_MAX
#define JWK_THUMBPRINT_LEN ((size_t)43) /* base64url of SHA-256 */

enum jwk_fault {
	JWK_OK,
	JWK_UNSUPPORTED, /* kty, crv or alg that we do not have: a key set may go on without it */
	JWK_INVALID,     /* damaged, off the curve, for another use */
	JWK_PRIVATE,     /* private or symmetric numbers where a public key belongs */
	JWK_NO_MEMORY,
};

/* A public signature key. JWK_OK: *ret is owned by the caller. Otherwise *ret_why is a static text
 * for people. */
MUST_USE enum jwk_fault jwk_import(const struct jsn *jwk, struct key **ret, const char **ret_why);
/* A private signature key; JWK_INVALID if there is no d. */
MUST_USE enum jwk_fault jwk_import_private(const struct jsn *jwk, struct key **ret,
					   const char **ret_why);
/* True if a member is secret: d, p, q, dp, dq, qi, oth, k. */
bool jwk_has_secret(const struct jsn *jwk);
/* kty, numbers, alg, use and kid, which is the thumbprint where the key has none. Owned by the
 * caller; NULL: no memory. */
struct jsn *jwk_export(const struct key *k);
/* With the private numbers. NULL: no memory, or the key is not private. */
struct jsn *jwk_export_private(const struct key *k);
/* Of any EC, OKP, RSA or oct key; nothing but the presence of the members is checked.
 * 0; -EINVAL: a member is missing; -ENOMEM, -EIO. */
MUST_USE int jwk_thumbprint(const struct jsn *jwk, char ret[JWK_THUMBPRINT_LEN + 1]);

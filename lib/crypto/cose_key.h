/* lib/crypto/cose_key.h - COSE_Key (RFC 9052 7, 9053 7, 8230 4, 8778 5) as JWK and back.
 *
 * There is one way to import a key, that of jwk.h, with all its checks. The kid becomes the
 * base64url of its octets, a compressed point gets its y, and members with a text label are kept.
 */
#pragma once

#include "codec/cbr.h"
#include "crypto/jwk.h"

/* JWK_OK: *ret is owned by the caller. Otherwise *ret_why is a static text for people. */
MUST_USE enum jwk_fault cose_key_to_jwk(struct span item, struct jsn **ret, const char **ret_why);
/* A set: an array of keys, or a map with `keys` and `x-ocf-revoked` (of kid octets). It becomes a
 * JWK Set; keys of a kind that is not known stay in it without their numbers. As above. */
MUST_USE enum jwk_fault cose_keys_to_jwks(struct span item, struct jsn **ret, const char **ret_why);
/* Appends the deterministic COSE_Key of a public JWK, without `use`. -EINVAL: not one of ours, or
 * with a member that would be lost. -ENOMEM. */
MUST_USE int cose_key_put(const struct jsn *jwk, struct buf *out);

/* lib/crypto/enc_key.h - keys that content is encrypted to.
 *
 * Each is bound to one algorithm by the `alg` of its JWK (RFC 8725 3.1): a symmetric key to A128KW,
 * A256KW, or direct use (`dir`, or the name of the content algorithm), a P-256 or X25519 key to a
 * kind of ECDH-ES. */
#pragma once

#include "crypto/ec.h"
#include "crypto/enc.h"
#include "crypto/jwk.h"

#define ENC_KEYS_MAX ((size_t)16)

struct enc_key; /* opaque; symmetric, or a public key with or without its private half */

/* JWK_OK: *ret is owned by the caller. Otherwise *ret_why is a static text for people. */
MUST_USE enum jwk_fault enc_key_import(const struct jsn *jwk, struct enc_key **ret,
				       const char **ret_why);
/* One JWK or COSE_Key as it lies in a file. -EBADMSG: *ret_why says what is wrong. -ENOMEM. */
MUST_USE int enc_key_parse(struct span text, struct enc_key **ret, const char **ret_why);
/* A new one; `curve` counts for ECDH-ES, `len` octets for direct use. 0, -EINVAL, -ENOMEM, -EIO. */
MUST_USE int enc_key_generate(enum enc_alg alg, enum ec_curve curve, size_t len,
			      struct enc_key **ret);
struct enc_key *enc_key_free(struct enc_key *k); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct enc_key *, enc_key_free)

/* With its kid; `with_secret`: the private half or symmetric key, too. NULL: no memory, or
 * a symmetric key without its secret. Owned by the caller. */
struct jsn *enc_key_export(const struct enc_key *k, bool with_secret);
enum enc_alg enc_key_alg(const struct enc_key *k);
/* That of the JWK, else the thumbprint. */
const char *enc_key_kid(const struct enc_key *k);
bool enc_key_is_secret(const struct enc_key *k); /* it can decrypt */

/* Keys at hand for decryption. */
struct enc_ring {
	size_t n;
	const struct enc_key *keys[ENC_KEYS_MAX]; /* borrowed */
};

/* An ephemeral public key; y is empty for X25519. */
struct enc_point {
	enum ec_curve curve;
	struct span x, y;
};

/* Of a public JWK, into the two buffers. False: not a curve of ours, not base64url, or with secret
 * numbers (RFC 7518 4.6.1.1). */
MUST_USE bool enc_point_read(const struct jsn *jwk, struct buf *x, struct buf *y,
			     struct enc_point *ret);

/* Derives a key of `len` octets from what ECDH agreed on; `arg` is the caller's. 0 or -EIO. */
struct enc_kdf {
	int (*derive)(const void *arg, struct span z, size_t len, struct secret *ret);
	const void *arg;
};

/* Receiving: the content key, of exactly `len` octets. `epk` counts for ECDH-ES; `wrapped` is empty
 * where nothing is wrapped. -EBADMSG: it does not fit the key, for whatever reason. -ENOMEM, -EIO.
 */
MUST_USE int enc_key_receive(const struct enc_key *k, const struct enc_point *epk,
			     const struct enc_kdf *kdf, struct span wrapped, size_t len,
			     struct secret *ret);
/* Sending, in two steps, since the header names the ephemeral key that the KDF covers. First a pair
 * on the recipient's curve; room for x and y of the point. -EINVAL: no key of ECDH-ES. */
MUST_USE int enc_key_ephemeral(const struct enc_key *k, struct enc_key **ret);
struct enc_point enc_key_point(const struct enc_key *k); /* borrowed from k */
/* Then the content key: taken from *key where something is wrapped (into `out`), set there if not.
 */
MUST_USE int enc_key_send(const struct enc_key *k, const struct enc_key *ephemeral,
			  const struct enc_kdf *kdf, size_t len, struct secret *key,
			  struct buf *out);

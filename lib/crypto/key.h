/* lib/crypto/key.h - signature keys and algorithms, as tables.
 *
 * A key has exactly one algorithm (RFC 8725 3.1), which follows from its type. */
#pragma once

#include "base/buf.h"

/* Two names may stand for one algorithm (RFC 9864 renames EdDSA). */
enum sig_alg { SIG_ES256, SIG_ES384, SIG_EDDSA, SIG_ED25519, SIG_PS256, SIG_HSS, SIG_COUNT };
enum key_type { KEY_P256, KEY_P384, KEY_ED25519, KEY_RSA, KEY_HSS, KEY_TYPES };

#define SIG_BIT(alg)      (1u << (alg))
#define SIG_ALL           (SIG_BIT(SIG_COUNT) - 1)
#define KEY_PART_MAX      ((size_t)512) /* octets of one number: RSA 4096 */
#define KEY_RSA_BITS_MIN  2048u
#define KEY_RSA_BITS_MAX  4096u
#define KEY_RSA_SIGN_MIN  3072u /* shortest RSA key that we sign with */
#define KEY_KID_MAX       ((size_t)128)
#define KEY_SIGNATURE_MAX ((size_t)32 * 1024) /* HSS with several levels, w = 1 */

/* "ES256"; also the JOSE name of the header. */
const char *sig_alg_name(enum sig_alg alg);
/* False, *ret untouched: not one of ours, whatever the reason. */
MUST_USE bool sig_alg_from_name(struct span name, enum sig_alg *ret);
/* By number of COSE; those of RFC 9864 are taken, too. False, *ret untouched: not one of ours. */
MUST_USE bool sig_alg_from_cose(int64_t number, enum sig_alg *ret);
int64_t sig_alg_cose(enum sig_alg alg);
enum key_type sig_alg_key(enum sig_alg alg);

/* Numbers of a key, big-endian, borrowed; a public key has no d. EC coordinates and Ed25519 values
 * have full length, RSA numbers no leading zero octet. */
struct key_parts {
	enum key_type type;
	struct span x, y;                /* EC; Ed25519: x */
	struct span n, e;                /* RSA */
	struct span pub;                 /* HSS: the whole public key of RFC 8554 6.1 */
	struct span d, p, q, dp, dq, qi; /* private */
};

struct key; /* opaque: a public key, with or without its private half */

/* Checks lengths, that an EC point is on its curve and one of Ed25519 has no small order, the size
 * of n, and e odd and at least 65537. HSS keys are public only. 0: *ret is owned by the caller.
 * -EBADMSG: *ret_why says what is wrong (static text). -ENOMEM. */
MUST_USE int key_import(const struct key_parts *parts, struct key **ret, const char **ret_why);
/* Key in PEM: private (PKCS#8, SEC 1 or PKCS#1, not encrypted), or public. As key_import. */
MUST_USE int key_import_pem(struct span pem, struct key **ret, const char **ret_why);
/* Private key in a token, "pkcs11:..." (RFC 7512) or another URL of GnuTLS; the PIN by pin-source=
 * or pin-value=. Signing happens there. As key_import. */
MUST_USE int key_import_url(const char *url, struct key **ret, const char **ret_why);
bool key_is_url(const char *text);
/* A new pair. 0, -ENOMEM, -EIO. */
MUST_USE int key_generate(enum key_type type, struct key **ret);
struct key *key_free(struct key *k); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct key *, key_free)

/* The name that a key goes by. False, nothing set: not 1 to KEY_KID_MAX octets. */
MUST_USE bool key_set_kid(struct key *k, struct span kid);
const char *key_kid(const struct key *k); /* "": its thumbprint */

enum key_type key_type(const struct key *k);
bool key_is_private(const struct key *k);
unsigned key_rsa_bits(const struct key *k); /* 0 if not RSA */
/* The name to write into a header or JWK; EdDSA for Ed25519. */
enum sig_alg key_alg(const struct key *k);
/* Public numbers, borrowed as long as the key lives. */
struct key_parts key_public_parts(const struct key *k);
/* All numbers; the spans point into *room, which is the caller's to buf_done() and is marked
 * secret. -EINVAL: not private. -EIO, -ENOMEM. */
MUST_USE int key_private_parts(const struct key *k, struct buf *room, struct key_parts *ret);

/* JWS form of the signature: r||s of fixed length for ECDSA (RFC 7518 3.4). 0: it is good.
 * -EBADMSG: it is not. -ENOMEM, -EIO. */
MUST_USE int key_verify(const struct key *k, struct span data, struct span signature);
/* Appends a signature that another program made over `data`, in JWS form: it may come so, or, for
 * ECDSA, in DER. -EBADMSG: it is not one of this key over these octets. -ENOMEM, -EIO. */
MUST_USE int key_take_signature(const struct key *k, struct span data, struct span signature,
				struct buf *out);
/* Appends the signature, checked with the public half. ECDSA is deterministic. -EINVAL: not
 * private. -EKEYREJECTED: RSA too short, or the halves do not belong together. -ENOMEM, -EIO. */
MUST_USE int key_sign(const struct key *k, struct span data, struct buf *out);

/* lib/crypto/enc.h - encryption algorithms of JOSE and COSE, as tables, and what they are made of.
 *
 * A content key encrypts the content; a key algorithm brings it to the recipient: it is the
 * recipient's key itself (dir), or the secret that an ephemeral key agrees on (ECDH-ES), or it is
 * wrapped with either. */
#pragma once

#include "base/buf.h"
#include "base/secret.h"

enum enc_content { ENC_A128GCM, ENC_A256GCM, ENC_CONTENTS };
enum enc_alg {
	ENC_DIR,
	ENC_A128KW,
	ENC_A256KW,
	ENC_ECDH,
	ENC_ECDH_A128KW,
	ENC_ECDH_A256KW,
	ENC_ALGS,
};

#define ENC_IV_LEN    ((size_t)12)
#define ENC_TAG_LEN   ((size_t)16)
#define ENC_WRAP_MORE ((size_t)8) /* octets that wrapping adds to a key */

/* Names of JOSE and numbers of COSE. From: false, *ret untouched: not one of ours. */
const char *enc_content_name(enum enc_content c);
MUST_USE bool enc_content_from_name(struct span name, enum enc_content *ret);
int64_t enc_content_cose(enum enc_content c);
MUST_USE bool enc_content_from_cose(int64_t number, enum enc_content *ret);
size_t enc_content_key_len(enum enc_content c);

const char *enc_alg_name(enum enc_alg a);
MUST_USE bool enc_alg_from_name(struct span name, enum enc_alg *ret);
int64_t enc_alg_cose(enum enc_alg a);
MUST_USE bool enc_alg_from_cose(int64_t number, enum enc_alg *ret);
bool enc_alg_agrees(enum enc_alg a);     /* needs an ephemeral key */
size_t enc_alg_wrap_len(enum enc_alg a); /* octets of the key that wraps; 0: nothing is wrapped */

/* AES-GCM with an IV of ENC_IV_LEN octets. Appends ciphertext and tag. -EINVAL: a wrong length.
 * -ENOMEM, -EIO. */
MUST_USE int enc_seal(enum enc_content c, struct span key, struct span iv, struct span aad,
		      struct span plaintext, struct buf *out);
/* `sealed` is ciphertext and tag. Appends the plaintext, after the tag was checked. -EBADMSG: it is
 * not authentic, or a length is wrong. -ENOMEM, -EIO. */
MUST_USE int enc_open(enum enc_content c, struct span key, struct span iv, struct span aad,
		      struct span sealed, struct buf *out);

/* AES key wrap (RFC 3394). The key that wraps has 16 or 32 octets. -EINVAL, -ENOMEM. */
MUST_USE int enc_wrap(struct span kek, const struct secret *key, struct buf *out);
/* -EBADMSG: a wrong length, or not wrapped with that key. */
MUST_USE int enc_unwrap(struct span kek, struct span wrapped, struct secret *ret);

/* JOSE: Concat KDF of RFC 7518 4.6.2, at most 32 octets. `alg` is the AlgorithmID. -EIO. */
MUST_USE int enc_concat_kdf(struct span z, struct span alg, struct span apu, struct span apv,
			    size_t len, struct secret *ret);
/* HKDF-SHA256 (RFC 5869), at most 64 octets. -EIO. */
MUST_USE int enc_hkdf(struct span ikm, struct span salt, struct span info, size_t len,
		      struct secret *ret);

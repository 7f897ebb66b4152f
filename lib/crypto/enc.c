#include "crypto/enc.h"

#include <gnutls/crypto.h>
#include <nettle/nist-keywrap.h>

#include "crypto/hash.h"

static const struct {
	const char *name;
	int64_t cose;
	size_t key_len;
	gnutls_cipher_algorithm_t gnutls;
} CONTENTS[ENC_CONTENTS] = {
	[ENC_A128GCM] = {"A128GCM", 1, 16, GNUTLS_CIPHER_AES_128_GCM},
	[ENC_A256GCM] = {"A256GCM", 3, 32, GNUTLS_CIPHER_AES_256_GCM},
};

/* RFC 7518 4.1; RFC 9053 6. In COSE, ECDH-ES names its HKDF as well. */
static const struct {
	const char *name;
	int64_t cose;
	bool agrees;
	size_t wrap_len;
} ALGS[ENC_ALGS] = {
	[ENC_DIR] = {"dir",            -6,  false, 0 },
	[ENC_A128KW] = {"A128KW",         -3,  false, 16},
	[ENC_A256KW] = {"A256KW",         -5,  false, 32},
	[ENC_ECDH] = {"ECDH-ES",        -25, true,  0 },
	[ENC_ECDH_A128KW] = {"ECDH-ES+A128KW", -29, true,  16},
	[ENC_ECDH_A256KW] = {"ECDH-ES+A256KW", -31, true,  32},
};

/* RFC 3394 2.2.3.1. */
static const uint8_t WRAP_IV[8] = {0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6};

const char *enc_content_name(enum enc_content c)
{
	return CONTENTS[c].name;
}

bool enc_content_from_name(struct span name, enum enc_content *ret)
{
	for (size_t i = 0; i < ENC_CONTENTS; i++) {
		if (span_is(name, CONTENTS[i].name)) {
			*ret = (enum enc_content)i;
			return true;
		}
	}
	return false;
}

int64_t enc_content_cose(enum enc_content c)
{
	return CONTENTS[c].cose;
}

bool enc_content_from_cose(int64_t number, enum enc_content *ret)
{
	for (size_t i = 0; i < ENC_CONTENTS; i++) {
		if (number == CONTENTS[i].cose) {
			*ret = (enum enc_content)i;
			return true;
		}
	}
	return false;
}

size_t enc_content_key_len(enum enc_content c)
{
	return CONTENTS[c].key_len;
}

const char *enc_alg_name(enum enc_alg a)
{
	return ALGS[a].name;
}

bool enc_alg_from_name(struct span name, enum enc_alg *ret)
{
	for (size_t i = 0; i < ENC_ALGS; i++) {
		if (span_is(name, ALGS[i].name)) {
			*ret = (enum enc_alg)i;
			return true;
		}
	}
	return false;
}

int64_t enc_alg_cose(enum enc_alg a)
{
	return ALGS[a].cose;
}

bool enc_alg_from_cose(int64_t number, enum enc_alg *ret)
{
	for (size_t i = 0; i < ENC_ALGS; i++) {
		if (number == ALGS[i].cose) {
			*ret = (enum enc_alg)i;
			return true;
		}
	}
	return false;
}

bool enc_alg_agrees(enum enc_alg a)
{
	return ALGS[a].agrees;
}

size_t enc_alg_wrap_len(enum enc_alg a)
{
	return ALGS[a].wrap_len;
}

static gnutls_datum_t datum(struct span s)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)s.ptr, (unsigned)s.len};
}

static int new_cipher(enum enc_content c, struct span key, gnutls_aead_cipher_hd_t *ret)
{
	const gnutls_datum_t k = datum(key);
	int r = gnutls_aead_cipher_init(ret, CONTENTS[c].gnutls, &k);

	return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : r < 0 ? -EIO : 0;
}

int enc_seal(enum enc_content c, struct span key, struct span iv, struct span aad,
	     struct span plaintext, struct buf *out)
{
	size_t len = plaintext.len + ENC_TAG_LEN;
	gnutls_aead_cipher_hd_t h;
	uint8_t *at;
	int r;

	if (key.len != CONTENTS[c].key_len || iv.len != ENC_IV_LEN)
		return -EINVAL;
	at = buf_room(out, len);
	if (!at)
		return -ENOMEM;
	r = new_cipher(c, key, &h);
	if (r < 0)
		return r;
	r = gnutls_aead_cipher_encrypt(h, iv.ptr, iv.len, aad.ptr, aad.len, ENC_TAG_LEN,
				       plaintext.ptr, plaintext.len, at, &len);
	gnutls_aead_cipher_deinit(h);
	if (r < 0)
		return -EIO;
	out->len += len;
	return 0;
}

int enc_open(enum enc_content c, struct span key, struct span iv, struct span aad,
	     struct span sealed, struct buf *out)
{
	gnutls_aead_cipher_hd_t h;
	uint8_t *at;
	size_t len;
	int r;

	if (key.len != CONTENTS[c].key_len || iv.len != ENC_IV_LEN || sealed.len < ENC_TAG_LEN)
		return -EBADMSG;
	len = sealed.len - ENC_TAG_LEN;
	at = buf_room(out, sealed.len); /* one octet more than an empty plaintext has, at least */
	if (!at)
		return -ENOMEM;
	r = new_cipher(c, key, &h);
	if (r < 0)
		return r;
	r = gnutls_aead_cipher_decrypt(h, iv.ptr, iv.len, aad.ptr, aad.len, ENC_TAG_LEN, sealed.ptr,
				       sealed.len, at, &len);
	gnutls_aead_cipher_deinit(h);
	if (r < 0) {
		gnutls_memset(at, 0, sealed.len);
		return r == GNUTLS_E_DECRYPTION_FAILED ? -EBADMSG : -EIO;
	}
	out->len += len;
	return 0;
}

static bool may_wrap(struct span kek)
{
	return kek.len == AES128_KEY_SIZE || kek.len == AES256_KEY_SIZE;
}

int enc_wrap(struct span kek, const struct secret *key, struct buf *out)
{
	size_t len = key->len + ENC_WRAP_MORE;
	struct aes128_ctx aes128;
	struct aes256_ctx aes256;
	uint8_t *at;

	if (!may_wrap(kek) || key->len < 16 || key->len % 8 != 0)
		return -EINVAL;
	at = buf_room(out, len);
	if (!at)
		return -ENOMEM;
	if (kek.len == AES128_KEY_SIZE) {
		aes128_set_encrypt_key(&aes128, kek.ptr);
		aes128_keywrap(&aes128, WRAP_IV, len, at, key->b);
	} else {
		aes256_set_encrypt_key(&aes256, kek.ptr);
		aes256_keywrap(&aes256, WRAP_IV, len, at, key->b);
	}
	gnutls_memset(&aes128, 0, sizeof(aes128));
	gnutls_memset(&aes256, 0, sizeof(aes256));
	out->len += len;
	return 0;
}

int enc_unwrap(struct span kek, struct span wrapped, struct secret *ret)
{
	CLEANUP(secret_wipe) struct secret key = {0};
	struct aes128_ctx aes128;
	struct aes256_ctx aes256;
	int ok;

	if (!may_wrap(kek) || wrapped.len < 16 + ENC_WRAP_MORE || wrapped.len % 8 != 0 ||
	    wrapped.len - ENC_WRAP_MORE > SECRET_MAX)
		return -EBADMSG;
	key.len = wrapped.len - ENC_WRAP_MORE;
	if (kek.len == AES128_KEY_SIZE) {
		aes128_set_decrypt_key(&aes128, kek.ptr);
		ok = aes128_keyunwrap(&aes128, WRAP_IV, key.len, key.b, wrapped.ptr);
	} else {
		aes256_set_decrypt_key(&aes256, kek.ptr);
		ok = aes256_keyunwrap(&aes256, WRAP_IV, key.len, key.b, wrapped.ptr);
	}
	gnutls_memset(&aes128, 0, sizeof(aes128));
	gnutls_memset(&aes256, 0, sizeof(aes256));
	if (ok != 1)
		return -EBADMSG;
	*ret = key;
	return 0;
}

static void put_u32(struct buf *b, size_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_put_byte(b, (uint8_t)(v >> shift));
}

static void put_counted(struct buf *b, struct span s)
{
	put_u32(b, s.len);
	buf_put(b, s);
}

int enc_concat_kdf(struct span z, struct span alg, struct span apu, struct span apv, size_t len,
		   struct secret *ret)
{
	struct buf b = {.max = 256 + z.len + alg.len + apu.len + apv.len, .secret = true};
	uint8_t digest[HASH_MAX];
	int r;

	put_u32(&b, 1); /* one round: no more than a digest is asked for */
	buf_put(&b, z);
	put_counted(&b, alg);
	put_counted(&b, apu);
	put_counted(&b, apv);
	put_u32(&b, len * 8);
	r = buf_ok(&b) && len <= hash_len(HASH_SHA256)
		    ? hash_once(HASH_SHA256, buf_span(&b), digest)
		    : -EIO;
	if (r == 0 && !secret_set(ret, span_of(digest, len)))
		r = -EIO;
	gnutls_memset(digest, 0, sizeof(digest));
	buf_done(&b);
	return r;
}

int enc_hkdf(struct span ikm, struct span salt, struct span info, size_t len, struct secret *ret)
{
	const gnutls_datum_t k = datum(ikm), s = datum(salt), i = datum(info);
	uint8_t prk[HASH_MAX];
	gnutls_datum_t p = {prk, (unsigned)hash_len(HASH_SHA256)};
	struct secret out = {.len = len};
	int r = -EIO;

	if (len <= SECRET_MAX && gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &k, &s, prk) >= 0 &&
	    gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &p, &i, out.b, len) >= 0) {
		*ret = out;
		r = 0;
	}
	gnutls_memset(prk, 0, sizeof(prk));
	secret_wipe(&out);
	return r;
}

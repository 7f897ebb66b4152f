#include "crypto/seal.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/secret.h"
#include "crypto/drbg.h"

#define MAGIC     "ocfseal1"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define SALT_LEN  ((size_t)16)
#define NONCE_LEN ((size_t)12)
#define TAG_LEN   ((size_t)16)
#define KEY_LEN   ((size_t)32)
#define HEAD_LEN  (MAGIC_LEN + 4 + SALT_LEN + NONCE_LEN)

static uint32_t rounds_of(const uint8_t *head)
{
	const uint8_t *p = head + MAGIC_LEN;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The cipher with the key that passphrase and head give. */
static int open_cipher(struct span passphrase, const uint8_t *head, gnutls_aead_cipher_hd_t *ret)
{
	struct secret key CLEANUP(secret_wipe) = {.len = KEY_LEN};
	gnutls_datum_t pass = {(uint8_t *)(uintptr_t)passphrase.ptr, (unsigned)passphrase.len};
	gnutls_datum_t salt = {(uint8_t *)(uintptr_t)(head + MAGIC_LEN + 4), SALT_LEN};
	gnutls_datum_t datum = {key.b, KEY_LEN};

	if (passphrase.len < SEAL_PASS_MIN || passphrase.len > SEAL_PASS_MAX)
		return -EINVAL;
	if (gnutls_pbkdf2(GNUTLS_MAC_SHA256, &pass, &salt, rounds_of(head), key.b, key.len) < 0 ||
	    gnutls_aead_cipher_init(ret, GNUTLS_CIPHER_AES_256_GCM, &datum) < 0)
		return -EIO;
	return 0;
}

int seal_close(struct span passphrase, struct span data, struct buf *out)
{
	static const uint8_t ROUNDS[] = {SEAL_ROUNDS >> 24, SEAL_ROUNDS >> 16 & 0xff,
					 SEAL_ROUNDS >> 8 & 0xff, SEAL_ROUNDS & 0xff};
	size_t len = data.len + TAG_LEN;
	uint8_t head[HEAD_LEN], *to;
	gnutls_aead_cipher_hd_t cipher;
	int r;

	memcpy(head, MAGIC, MAGIC_LEN);
	memcpy(head + MAGIC_LEN, ROUNDS, sizeof(ROUNDS));
	drbg_fill(head + MAGIC_LEN + 4, SALT_LEN + NONCE_LEN);
	r = open_cipher(passphrase, head, &cipher);
	if (r < 0)
		return r;
	buf_put(out, span_of(head, sizeof(head)));
	to = buf_room(out, len);
	if (!to)
		r = -ENOMEM;
	else if (gnutls_aead_cipher_encrypt(cipher, head + HEAD_LEN - NONCE_LEN, NONCE_LEN, head,
					    HEAD_LEN, TAG_LEN, data.ptr, data.len, to, &len) < 0)
		r = -EIO;
	else
		out->len += len;
	gnutls_aead_cipher_deinit(cipher);
	return r;
}

int seal_open(struct span passphrase, struct span sealed, struct buf *out)
{
	gnutls_aead_cipher_hd_t cipher;
	size_t len;
	uint8_t *to;
	int r;

	if (sealed.len < SEAL_OVERHEAD || memcmp(sealed.ptr, MAGIC, MAGIC_LEN) != 0 ||
	    rounds_of(sealed.ptr) == 0 || rounds_of(sealed.ptr) > SEAL_ROUNDS_MAX)
		return -EBADMSG;
	r = open_cipher(passphrase, sealed.ptr, &cipher);
	if (r < 0)
		return r;
	len = sealed.len - SEAL_OVERHEAD;
	to = buf_room(out, len + 1); /* never none */
	if (!to)
		r = -ENOMEM;
	else if (gnutls_aead_cipher_decrypt(cipher, sealed.ptr + HEAD_LEN - NONCE_LEN, NONCE_LEN,
					    sealed.ptr, HEAD_LEN, TAG_LEN, sealed.ptr + HEAD_LEN,
					    sealed.len - HEAD_LEN, to, &len) < 0)
		r = -EKEYREJECTED;
	else
		out->len += len;
	gnutls_aead_cipher_deinit(cipher);
	return r;
}

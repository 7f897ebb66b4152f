#include "crypto/prf.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#define HASH_LEN                    ((size_t)32)
#define PIN_ROUNDS                  1000
#define PIN_KEY_LEN                 ((size_t)16)
#define KEY_BLOCK_LEN(mac, key, iv) (2 * ((size_t)(mac) + (key) + (iv)))

/* As deployed: CBC counts no IV and GCM counts a MAC key, unlike TLS. Both ends must agree. */
static const struct {
	uint16_t suite;
	size_t len;
} KEY_BLOCKS[] = {
	{0xFF00, KEY_BLOCK_LEN(32, 16, 0) }, /* ECDH_anon AES_128_CBC_SHA256 */
	{0xFF01, KEY_BLOCK_LEN(32, 32, 0) }, /* ECDH_anon AES_256_CBC_SHA256 */
	{0xC037, KEY_BLOCK_LEN(32, 16, 0) }, /* ECDHE_PSK AES_128_CBC_SHA256 */
	{0xC038, KEY_BLOCK_LEN(48, 32, 0) }, /* ECDHE_PSK AES_256_CBC_SHA384 */
	{0xC0AC, KEY_BLOCK_LEN(0,  16, 4) }, /* ECDHE_ECDSA AES_128_CCM */
	{0xC0AD, KEY_BLOCK_LEN(0,  32, 4) }, /* ECDHE_ECDSA AES_256_CCM */
	{0xC0AE, KEY_BLOCK_LEN(0,  16, 4) }, /* ECDHE_ECDSA AES_128_CCM_8 */
	{0xC0AF, KEY_BLOCK_LEN(0,  32, 4) }, /* ECDHE_ECDSA AES_256_CCM_8 */
	{0xC02B, KEY_BLOCK_LEN(32, 16, 12)}, /* ECDHE_ECDSA AES_128_GCM_SHA256 */
	{0xC02C, KEY_BLOCK_LEN(48, 32, 12)}, /* ECDHE_ECDSA AES_256_GCM_SHA384 */
};

size_t prf_key_block_len(uint16_t suite)
{
	for (size_t i = 0; i < ARRAY_SIZE(KEY_BLOCKS); i++) {
		if (KEY_BLOCKS[i].suite == suite)
			return KEY_BLOCKS[i].len;
	}
	return 0;
}

/* One HMAC over three parts; the handle is fit for the next message afterwards. */
static bool hmac3(gnutls_hmac_hd_t h, struct span a, struct span b, struct span c,
		  uint8_t ret[HASH_LEN])
{
	const struct span parts[] = {a, b, c};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].len && gnutls_hmac(h, parts[i].ptr, parts[i].len) < 0)
			return false;
	}
	gnutls_hmac_output(h, ret);
	return true;
}

int prf_sha256(struct span secret, struct span label, struct span seed, uint8_t *ret, size_t len)
{
	uint8_t a[HASH_LEN], block[HASH_LEN];
	const struct span none = {0};
	gnutls_hmac_hd_t h;
	bool ok;

	if (gnutls_hmac_init(&h, GNUTLS_MAC_SHA256, secret.ptr, secret.len) < 0)
		return -EIO;
	ok = hmac3(h, label, seed, none, a);
	for (size_t at = 0; ok && at < len; at += HASH_LEN) {
		size_t n = len - at < HASH_LEN ? len - at : HASH_LEN;

		ok = hmac3(h, span_of(a, sizeof(a)), label, seed, block) &&
		     hmac3(h, span_of(a, sizeof(a)), none, none, a);
		if (ok)
			memcpy(ret + at, block, n);
	}
	gnutls_hmac_deinit(h, NULL);
	gnutls_memset(a, 0, sizeof(a));
	gnutls_memset(block, 0, sizeof(block));
	return ok ? 0 : -EIO;
}

int prf_owner_key(struct span key_block, const char *label, const struct uuid *obt,
		  const struct uuid *device, uint8_t ret[16])
{
	uint8_t seed[sizeof(obt->b) + sizeof(device->b)];

	memcpy(seed, obt->b, sizeof(obt->b));
	memcpy(seed + sizeof(obt->b), device->b, sizeof(device->b));
	return prf_sha256(key_block, span_str(label), span_of(seed, sizeof(seed)), ret, 16);
}

int prf_pin_key(struct span pin, const struct uuid *device, struct secret *ret)
{
	CLEANUP(secret_wipe) struct secret password = {0}, key = {.len = PIN_KEY_LEN};
	struct uuid salt = *device;
	int r;

	if (!secret_set(&password, pin))
		return -EINVAL;
	r = gnutls_pbkdf2(GNUTLS_MAC_SHA256, &(gnutls_datum_t){password.b, (unsigned)password.len},
			  &(gnutls_datum_t){salt.b, sizeof(salt.b)}, PIN_ROUNDS, key.b, key.len);
	if (r < 0)
		return -EIO;
	*ret = key;
	return 0;
}

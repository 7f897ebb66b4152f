#include "crypto/drbg.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/random.h>

/* HMAC(key, v || tail || seed); `tail` NULL: without it. */
static int mac(const struct drbg *d, const uint8_t *tail, struct span seed, uint8_t ret[32])
{
	gnutls_hmac_hd_t h;
	bool ok;

	if (gnutls_hmac_init(&h, GNUTLS_MAC_SHA256, d->key, sizeof(d->key)) < 0)
		return -EIO;
	ok = gnutls_hmac(h, d->v, sizeof(d->v)) >= 0 && (!tail || gnutls_hmac(h, tail, 1) >= 0) &&
	     (seed.len == 0 || gnutls_hmac(h, seed.ptr, seed.len) >= 0);
	gnutls_hmac_deinit(h, ret);
	return ok ? 0 : -EIO;
}

static int next_v(struct drbg *d)
{
	return mac(d, NULL, span_of(NULL, 0), d->v);
}

/* HMAC_DRBG_Update (10.1.2.2). */
static int update(struct drbg *d, struct span seed)
{
	static const uint8_t ROUNDS[] = {0x00, 0x01};

	for (size_t i = 0; i < (seed.len ? ARRAY_SIZE(ROUNDS) : 1); i++)
		if (mac(d, &ROUNDS[i], seed, d->key) < 0 || next_v(d) < 0)
			return -EIO;
	return 0;
}

int drbg_seed(struct drbg *d, struct span entropy, struct span nonce)
{
	uint8_t seed[DRBG_SEED_MAX];
	int r;

	if (entropy.len < DRBG_ENTROPY_MIN || nonce.len < DRBG_NONCE_MIN ||
	    entropy.len > sizeof(seed) || nonce.len > sizeof(seed) - entropy.len)
		return -EINVAL;
	memcpy(seed, entropy.ptr, entropy.len);
	memcpy(seed + entropy.len, nonce.ptr, nonce.len);
	memset(d->key, 0x00, sizeof(d->key));
	memset(d->v, 0x01, sizeof(d->v));
	r = update(d, span_of(seed, entropy.len + nonce.len));
	gnutls_memset(seed, 0, sizeof(seed));
	return r;
}

int drbg_generate(struct drbg *d, void *ret, size_t len)
{
	uint8_t *out = ret;

	if (len > DRBG_GENERATE_MAX)
		return -EINVAL;
	while (len > 0) {
		size_t n = len < sizeof(d->v) ? len : sizeof(d->v);

		if (next_v(d) < 0)
			return -EIO;
		memcpy(out, d->v, n);
		out += n;
		len -= n;
	}
	return update(d, span_of(NULL, 0));
}

void drbg_wipe(struct drbg *d)
{
	gnutls_memset(d, 0, sizeof(*d));
}

void drbg_fill(void *ret, size_t len)
{
	uint8_t seed[DRBG_ENTROPY_MIN + DRBG_NONCE_MIN];
	struct drbg d CLEANUP(drbg_wipe);

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed) ||
	    drbg_seed(&d, span_of(seed, DRBG_ENTROPY_MIN),
		      span_of(seed + DRBG_ENTROPY_MIN, DRBG_NONCE_MIN)) < 0 ||
	    drbg_generate(&d, ret, len) < 0)
		abort();
	gnutls_memset(seed, 0, sizeof(seed));
}

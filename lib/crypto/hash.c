#include "crypto/hash.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

static const struct {
	const char *name;
	size_t len;
	gnutls_digest_algorithm_t gnutls;
} HASHES[HASH_COUNT] = {
	[HASH_SHA256] = {"sha256", 32, GNUTLS_DIG_SHA256},
	[HASH_SHA384] = {"sha384", 48, GNUTLS_DIG_SHA384},
	[HASH_SHA512] = {"sha512", 64, GNUTLS_DIG_SHA512},
};

size_t hash_len(enum hash_alg alg)
{
	return HASHES[alg].len;
}

const char *hash_name(enum hash_alg alg)
{
	return HASHES[alg].name;
}

bool hash_from_name(struct span name, enum hash_alg *ret)
{
	for (size_t i = 0; i < HASH_COUNT; i++) {
		if (span_is(name, HASHES[i].name)) {
			*ret = (enum hash_alg)i;
			return true;
		}
	}
	return false;
}

int hash_once(enum hash_alg alg, struct span data, uint8_t *ret)
{
	return gnutls_hash_fast(HASHES[alg].gnutls, data.ptr, data.len, ret) < 0 ? -EIO : 0;
}

bool digests_match(const struct digests *want, const struct digests *got)
{
	if (want->algs == 0 || (want->algs & ~got->algs) != 0)
		return false;
	for (size_t i = 0; i < HASH_COUNT; i++) {
		if ((want->algs & HASH_BIT(i)) != 0 &&
		    gnutls_memcmp(want->b[i], got->b[i], HASHES[i].len) != 0)
			return false;
	}
	return true;
}

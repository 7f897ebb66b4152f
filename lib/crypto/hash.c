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

struct hash_set {
	gnutls_hash_hd_t running[HASH_COUNT]; /* NULL: not asked for */
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
		    memcmp(want->b[i], got->b[i], HASHES[i].len) != 0)
			return false;
	}
	return true;
}

int hash_set_new(struct hash_set **ret, unsigned algs)
{
	CLEANUP(hash_set_freep) struct hash_set *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	for (size_t i = 0; i < HASH_COUNT; i++) {
		if ((algs & HASH_BIT(i)) != 0 &&
		    gnutls_hash_init(&s->running[i], HASHES[i].gnutls) < 0)
			return -EIO;
	}
	*ret = s;
	s = NULL;
	return 0;
}

struct hash_set *hash_set_free(struct hash_set *s)
{
	for (size_t i = 0; s && i < HASH_COUNT; i++) {
		if (s->running[i])
			gnutls_hash_deinit(s->running[i], NULL);
	}
	free(s);
	return NULL;
}

int hash_set_update(struct hash_set *s, struct span data)
{
	for (size_t i = 0; i < HASH_COUNT; i++) {
		if (s->running[i] && gnutls_hash(s->running[i], data.ptr, data.len) < 0)
			return -EIO;
	}
	return 0;
}

void hash_set_final(struct hash_set *s, struct digests *ret)
{
	*ret = (struct digests){0};
	for (size_t i = 0; i < HASH_COUNT; i++) {
		if (!s->running[i])
			continue;
		gnutls_hash_output(s->running[i], ret->b[i]); /* and resets */
		ret->algs |= HASH_BIT(i);
	}
}

/* lib/crypto/hash.h - SHA-2, several at once in one pass. */
#pragma once

#include "base/span.h"

enum hash_alg { HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_COUNT };

#define HASH_BIT(alg) (1u << (alg))
#define HASH_MAX      ((size_t)64) /* octets of the longest digest */

/* Digests of one thing: those whose bit is set in `algs`. */
struct digests {
	unsigned algs;
	uint8_t b[HASH_COUNT][HASH_MAX];
};

size_t hash_len(enum hash_alg alg);
/* "sha256", "sha384", "sha512". */
const char *hash_name(enum hash_alg alg);
/* Exactly those spellings. False: *ret is untouched. */
MUST_USE bool hash_from_name(struct span name, enum hash_alg *ret);
/* hash_len() octets to ret. 0, -EIO. */
MUST_USE int hash_once(enum hash_alg alg, struct span data, uint8_t *ret);
/* Every digest of `want` is in `got` and equal; false if `want` is empty. */
MUST_USE bool digests_match(const struct digests *want, const struct digests *got);

/* Opaque: running digests over one stream. From the first large piece on, each digest but one has a
 * thread of its own, if there can be threads; the set itself belongs to one thread. */
struct hash_set;

/* `algs` is a set of HASH_BIT(). 0: *ret is owned by the caller. -ENOMEM, -EIO. */
MUST_USE int hash_set_new(struct hash_set **ret, unsigned algs);
struct hash_set *hash_set_free(struct hash_set *s); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct hash_set *, hash_set_free)

/* 0, -EIO. */
MUST_USE int hash_set_update(struct hash_set *s, struct span data);
/* Digests of everything fed; the set starts anew. */
void hash_set_final(struct hash_set *s, struct digests *ret);

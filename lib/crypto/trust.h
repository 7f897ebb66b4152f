/* lib/crypto/trust.h - the keys that may sign manifests: a JWK Set with our private members, or the
 * same in CBOR (cose_key.h).
 *
 * Per key: x-ocf-roles, x-ocf-manufacturers, x-ocf-not-after. At top level: x-ocf-revoked, a list
 * of kids. A key without roles or manufacturers is authorised for nothing. */
#pragma once

#include "crypto/jwk.h"

#define TRUST_KEYS_MAX    ((size_t)64)
#define TRUST_REVOKED_MAX ((size_t)256)

enum trust_role { TRUST_MANIFEST = 1, TRUST_ROOT = 2 };

struct trust_key {
	struct key *key;
	const char *kid; /* that of the file, else the thumbprint */
	char thumbprint[JWK_THUMBPRINT_LEN + 1];
	unsigned roles;                  /* of enum trust_role */
	const struct jsn *manufacturers; /* array of texts, or NULL */
	uint64_t not_after_us;           /* wall clock; UINT64_MAX: for good */
};

struct trust; /* opaque */

/* Reads a trust store file. Keys of an unknown kind are left out (RFC 7517 5); secret numbers, a
 * key that fails import, a repeated kid or a repeated key refuse the file. 0: *ret is owned by the
 * caller. -EBADMSG: ret_error says which key and why. -ENOMEM. */
MUST_USE int trust_parse(struct span text, struct trust **ret, char *ret_error, size_t room);
struct trust *trust_free(struct trust *t); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct trust *, trust_free)

/* The JWK Set that it was read from; borrowed from the store. */
const struct jsn *trust_json(const struct trust *t);
size_t trust_count(const struct trust *t);
/* Borrowed from the store. */
const struct trust_key *trust_at(const struct trust *t, size_t i);
/* NULL: no such kid. */
const struct trust_key *trust_find(const struct trust *t, struct span kid);
/* The kid itself is on the list of revoked ones. */
bool trust_is_revoked(const struct trust *t, struct span kid);
/* Its kid or its thumbprint is: revocation holds for the key under every name. */
bool trust_key_revoked(const struct trust *t, const struct trust_key *k);
bool trust_key_may(const struct trust_key *k, enum trust_role role, const char *manufacturer);

#include "crypto/trust.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "crypto/cose_key.h"

struct trust {
	struct jsn *tree; /* all texts are borrowed from it */
	const struct jsn *revoked;
	size_t n;
	struct trust_key keys[TRUST_KEYS_MAX];
};

static bool is_text_array(const struct jsn *v)
{
	if (jsn_type(v) != JSN_ARRAY)
		return false;
	for (size_t i = 0; i < jsn_len(v); i++) {
		if (jsn_type(jsn_at(v, i)) != JSN_TEXT)
			return false;
	}
	return true;
}

static bool holds(const struct jsn *array, struct span text)
{
	for (size_t i = 0; i < jsn_len(array); i++) {
		if (span_eq(jsn_text(jsn_at(array, i)), text))
			return true;
	}
	return false;
}

/* Roles that we do not know give nothing. */
static bool read_rights(const struct jsn *jwk, struct trust_key *k)
{
	const struct jsn *roles = jsn_get(jwk, "x-ocf-roles");

	k->manufacturers = jsn_get(jwk, "x-ocf-manufacturers");
	if ((roles && !is_text_array(roles)) ||
	    (k->manufacturers && !is_text_array(k->manufacturers)))
		return false;
	if (holds(roles, SPAN_LIT("manifest")))
		k->roles |= TRUST_MANIFEST;
	if (holds(roles, SPAN_LIT("root")))
		k->roles |= TRUST_ROOT;
	return true;
}

/* A date that cannot be read must not mean "for good". */
static bool read_end(const struct jsn *jwk, struct trust_key *k)
{
	const struct jsn *end = jsn_get(jwk, "x-ocf-not-after");

	k->not_after_us = UINT64_MAX;
	return !end || timestamp_parse(jsn_text(end), &k->not_after_us);
}

/* NULL, or what refuses the file. */
static const char *check_names(const struct trust *t, struct trust_key *k)
{
	k->kid = *key_kid(k->key) ? key_kid(k->key) : k->thumbprint;
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->keys[i].thumbprint, k->thumbprint) == 0)
			return "the same key twice";
		if (strcmp(t->keys[i].kid, k->kid) == 0)
			return "the same kid twice";
	}
	return NULL;
}

static int add_key(struct trust *t, const struct jsn *jwk, const char **ret_why)
{
	struct trust_key *k = &t->keys[t->n]; /* its kid may point into it: filled in place */
	enum jwk_fault f = jwk_import(jwk, &k->key, ret_why);

	if (f == JWK_UNSUPPORTED)
		return 0;
	if (f != JWK_OK)
		return f == JWK_NO_MEMORY ? -ENOMEM : -EBADMSG;
	if (jwk_thumbprint(jwk, k->thumbprint) < 0)
		*ret_why = "no thumbprint";
	else if (!read_rights(jwk, k))
		*ret_why = "x-ocf-roles and x-ocf-manufacturers must be arrays of texts";
	else if (!read_end(jwk, k))
		*ret_why = "x-ocf-not-after must be a date as 2027-06-01T00:00:00Z";
	else
		*ret_why = check_names(t, k);
	if (*ret_why) {
		k->key = key_free(k->key);
		return -EBADMSG;
	}
	t->n++;
	return 0;
}

static int read_set(struct trust *t, char *ret_error, size_t room)
{
	const struct jsn *keys = jsn_get(t->tree, "keys");
	const char *why = NULL;

	t->revoked = jsn_get(t->tree, "x-ocf-revoked");
	if (jsn_type(keys) != JSN_ARRAY || jsn_len(keys) > TRUST_KEYS_MAX) {
		(void)snprintf(ret_error, room, "not a JWK Set of at most %zu keys",
			       TRUST_KEYS_MAX);
		return -EBADMSG;
	}
	if (t->revoked && (!is_text_array(t->revoked) || jsn_len(t->revoked) > TRUST_REVOKED_MAX)) {
		(void)snprintf(ret_error, room, "x-ocf-revoked must be an array of kids");
		return -EBADMSG;
	}
	for (size_t i = 0; i < jsn_len(keys); i++) {
		int r = add_key(t, jsn_at(keys, i), &why);

		if (r < 0) {
			(void)snprintf(ret_error, room, "key %zu: %s", i + 1, why);
			return r;
		}
	}
	return 0;
}

static int read_json(struct span text, struct jsn **ret, char *ret_error, size_t room)
{
	static const struct jsn_limits LIMITS = {.bytes = JWK_FILE_MAX, .depth = JWK_DEPTH_MAX};

	if (jsn_parse(text, &LIMITS, ret) == JSN_OK)
		return 0;
	(void)snprintf(ret_error, room, "not strict JSON of at most %zu octets", JWK_FILE_MAX);
	return -EBADMSG;
}

static int read_cbor(struct span octets, struct jsn **ret, char *ret_error, size_t room)
{
	const char *why = "too large";
	enum jwk_fault f =
		octets.len > JWK_FILE_MAX ? JWK_INVALID : cose_keys_to_jwks(octets, ret, &why);

	if (f == JWK_OK)
		return 0;
	(void)snprintf(ret_error, room, "COSE_Key set: %s", why);
	return f == JWK_NO_MEMORY ? -ENOMEM : -EBADMSG;
}

int trust_parse(struct span text, struct trust **ret, char *ret_error, size_t room)
{
	CLEANUP(trust_freep) struct trust *t = calloc(1, sizeof(*t));
	const bool cbor = text.len > 0 && text.ptr[0] >= 0x80; /* no JSON begins so */
	int r;

	if (!t)
		return -ENOMEM;
	r = cbor ? read_cbor(text, &t->tree, ret_error, room)
		 : read_json(text, &t->tree, ret_error, room);
	if (r == 0)
		r = read_set(t, ret_error, room);
	if (r < 0)
		return r;
	*ret = t;
	t = NULL;
	return 0;
}

struct trust *trust_free(struct trust *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		t->keys[i].key = key_free(t->keys[i].key);
	t->tree = jsn_free(t->tree);
	free(t);
	return NULL;
}

const struct jsn *trust_json(const struct trust *t)
{
	return t->tree;
}

size_t trust_count(const struct trust *t)
{
	return t->n;
}

const struct trust_key *trust_at(const struct trust *t, size_t i)
{
	return &t->keys[i];
}

const struct trust_key *trust_find(const struct trust *t, struct span kid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (span_is(kid, t->keys[i].kid))
			return &t->keys[i];
	}
	return NULL;
}

bool trust_is_revoked(const struct trust *t, struct span kid)
{
	return holds(t->revoked, kid);
}

bool trust_key_revoked(const struct trust *t, const struct trust_key *k)
{
	return trust_is_revoked(t, span_str(k->kid)) ||
	       trust_is_revoked(t, span_str(k->thumbprint));
}

bool trust_key_may(const struct trust_key *k, enum trust_role role, const char *manufacturer)
{
	return (k->roles & role) != 0 && holds(k->manufacturers, span_str(manufacturer));
}

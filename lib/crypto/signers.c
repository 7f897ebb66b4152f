#include "crypto/signers.h"

static enum fw_error verify(const struct trust_key *k, const struct signature *sig,
			    struct span input)
{
	int r = key_verify(k->key, input, sig->value);

	return r == 0 ? FWE_OK : r == -EBADMSG ? FWE_MANIFEST_SIGNATURE_INVALID : FWE_INTERNAL;
}

/* Without kid: the trusted keys of the right kind, one after the other. */
static enum fw_error try_keys(const struct trust *trust, const struct signature *sig,
			      struct span input, const struct trust_key **ret)
{
	size_t tried = 0;

	for (size_t i = 0; i < trust_count(trust) && tried < SIGNERS_TRIED_MAX; i++) {
		const struct trust_key *k = trust_at(trust, i);
		enum fw_error error;

		if (key_type(k->key) != sig_alg_key(sig->alg) || trust_key_revoked(trust, k))
			continue;
		tried++;
		error = verify(k, sig, input);
		if (error == FWE_OK)
			*ret = k;
		if (error != FWE_MANIFEST_SIGNATURE_INVALID)
			return error;
	}
	return FWE_MANIFEST_KEY_UNKNOWN;
}

static enum fw_error try_kid(const struct trust *trust, const struct signature *sig,
			     struct span input, const struct trust_key **ret)
{
	const struct trust_key *k = trust_find(trust, sig->kid);

	if (trust_is_revoked(trust, sig->kid) || (k && trust_key_revoked(trust, k)))
		return FWE_MANIFEST_KEY_REVOKED;
	if (!k)
		return FWE_MANIFEST_KEY_UNKNOWN;
	if (key_type(k->key) != sig_alg_key(sig->alg))
		return FWE_MANIFEST_ALG_KEY_MISMATCH;
	*ret = k;
	return verify(k, sig, input);
}

/* FWE_OK and the key that has signed, or why the signature does not count. */
static enum fw_error try(const struct signers *s, const struct signature *sig, struct span input,
			 const struct trust_key **ret)
{
	if (!sig->known || (s->policy->algs & SIG_BIT(sig->alg)) == 0)
		return FWE_MANIFEST_ALG_NOT_ALLOWED;
	return sig->kid.ptr ? try_kid(s->trust, sig, input, ret)
			    : try_keys(s->trust, sig, input, ret);
}

/* False: the key is not authorised for that. */
static bool count(const struct signers *s, const struct trust_key *k, enum trust_role role,
		  const struct trust_key **keys, size_t *n)
{
	bool known = false;

	if (!trust_key_may(k, role, s->policy->manufacturer))
		return false;
	for (size_t i = 0; i < *n; i++)
		known |= keys[i] == k;
	if (!known)
		keys[(*n)++] = k;
	return true;
}

enum fw_error signers_add(struct signers *s, const struct signature *sig, struct span input)
{
	const struct trust_key *k = NULL;
	enum fw_error e = try(s, sig, input, &k);

	if (e == FWE_MANIFEST_SIGNATURE_INVALID || e == FWE_INTERNAL)
		return e;
	if (e == FWE_OK) {
		(void)count(s, k, TRUST_ROOT, s->roots, &s->n_roots);
		if (!count(s, k, s->policy->role, s->keys, &s->n))
			e = FWE_MANIFEST_KEY_ROLE;
	}
	s->met[e] = true;
	return FWE_OK;
}

enum fw_error signers_result(const struct signers *s, struct envelope *ret)
{
	/* If no key counts, the reason nearest to success is told. */
	static const enum fw_error TELLING[] = {
		FWE_MANIFEST_KEY_REVOKED,      FWE_MANIFEST_KEY_ROLE,
		FWE_MANIFEST_ALG_KEY_MISMATCH, FWE_MANIFEST_KEY_UNKNOWN,
		FWE_MANIFEST_ALG_NOT_ALLOWED,
	};

	for (size_t i = 0; s->n == 0 && i < ARRAY_SIZE(TELLING); i++) {
		if (s->met[TELLING[i]])
			return TELLING[i];
	}
	if (s->n == 0 || s->n < s->policy->threshold)
		return FWE_MANIFEST_THRESHOLD_NOT_MET;
	ret->n_signers = s->n;
	ret->n_roots = s->n_roots;
	memcpy(ret->signers, s->keys, sizeof(ret->signers));
	memcpy(ret->roots, s->roots, sizeof(ret->roots));
	return FWE_OK;
}

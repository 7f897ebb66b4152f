#include "crypto/jws.h"

/* RFC 7515 5.1: ASCII(protected) "." ASCII(payload), both as received. */
static bool put_signing_input(const struct jws *j, const struct jws_entry *e, struct buf *out)
{
	*out = BUF_INIT(e->protected_text.len + 1 + j->payload_text.len);
	buf_put(out, e->protected_text);
	buf_put_byte(out, '.');
	buf_put(out, j->payload_text);
	return buf_ok(out);
}

static enum fw_error verify(const struct trust_key *k, struct span input, const struct jws_entry *e)
{
	int r = key_verify(k->key, input, buf_span(&e->signature));

	return r == 0 ? FWE_OK : r == -EBADMSG ? FWE_MANIFEST_SIGNATURE_INVALID : FWE_INTERNAL;
}

/* Without kid: the trusted keys of the right kind, one after the other. */
static enum fw_error try_keys(const struct trust *trust, enum key_type type, struct span input,
			      const struct jws_entry *e, const struct trust_key **ret)
{
	size_t tried = 0;

	for (size_t i = 0; i < trust_count(trust) && tried < JWS_KEYS_TRIED_MAX; i++) {
		const struct trust_key *k = trust_at(trust, i);
		enum fw_error error;

		if (key_type(k->key) != type || trust_key_revoked(trust, k))
			continue;
		tried++;
		error = verify(k, input, e);
		if (error == FWE_OK)
			*ret = k;
		if (error != FWE_MANIFEST_SIGNATURE_INVALID)
			return error;
	}
	return FWE_MANIFEST_KEY_UNKNOWN;
}

static enum fw_error try_kid(const struct trust *trust, enum key_type type, struct span input,
			     const struct jws_entry *e, const struct trust_key **ret)
{
	const struct trust_key *k = trust_find(trust, e->kid);

	if (trust_is_revoked(trust, e->kid) || (k && trust_key_revoked(trust, k)))
		return FWE_MANIFEST_KEY_REVOKED;
	if (!k)
		return FWE_MANIFEST_KEY_UNKNOWN;
	if (key_type(k->key) != type)
		return FWE_MANIFEST_ALG_KEY_MISMATCH;
	*ret = k;
	return verify(k, input, e);
}

/* One signature: FWE_OK and the key that counts, or why it does not. */
static enum fw_error try_entry(const struct jws *j, const struct jws_entry *e,
			       const struct trust *trust, const struct envelope_policy *policy,
			       const struct trust_key **ret)
{
	const struct trust_key *k = NULL;
	enum fw_error error;
	enum sig_alg alg;
	struct buf input;

	if (!sig_alg_from_name(e->alg, &alg) || (policy->algs & SIG_BIT(alg)) == 0)
		return FWE_MANIFEST_ALG_NOT_ALLOWED;
	if (!put_signing_input(j, e, &input)) {
		buf_done(&input);
		return FWE_INTERNAL;
	}
	error = e->kid.ptr ? try_kid(trust, sig_alg_key(alg), buf_span(&input), e, &k)
			   : try_keys(trust, sig_alg_key(alg), buf_span(&input), e, &k);
	buf_done(&input);
	if (error == FWE_OK && !trust_key_may(k, policy->role, policy->manufacturer))
		error = FWE_MANIFEST_KEY_ROLE;
	if (error == FWE_OK)
		*ret = k;
	return error;
}

static void count(struct envelope *env, const struct trust_key *k)
{
	for (size_t i = 0; i < env->n_signers; i++) {
		if (env->signers[i] == k)
			return;
	}
	env->signers[env->n_signers++] = k;
}

enum fw_error jws_verify(const struct jws *j, const struct trust *trust,
			 const struct envelope_policy *policy, struct envelope *ret)
{
	/* If no key counts, the reason nearest to success is told. */
	static const enum fw_error TELLING[] = {
		FWE_MANIFEST_KEY_REVOKED,      FWE_MANIFEST_KEY_ROLE,
		FWE_MANIFEST_ALG_KEY_MISMATCH, FWE_MANIFEST_KEY_UNKNOWN,
		FWE_MANIFEST_ALG_NOT_ALLOWED,
	};
	bool met[FWE_COUNT] = {false};

	ret->n_signers = 0;
	for (size_t i = 0; i < j->n; i++) {
		const struct trust_key *k = NULL;
		enum fw_error e = try_entry(j, &j->entries[i], trust, policy, &k);

		if (e == FWE_MANIFEST_SIGNATURE_INVALID || e == FWE_INTERNAL)
			return e;
		met[e] = true;
		if (e == FWE_OK)
			count(ret, k);
	}
	for (size_t i = 0; ret->n_signers == 0 && i < ARRAY_SIZE(TELLING); i++) {
		if (met[TELLING[i]])
			return TELLING[i];
	}
	return ret->n_signers == 0 || ret->n_signers < policy->threshold
		       ? FWE_MANIFEST_THRESHOLD_NOT_MET
		       : FWE_OK;
}

#include "crypto/jose.h"

/* Parameters that RFC 7515, 7516 and 7518 define: `crit` must not name them. */
static const char *const STANDARD[] = {"alg",      "jku", "jwk", "kid",  "x5u", "x5c", "x5t",
				       "x5t#S256", "typ", "cty", "crit", "enc", "zip", "epk",
				       "apu",      "apv", "iv",  "tag",  "p2s", "p2c"};

const struct jsn *jose_param(const struct jose_header *h, const char *name)
{
	const struct jsn *v = jsn_get(h->protected, name);

	if (!v)
		v = jsn_get(h->shared, name);
	return v ? v : jsn_get(h->own, name);
}

static bool are_disjoint(const struct jsn *a, const struct jsn *b)
{
	struct span name;

	for (size_t i = 0; i < jsn_len(a); i++) {
		(void)jsn_member(a, i, &name);
		if (jsn_get(b, (const char *)name.ptr))
			return false;
	}
	return true;
}

static bool is_bounded(const struct jsn *v)
{
	return !v || (jsn_type(v) == JSN_OBJECT && jsn_len(v) <= JOSE_PARAMS_MAX);
}

bool jose_is_sound(const struct jose_header *h)
{
	return is_bounded(h->protected) && is_bounded(h->shared) && is_bounded(h->own) &&
	       are_disjoint(h->protected, h->shared) && are_disjoint(h->protected, h->own) &&
	       are_disjoint(h->shared, h->own);
}

bool jose_brings_key(const struct jose_header *h)
{
	return jose_param(h, "jwk") || jose_param(h, "jku") || jose_param(h, "x5u") ||
	       jose_param(h, "x5c");
}

static bool is_standard(struct span name)
{
	for (size_t i = 0; i < ARRAY_SIZE(STANDARD); i++) {
		if (span_is(name, STANDARD[i]))
			return true;
	}
	return false;
}

enum fw_error jose_check_crit(const struct jose_header *h)
{
	const struct jsn *crit = jsn_get(h->protected, "crit");

	if (jsn_get(h->shared, "crit") || jsn_get(h->own, "crit"))
		return FWE_MANIFEST_CRIT_INVALID;
	if (crit &&
	    (jsn_type(crit) != JSN_ARRAY || jsn_len(crit) == 0 || jsn_len(crit) > JOSE_PARAMS_MAX))
		return FWE_MANIFEST_CRIT_INVALID;
	for (size_t i = 0; i < jsn_len(crit); i++) {
		struct span name = jsn_text(jsn_at(crit, i));

		if (name.len == 0 || is_standard(name) || !jose_param(h, jsn_str(jsn_at(crit, i))))
			return FWE_MANIFEST_CRIT_INVALID;
		for (size_t k = 0; k < i; k++) {
			if (span_eq(name, jsn_text(jsn_at(crit, k))))
				return FWE_MANIFEST_CRIT_INVALID;
		}
	}
	return crit || jose_param(h, "b64") ? FWE_MANIFEST_CRIT_UNSUPPORTED : FWE_OK;
}

#include "crypto/trust.h"
#include "fw/manifest_read.h"

/* A key of the new set that this device can use: ours by kind, and not revoked along with it. */
static bool has_usable_key(const struct trust *set, const struct jsn *revoked)
{
	for (size_t i = 0; i < trust_count(set); i++) {
		const struct trust_key *k = trust_at(set, i);
		bool gone = false;

		for (size_t n = 0; n < jsn_len(revoked); n++) {
			struct span kid = jsn_text(jsn_at(revoked, n));

			gone |= span_is(kid, k->kid) || span_is(kid, k->thumbprint);
		}
		if (!gone)
			return true;
	}
	return false;
}

static bool is_revocation_list(const struct jsn *v)
{
	if (jsn_type(v) != JSN_ARRAY || jsn_len(v) > TRUST_REVOKED_MAX)
		return false;
	for (size_t i = 0; i < jsn_len(v); i++) {
		if (jsn_type(jsn_at(v, i)) != JSN_TEXT)
			return false;
	}
	return true;
}

/* {"version", "keys", "revoked"?}. The set must pass every check of a trust store. */
enum fw_error read_key_info(const struct jsn *v, const struct member *row, void *field)
{
	CLEANUP(trust_freep) struct trust *set = NULL;
	struct manifest *m = field;
	const struct jsn *keys = jsn_get(v, "keys"), *revoked = jsn_get(v, "revoked"),
			 *version = jsn_get(v, "version");
	struct buf text = BUF_INIT(SIZE_MAX); /* trust_parse() has the limit */
	char why[128];
	int r;

	(void)row;
	for (size_t i = 0; i < jsn_len(keys); i++) {
		if (jwk_has_secret(jsn_at(keys, i)))
			return FWE_MANIFEST_KEYINFO_PRIVATE;
	}
	if (jsn_type(version) != JSN_INT || jsn_int(version) < 0 ||
	    (revoked && !is_revocation_list(revoked)))
		return FWE_MANIFEST_KEYINFO_INVALID;
	r = jsn_write(v, JSN_COMPACT, &text);
	if (r == 0)
		r = trust_parse(buf_span(&text), &set, why, sizeof(why));
	buf_done(&text);
	if (r == -ENOMEM)
		return FWE_INTERNAL;
	if (r < 0 || !has_usable_key(set, revoked))
		return FWE_MANIFEST_KEYINFO_INVALID;
	m->key_info_version = (uint64_t)jsn_int(version);
	m->key_info_keys = keys;
	m->key_info_revoked = revoked;
	return FWE_OK;
}

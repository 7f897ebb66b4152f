#include "crypto/envelope.h"

#include "crypto/cose_encrypt.h"
#include "crypto/cose_sign.h"
#include "crypto/jwe.h"
#include "crypto/jws.h"

enum container {
	UNKNOWN,
	BARE,
	JWS_COMPACT,
	JWS_JSON,
	JWE,
	COSE,
};

enum fw_error envelope_json_error(enum jsn_err e)
{
	static const enum fw_error ERRORS[] = {
		[JSN_OK] = FWE_OK,
		[JSN_INVALID] = FWE_MANIFEST_JSON_INVALID,
		[JSN_DUPLICATE] = FWE_MANIFEST_JSON_DUPLICATE_MEMBER,
		[JSN_TOO_DEEP] = FWE_MANIFEST_JSON_TOO_DEEP,
		[JSN_TOO_LARGE] = FWE_MANIFEST_TOO_LARGE,
	};

	return ERRORS[e];
}

static bool is_b64(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

static size_t count_dots(struct span text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '.';
	return n;
}

bool envelope_is_compact(struct span text)
{
	size_t dots = count_dots(text);

	for (size_t i = 0; i < text.len; i++) {
		if (!is_b64(text.ptr[i]) && text.ptr[i] != '.')
			return false;
	}
	return dots == 2 || dots == 4;
}

/* By the first octet; a JSON text has to be read for its members. */
static enum fw_error classify(struct span octets, enum container *ret, struct jsn **ret_root)
{
	const struct jsn_limits limits = {octets.len, ENVELOPE_DEPTH_MAX};
	size_t dots = count_dots(octets);
	enum jsn_err e;

	*ret = UNKNOWN;
	if (octets.ptr[0] >= 0x80)
		*ret = COSE;
	else if (is_b64(octets.ptr[0]) && dots > 0)
		*ret = dots == 4 ? JWE : JWS_COMPACT;
	if (octets.ptr[0] != '{')
		return FWE_OK;

	e = jsn_parse(octets, &limits, ret_root);
	if (e != JSN_OK)
		return envelope_json_error(e);
	*ret = jsn_get(*ret_root, "ciphertext") ? JWE
	       : jsn_get(*ret_root, "payload")  ? JWS_JSON
						: BARE;
	return FWE_OK;
}

static enum fw_error open_jws(struct span octets, const struct jsn *root, const struct trust *trust,
			      const struct envelope_policy *policy, struct envelope *ret)
{
	CLEANUP(jws_freep) struct jws *j = NULL;
	enum fw_error e = root ? jws_parse_json(root, policy->typ, &j)
			       : jws_parse_compact(octets, policy->typ, &j);

	if (e == FWE_OK)
		e = jws_verify(j, trust, policy, ret);
	if (e != FWE_OK)
		return e;
	ret->form = ENVELOPE_JSON;
	ret->payload = j->payload;
	j->payload = (struct buf){0};
	return FWE_OK;
}

static enum fw_error open_cose_sign(struct span octets, const struct trust *trust,
				    const struct envelope_policy *policy, struct envelope *ret)
{
	CLEANUP(cose_sign_freep) struct cose_sign *m = NULL;
	struct buf payload = BUF_INIT(octets.len);
	enum fw_error e = cose_sign_parse(octets, policy->content_type, &m);

	if (e == FWE_OK)
		e = cose_sign_verify(m, (struct span){0}, trust, policy, ret);
	if (e != FWE_OK)
		return e;
	buf_put(&payload, m->payload);
	ret->form = ENVELOPE_CBOR;
	ret->payload = payload;
	return buf_ok(&payload) ? FWE_OK : FWE_INTERNAL;
}

static bool is_encrypted(enum cose_kind kind)
{
	return kind == COSE_ENCRYPT0 || kind == COSE_ENCRYPT;
}

static enum fw_error open_cose_encrypt(struct span octets, const struct trust *trust,
				       const struct envelope_policy *policy, struct envelope *ret)
{
	CLEANUP(buf_done) struct buf plaintext = {0};
	enum fw_error e = cose_decrypt(octets, (struct span){0}, policy->ring, &plaintext);
	enum cose_kind kind;

	if (e != FWE_OK)
		return e;
	/* What encryption has hidden must be signed, and by COSE inside COSE. */
	e = cose_kind_of(buf_span(&plaintext), &kind);
	if (e != FWE_OK)
		return e == FWE_INTERNAL ? e : FWE_MANIFEST_UNSIGNED;
	return is_encrypted(kind) ? FWE_MANIFEST_NESTING_INVALID
				  : open_cose_sign(buf_span(&plaintext), trust, policy, ret);
}

/* One whole map: the manifest itself. */
static bool is_map(struct span octets)
{
	struct cbr c;

	cbr_open(&c, octets, &COSE_LIMITS);
	if (cbr_peek(&c) != CBR_MAP)
		return false;
	(void)cbr_skip(&c);
	return cbr_close(&c) == CBR_OK;
}

static enum fw_error open_cose(struct span octets, const struct trust *trust,
			       const struct envelope_policy *policy, struct envelope *ret)
{
	enum cose_kind kind;
	enum fw_error e = cose_kind_of(octets, &kind);

	if (e != FWE_OK)
		return is_map(octets) ? FWE_MANIFEST_UNSIGNED : e;
	return is_encrypted(kind) ? open_cose_encrypt(octets, trust, policy, ret)
				  : open_cose_sign(octets, trust, policy, ret);
}

/* The same for a JWE: JOSE inside JOSE. */
static enum fw_error open_inner(struct span octets, const struct trust *trust,
				const struct envelope_policy *policy, struct envelope *ret)
{
	CLEANUP(jsn_freep) struct jsn *root = NULL;
	enum container container;
	enum fw_error e;

	if (octets.len == 0)
		return FWE_MANIFEST_UNSIGNED;
	e = classify(octets, &container, &root);
	if (e != FWE_OK) /* what is no JSON is no JWS */
		return e == FWE_MANIFEST_JSON_INVALID ? FWE_MANIFEST_UNSIGNED : e;
	switch (container) {
	case JWS_COMPACT:
	case JWS_JSON:
		return open_jws(octets, root, trust, policy, ret);
	case JWE:
		return FWE_MANIFEST_NESTING_INVALID;
	case COSE:
	case BARE:
	case UNKNOWN:
		break;
	}
	return FWE_MANIFEST_UNSIGNED;
}

static enum fw_error open_jwe(struct span octets, const struct jsn *root, const struct trust *trust,
			      const struct envelope_policy *policy, struct envelope *ret)
{
	CLEANUP(buf_done) struct buf plaintext = {0};
	enum fw_error e = jwe_decrypt(octets, root, policy->ring, &plaintext);

	return e == FWE_OK ? open_inner(buf_span(&plaintext), trust, policy, ret) : e;
}

enum fw_error envelope_decrypt(struct span octets, const struct enc_ring *ring, struct buf *ret)
{
	CLEANUP(jsn_freep) struct jsn *root = NULL;
	enum container container;
	enum fw_error e = octets.len > 0 ? classify(octets, &container, &root) : FWE_MANIFEST_EMPTY;

	if (e != FWE_OK)
		return e;
	return container == JWE    ? jwe_decrypt(octets, root, ring, ret)
	       : container == COSE ? cose_decrypt(octets, (struct span){0}, ring, ret)
				   : FWE_MANIFEST_FORMAT_UNKNOWN;
}

static enum fw_error open_container(struct span octets, const struct trust *trust,
				    const struct envelope_policy *policy, struct envelope *ret)
{
	CLEANUP(jsn_freep) struct jsn *root = NULL;
	enum container container;
	enum fw_error e = classify(octets, &container, &root);

	if (e != FWE_OK)
		return e;
	switch (container) {
	case JWS_COMPACT:
	case JWS_JSON:
		return open_jws(octets, root, trust, policy, ret);
	case JWE:
		return open_jwe(octets, root, trust, policy, ret);
	case COSE:
		return open_cose(octets, trust, policy, ret);
	case BARE:
		return FWE_MANIFEST_UNSIGNED;
	case UNKNOWN:
		break;
	}
	return FWE_MANIFEST_FORMAT_UNKNOWN;
}

enum fw_error envelope_open(struct span octets, const struct trust *trust,
			    const struct envelope_policy *policy, struct envelope *ret)
{
	struct envelope env = {0};
	enum fw_error e;

	if (octets.len == 0)
		return FWE_MANIFEST_EMPTY;
	if (octets.len > policy->bytes_max)
		return FWE_MANIFEST_TOO_LARGE;
	e = open_container(octets, trust, policy, &env);
	if (e == FWE_OK)
		*ret = env;
	else
		envelope_done(&env);
	return e;
}

void envelope_done(struct envelope *e)
{
	buf_done(&e->payload);
	*e = (struct envelope){0};
}

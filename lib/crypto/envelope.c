#include "crypto/envelope.h"

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
		[JSN_NO_MEMORY] = FWE_INTERNAL,
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

static enum fw_error open_jws(struct jws *j, const struct trust *trust,
			      const struct envelope_policy *policy, struct envelope *ret)
{
	struct envelope env = {0};
	enum fw_error e = jws_verify(j, trust, policy, &env);

	if (e != FWE_OK)
		return e;
	env.payload = j->payload;
	j->payload = (struct buf){0};
	*ret = env;
	return FWE_OK;
}

enum fw_error envelope_open(struct span octets, const struct trust *trust,
			    const struct envelope_policy *policy, struct envelope *ret)
{
	CLEANUP(jsn_freep) struct jsn *root = NULL;
	CLEANUP(jws_freep) struct jws *jws = NULL;
	enum container container;
	enum fw_error e;

	if (octets.len == 0)
		return FWE_MANIFEST_EMPTY;
	if (octets.len > policy->bytes_max)
		return FWE_MANIFEST_TOO_LARGE;
	e = classify(octets, &container, &root);
	if (e != FWE_OK)
		return e;
	switch (container) {
	case JWS_COMPACT:
		e = jws_parse_compact(octets, policy->typ, &jws);
		break;
	case JWS_JSON:
		e = jws_parse_json(root, policy->typ, &jws);
		break;
	case BARE:
		return FWE_MANIFEST_UNSIGNED;
	case JWE: /* no key of this device can open it */
		return FWE_MANIFEST_ENC_NOT_ALLOWED;
	case COSE: /* JSON only: a CBOR manifest is never asked for */
	case UNKNOWN:
		return FWE_MANIFEST_FORMAT_UNKNOWN;
	}
	return e == FWE_OK ? open_jws(jws, trust, policy, ret) : e;
}

void envelope_done(struct envelope *e)
{
	buf_done(&e->payload);
	*e = (struct envelope){0};
}

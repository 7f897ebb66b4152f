#include "crypto/jws.h"

#include "codec/b64.h"
#include "crypto/jose.h"

static enum fw_error decode(struct span text, struct buf *out)
{
	int r = b64_decode(text, out);

	return r == -EBADMSG ? FWE_MANIFEST_BASE64_INVALID : r < 0 ? FWE_INTERNAL : FWE_OK;
}

static enum fw_error decode_parts(struct jws_entry *e)
{
	enum fw_error error;

	e->protected = BUF_INIT(e->protected_text.len);
	e->signature = BUF_INIT(e->signature_text.len);
	error = decode(e->protected_text, &e->protected);
	return error != FWE_OK ? error : decode(e->signature_text, &e->signature);
}

static enum fw_error read_header(struct jws_entry *e)
{
	const struct jsn_limits limits = {e->protected.len, ENVELOPE_DEPTH_MAX};

	if (e->protected.len == 0)
		return FWE_OK;
	return jsn_parse(buf_span(&e->protected), &limits, &e->header) == JSN_OK &&
			       jsn_type(e->header) == JSN_OBJECT
		       ? FWE_OK
		       : FWE_MANIFEST_HEADER_INVALID;
}

static struct jose_header header_of(const struct jws_entry *e)
{
	return (struct jose_header){.protected = e->header, .own = e->unprotected};
}

static enum fw_error check_names(struct jws_entry *e)
{
	const struct jose_header h = header_of(e);
	const struct jsn *kid = jose_param(&h, "kid");

	if (!jose_is_sound(&h))
		return FWE_MANIFEST_HEADER_INVALID;
	if (!kid)
		return FWE_OK;
	e->kid = jsn_text(kid);
	return jsn_type(kid) == JSN_TEXT && e->kid.len <= JWK_KID_MAX ? FWE_OK
								      : FWE_MANIFEST_HEADER_INVALID;
}

static enum fw_error check_alg(struct jws_entry *e)
{
	const struct jsn *alg = jsn_get(e->header, "alg");

	if (!alg)
		return jsn_get(e->unprotected, "alg") ? FWE_MANIFEST_ALG_UNPROTECTED
						      : FWE_MANIFEST_HEADER_INVALID;
	if (jsn_type(alg) != JSN_TEXT)
		return FWE_MANIFEST_HEADER_INVALID;
	e->alg = jsn_text(alg);
	return FWE_OK;
}

static enum fw_error check_none(struct jws_entry *e)
{
	return span_is_nocase(e->alg, "none") ? FWE_MANIFEST_ALG_NONE : FWE_OK;
}

static enum fw_error check_embedded(struct jws_entry *e)
{
	const struct jose_header h = header_of(e);

	return jose_brings_key(&h) ? FWE_MANIFEST_KEY_EMBEDDED : FWE_OK;
}

static enum fw_error check_crit(struct jws_entry *e)
{
	const struct jose_header h = header_of(e);

	return jose_check_crit(&h);
}

/* RFC 8725 3.11: a signature made for something else is none for us. */
static enum fw_error check_typ(struct jws_entry *e, const char *typ)
{
	const struct jose_header h = header_of(e);
	const struct jsn *v = jose_param(&h, "typ");

	return v && typ && !span_is(jsn_text(v), typ) ? FWE_MANIFEST_TYPE_MISMATCH : FWE_OK;
}

/* Each step runs over all signatures before the next begins. */
static enum fw_error (*const STEPS[])(struct jws_entry *e) = {
	decode_parts, read_header, check_names, check_alg, check_none, check_embedded, check_crit,
};

/* *j has its texts; takes the steps and hands it over. */
static enum fw_error finish(struct jws **j, const char *typ, struct jws **ret)
{
	enum fw_error e = FWE_OK;

	for (size_t s = 0; s < ARRAY_SIZE(STEPS); s++) {
		for (size_t i = 0; i < (*j)->n; i++) {
			e = STEPS[s](&(*j)->entries[i]);
			if (e != FWE_OK)
				return e;
		}
	}
	for (size_t i = 0; i < (*j)->n; i++) {
		e = check_typ(&(*j)->entries[i], typ);
		if (e != FWE_OK)
			return e;
	}
	(*j)->payload = BUF_INIT((*j)->payload_text.len);
	e = decode((*j)->payload_text, &(*j)->payload);
	if (e != FWE_OK)
		return e;
	if ((*j)->n > ENVELOPE_SIGNATURES_MAX)
		return FWE_MANIFEST_TOO_MANY_SIGNATURES;
	*ret = *j;
	*j = NULL;
	return FWE_OK;
}

static struct jws *jws_new(size_t n)
{
	CLEANUP(jws_freep) struct jws *j = calloc(1, sizeof(*j));
	struct jws *out;

	if (!j)
		return NULL;
	j->entries = calloc(n, sizeof(*j->entries));
	if (!j->entries)
		return NULL;
	j->n = n;
	out = j;
	j = NULL;
	return out;
}

struct jws *jws_free(struct jws *j)
{
	if (!j)
		return NULL;
	for (size_t i = 0; i < j->n; i++) {
		buf_done(&j->entries[i].protected);
		buf_done(&j->entries[i].signature);
		j->entries[i].header = jsn_free(j->entries[i].header);
	}
	free(j->entries);
	buf_done(&j->payload);
	free(j);
	return NULL;
}

enum fw_error jws_parse_compact(struct span text, const char *typ, struct jws **ret)
{
	CLEANUP(jws_freep) struct jws *j = jws_new(1);

	if (!j)
		return FWE_INTERNAL;
	j->entries[0].protected_text = span_cut(&text, '.');
	j->payload_text = span_cut(&text, '.');
	if (!text.ptr || memchr(text.ptr, '.', text.len))
		return FWE_MANIFEST_JWS_MALFORMED;
	j->entries[0].signature_text = text;
	return finish(&j, typ, ret);
}

/* An object with `signature` and perhaps `protected` and `header`. */
static bool read_entry(const struct jsn *v, struct jws_entry *e)
{
	const struct jsn *protected = jsn_get(v, "protected"), *signature = jsn_get(v, "signature");

	e->unprotected = jsn_get(v, "header");
	if (jsn_type(signature) != JSN_TEXT || (protected && jsn_type(protected) != JSN_TEXT) ||
	    (e->unprotected && jsn_type(e->unprotected) != JSN_OBJECT))
		return false;
	e->protected_text = jsn_text(protected);
	e->signature_text = jsn_text(signature);
	return true;
}

enum fw_error jws_parse_json(const struct jsn *root, const char *typ, struct jws **ret)
{
	CLEANUP(jws_freep) struct jws *j = NULL;
	const struct jsn *list = jsn_get(root, "signatures");
	const struct jsn *payload = jsn_get(root, "payload");
	size_t n = list ? jsn_len(list) : 1;

	/* General form: none of the members of the flattened one beside the list. */
	if (list && (jsn_type(list) != JSN_ARRAY || n == 0 || jsn_get(root, "signature") ||
		     jsn_get(root, "protected") || jsn_get(root, "header")))
		return FWE_MANIFEST_JWS_MALFORMED;
	if (jsn_type(payload) != JSN_TEXT)
		return FWE_MANIFEST_JWS_MALFORMED;
	j = jws_new(n);
	if (!j)
		return FWE_INTERNAL;
	j->payload_text = jsn_text(payload);
	for (size_t i = 0; i < n; i++) {
		if (!read_entry(list ? jsn_at(list, i) : root, &j->entries[i]))
			return FWE_MANIFEST_JWS_MALFORMED;
	}
	return finish(&j, typ, ret);
}

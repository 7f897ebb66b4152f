#include "crypto/cose_sign.h"

#include "codec/b64.h"
#include "codec/cbw.h"
#include "crypto/signers.h"

/* RFC 9053 8: here the name is no number of ours if it is not one at all. */
static enum fw_error read_alg(struct cose_entry *e)
{
	const struct cose_param *p = cose_param(&e->header, COSE_ALG);
	int64_t number;

	if (!p)
		return FWE_MANIFEST_HEADER_INVALID;
	if (!p->protected)
		return FWE_MANIFEST_ALG_UNPROTECTED;
	e->known =
		cose_param_int(&e->header, COSE_ALG, &number) && sig_alg_from_cose(number, &e->alg);
	return FWE_OK;
}

static enum fw_error read_kid(struct cose_entry *e)
{
	struct span kid;

	e->kid = BUF_INIT(2 * COSE_KID_MAX);
	e->has_kid = cose_param(&e->header, COSE_KID);
	if (!e->has_kid)
		return FWE_OK;
	if (!cose_param_bytes(&e->header, COSE_KID, &kid) || kid.len == 0 || kid.len > COSE_KID_MAX)
		return FWE_MANIFEST_HEADER_INVALID;
	b64_encode(kid, &e->kid);
	return buf_ok(&e->kid) ? FWE_OK : FWE_INTERNAL;
}

/* [protected, unprotected, signature] */
static enum fw_error read_entry(struct cbr *c, struct cose_entry *e)
{
	enum fw_error error;

	cbr_array(c);
	error = cose_header_read(c, &e->header);
	if (error != FWE_OK)
		return error;
	if (cose_element(c))
		e->signature = cbr_bytes(c);
	return cbr_more(c) || c->err ? FWE_MANIFEST_CBOR_INVALID : FWE_OK;
}

static enum fw_error read_entries(struct cbr *c, struct cose_sign *m)
{
	cbr_array(c);
	for (; cbr_more(c); m->n++) {
		enum fw_error e;

		if (m->n >= ARRAY_SIZE(m->entries)) {
			(void)cbr_skip(c);
			continue;
		}
		e = read_entry(c, &m->entries[m->n]);
		if (e != FWE_OK)
			return e;
	}
	return c->err || m->n == 0 ? FWE_MANIFEST_CBOR_INVALID : FWE_OK;
}

/* [protected, unprotected, payload, signature or signatures] */
static enum fw_error read_message(struct cbr *c, struct cose_sign *m)
{
	bool detached;
	enum fw_error e;

	cbr_array(c);
	e = cose_header_read(c, &m->body);
	if (e != FWE_OK)
		return e;
	if (!cose_element(c))
		return FWE_MANIFEST_CBOR_INVALID;
	detached = cbr_peek(c) == CBR_NULL;
	if (detached)
		(void)cbr_skip(c);
	else
		m->payload = cbr_bytes(c);
	if (!cose_element(c))
		return FWE_MANIFEST_CBOR_INVALID;
	if (m->kind == COSE_SIGN) {
		e = read_entries(c, m);
	} else {
		m->n = 1;
		m->entries[0].header = m->body;
		m->entries[0].signature = cbr_bytes(c);
	}
	if (e == FWE_OK && (cbr_more(c) || cbr_close(c) != CBR_OK))
		e = FWE_MANIFEST_CBOR_INVALID;
	return e == FWE_OK && detached ? FWE_MANIFEST_FORMAT_UNKNOWN : e;
}

/* Each step runs over all signatures before the next begins. */
static enum fw_error check(struct cose_sign *m, const char *content_type)
{
	size_t n = m->n < ARRAY_SIZE(m->entries) ? m->n : ARRAY_SIZE(m->entries);
	enum fw_error e = FWE_OK;

	for (size_t i = 0; i < n && e == FWE_OK; i++)
		e = read_kid(&m->entries[i]);
	for (size_t i = 0; i < n && e == FWE_OK; i++)
		e = read_alg(&m->entries[i]);
	if (e == FWE_OK && m->kind == COSE_SIGN)
		e = cose_header_check(&m->body, content_type);
	for (size_t i = 0; i < n && e == FWE_OK; i++)
		e = cose_header_check(&m->entries[i].header, content_type);
	if (e == FWE_OK && m->n > n)
		e = FWE_MANIFEST_TOO_MANY_SIGNATURES;
	return e;
}

enum fw_error cose_sign_parse(struct span octets, const char *content_type, struct cose_sign **ret)
{
	CLEANUP(cose_sign_freep) struct cose_sign *m = calloc(1, sizeof(*m));
	enum fw_error e;
	struct cbr c;

	if (!m)
		return FWE_INTERNAL;
	e = cose_open(&c, octets, &m->octets, &m->kind);
	if (e == FWE_OK && m->kind != COSE_SIGN1 && m->kind != COSE_SIGN)
		e = FWE_MANIFEST_FORMAT_UNKNOWN;
	if (e == FWE_OK)
		e = read_message(&c, m);
	if (e == FWE_OK)
		e = check(m, content_type);
	if (e != FWE_OK)
		return e;
	*ret = m;
	m = NULL;
	return FWE_OK;
}

struct cose_sign *cose_sign_free(struct cose_sign *m)
{
	for (size_t i = 0; m && i < ARRAY_SIZE(m->entries); i++)
		buf_done(&m->entries[i].kid);
	if (m)
		buf_done(&m->octets);
	free(m);
	return NULL;
}

/* RFC 9052 4.4. */
static void put_signed(enum cose_kind kind, struct span body, struct span signer, struct span aad,
		       struct span payload, struct buf *out)
{
	bool single = kind == COSE_SIGN1;

	cbw_array_n(out, single ? 4 : 5);
	cbw_str(out, single ? "Signature1" : "Signature");
	cbw_bytes(out, body);
	if (!single)
		cbw_bytes(out, signer);
	cbw_bytes(out, aad);
	cbw_bytes(out, payload);
}

enum fw_error cose_sign_verify(const struct cose_sign *m, struct span external_aad,
			       const struct trust *trust, const struct envelope_policy *policy,
			       struct envelope *ret)
{
	struct signers signers = {.trust = trust, .policy = policy};

	for (size_t i = 0; i < m->n; i++) {
		const struct cose_entry *entry = &m->entries[i];
		const struct signature sig = {
			.known = entry->known,
			.alg = entry->alg,
			.kid = entry->has_kid ? buf_span(&entry->kid) : (struct span){0},
			.value = entry->signature,
		};
		CLEANUP(buf_done) struct buf input = BUF_INIT(2 * COSE_BYTES_MAX);
		enum fw_error e = FWE_INTERNAL;

		put_signed(m->kind, m->body.protected, entry->header.protected, external_aad,
			   m->payload, &input);
		if (buf_ok(&input))
			e = signers_add(&signers, &sig, buf_span(&input));
		if (e != FWE_OK)
			return e;
	}
	return signers_result(&signers, ret);
}

int cose_put_header(const struct key *k, const char *content_type, struct buf *out)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(k);
	CLEANUP(buf_done) struct buf kid = BUF_INIT(COSE_KID_MAX);
	const int r = jwk ? b64_decode(jsn_text(jsn_get(jwk, "kid")), &kid) : -ENOMEM;
	const bool named = r == 0 && kid.len > 0; /* a kid that is no base64url stays out */

	cbw_map_n(out, 1 + (size_t)(content_type != NULL) + named);
	cbw_uint(out, COSE_ALG);
	cbw_int(out, sig_alg_cose(key_alg(k)));
	if (content_type) {
		cbw_uint(out, COSE_CONTENT_TYPE);
		cbw_str(out, content_type);
	}
	if (named) {
		cbw_uint(out, COSE_KID);
		cbw_bytes(out, buf_span(&kid));
	}
	return r != -ENOMEM && buf_ok(out) ? 0 : -ENOMEM;
}

void cose_put_signed(enum cose_kind kind, struct span protected, struct span external_aad,
		     struct span payload, struct buf *out)
{
	const struct span none = {0};

	put_signed(kind, kind == COSE_SIGN1 ? protected : none, protected, external_aad, payload,
		   out);
}

void cose_put_message(enum cose_kind kind, struct span payload, const struct cose_signature *sigs,
		      size_t n, struct buf *out)
{
	const struct span none = {0};

	cbw_tag(out, kind);
	cbw_array_n(out, 4);
	cbw_bytes(out, kind == COSE_SIGN1 ? sigs[0].protected : none);
	cbw_map_n(out, 0);
	cbw_bytes(out, payload);
	if (kind == COSE_SIGN1) {
		cbw_bytes(out, sigs[0].value);
		return;
	}
	cbw_array_n(out, n);
	for (size_t i = 0; i < n; i++) {
		cbw_array_n(out, 3);
		cbw_bytes(out, sigs[i].protected);
		cbw_map_n(out, 0);
		cbw_bytes(out, sigs[i].value);
	}
}

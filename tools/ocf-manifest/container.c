#include "container.h"

#include "cli.h"
#include "codec/b64.h"

#define HEADER_MAX ((size_t)2048)

/* ---- JWS ---- */

static void put_payload_text(const struct document *d, struct buf *out)
{
	if (d->jws)
		buf_put(out, d->jws->payload_text);
	else
		b64_encode(document_payload(d), out);
}

static int jws_prepare(const struct key *k, struct signing *s)
{
	int r = jws_put_header(k, MANIFEST_TYP, &s->protected);

	buf_put(&s->input, buf_span(&s->protected));
	buf_put_byte(&s->input, '.');
	put_payload_text(s->d, &s->input);
	return r;
}

/* All signatures, old ones first, as elements of `signatures`. */
static struct jsn *jws_entries(const struct signing *s, struct span signature)
{
	struct jsn *array = jsn_new_array();

	for (size_t i = 0; s->d->jws && i < s->d->jws->n; i++) {
		const struct jws_entry *e = &s->d->jws->entries[i];
		struct jsn *entry = jsn_new_object();

		if (e->protected_text.len > 0)
			jsn_set_text(entry, "protected", e->protected_text);
		if (e->unprotected)
			jsn_set(entry, "header", jsn_copy(e->unprotected));
		jsn_set_text(entry, "signature", e->signature_text);
		jsn_add(array, entry);
	}
	jsn_add(array, jws_new_entry(buf_span(&s->protected), signature));
	return array;
}

static int put_json(const struct signing *s, struct jsn *entries, struct buf *out)
{
	CLEANUP(jsn_freep) struct jsn *root = NULL;
	struct buf payload CLEANUP(buf_done) = BUF_INIT(2 * MANIFEST_BYTES_MAX);

	root = s->style == CONTAINER_FLATTENED ? jsn_copy(jsn_at(entries, 0)) : jsn_new_object();
	put_payload_text(s->d, &payload);
	jsn_set_text(root, "payload", buf_span(&payload));
	if (s->style == CONTAINER_FLATTENED)
		(void)jsn_free(entries);
	else
		jsn_set(root, "signatures", entries);
	return jsn_write(root, JSN_COMPACT, out);
}

static int jws_finish(const struct signing *s, struct span signature, struct buf *out)
{
	if (s->style != CONTAINER_COMPACT)
		return put_json(s, jws_entries(s, signature), out);
	buf_put(out, buf_span(&s->input)); /* header and payload, as they are signed */
	buf_put_byte(out, '.');
	b64_encode(signature, out);
	return 0;
}

/* ---- COSE ---- */

/* The kind of message that the signature goes into, which it covers, too. */
static enum cose_kind kind_of(const struct signing *s)
{
	return s->d->cose || s->style == CONTAINER_SEVERAL ? COSE_SIGN : COSE_SIGN1;
}

static int cose_prepare(const struct key *k, struct signing *s)
{
	int r = cose_put_header(k, MANIFEST_CONTENT_TYPE, &s->protected);

	cose_put_signed(kind_of(s), buf_span(&s->protected), span_of(NULL, 0),
			document_payload(s->d), &s->input);
	return r;
}

static int cose_finish(const struct signing *s, struct span signature, struct buf *out)
{
	struct cose_signature all[ENVELOPE_SIGNATURES_MAX];
	size_t n = 0;

	for (size_t i = 0; s->d->cose && i < s->d->cose->n; i++)
		all[n++] = (struct cose_signature){s->d->cose->entries[i].header.protected,
						   s->d->cose->entries[i].signature};
	all[n++] = (struct cose_signature){buf_span(&s->protected), signature};
	cose_put_message(kind_of(s), document_payload(s->d), all, n, out);
	return 0;
}

/* Headers are written anew, so there must be nothing in them that would be lost. */
static bool has_unprotected(const struct cose_sign *m)
{
	bool found = m->body.n > 0;

	for (size_t e = 0; e < m->n; e++) {
		for (size_t i = 0; i < m->entries[e].header.n; i++)
			found |= !m->entries[e].header.params[i].protected;
	}
	return found;
}

/* ---- both ---- */

static const char *check_style(const struct document *d, enum container_style style)
{
	size_t n = d->jws ? d->jws->n : d->cose ? d->cose->n : 0;

	if (document_is_cbor(d) && (style == CONTAINER_COMPACT || style == CONTAINER_FLATTENED))
		return "a CBOR manifest has no compact or flattened form";
	if (!document_is_cbor(d) && style == CONTAINER_SEVERAL)
		return "--several is for CBOR manifests; general JSON always takes several";
	if (n > 0 && (style == CONTAINER_COMPACT || style == CONTAINER_FLATTENED))
		return "only general JSON holds several signatures";
	if (d->form == DOCUMENT_SIGN1)
		return "COSE_Sign1 holds one signature; sign the bare manifest with --several";
	if (d->cose && has_unprotected(d->cose))
		return "its headers are not of this tool; sign the bare manifest anew";
	if (n >= ENVELOPE_SIGNATURES_MAX)
		return "it has as many signatures as devices take";
	return NULL;
}

static bool has_signed(const struct document *d, struct span kid)
{
	bool found = false;

	for (size_t i = 0; d->jws && i < d->jws->n; i++)
		found |= span_eq(d->jws->entries[i].kid, kid);
	for (size_t i = 0; d->cose && i < d->cose->n; i++)
		found |= span_eq(buf_span(&d->cose->entries[i].kid), kid);
	return found;
}

int signing_prepare(const struct document *d, const struct key *k, enum container_style style,
		    struct signing *ret)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(k);
	const char *why = check_style(d, style);
	int r;

	*ret = (struct signing){.d = d,
				.style = style,
				.protected = BUF_INIT(HEADER_MAX),
				.input = BUF_INIT(2 * MANIFEST_BYTES_MAX)};
	if (!why && key_type(k) == KEY_RSA && key_rsa_bits(k) < KEY_RSA_SIGN_MIN)
		why = "the key is RSA below 3072 bits";
	if (!why && has_signed(d, jsn_text(jsn_get(jwk, "kid"))))
		why = "this key has signed it already";
	if (why) {
		cli_say("%s", why);
		return -EINVAL;
	}
	r = document_is_cbor(d) ? cose_prepare(k, ret) : jws_prepare(k, ret);
	if (r == 0 && buf_ok(&ret->protected) && buf_ok(&ret->input))
		return 0;
	cli_say("out of memory");
	return -ENOMEM;
}

int signing_finish(const struct signing *s, struct span signature, struct buf *out)
{
	int r = document_is_cbor(s->d) ? cose_finish(s, signature, out)
				       : jws_finish(s, signature, out);

	return r == 0 && buf_ok(out) ? 0 : -ENOMEM;
}

void signing_done(struct signing *s)
{
	buf_done(&s->protected);
	buf_done(&s->input);
}

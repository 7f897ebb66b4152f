#include "codec/b64.h"
#include "crypto/jwe.h"
#include "crypto/rng.h"

#define HEADER_MAX ((size_t)1024)

static struct jsn *new_epk(const struct enc_key *ephemeral)
{
	struct jsn *epk = enc_key_export(ephemeral, false);

	jsn_del(epk, "alg");
	jsn_del(epk, "use");
	jsn_del(epk, "kid");
	return epk;
}

/* The base64url text of the protected header. */
static int put_header(const struct enc_key *k, const struct enc_key *ephemeral,
		      enum enc_content content, const char *typ, const char *cty, struct buf *out)
{
	CLEANUP(jsn_freep) struct jsn *header = jsn_new_object();
	CLEANUP(buf_done) struct buf text = BUF_INIT(HEADER_MAX);
	struct jsn *epk = ephemeral ? new_epk(ephemeral) : NULL;
	int r;

	if (ephemeral && !epk)
		return -ENOMEM;
	jsn_set_str(header, "alg", enc_alg_name(enc_key_alg(k)));
	jsn_set_str(header, "enc", enc_content_name(content));
	jsn_set_str(header, "kid", enc_key_kid(k));
	if (typ)
		jsn_set_str(header, "typ", typ);
	if (cty)
		jsn_set_str(header, "cty", cty);
	if (epk)
		jsn_set(header, "epk", epk);
	r = jsn_write(header, JSN_COMPACT, &text);
	if (r == 0)
		b64_encode(buf_span(&text), out);
	return r == 0 && !buf_ok(out) ? -ENOMEM : r;
}

static void put_part(struct buf *out, struct span octets)
{
	buf_put_byte(out, '.');
	b64_encode(octets, out);
}

int jwe_encrypt(const struct enc_key *k, enum enc_content content, const char *typ, const char *cty,
		struct span plaintext, struct buf *out)
{
	CLEANUP(enc_key_freep) struct enc_key *ephemeral = NULL;
	CLEANUP(secret_wipe) struct secret key = {.len = enc_content_key_len(content)};
	CLEANUP(buf_done) struct buf header = BUF_INIT(2 * HEADER_MAX);
	CLEANUP(buf_done) struct buf wrapped = BUF_INIT(2 * SECRET_MAX);
	CLEANUP(buf_done) struct buf sealed = BUF_INIT(plaintext.len + ENC_TAG_LEN);
	const enum enc_alg alg = enc_key_alg(k);
	const struct jwe_kdf params = {.alg = span_str(enc_alg_wrap_len(alg) > 0
							       ? enc_alg_name(alg)
							       : enc_content_name(content))};
	const struct enc_kdf kdf = {jwe_derive, &params};
	uint8_t iv[ENC_IV_LEN];
	int r = enc_alg_agrees(alg) ? enc_key_ephemeral(k, &ephemeral) : 0;

	rng_fill(key.b, key.len);
	rng_fill(iv, sizeof(iv));
	if (r == 0)
		r = put_header(k, ephemeral, content, typ, cty, &header);
	if (r == 0)
		r = enc_key_send(k, ephemeral, &kdf, key.len, &key, &wrapped);
	if (r == 0)
		r = enc_seal(content, secret_span(&key), span_of(iv, sizeof(iv)), buf_span(&header),
			     plaintext, &sealed);
	if (r < 0)
		return r;
	buf_put(out, buf_span(&header));
	put_part(out, buf_span(&wrapped));
	put_part(out, span_of(iv, sizeof(iv)));
	put_part(out, span_of(sealed.ptr, plaintext.len));
	put_part(out, span_of(sealed.ptr + plaintext.len, ENC_TAG_LEN));
	return buf_ok(out) ? 0 : -ENOMEM;
}

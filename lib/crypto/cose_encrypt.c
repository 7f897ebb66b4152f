#include "crypto/cose_encrypt.h"

#include "codec/b64.h"
#include "codec/cbw.h"
#include "crypto/cose_key.h"
#include "crypto/rng.h"

#define CONTEXT_MAX ((size_t)4096) /* octets of a COSE_KDF_Context */

/* RFC 9053 5.1, 5.2: parameters of the HKDF. */
enum { SALT = -20, PARTY_U = -21, PARTY_V = -24 };

struct message {
	struct buf octets;
	enum cose_kind kind;
	struct cose_header body;
	struct span ciphertext;
	enum enc_content content;
	size_t n;
	struct {
		struct cose_header header;
		struct span wrapped;
	} recipients[COSE_RECIPIENTS_MAX];
};

static struct message *message_free(struct message *m)
{
	if (m)
		buf_done(&m->octets);
	free(m);
	return NULL;
}
DEFINE_CLEANUP(struct message *, message_free)

/* What the key of one recipient is derived from. */
struct kdf {
	enum enc_content content;
	enum enc_alg alg;
	const struct cose_header *header;
};

/* Identity, nonce and other of a party: three labels, downwards. The nonce may be a number. */
static bool put_party(struct buf *out, const struct cose_header *h, int64_t first)
{
	cbw_array_n(out, 3);
	for (int64_t label = first; label > first - 3; label--) {
		struct span value;
		int64_t nonce;

		if (!cose_param(h, label))
			cbw_null(out);
		else if (cose_param_bytes(h, label, &value))
			cbw_bytes(out, value);
		else if (label == first - 1 && cose_param_int(h, label, &nonce))
			cbw_int(out, nonce);
		else
			return false;
	}
	return true;
}

/* RFC 9053 5.2. The key derived is for the content, or for the wrapping. */
static int derive(const void *arg, struct span z, size_t len, struct secret *ret)
{
	const struct kdf *k = arg;
	CLEANUP(buf_done) struct buf context = BUF_INIT(CONTEXT_MAX);
	struct span salt = {0};
	bool ok;

	cbw_array_n(&context, 4);
	if (k->alg == ENC_ECDH)
		cbw_int(&context, enc_content_cose(k->content));
	else
		cbw_int(&context,
			enc_alg_cose(k->alg == ENC_ECDH_A128KW ? ENC_A128KW : ENC_A256KW));
	ok = put_party(&context, k->header, PARTY_U) && put_party(&context, k->header, PARTY_V);
	cbw_array_n(&context, 2);
	cbw_uint(&context, len * 8);
	cbw_bytes(&context, k->header->protected);
	if (cose_param(k->header, SALT))
		ok = ok && cose_param_bytes(k->header, SALT, &salt);
	return ok && buf_ok(&context) ? enc_hkdf(z, salt, buf_span(&context), len, ret) : -EBADMSG;
}

/* [protected, unprotected, ciphertext]: no further layer of recipients. */
static enum fw_error read_recipients(struct cbr *c, struct message *m)
{
	cbr_array(c);
	for (; cbr_more(c); m->n++) {
		enum fw_error e;

		if (m->n == ARRAY_SIZE(m->recipients))
			return FWE_MANIFEST_DECRYPT_FAILED;
		cbr_array(c);
		e = cose_header_read(c, &m->recipients[m->n].header);
		if (e != FWE_OK)
			return e;
		if (cose_element(c) && cbr_peek(c) == CBR_NULL)
			(void)cbr_skip(c);
		else
			m->recipients[m->n].wrapped = cbr_bytes(c);
		if (cbr_more(c))
			return FWE_MANIFEST_ENC_NOT_ALLOWED;
	}
	return c->err || m->n == 0 ? FWE_MANIFEST_CBOR_INVALID : FWE_OK;
}

static enum fw_error read_message(struct cbr *c, struct message *m)
{
	bool detached = false;
	enum fw_error e;

	cbr_array(c);
	e = cose_header_read(c, &m->body);
	if (e != FWE_OK)
		return e;
	if (cose_element(c) && cbr_peek(c) == CBR_NULL) {
		detached = true;
		(void)cbr_skip(c);
	} else {
		m->ciphertext = cbr_bytes(c);
	}
	if (m->kind == COSE_ENCRYPT && cose_element(c))
		e = read_recipients(c, m);
	if (e == FWE_OK && (c->err || cbr_more(c) || cbr_close(c) != CBR_OK))
		e = FWE_MANIFEST_CBOR_INVALID;
	return e == FWE_OK && detached ? FWE_MANIFEST_FORMAT_UNKNOWN : e;
}

static bool read_alg(const struct cose_header *h, enum enc_alg *ret)
{
	int64_t number;

	return cose_param_int(h, COSE_ALG, &number) && enc_alg_from_cose(number, ret);
}

/* RFC 9053 6.1, 6.2: nothing protects the header of a recipient that agrees on no key, so none of
 * it may say that it is protected; and one of direct use or agreement is the only recipient. */
static enum fw_error check_recipient(const struct message *m, const struct cose_header *h)
{
	enum enc_alg alg;

	if (!read_alg(h, &alg))
		return FWE_OK;
	if (!enc_alg_agrees(alg) && h->protected.len > 0)
		return FWE_MANIFEST_HEADER_INVALID;
	return enc_alg_wrap_len(alg) == 0 && m->n > 1 ? FWE_MANIFEST_ENC_NOT_ALLOWED : FWE_OK;
}

static enum fw_error check(struct message *m)
{
	const struct cose_param *alg = cose_param(&m->body, COSE_ALG);
	enum fw_error e = cose_header_check(&m->body, NULL);
	int64_t number;

	for (size_t i = 0; i < m->n && e == FWE_OK; i++)
		e = cose_header_check(&m->recipients[i].header, NULL);
	if (e != FWE_OK)
		return e;
	if (!alg)
		return FWE_MANIFEST_HEADER_INVALID;
	if (!alg->protected)
		return FWE_MANIFEST_ALG_UNPROTECTED;
	for (size_t i = 0; i < m->n && e == FWE_OK; i++)
		e = check_recipient(m, &m->recipients[i].header);
	if (e != FWE_OK)
		return e;
	return cose_param_int(&m->body, COSE_ALG, &number) &&
			       enc_content_from_cose(number, &m->content)
		       ? FWE_OK
		       : FWE_MANIFEST_ENC_NOT_ALLOWED;
}

/* RFC 9052 5.3. */
static void put_aad(struct buf *out, enum cose_kind kind, struct span protected,
		    struct span external_aad)
{
	cbw_array_n(out, 3);
	cbw_str(out, kind == COSE_ENCRYPT0 ? "Encrypt0" : "Encrypt");
	cbw_bytes(out, protected);
	cbw_bytes(out, external_aad);
}

static int content_key(const struct message *m, const struct cose_header *h, struct span wrapped,
		       const struct enc_key *k, struct secret *ret)
{
	CLEANUP(buf_done) struct buf x = BUF_INIT(EC_WIDTH_MAX), y = BUF_INIT(EC_WIDTH_MAX);
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	const struct kdf params = {m->content, enc_key_alg(k), h};
	const struct enc_kdf kdf = {derive, &params};
	const struct cose_param *epk = cose_param(h, COSE_EPHEMERAL_KEY);
	struct enc_point point = {0};
	const char *why;

	if (enc_alg_agrees(enc_key_alg(k)) &&
	    (!epk || cose_key_to_jwk(epk->value, &jwk, &why) != JWK_OK ||
	     !enc_point_read(jwk, &x, &y, &point)))
		return -EBADMSG;
	return enc_key_receive(k, &point, &kdf, wrapped, enc_content_key_len(m->content), ret);
}

static int decrypt(const struct message *m, struct span external_aad, const struct cose_header *h,
		   struct span wrapped, const struct enc_key *k, struct buf *ret)
{
	CLEANUP(secret_wipe) struct secret key = {0};
	CLEANUP(buf_done) struct buf aad = BUF_INIT(2 * COSE_BYTES_MAX);
	struct span iv;
	int r = cose_param_bytes(&m->body, COSE_IV, &iv) ? content_key(m, h, wrapped, k, &key)
							 : -EBADMSG;

	if (r < 0)
		return r;
	put_aad(&aad, m->kind, m->body.protected, external_aad);
	return buf_ok(&aad) ? enc_open(m->content, secret_span(&key), iv, buf_span(&aad),
				       m->ciphertext, ret)
			    : -ENOMEM;
}

/* The keys that the header's kid names, or without one those of the algorithm. */
static enum fw_error try_keys(const struct message *m, struct span external_aad,
			      const struct cose_header *h, struct span wrapped, enum enc_alg alg,
			      const struct enc_ring *ring, struct buf *ret)
{
	CLEANUP(buf_done) struct buf kid = BUF_INIT(2 * COSE_KID_MAX);
	const bool named = cose_param(h, COSE_KID);
	enum fw_error answer = FWE_MANIFEST_DECRYPT_FAILED;
	struct span octets;

	if (named && (!cose_param_bytes(h, COSE_KID, &octets) || octets.len > COSE_KID_MAX))
		return FWE_MANIFEST_DECRYPT_FAILED;
	if (named)
		b64_encode(octets, &kid);
	for (size_t i = 0; ring && i < ring->n; i++) {
		const struct enc_key *k = ring->keys[i];
		int r;

		if (named && !span_is(buf_span(&kid), enc_key_kid(k)))
			continue;
		if (enc_key_alg(k) != alg) {
			if (named)
				answer = FWE_MANIFEST_ENC_NOT_ALLOWED;
			continue;
		}
		r = decrypt(m, external_aad, h, wrapped, k, ret);
		if (r != -EBADMSG)
			return r == 0 ? FWE_OK : FWE_INTERNAL;
	}
	return answer;
}

static enum fw_error try_recipients(const struct message *m, struct span external_aad,
				    const struct enc_ring *ring, struct buf *ret)
{
	enum fw_error answer = FWE_OK;

	if (m->kind == COSE_ENCRYPT0)
		return try_keys(m, external_aad, &m->body, (struct span){0}, ENC_DIR, ring, ret);
	for (size_t i = 0; i < m->n; i++) {
		const struct cose_header *h = &m->recipients[i].header;
		enum fw_error e = FWE_MANIFEST_ENC_NOT_ALLOWED;
		enum enc_alg alg;

		if (read_alg(h, &alg))
			e = try_keys(m, external_aad, h, m->recipients[i].wrapped, alg, ring, ret);
		if (e == FWE_OK || e == FWE_INTERNAL)
			return e;
		if (answer != FWE_MANIFEST_DECRYPT_FAILED)
			answer = e;
	}
	return answer;
}

enum fw_error cose_decrypt(struct span octets, struct span external_aad,
			   const struct enc_ring *ring, struct buf *ret)
{
	CLEANUP(message_freep) struct message *m = calloc(1, sizeof(*m));
	struct buf plaintext = {.max = octets.len, .secret = true};
	enum fw_error e;
	struct cbr c;

	if (!m)
		return FWE_INTERNAL;
	e = cose_open(&c, octets, &m->octets, &m->kind);
	if (e == FWE_OK && m->kind != COSE_ENCRYPT0 && m->kind != COSE_ENCRYPT)
		e = FWE_MANIFEST_FORMAT_UNKNOWN;
	if (e == FWE_OK)
		e = read_message(&c, m);
	if (e == FWE_OK)
		e = check(m);
	if (e == FWE_OK)
		e = try_recipients(m, external_aad, ring, &plaintext);
	if (e == FWE_OK)
		*ret = plaintext;
	else
		buf_done(&plaintext);
	return e;
}

static void put_point(struct buf *out, const struct enc_point *p)
{
	const bool ec2 = p->curve == EC_P256;

	cbw_map_n(out, ec2 ? 4 : 3);
	cbw_int(out, 1);
	cbw_int(out, ec2 ? 2 : 1);
	cbw_int(out, -1);
	cbw_int(out, ec2 ? 1 : 4);
	cbw_int(out, -2);
	cbw_bytes(out, p->x);
	if (ec2) {
		cbw_int(out, -3);
		cbw_bytes(out, p->y);
	}
}

/* {1: alg}: the protected header of the content, and of a recipient that agrees on a key. */
static void put_alg(struct buf *out, int64_t number)
{
	cbw_map_n(out, 1);
	cbw_uint(out, COSE_ALG);
	cbw_int(out, number);
}

/* The one recipient, whose key goes to *key or is taken from there. */
static int put_recipient(const struct enc_key *k, enum enc_content content, struct span kid,
			 struct secret *key, struct buf *out)
{
	CLEANUP(enc_key_freep) struct enc_key *ephemeral = NULL;
	CLEANUP(buf_done) struct buf protected = BUF_INIT(64), wrapped = BUF_INIT(2 * SECRET_MAX);
	const bool agrees = enc_alg_agrees(enc_key_alg(k));
	struct cose_header header = {0};
	const struct kdf params = {content, enc_key_alg(k), &header};
	const struct enc_kdf kdf = {derive, &params};
	struct enc_point point;
	int r = 0;

	if (agrees) {
		put_alg(&protected, enc_alg_cose(enc_key_alg(k)));
		header.protected = buf_span(&protected);
		r = enc_key_ephemeral(k, &ephemeral);
	}
	if (r == 0)
		r = enc_key_send(k, ephemeral, &kdf, enc_content_key_len(content), key, &wrapped);
	if (r < 0)
		return r;
	cbw_array_n(out, 3);
	cbw_bytes(out, buf_span(&protected));
	cbw_map_n(out, 2);
	if (agrees) {
		point = enc_key_point(ephemeral);
		cbw_int(out, COSE_EPHEMERAL_KEY);
		put_point(out, &point);
	} else {
		cbw_uint(out, COSE_ALG);
		cbw_int(out, enc_alg_cose(enc_key_alg(k)));
	}
	cbw_uint(out, COSE_KID);
	cbw_bytes(out, kid);
	cbw_bytes(out, buf_span(&wrapped));
	return buf_ok(&protected) && buf_ok(out) ? 0 : -ENOMEM;
}

int cose_encrypt(const struct enc_key *k, enum enc_content content, struct span external_aad,
		 struct span plaintext, struct buf *out)
{
	const enum cose_kind kind = enc_key_alg(k) == ENC_DIR ? COSE_ENCRYPT0 : COSE_ENCRYPT;
	CLEANUP(secret_wipe) struct secret key = {.len = enc_content_key_len(content)};
	CLEANUP(buf_done) struct buf kid = BUF_INIT(COSE_KID_MAX), protected = BUF_INIT(64);
	CLEANUP(buf_done) struct buf aad = BUF_INIT(2 * COSE_BYTES_MAX), recipient = BUF_INIT(1024);
	CLEANUP(buf_done) struct buf sealed = BUF_INIT(plaintext.len + ENC_TAG_LEN);
	uint8_t iv[ENC_IV_LEN];
	int r;

	if (b64_decode(span_str(enc_key_kid(k)), &kid) < 0)
		return -EINVAL;
	rng_fill(key.b, key.len);
	rng_fill(iv, sizeof(iv));
	put_alg(&protected, enc_content_cose(content));
	put_aad(&aad, kind, buf_span(&protected), external_aad);
	r = kind == COSE_ENCRYPT ? put_recipient(k, content, buf_span(&kid), &key, &recipient)
				 : enc_key_send(k, NULL, NULL, key.len, &key, &recipient);
	if (r == 0 && (!buf_ok(&protected) || !buf_ok(&aad)))
		r = -ENOMEM;
	if (r == 0)
		r = enc_seal(content, secret_span(&key), span_of(iv, sizeof(iv)), buf_span(&aad),
			     plaintext, &sealed);
	if (r < 0)
		return r;
	cbw_tag(out, kind);
	cbw_array_n(out, kind == COSE_ENCRYPT ? 4 : 3);
	cbw_bytes(out, buf_span(&protected));
	cbw_map_n(out, kind == COSE_ENCRYPT ? 1 : 2);
	if (kind == COSE_ENCRYPT0) {
		cbw_uint(out, COSE_KID);
		cbw_bytes(out, buf_span(&kid));
	}
	cbw_uint(out, COSE_IV);
	cbw_bytes(out, span_of(iv, sizeof(iv)));
	cbw_bytes(out, buf_span(&sealed));
	if (kind == COSE_ENCRYPT)
		cbw_array_n(out, 1);
	buf_put(out, buf_span(&recipient));
	return buf_ok(out) ? 0 : -ENOMEM;
}

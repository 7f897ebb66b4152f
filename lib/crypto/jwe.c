#include "crypto/jwe.h"

#include "codec/b64.h"
#include "crypto/jose.h"

#define HEADER_DEPTH_MAX 16u
#define PARTY_MAX        ((size_t)256) /* octets of apu and apv */

struct jwe {
	struct span protected_text, aad_text, iv_text, ciphertext_text, tag_text;
	bool has_aad;
	struct jsn *protected; /* owned */
	const struct jsn *shared;
	const struct jsn *recipients; /* array, or NULL: one */
	const struct jsn *own;        /* of the one */
	struct span key_text;         /* of the one */
	struct buf iv, sealed;
	bool is_gcm; /* by the lengths of IV and tag */
};

static void jwe_done(struct jwe *j)
{
	j->protected = jsn_free(j->protected);
	buf_done(&j->iv);
	buf_done(&j->sealed);
}

int jwe_derive(const void *jwe_kdf, struct span z, size_t len, struct secret *ret)
{
	const struct jwe_kdf *kdf = jwe_kdf;

	return enc_concat_kdf(z, kdf->alg, kdf->apu, kdf->apv, len, ret);
}

static bool read_compact(struct span text, struct jwe *j)
{
	j->protected_text = span_cut(&text, '.');
	j->key_text = span_cut(&text, '.');
	j->iv_text = span_cut(&text, '.');
	j->ciphertext_text = span_cut(&text, '.');
	j->tag_text = text;
	return text.ptr && !memchr(text.ptr, '.', text.len);
}

/* A member that is a text where it is there at all. */
static bool read_text(const struct jsn *object, const char *name, struct span *ret)
{
	const struct jsn *v = jsn_get(object, name);

	*ret = jsn_text(v);
	return !v || jsn_type(v) == JSN_TEXT;
}

/* Objects, as many as there may be. */
static bool are_recipients(const struct jsn *list)
{
	struct span key;

	if (jsn_type(list) != JSN_ARRAY || jsn_len(list) == 0 || jsn_len(list) > JWE_RECIPIENTS_MAX)
		return false;
	for (size_t i = 0; i < jsn_len(list); i++) {
		if (jsn_type(jsn_at(list, i)) != JSN_OBJECT ||
		    !read_text(jsn_at(list, i), "encrypted_key", &key))
			return false;
	}
	return true;
}

static bool read_json(const struct jsn *root, struct jwe *j)
{
	const struct jsn *list = jsn_get(root, "recipients");

	if (list &&
	    (!are_recipients(list) || jsn_get(root, "header") || jsn_get(root, "encrypted_key")))
		return false;
	j->recipients = list;
	j->shared = jsn_get(root, "unprotected");
	j->own = jsn_get(root, "header");
	j->has_aad = jsn_get(root, "aad");
	return read_text(root, "protected", &j->protected_text) &&
	       read_text(root, "encrypted_key", &j->key_text) &&
	       read_text(root, "iv", &j->iv_text) && read_text(root, "aad", &j->aad_text) &&
	       read_text(root, "ciphertext", &j->ciphertext_text) &&
	       read_text(root, "tag", &j->tag_text);
}

/* Strict base64url of each part, the protected header among them; tag behind ciphertext. */
static bool decode_parts(struct jwe *j)
{
	CLEANUP(buf_done) struct buf header = BUF_INIT(j->protected_text.len);
	CLEANUP(buf_done) struct buf aad = BUF_INIT(j->aad_text.len);
	const struct jsn_limits limits = {j->protected_text.len, HEADER_DEPTH_MAX};
	size_t ciphertext_len;

	j->iv = BUF_INIT(j->iv_text.len);
	j->sealed = BUF_INIT(j->ciphertext_text.len + j->tag_text.len);
	if (b64_decode(j->protected_text, &header) < 0 || b64_decode(j->aad_text, &aad) < 0 ||
	    b64_decode(j->iv_text, &j->iv) < 0 || b64_decode(j->ciphertext_text, &j->sealed) < 0)
		return false;
	ciphertext_len = j->sealed.len;
	if (b64_decode(j->tag_text, &j->sealed) < 0)
		return false;
	j->is_gcm = j->iv.len == ENC_IV_LEN && j->sealed.len - ciphertext_len == ENC_TAG_LEN;
	return header.len == 0 || (jsn_parse(buf_span(&header), &limits, &j->protected) == JSN_OK &&
				   jsn_type(j->protected) == JSN_OBJECT);
}

/* Of the recipient that `h` is about. */
struct recipient {
	struct jose_header header;
	struct span key_text;
	enum fw_error fault; /* of the header */
	enum enc_alg alg;    /* where it has none */
	enum enc_content content;
};

static struct recipient recipient_at(const struct jwe *j, size_t i)
{
	const struct jsn *v = jsn_at(j->recipients, i);

	return (struct recipient){
		.header = {.protected = j->protected,
			   .shared = j->shared,
			   .own = j->recipients ? jsn_get(v, "header") : j->own},
		.key_text = j->recipients ? jsn_text(jsn_get(v, "encrypted_key")) : j->key_text,
	};
}

/* An ephemeral key on a curve that we do not have is as good as another algorithm. */
static bool has_curve(const struct jose_header *h)
{
	const struct jsn *crv = jsn_get(jose_param(h, "epk"), "crv");

	return !crv || span_is(jsn_text(crv), "P-256") || span_is(jsn_text(crv), "X25519");
}

static enum fw_error check_header(struct recipient *r)
{
	const struct jose_header *h = &r->header;

	if (!jose_is_sound(h))
		return FWE_MANIFEST_DECRYPT_FAILED;
	if (!enc_alg_from_name(jsn_text(jose_param(h, "alg")), &r->alg) ||
	    !enc_content_from_name(jsn_text(jose_param(h, "enc")), &r->content) || !has_curve(h))
		return FWE_MANIFEST_ENC_NOT_ALLOWED;
	if (jose_param(h, "zip"))
		return FWE_MANIFEST_ZIP_UNSUPPORTED;
	return jose_brings_key(h) ? FWE_MANIFEST_KEY_EMBEDDED : jose_check_crit(h);
}

/* A PartyInfo that is not there is empty (RFC 7518 4.6.2). */
static bool read_party(const struct jose_header *h, const char *name, struct buf *ret)
{
	const struct jsn *v = jose_param(h, name);

	return !v || (jsn_type(v) == JSN_TEXT && b64_decode(jsn_text(v), ret) == 0);
}

static int content_key(const struct recipient *r, const struct enc_key *k, struct secret *ret)
{
	CLEANUP(buf_done) struct buf x = BUF_INIT(EC_WIDTH_MAX), y = BUF_INIT(EC_WIDTH_MAX);
	CLEANUP(buf_done) struct buf apu = BUF_INIT(PARTY_MAX), apv = BUF_INIT(PARTY_MAX);
	CLEANUP(buf_done) struct buf wrapped = BUF_INIT(2 * SECRET_MAX);
	const struct jose_header *h = &r->header;
	const char *id =
		enc_alg_wrap_len(r->alg) > 0 ? enc_alg_name(r->alg) : enc_content_name(r->content);
	struct enc_point epk = {0};
	struct jwe_kdf params = {.alg = span_str(id)};
	const struct enc_kdf kdf = {jwe_derive, &params};

	if (b64_decode(r->key_text, &wrapped) < 0)
		return -EBADMSG;
	if (enc_alg_agrees(r->alg)) {
		if (!enc_point_read(jose_param(h, "epk"), &x, &y, &epk) ||
		    !read_party(h, "apu", &apu) || !read_party(h, "apv", &apv))
			return -EBADMSG;
		params.apu = buf_span(&apu);
		params.apv = buf_span(&apv);
	}
	return enc_key_receive(k, &epk, &kdf, buf_span(&wrapped), enc_content_key_len(r->content),
			       ret);
}

/* RFC 7516 5.2: with this key. */
static int decrypt(const struct jwe *j, const struct recipient *r, const struct enc_key *k,
		   struct buf *ret)
{
	CLEANUP(secret_wipe) struct secret key = {0};
	CLEANUP(buf_done) struct buf aad = BUF_INIT(j->protected_text.len + j->aad_text.len + 1);
	int e = j->is_gcm ? content_key(r, k, &key) : -EBADMSG;

	if (e < 0)
		return e;
	buf_put(&aad, j->protected_text);
	if (j->has_aad) {
		buf_put_byte(&aad, '.');
		buf_put(&aad, j->aad_text);
	}
	if (!buf_ok(&aad))
		return -ENOMEM;
	return enc_open(r->content, secret_span(&key), buf_span(&j->iv), buf_span(&aad),
			buf_span(&j->sealed), ret);
}

/* The keys that the recipient's kid names, or without one those of its algorithm. */
static enum fw_error try_keys(const struct jwe *j, const struct recipient *r,
			      const struct enc_ring *ring, struct buf *ret)
{
	const struct jsn *kid = jose_param(&r->header, "kid");
	enum fw_error answer = FWE_MANIFEST_DECRYPT_FAILED;

	for (size_t i = 0; ring && i < ring->n; i++) {
		const struct enc_key *k = ring->keys[i];
		int e;

		if (kid && !span_is(jsn_text(kid), enc_key_kid(k)))
			continue;
		if (enc_key_alg(k) != r->alg) {
			if (kid)
				answer = FWE_MANIFEST_ENC_NOT_ALLOWED;
			continue;
		}
		e = decrypt(j, r, k, ret);
		if (e != -EBADMSG)
			return e == 0 ? FWE_OK : FWE_INTERNAL;
	}
	return answer;
}

static struct span enc_of(const struct recipient *r)
{
	return jsn_text(jose_param(&r->header, "enc"));
}

/* Algorithms of one are its own affair, any other fault of one is a fault of all, and the content
 * is encrypted once: for all alike (RFC 7516 7.2.1). */
static enum fw_error try_recipients(const struct jwe *j, const struct enc_ring *ring,
				    struct buf *ret)
{
	const size_t n = j->recipients ? jsn_len(j->recipients) : 1;
	struct recipient all[JWE_RECIPIENTS_MAX];
	enum fw_error answer = FWE_OK;

	for (size_t i = 0; i < n; i++) {
		all[i] = recipient_at(j, i);
		all[i].fault = check_header(&all[i]);
		if (all[i].fault != FWE_OK && all[i].fault != FWE_MANIFEST_ENC_NOT_ALLOWED)
			return all[i].fault;
	}
	for (size_t i = 1; i < n; i++) {
		if (!span_eq(enc_of(&all[i]), enc_of(&all[0])))
			return FWE_MANIFEST_DECRYPT_FAILED;
	}
	for (size_t i = 0; i < n; i++) {
		enum fw_error e = all[i].fault;

		if (e == FWE_OK)
			e = try_keys(j, &all[i], ring, ret);
		if (e == FWE_OK || e == FWE_INTERNAL)
			return e;
		if (answer != FWE_MANIFEST_DECRYPT_FAILED)
			answer = e;
	}
	return answer;
}

enum fw_error jwe_decrypt(struct span text, const struct jsn *root, const struct enc_ring *ring,
			  struct buf *ret)
{
	CLEANUP(jwe_done) struct jwe j = {0};
	struct buf plaintext = {.secret = true};
	enum fw_error e;

	if (!(root ? read_json(root, &j) : read_compact(text, &j)) || !decode_parts(&j))
		return FWE_MANIFEST_DECRYPT_FAILED;
	plaintext.max = j.sealed.len;
	e = try_recipients(&j, ring, &plaintext);
	if (e == FWE_OK)
		*ret = plaintext;
	else
		buf_done(&plaintext);
	return e;
}

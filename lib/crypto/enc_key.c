#include "crypto/enc_key.h"

#include "codec/b64.h"
#include "crypto/cose_key.h"
#include "crypto/rng.h"

#define WIDTH ((size_t)32) /* of every coordinate and private value in here */

struct enc_key {
	enum enc_alg alg;
	enum ec_curve curve; /* of ECDH-ES */
	bool has_secret;
	struct secret secret;       /* symmetric key, or d */
	uint8_t x[WIDTH], y[WIDTH]; /* of ECDH-ES; X25519 has no y */
	char kid[JWK_KID_MAX + 1];
};

/* A JWK says `dir`, or the one content algorithm that it is for (RFC 7520 5.6). */
static bool find_alg(struct span name, enum enc_alg *ret, size_t *ret_len)
{
	enum enc_content c;

	*ret_len = 0;
	if (enc_content_from_name(name, &c)) {
		*ret = ENC_DIR;
		*ret_len = enc_content_key_len(c);
		return true;
	}
	if (!enc_alg_from_name(name, ret))
		return false;
	*ret_len = enc_alg_agrees(*ret) ? 0 : enc_alg_wrap_len(*ret);
	return true;
}

static bool is_for_encryption(const struct jsn *jwk)
{
	static const char *const OPS[] = {"deriveKey", "deriveBits", "wrapKey",
					  "unwrapKey", "encrypt",    "decrypt"};
	const struct jsn *use = jsn_get(jwk, "use"), *ops = jsn_get(jwk, "key_ops");

	if (use && !span_is(jsn_text(use), "enc"))
		return false;
	for (size_t i = 0; i < jsn_len(ops); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(OPS); k++) {
			if (span_is(jsn_text(jsn_at(ops, i)), OPS[k]))
				return true;
		}
	}
	return !ops;
}

/* False: not base64url of 1 to SECRET_MAX octets. */
static bool read_number(const struct jsn *jwk, const char *name, struct secret *ret)
{
	CLEANUP(buf_done) struct buf b = {.max = KEY_PART_MAX, .secret = true};

	return b64_decode(jsn_text(jsn_get(jwk, name)), &b) == 0 && b.len > 0 &&
	       secret_set(ret, buf_span(&b));
}

static bool read_coordinate(const struct jsn *jwk, const char *name, uint8_t ret[WIDTH])
{
	struct secret s;

	if (!read_number(jwk, name, &s) || s.len != WIDTH)
		return false;
	memcpy(ret, s.b, WIDTH);
	return true;
}

/* What else a JWK says beside its numbers is not looked at. */
static bool find_curve(const struct jsn *jwk, enum ec_curve *ret)
{
	struct span kty = jsn_text(jsn_get(jwk, "kty")), crv = jsn_text(jsn_get(jwk, "crv"));

	if (span_is(kty, "EC") && span_is(crv, "P-256"))
		*ret = EC_P256;
	else if (span_is(kty, "OKP") && span_is(crv, "X25519"))
		*ret = EC_X25519;
	else
		return false;
	return true;
}

bool enc_point_read(const struct jsn *jwk, struct buf *x, struct buf *y, struct enc_point *ret)
{
	if (jwk_has_secret(jwk) || !find_curve(jwk, &ret->curve) ||
	    b64_decode(jsn_text(jsn_get(jwk, "x")), x) < 0 ||
	    (ret->curve == EC_P256 && b64_decode(jsn_text(jsn_get(jwk, "y")), y) < 0))
		return false;
	ret->x = buf_span(x);
	ret->y = buf_span(y);
	return true;
}

static enum jwk_fault read_pair(const struct jsn *jwk, struct enc_key *k, const char **ret_why)
{
	*ret_why = "curve is not supported";
	if (!find_curve(jwk, &k->curve))
		return JWK_UNSUPPORTED;
	*ret_why = "a coordinate is not 32 octets of base64url";
	if (!read_coordinate(jwk, "x", k->x) ||
	    (k->curve == EC_P256 && !read_coordinate(jwk, "y", k->y)))
		return JWK_INVALID;
	*ret_why = "the point is not on the curve";
	if (k->curve == EC_P256 &&
	    !ec_has_point(EC_P256, span_of(k->x, WIDTH), span_of(k->y, WIDTH)))
		return JWK_INVALID;
	*ret_why = "d is not 32 octets of base64url";
	k->has_secret = jsn_get(jwk, "d");
	return k->has_secret && (!read_number(jwk, "d", &k->secret) || k->secret.len != WIDTH)
		       ? JWK_INVALID
		       : JWK_OK;
}

static enum jwk_fault read_symmetric(const struct jsn *jwk, size_t len, struct enc_key *k,
				     const char **ret_why)
{
	*ret_why = "alg does not fit the key";
	if (!span_is(jsn_text(jsn_get(jwk, "kty")), "oct"))
		return JWK_INVALID;
	*ret_why = "k is missing or has a wrong length";
	k->has_secret = true;
	if (!read_number(jwk, "k", &k->secret))
		return JWK_INVALID;
	if (len > 0 ? k->secret.len != len : k->secret.len != 16 && k->secret.len != 32)
		return JWK_INVALID;
	return JWK_OK;
}

static enum jwk_fault read_kid(const struct jsn *jwk, struct enc_key *k, const char **ret_why)
{
	const struct jsn *kid = jsn_get(jwk, "kid");
	char thumbprint[JWK_THUMBPRINT_LEN + 1];

	*ret_why = "kid must be a text of 1 to 128 octets";
	if (!kid && jwk_thumbprint(jwk, thumbprint) < 0)
		return JWK_INVALID;
	if (!kid)
		memcpy(k->kid, thumbprint, sizeof(thumbprint));
	else if (jsn_text(kid).len == 0 || span_to_str(jsn_text(kid), k->kid, sizeof(k->kid)) < 0)
		return JWK_INVALID;
	return JWK_OK;
}

enum jwk_fault enc_key_import(const struct jsn *jwk, struct enc_key **ret, const char **ret_why)
{
	CLEANUP(enc_key_freep) struct enc_key *k = calloc(1, sizeof(*k));
	enum jwk_fault f;
	size_t len;

	if (!k)
		return JWK_NO_MEMORY;
	*ret_why = "a key for encryption must have alg";
	if (!jsn_get(jwk, "alg"))
		return JWK_INVALID;
	*ret_why = "alg is not supported";
	if (!find_alg(jsn_text(jsn_get(jwk, "alg")), &k->alg, &len))
		return JWK_UNSUPPORTED;
	*ret_why = "use or key_ops are not of a key for encryption";
	if (!is_for_encryption(jwk))
		return JWK_INVALID;
	f = enc_alg_agrees(k->alg) ? read_pair(jwk, k, ret_why)
				   : read_symmetric(jwk, len, k, ret_why);
	if (f == JWK_OK)
		f = read_kid(jwk, k, ret_why);
	if (f != JWK_OK)
		return f;
	*ret = k;
	k = NULL;
	return JWK_OK;
}

int enc_key_parse(struct span text, struct enc_key **ret, const char **ret_why)
{
	static const struct jsn_limits LIMITS = {.bytes = JWK_FILE_MAX, .depth = JWK_DEPTH_MAX};
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	enum jwk_fault f = JWK_OK;

	*ret_why = "neither a JWK nor a COSE_Key";
	if (text.len > 0 && text.ptr[0] >= 0x80)
		f = text.len > JWK_FILE_MAX ? JWK_INVALID : cose_key_to_jwk(text, &jwk, ret_why);
	else if (jsn_parse(text, &LIMITS, &jwk) != JSN_OK)
		f = JWK_INVALID;
	if (f == JWK_OK)
		f = enc_key_import(jwk, ret, ret_why);
	return f == JWK_OK ? 0 : f == JWK_NO_MEMORY ? -ENOMEM : -EBADMSG;
}

static int make_pair(struct enc_key *k)
{
	CLEANUP(key_freep) struct key *pair = NULL;
	CLEANUP(buf_done) struct buf room = {0};
	struct key_parts p;
	int r;

	if (k->curve == EC_X25519) {
		k->secret.len = WIDTH;
		rng_fill(k->secret.b, WIDTH);
		ec_x25519_public(k->secret.b, k->x);
		return 0;
	}
	if (k->curve != EC_P256)
		return -EINVAL;
	r = key_generate(KEY_P256, &pair);
	if (r == 0)
		r = key_private_parts(pair, &room, &p);
	if (r != 0)
		return r;
	memcpy(k->x, p.x.ptr, WIDTH);
	memcpy(k->y, p.y.ptr, WIDTH);
	return secret_set(&k->secret, p.d) ? 0 : -EIO;
}

int enc_key_generate(enum enc_alg alg, enum ec_curve curve, size_t len, struct enc_key **ret)
{
	CLEANUP(enc_key_freep) struct enc_key *k = calloc(1, sizeof(*k));
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	const char *why;
	int r = 0;

	if (!k)
		return -ENOMEM;
	k->alg = alg;
	k->curve = curve;
	k->has_secret = true;
	if (enc_alg_agrees(alg)) {
		r = make_pair(k);
	} else {
		k->secret.len = alg == ENC_DIR ? len : enc_alg_wrap_len(alg);
		if (k->secret.len != 16 && k->secret.len != 32)
			return -EINVAL;
		rng_fill(k->secret.b, k->secret.len);
	}
	if (r < 0)
		return r;
	jwk = enc_key_export(k, true); /* the import makes the kid */
	return jwk && enc_key_import(jwk, ret, &why) == JWK_OK ? 0 : -ENOMEM;
}

struct enc_key *enc_key_free(struct enc_key *k)
{
	if (k)
		secret_wipe(&k->secret);
	free(k);
	return NULL;
}

struct jsn *enc_key_export(const struct enc_key *k, bool with_secret)
{
	struct jsn *jwk;
	char thumbprint[JWK_THUMBPRINT_LEN + 1];

	if (!enc_alg_agrees(k->alg) && !with_secret)
		return NULL;
	jwk = jsn_new_object();
	if (!enc_alg_agrees(k->alg)) {
		jsn_set_str(jwk, "kty", "oct");
		jsn_set_b64(jwk, "k", secret_span(&k->secret));
	} else {
		jsn_set_str(jwk, "kty", k->curve == EC_P256 ? "EC" : "OKP");
		jsn_set_str(jwk, "crv", k->curve == EC_P256 ? "P-256" : "X25519");
		jsn_set_b64(jwk, "x", span_of(k->x, WIDTH));
		if (k->curve == EC_P256)
			jsn_set_b64(jwk, "y", span_of(k->y, WIDTH));
		if (with_secret && k->has_secret)
			jsn_set_b64(jwk, "d", secret_span(&k->secret));
	}
	jsn_set_str(jwk, "alg", enc_alg_name(k->alg));
	jsn_set_str(jwk, "use", "enc");
	if (jwk_thumbprint(jwk, thumbprint) < 0)
		return jsn_free(jwk);
	jsn_set_str(jwk, "kid", *k->kid ? k->kid : thumbprint);
	return jwk;
}

enum enc_alg enc_key_alg(const struct enc_key *k)
{
	return k->alg;
}

const char *enc_key_kid(const struct enc_key *k)
{
	return k->kid;
}

bool enc_key_is_secret(const struct enc_key *k)
{
	return k->has_secret;
}

/* The key that wraps, or the content key where nothing is wrapped. */
static int derive(const struct enc_key *own, const struct enc_point *theirs,
		  const struct enc_kdf *kdf, size_t len, struct secret *ret)
{
	uint8_t z[EC_SECRET_LEN];
	int r = -EBADMSG;

	if (own->has_secret && theirs->curve == own->curve &&
	    ec_agree(own->curve, secret_span(&own->secret), theirs->x, theirs->y, z))
		r = kdf->derive(kdf->arg, span_of(z, sizeof(z)), len, ret);
	explicit_bzero(z, sizeof(z));
	return r;
}

int enc_key_receive(const struct enc_key *k, const struct enc_point *epk, const struct enc_kdf *kdf,
		    struct span wrapped, size_t len, struct secret *ret)
{
	CLEANUP(secret_wipe) struct secret kek = k->secret, key = {0};
	const size_t wrap_len = enc_alg_wrap_len(k->alg);
	int r = k->has_secret ? 0 : -EBADMSG;

	if (r == 0 && enc_alg_agrees(k->alg))
		r = derive(k, epk, kdf, wrap_len > 0 ? wrap_len : len, &kek);
	if (r == 0 && wrap_len > 0)
		r = enc_unwrap(secret_span(&kek), wrapped, &key);
	else if (r == 0)
		key = kek;
	if (r == 0 && (key.len != len || (wrap_len == 0 && wrapped.len > 0)))
		r = -EBADMSG;
	if (r == 0)
		*ret = key;
	return r;
}

int enc_key_ephemeral(const struct enc_key *k, struct enc_key **ret)
{
	return enc_alg_agrees(k->alg) ? enc_key_generate(k->alg, k->curve, 0, ret) : -EINVAL;
}

struct enc_point enc_key_point(const struct enc_key *k)
{
	return (struct enc_point){
		.curve = k->curve,
		.x = span_of(k->x, WIDTH),
		.y = span_of(k->y, k->curve == EC_P256 ? WIDTH : 0),
	};
}

int enc_key_send(const struct enc_key *k, const struct enc_key *ephemeral,
		 const struct enc_kdf *kdf, size_t len, struct secret *key, struct buf *out)
{
	CLEANUP(secret_wipe) struct secret kek = k->secret;
	const size_t wrap_len = enc_alg_wrap_len(k->alg);
	const struct enc_point theirs = enc_key_point(k);
	int r = 0;

	if (enc_alg_agrees(k->alg))
		r = derive(ephemeral, &theirs, kdf, wrap_len > 0 ? wrap_len : len, &kek);
	if (r < 0)
		return r;
	if (wrap_len > 0)
		return enc_wrap(secret_span(&kek), key, out);
	if (kek.len != len)
		return -EINVAL;
	*key = kek;
	return 0;
}

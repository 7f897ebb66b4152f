#include "crypto/jwk.h"

#include "codec/b64.h"
#include "crypto/hash.h"

#define TYPE_BIT(t) (1u << (t))
#define TYPE_EC     (TYPE_BIT(KEY_P256) | TYPE_BIT(KEY_P384))
#define TYPE_OKP    TYPE_BIT(KEY_ED25519)
#define TYPE_RSA    TYPE_BIT(KEY_RSA)
#define TYPE_HSS    TYPE_BIT(KEY_HSS)

static const struct {
	const char *kty, *crv;
} NAMES[KEY_TYPES] = {
	[KEY_P256] = {"EC",      "P-256"  },
          [KEY_P384] = {"EC",      "P-384"  },
	[KEY_ED25519] = {"OKP",     "Ed25519"},
          [KEY_RSA] = {"RSA",     NULL     },
	[KEY_HSS] = {"HSS-LMS", NULL     }, /* private to us: no name is registered */
};

/* RFC 7518 6.2, 6.3; RFC 8037 2; `pub` as in RFC 8778 5. */
static const struct member {
	const char *name;
	size_t offset; /* of the span in struct key_parts */
	unsigned types;
	bool secret;
} MEMBERS[] = {
	{"x",   offsetof(struct key_parts, x),   TYPE_EC | TYPE_OKP,            false},
	{"y",   offsetof(struct key_parts, y),   TYPE_EC,                       false},
	{"n",   offsetof(struct key_parts, n),   TYPE_RSA,                      false},
	{"e",   offsetof(struct key_parts, e),   TYPE_RSA,                      false},
	{"pub", offsetof(struct key_parts, pub), TYPE_HSS,                      false},
	{"d",   offsetof(struct key_parts, d),   TYPE_EC | TYPE_OKP | TYPE_RSA, true },
	{"p",   offsetof(struct key_parts, p),   TYPE_RSA,                      true },
	{"q",   offsetof(struct key_parts, q),   TYPE_RSA,                      true },
	{"dp",  offsetof(struct key_parts, dp),  TYPE_RSA,                      true },
	{"dq",  offsetof(struct key_parts, dq),  TYPE_RSA,                      true },
	{"qi",  offsetof(struct key_parts, qi),  TYPE_RSA,                      true },
};

struct numbers {
	struct buf b[ARRAY_SIZE(MEMBERS)];
};

static void numbers_done(struct numbers *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(n->b); i++)
		buf_done(&n->b[i]);
}

static struct span *span_at(struct key_parts *p, const struct member *m)
{
	return (struct span *)(void *)((char *)p + m->offset);
}

bool jwk_has_secret(const struct jsn *jwk)
{
	static const char *const SECRET[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

	for (size_t i = 0; i < ARRAY_SIZE(SECRET); i++) {
		if (jsn_get(jwk, SECRET[i]))
			return true;
	}
	return false;
}

static enum jwk_fault find_type(const struct jsn *jwk, enum key_type *ret, const char **ret_why)
{
	struct span kty = jsn_text(jsn_get(jwk, "kty")), crv = jsn_text(jsn_get(jwk, "crv"));

	*ret_why = "kty is missing";
	if (jsn_type(jwk) != JSN_OBJECT || kty.len == 0)
		return JWK_INVALID;
	for (unsigned t = 0; t < KEY_TYPES; t++) {
		if (span_is(kty, NAMES[t].kty) && (!NAMES[t].crv || span_is(crv, NAMES[t].crv))) {
			*ret = (enum key_type)t;
			return JWK_OK;
		}
	}
	*ret_why = "kty or crv is not supported";
	return JWK_UNSUPPORTED;
}

static bool has_text(const struct jsn *array, const char *text)
{
	for (size_t i = 0; i < jsn_len(array); i++) {
		if (span_is(jsn_text(jsn_at(array, i)), text))
			return true;
	}
	return false;
}

/* RFC 7517 4.2 to 4.4: is this key meant for our signatures? */
static enum jwk_fault check_purpose(const struct jsn *jwk, enum key_type type, const char *op,
				    const char **ret_why)
{
	const struct jsn *use = jsn_get(jwk, "use"), *ops = jsn_get(jwk, "key_ops"),
			 *alg = jsn_get(jwk, "alg");
	enum sig_alg known;

	*ret_why = "use is not sig";
	if (use && !span_is(jsn_text(use), "sig"))
		return JWK_INVALID;
	*ret_why = "key_ops does not allow it";
	if (ops && (jsn_type(ops) != JSN_ARRAY || !has_text(ops, op)))
		return JWK_INVALID;
	if (!alg)
		return JWK_OK;
	*ret_why = "alg does not fit the key";
	if (jsn_type(alg) != JSN_TEXT)
		return JWK_INVALID;
	if (!sig_alg_from_name(jsn_text(alg), &known)) {
		*ret_why = "alg is not supported";
		return JWK_UNSUPPORTED;
	}
	return sig_alg_key(known) == type ? JWK_OK : JWK_INVALID;
}

static enum jwk_fault read_kid(const struct jsn *jwk, struct key **k, const char **ret_why)
{
	const struct jsn *kid = jsn_get(jwk, "kid");

	if (!kid || key_set_kid(*k, jsn_text(kid)))
		return JWK_OK;
	*ret_why = "kid must be a text of 1 to 128 octets";
	*k = key_free(*k);
	return JWK_INVALID;
}

static enum jwk_fault import(const struct jsn *jwk, bool private, struct key **ret,
			     const char **ret_why)
{
	CLEANUP(numbers_done) struct numbers numbers = {0};
	struct key_parts parts = {0};
	enum jwk_fault f = find_type(jwk, &parts.type, ret_why);
	int r;

	if (f == JWK_OK)
		f = check_purpose(jwk, parts.type, private ? "sign" : "verify", ret_why);
	if (f != JWK_OK)
		return f;
	*ret_why = "a number is missing or not base64url";
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		if ((MEMBERS[i].types & TYPE_BIT(parts.type)) == 0 ||
		    (MEMBERS[i].secret && !private))
			continue;
		numbers.b[i] = (struct buf){.max = KEY_PART_MAX, .secret = MEMBERS[i].secret};
		if (b64_decode(jsn_text(jsn_get(jwk, MEMBERS[i].name)), &numbers.b[i]) < 0 ||
		    numbers.b[i].len == 0)
			return JWK_INVALID;
		*span_at(&parts, &MEMBERS[i]) = buf_span(&numbers.b[i]);
	}
	r = key_import(&parts, ret, ret_why);
	return r == -ENOMEM ? JWK_NO_MEMORY : r < 0 ? JWK_INVALID : read_kid(jwk, ret, ret_why);
}

enum jwk_fault jwk_import(const struct jsn *jwk, struct key **ret, const char **ret_why)
{
	*ret_why = "secret numbers where a public key belongs";
	return jwk_has_secret(jwk) ? JWK_PRIVATE : import(jwk, false, ret, ret_why);
}

enum jwk_fault jwk_import_private(const struct jsn *jwk, struct key **ret, const char **ret_why)
{
	return import(jwk, true, ret, ret_why);
}

static struct jsn *export(const struct key_parts *parts, const struct key *k)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jsn_new_object();
	char thumbprint[JWK_THUMBPRINT_LEN + 1];
	struct key_parts p = *parts;

	jsn_set_str(jwk, "kty", NAMES[p.type].kty);
	if (NAMES[p.type].crv)
		jsn_set_str(jwk, "crv", NAMES[p.type].crv);
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		struct span number = *span_at(&p, &MEMBERS[i]);

		if ((MEMBERS[i].types & TYPE_BIT(p.type)) != 0 && number.len > 0)
			jsn_set_b64(jwk, MEMBERS[i].name, number);
	}
	jsn_set_str(jwk, "alg", sig_alg_name(key_alg(k)));
	jsn_set_str(jwk, "use", "sig");
	if (jwk_thumbprint(jwk, thumbprint) < 0)
		return NULL;
	jsn_set_str(jwk, "kid", *key_kid(k) ? key_kid(k) : thumbprint);
	struct jsn *out = jwk;
	jwk = NULL;
	return out;
}

struct jsn *jwk_export(const struct key *k)
{
	struct key_parts parts = key_public_parts(k);

	return export(&parts, k);
}

struct jsn *jwk_export_private(const struct key *k)
{
	struct buf room = {0};
	struct key_parts parts;
	struct jsn *out = NULL;

	if (key_private_parts(k, &room, &parts) == 0)
		out = export(&parts, k);
	buf_done(&room);
	return out;
}

static int put_digest(struct span text, char ret[JWK_THUMBPRINT_LEN + 1])
{
	struct buf out = BUF_INIT(JWK_THUMBPRINT_LEN + 1);
	uint8_t digest[HASH_MAX];
	int r = hash_once(HASH_SHA256, text, digest);

	if (r == 0) {
		b64_encode(span_of(digest, hash_len(HASH_SHA256)), &out);
		r = buf_ok(&out) ? span_to_str(buf_span(&out), ret, JWK_THUMBPRINT_LEN + 1)
				 : -ENOMEM;
	}
	buf_done(&out);
	return r;
}

/* No thumbprint is defined for HSS: the digest of the public key itself. */
static int hss_thumbprint(const struct jsn *jwk, char ret[JWK_THUMBPRINT_LEN + 1])
{
	struct buf pub = BUF_INIT(KEY_PART_MAX);
	int r = b64_decode(jsn_text(jsn_get(jwk, "pub")), &pub);

	r = r < 0 || pub.len == 0 ? -EINVAL : put_digest(buf_span(&pub), ret);
	buf_done(&pub);
	return r;
}

int jwk_thumbprint(const struct jsn *jwk, char ret[JWK_THUMBPRINT_LEN + 1])
{
	/* RFC 7638 3.2, RFC 8037 2: the required members, "kty" among them. */
	static const struct {
		const char *kty;
		const char *members[3];
	} REQUIRED[] = {
		{"EC",  {"crv", "x", "y"}},
		{"OKP", {"crv", "x"}     },
		{"RSA", {"e", "n"}       },
		{"oct", {"k"}            },
	};
	CLEANUP(jsn_freep) struct jsn *small = jsn_new_object();
	struct buf text = {.max = JWK_FILE_MAX, .secret = true};
	struct span kty = jsn_text(jsn_get(jwk, "kty"));
	size_t row = 0;
	int r;

	if (span_is(kty, NAMES[KEY_HSS].kty))
		return hss_thumbprint(jwk, ret);
	while (row < ARRAY_SIZE(REQUIRED) && !span_is(kty, REQUIRED[row].kty))
		row++;
	if (row == ARRAY_SIZE(REQUIRED))
		return -EINVAL;
	jsn_set_text(small, "kty", kty);
	for (size_t i = 0; i < ARRAY_SIZE(REQUIRED[row].members) && REQUIRED[row].members[i]; i++) {
		const struct jsn *v = jsn_get(jwk, REQUIRED[row].members[i]);

		if (jsn_type(v) != JSN_TEXT)
			return -EINVAL;
		jsn_set_text(small, REQUIRED[row].members[i], jsn_text(v));
	}
	r = jsn_write(small, JSN_SORTED, &text);
	if (r == 0)
		r = put_digest(buf_span(&text), ret);
	buf_done(&text);
	return r;
}

#include "crypto/cose_key.h"

#include "codec/b64.h"
#include "codec/cbj.h"
#include "codec/cbw.h"
#include "crypto/cose.h"
#include "crypto/ec.h"
#include "crypto/enc.h"

#define PRIVATE_PREFIX "x-ocf-"

/* RFC 9052 7.1: common labels of a key. */
enum { KTY = 1, KID = 2, ALG = 3, KEY_OPS = 4, CRV = -1, EC2_X = -2, EC2_Y = -3 };

struct name {
	int64_t number;
	const char *name;
};

static const struct name KTYS[] = {
	{1, "OKP"    },
        {2, "EC"     },
        {3, "RSA"    },
        {4, "oct"    },
        {5, "HSS-LMS"},
};
static const struct name CRVS[] = {
	{1, "P-256"  },
	{2, "P-384"  },
	{4, "X25519" },
	{6, "Ed25519"},
};
static const struct name OPS[] = {
	{1, "sign"      },
        {2, "verify"    },
        {3, "encrypt"   },
        {4, "decrypt"   },
	{5, "wrapKey"   },
        {6, "unwrapKey" },
        {7, "deriveKey" },
        {8, "deriveBits"},
};

/* Numbers that are byte strings. Every secret one is here, so that it is seen. */
static const struct {
	const char *kty;
	int64_t label;
	const char *name;
} NUMBERS[] = {
	{"OKP",     -2, "x"  },
        {"OKP",     -4, "d"  },
        {"EC",      -2, "x"  },
        {"EC",      -3, "y"  },
	{"EC",      -4, "d"  },
        {"RSA",     -1, "n"  },
        {"RSA",     -2, "e"  },
        {"RSA",     -3, "d"  },
	{"RSA",     -4, "p"  },
        {"RSA",     -5, "q"  },
        {"RSA",     -6, "dp" },
        {"RSA",     -7, "dq" },
	{"RSA",     -8, "qi" },
        {"RSA",     -9, "oth"},
        {"oct",     -1, "k"  },
        {"HSS-LMS", -1, "pub"},
};

static const char *name_of(const struct name *names, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i].number == number)
			return names[i].name;
	}
	return "unknown"; /* as good as one that no importer has */
}

static bool number_of(const struct name *names, size_t n, struct span name, int64_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (span_is(name, names[i].name)) {
			*ret = names[i].number;
			return true;
		}
	}
	return false;
}

/* RFC 9053 7.1.1: y may be the sign bit alone. */
static bool set_y(const struct cose_header *h, struct jsn *jwk, const char *crv)
{
	const struct cose_param *y = cose_param(h, EC2_Y);
	const enum ec_curve curve = strcmp(crv, "P-256") == 0 ? EC_P256 : EC_P384;
	uint8_t found[EC_WIDTH_MAX];
	struct span x;
	struct cbr c;
	bool odd;

	cbr_open(&c, y->value, &COSE_LIMITS);
	odd = cbr_bool(&c);
	if (cbr_close(&c) != CBR_OK || !cose_param_bytes(h, EC2_X, &x) ||
	    !ec_find_y(curve, x, odd, found))
		return false;
	jsn_set_b64(jwk, "y", span_of(found, ec_width(curve)));
	return true;
}

/* NULL, or what is wrong. */
static const char *read_numbers(const struct cose_header *h, struct jsn *jwk, const char *kty)
{
	const bool has_crv = strcmp(kty, "EC") == 0 || strcmp(kty, "OKP") == 0;
	const char *crv = "";
	int64_t number;

	if (has_crv) {
		if (!cose_param_int(h, CRV, &number))
			return "crv is missing";
		crv = name_of(CRVS, ARRAY_SIZE(CRVS), number);
		jsn_set_str(jwk, "crv", crv);
	}
	for (size_t i = 0; i < ARRAY_SIZE(NUMBERS); i++) {
		struct span octets;

		if (strcmp(NUMBERS[i].kty, kty) != 0 || !cose_param(h, NUMBERS[i].label))
			continue;
		if (cose_param_bytes(h, NUMBERS[i].label, &octets))
			jsn_set_b64(jwk, NUMBERS[i].name, octets);
		else if (strcmp(NUMBERS[i].name, "y") != 0)
			jsn_set(jwk, NUMBERS[i].name, jsn_new_null()); /* seen, if it is secret */
		else if (!set_y(h, jwk, crv))
			return "y is no coordinate of a point";
	}
	return NULL;
}

static bool read_ops(const struct cose_header *h, struct jsn *jwk)
{
	const struct cose_param *p = cose_param(h, KEY_OPS);
	struct jsn *ops;
	struct cbr c;

	if (!p)
		return true;
	ops = jsn_new_array();
	cbr_open(&c, p->value, &COSE_LIMITS);
	cbr_array(&c);
	while (cbr_more(&c)) {
		if (cbr_peek(&c) == CBR_TEXT)
			jsn_add(ops, jsn_new_text(cbr_text(&c)));
		else
			jsn_add(ops,
				jsn_new_text(span_str(name_of(OPS, ARRAY_SIZE(OPS),
							      cbr_int(&c, INT64_MIN, INT64_MAX)))));
	}
	jsn_set(jwk, "key_ops", ops);
	return cbr_close(&c) == CBR_OK;
}

static const char *alg_name(const struct cose_header *h)
{
	enum enc_content content;
	enum sig_alg sig;
	enum enc_alg enc;
	int64_t number;

	if (!cose_param_int(h, ALG, &number))
		return "unknown";
	return sig_alg_from_cose(number, &sig)           ? sig_alg_name(sig)
	       : enc_alg_from_cose(number, &enc)         ? enc_alg_name(enc)
	       : enc_content_from_cose(number, &content) ? enc_content_name(content)
							 : "unknown";
}

static bool read_names(const struct cose_header *h, struct jsn *jwk)
{
	struct span kid;

	if (cose_param(h, KID)) {
		if (!cose_param_bytes(h, KID, &kid) || kid.len == 0 || kid.len > COSE_KID_MAX)
			return false;
		jsn_set_b64(jwk, "kid", kid);
	}
	if (cose_param(h, ALG))
		jsn_set_str(jwk, "alg", alg_name(h));
	return true;
}

/* Our own members, by the names that a JWK has for them. */
static bool read_private(const struct cose_header *h, struct jsn *jwk)
{
	for (size_t i = 0; i < h->n; i++) {
		struct jsn *value = NULL;
		char name[64];

		if (!h->params[i].is_text || !span_starts(h->params[i].text, PRIVATE_PREFIX))
			continue;
		if (span_to_str(h->params[i].text, name, sizeof(name)) < 0 ||
		    cbj_read(h->params[i].value, &COSE_LIMITS, &value) != CBR_OK)
			return false;
		jsn_set(jwk, name, value);
	}
	return true;
}

static enum jwk_fault read_key(const struct cose_header *h, struct jsn *jwk, const char **ret_why)
{
	const char *kty;
	int64_t number;

	*ret_why = "kty is missing";
	if (!cose_param(h, KTY))
		return JWK_INVALID;
	kty = cose_param_int(h, KTY, &number) ? name_of(KTYS, ARRAY_SIZE(KTYS), number) : "unknown";
	jsn_set_str(jwk, "kty", kty);
	*ret_why = read_numbers(h, jwk, kty);
	if (*ret_why)
		return JWK_INVALID;
	*ret_why = "kid, key_ops or a private member is of another type";
	return read_names(h, jwk) && read_ops(h, jwk) && read_private(h, jwk) ? JWK_OK
									      : JWK_INVALID;
}

enum jwk_fault cose_key_to_jwk(struct span item, struct jsn **ret, const char **ret_why)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jsn_new_object();
	struct cose_header h;
	enum jwk_fault f;
	struct cbr c;

	*ret_why = "no map, a repeated label, or too many";
	cbr_open(&c, item, &COSE_LIMITS);
	if (cose_map_read(&c, &h) != FWE_OK || cbr_close(&c) != CBR_OK)
		return JWK_INVALID;
	f = read_key(&h, jwk, ret_why);
	if (f != JWK_OK)
		return f;
	*ret = jwk;
	jwk = NULL;
	return JWK_OK;
}

static enum jwk_fault read_keys(struct cbr *c, struct jsn *keys, const char **ret_why)
{
	cbr_array(c);
	while (cbr_more(c)) {
		struct span item = cbr_skip(c);
		struct jsn *jwk = NULL;
		enum jwk_fault f = cose_key_to_jwk(item, &jwk, ret_why);

		if (f != JWK_OK)
			return f;
		jsn_add(keys, jwk);
	}
	return JWK_OK;
}

enum jwk_fault cose_keys_to_jwks(struct span item, struct jsn **ret, const char **ret_why)
{
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object(), *revoked = NULL;
	struct jsn *keys = jsn_new_array();
	enum jwk_fault f = JWK_OK;
	unsigned seen = 0;
	struct span name;
	struct cbr c;

	*ret_why = "no COSE_Key set";
	cbr_open(&c, item, &COSE_LIMITS);
	if (cbr_peek(&c) == CBR_ARRAY) {
		f = read_keys(&c, keys, ret_why);
	} else {
		cbr_map(&c);
		while (f == JWK_OK && cbr_next(&c, &name)) {
			if (span_is(name, "keys")) {
				cbr_once(&c, &seen, 1);
				f = read_keys(&c, keys, ret_why);
			} else if (span_is(name, "x-ocf-revoked")) {
				cbr_once(&c, &seen, 2);
				if (cbj_read(cbr_skip(&c), &COSE_LIMITS, &revoked) != CBR_OK)
					cbr_fail(&c, CBR_VALUE);
			} else {
				(void)cbr_skip(&c);
			}
		}
	}
	jsn_set(set, "keys", keys);
	if (f != JWK_OK)
		return f;
	*ret_why = "no COSE_Key set";
	if (cbr_close(&c) != CBR_OK)
		return JWK_INVALID;
	if (revoked)
		jsn_set(set, "x-ocf-revoked", revoked);
	revoked = NULL;
	*ret = set;
	set = NULL;
	return JWK_OK;
}

/* The pairs of one map, counted. */
struct pairs {
	size_t n;
	struct buf octets;
};

static bool put_octets(struct pairs *p, const struct jsn *jwk, const char *name, int64_t label)
{
	CLEANUP(buf_done) struct buf octets = BUF_INIT(KEY_PART_MAX);
	const struct jsn *text = jsn_get(jwk, name);

	if (!text)
		return true;
	if (jsn_type(text) != JSN_TEXT || b64_decode(jsn_text(text), &octets) < 0)
		return false;
	p->n++;
	cbw_int(&p->octets, label);
	cbw_bytes(&p->octets, buf_span(&octets));
	return true;
}

static bool put_text(struct pairs *p, const struct jsn *jwk, const char *name)
{
	const struct jsn *text = jsn_get(jwk, name);

	if (!text)
		return true;
	p->n++;
	cbw_str(&p->octets, name);
	cbw_text(&p->octets, jsn_text(text));
	return jsn_type(text) == JSN_TEXT;
}

static bool put_texts(struct pairs *p, const struct jsn *jwk, const char *name)
{
	const struct jsn *list = jsn_get(jwk, name);

	if (!list)
		return true;
	p->n++;
	cbw_str(&p->octets, name);
	cbw_array_n(&p->octets, jsn_len(list));
	for (size_t i = 0; i < jsn_len(list); i++) {
		if (jsn_type(jsn_at(list, i)) != JSN_TEXT)
			return false;
		cbw_text(&p->octets, jsn_text(jsn_at(list, i)));
	}
	return true;
}

/* In the bytewise order of the labels: 1, 2, 3, -1 and on, then texts, the shorter first. */
static bool put_pairs(struct pairs *p, const struct jsn *jwk)
{
	struct span kty = jsn_text(jsn_get(jwk, "kty"));
	const struct jsn *alg = jsn_get(jwk, "alg");
	enum sig_alg known;
	int64_t number;

	if (jwk_has_secret(jwk) || !number_of(KTYS, ARRAY_SIZE(KTYS), kty, &number))
		return false;
	p->n++;
	cbw_uint(&p->octets, KTY);
	cbw_int(&p->octets, number);
	if (!put_octets(p, jwk, "kid", KID))
		return false;
	if (alg) {
		if (!sig_alg_from_name(jsn_text(alg), &known))
			return false;
		p->n++;
		cbw_uint(&p->octets, ALG);
		cbw_int(&p->octets, sig_alg_cose(known));
	}
	if (jsn_get(jwk, "crv")) {
		if (!number_of(CRVS, ARRAY_SIZE(CRVS), jsn_text(jsn_get(jwk, "crv")), &number))
			return false;
		p->n++;
		cbw_int(&p->octets, CRV);
		cbw_int(&p->octets, number);
	}
	for (size_t i = 0; i < ARRAY_SIZE(NUMBERS); i++) {
		if (span_is(kty, NUMBERS[i].kty) &&
		    !put_octets(p, jwk, NUMBERS[i].name, NUMBERS[i].label))
			return false;
	}
	return put_texts(p, jwk, "x-ocf-roles") && put_text(p, jwk, "x-ocf-not-after") &&
	       put_texts(p, jwk, "x-ocf-manufacturers");
}

int cose_key_put(const struct jsn *jwk, struct buf *out)
{
	struct pairs p = {.octets = BUF_INIT(COSE_BYTES_MAX)};
	const size_t kept =
		jsn_len(jwk) - (jsn_get(jwk, "use") ? 1 : 0); /* COSE has no such thing */
	int r = put_pairs(&p, jwk) && p.n == kept ? 0 : -EINVAL;

	if (r == 0) {
		cbw_map_n(out, p.n);
		buf_put(out, buf_span(&p.octets));
		r = buf_ok(&p.octets) && buf_ok(out) ? 0 : -ENOMEM;
	}
	buf_done(&p.octets);
	return r;
}

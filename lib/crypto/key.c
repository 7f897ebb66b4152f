#include "crypto/key.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "crypto/ec.h"
#include "crypto/hss.h"

static const struct {
	const char *name;
	int64_t cose, also; /* RFC 9053, 8230, 8778; RFC 9864; 0: none */
	enum key_type key;
} ALGS[SIG_COUNT] = {
	[SIG_ES256] = {"ES256",   -7,  -9,  KEY_P256   },
	[SIG_ES384] = {"ES384",   -35, -51, KEY_P384   },
	[SIG_EDDSA] = {"EdDSA",   -8,  0,   KEY_ED25519},
	[SIG_ED25519] = {"Ed25519", -19, 0,   KEY_ED25519},
	[SIG_PS256] = {"PS256",   -37, 0,   KEY_RSA    },
	[SIG_HSS] = {"HSS-LMS", -46, 0,   KEY_HSS    },
};

static const struct key_kind {
	gnutls_pk_algorithm_t pk;
	gnutls_ecc_curve_t curve;
	gnutls_sign_algorithm_t sign;
	enum ec_curve points; /* EC_CURVES: no points to check */
	size_t width;         /* octets of a coordinate; 0: RSA, HSS */
	enum sig_alg alg;
	unsigned flags; /* for signing */
} KINDS[KEY_TYPES] = {
	[KEY_P256] =
		{
			    .pk = GNUTLS_PK_ECDSA,
			    .curve = GNUTLS_ECC_CURVE_SECP256R1,
			    .sign = GNUTLS_SIGN_ECDSA_SHA256,
			    .points = EC_P256,
			    .width = 32,
			    .alg = SIG_ES256,
			    .flags = GNUTLS_PRIVKEY_FLAG_REPRODUCIBLE,
			    },
	[KEY_P384] =
		{
			    .pk = GNUTLS_PK_ECDSA,
			    .curve = GNUTLS_ECC_CURVE_SECP384R1,
			    .sign = GNUTLS_SIGN_ECDSA_SHA384,
			    .points = EC_P384,
			    .width = 48,
			    .alg = SIG_ES384,
			    .flags = GNUTLS_PRIVKEY_FLAG_REPRODUCIBLE,
			    },
	[KEY_ED25519] =
		{
			    .pk = GNUTLS_PK_EDDSA_ED25519,
			    .curve = GNUTLS_ECC_CURVE_ED25519,
			    .sign = GNUTLS_SIGN_EDDSA_ED25519,
			    .points = EC_CURVES,
			    .width = 32,
			    .alg = SIG_EDDSA,
			    },
	[KEY_RSA] =
		{
			    .pk = GNUTLS_PK_RSA,
			    .curve = GNUTLS_ECC_CURVE_INVALID,
			    .sign = GNUTLS_SIGN_RSA_PSS_RSAE_SHA256,
			    .points = EC_CURVES,
			    .alg = SIG_PS256,
			    },
	[KEY_HSS] = {.curve = GNUTLS_ECC_CURVE_INVALID,                     .points = EC_CURVES,                                                                .alg = SIG_HSS             },
};

static bool has_points(enum key_type type)
{
	return KINDS[type].points != EC_CURVES;
}

struct key {
	enum key_type type;
	gnutls_pubkey_t pub;             /* NULL: HSS */
	gnutls_privkey_t priv;           /* NULL: public half only */
	uint8_t number[2][KEY_PART_MAX]; /* x and y, n and e, or HSS pub */
	size_t len[2];
	char kid[KEY_KID_MAX + 1];
};

const char *sig_alg_name(enum sig_alg alg)
{
	return ALGS[alg].name;
}

bool sig_alg_from_name(struct span name, enum sig_alg *ret)
{
	for (size_t i = 0; i < SIG_COUNT; i++) {
		if (span_is(name, ALGS[i].name)) {
			*ret = (enum sig_alg)i;
			return true;
		}
	}
	return false;
}

bool sig_alg_from_cose(int64_t number, enum sig_alg *ret)
{
	for (size_t i = 0; i < SIG_COUNT; i++) {
		if (number != 0 && (number == ALGS[i].cose || number == ALGS[i].also)) {
			*ret = (enum sig_alg)i;
			return true;
		}
	}
	return false;
}

int64_t sig_alg_cose(enum sig_alg alg)
{
	return ALGS[alg].cose;
}

enum key_type sig_alg_key(enum sig_alg alg)
{
	return ALGS[alg].key;
}

static gnutls_datum_t datum(struct span s)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)s.ptr, (unsigned)s.len};
}

static int error_of(int gnutls, int otherwise)
{
	return gnutls == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : otherwise;
}

static unsigned bit_length(struct span n)
{
	return n.len == 0 ? 0 : (unsigned)(n.len * 8) - (unsigned)__builtin_clz(n.ptr[0]) + 24;
}

/* NULL, or what is wrong with the public numbers. */
static const char *check_rsa(const struct key_parts *p)
{
	if (p->n.len == 0 || p->n.len > KEY_PART_MAX || p->n.ptr[0] == 0 ||
	    bit_length(p->n) < KEY_RSA_BITS_MIN || bit_length(p->n) > KEY_RSA_BITS_MAX)
		return "RSA modulus must have 2048 to 4096 bits";
	if (p->e.len < 3 || p->e.len > KEY_PART_MAX || p->e.ptr[0] == 0 ||
	    p->e.ptr[p->e.len - 1] % 2 == 0)
		return "RSA exponent must be odd and at least 65537";
	return NULL;
}

static const char *check_public(const struct key_parts *p)
{
	const struct key_kind *kind = &KINDS[p->type];

	if (p->type == KEY_RSA)
		return check_rsa(p);
	if (p->type == KEY_HSS)
		return hss_public_is_valid(p->pub) ? NULL : "not a public key of HSS";
	if (p->x.len != kind->width || (has_points(p->type) && p->y.len != kind->width))
		return "coordinates must have their full length";
	if (has_points(p->type) && !ec_has_point(kind->points, p->x, p->y))
		return "the point is not on the curve";
	if (p->type == KEY_ED25519 && ec_ed25519_is_weak(p->x))
		return "the point has a small order: anybody could sign";
	return NULL;
}

static int import_public(struct key *k, const struct key_parts *p)
{
	const struct key_kind *kind = &KINDS[p->type];
	gnutls_datum_t a = datum(p->type == KEY_RSA ? p->n : p->type == KEY_HSS ? p->pub : p->x);
	gnutls_datum_t b = datum(p->type == KEY_RSA ? p->e : p->y);

	memcpy(k->number[0], a.data, a.size);
	k->len[0] = a.size;
	if (b.size > 0)
		memcpy(k->number[1], b.data, b.size);
	k->len[1] = b.size;
	if (p->type == KEY_HSS)
		return 0;
	if (gnutls_pubkey_init(&k->pub) < 0)
		return GNUTLS_E_MEMORY_ERROR;
	if (p->type == KEY_RSA)
		return gnutls_pubkey_import_rsa_raw(k->pub, &a, &b);
	return gnutls_pubkey_import_ecc_raw(k->pub, kind->curve, &a,
					    has_points(p->type) ? &b : NULL);
}

static int import_private(struct key *k, const struct key_parts *p)
{
	gnutls_datum_t x = datum(p->x), y = datum(p->y), n = datum(p->n), e = datum(p->e),
		       d = datum(p->d), prime1 = datum(p->p), prime2 = datum(p->q),
		       qi = datum(p->qi), dp = datum(p->dp), dq = datum(p->dq);

	if (gnutls_privkey_init(&k->priv) < 0)
		return GNUTLS_E_MEMORY_ERROR;
	if (p->type == KEY_RSA)
		return gnutls_privkey_import_rsa_raw(k->priv, &n, &e, &d, &prime1, &prime2, &qi,
						     &dp, &dq);
	if (p->d.len != KINDS[p->type].width)
		return GNUTLS_E_INVALID_REQUEST;
	return gnutls_privkey_import_ecc_raw(k->priv, KINDS[p->type].curve, &x,
					     has_points(p->type) ? &y : NULL, &d);
}

int key_import(const struct key_parts *parts, struct key **ret, const char **ret_why)
{
	CLEANUP(key_freep) struct key *k = NULL;
	const char *why = check_public(parts);
	int r;

	if (why) {
		*ret_why = why;
		return -EBADMSG;
	}
	*ret_why = "the numbers are no key";
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->type = parts->type;
	r = import_public(k, parts);
	if (r >= 0 && parts->d.len > 0)
		r = import_private(k, parts);
	if (r < 0)
		return error_of(r, -EBADMSG);
	*ret = k;
	k = NULL;
	return 0;
}

struct key *key_free(struct key *k)
{
	if (!k)
		return NULL;
	if (k->pub)
		gnutls_pubkey_deinit(k->pub);
	if (k->priv)
		gnutls_privkey_deinit(k->priv);
	free(k);
	return NULL;
}

bool key_set_kid(struct key *k, struct span kid)
{
	return kid.len > 0 && span_to_str(kid, k->kid, sizeof(k->kid)) == 0;
}

const char *key_kid(const struct key *k)
{
	return k->kid;
}

enum key_type key_type(const struct key *k)
{
	return k->type;
}

bool key_is_private(const struct key *k)
{
	return k->priv;
}

unsigned key_rsa_bits(const struct key *k)
{
	return k->type == KEY_RSA ? bit_length(span_of(k->number[0], k->len[0])) : 0;
}

enum sig_alg key_alg(const struct key *k)
{
	return KINDS[k->type].alg;
}

struct key_parts key_public_parts(const struct key *k)
{
	struct span a = span_of(k->number[0], k->len[0]), b = span_of(k->number[1], k->len[1]);

	if (k->type == KEY_RSA)
		return (struct key_parts){.type = k->type, .n = a, .e = b};
	if (k->type == KEY_HSS)
		return (struct key_parts){.type = k->type, .pub = a};
	return (struct key_parts){.type = k->type, .x = a, .y = b};
}

static struct span strip_zeros(struct span s)
{
	while (s.len > 0 && s.ptr[0] == 0)
		s = span_of(s.ptr + 1, s.len - 1);
	return s;
}

static int verify(const struct key *k, struct span data, gnutls_datum_t signature)
{
	gnutls_datum_t d = datum(data);
	int r = gnutls_pubkey_verify_data2(k->pub, KINDS[k->type].sign, 0, &d, &signature);

	return r < 0 ? error_of(r, -EBADMSG) : 0;
}

int key_verify(const struct key *k, struct span data, struct span signature)
{
	const struct key_kind *kind = &KINDS[k->type];
	gnutls_datum_t r, s, der;
	int result;

	if (signature.len == 0 || signature.len > KEY_SIGNATURE_MAX)
		return -EBADMSG;
	if (k->type == KEY_HSS)
		return hss_verify(span_of(k->number[0], k->len[0]), data, signature) ? 0 : -EBADMSG;
	if (kind->pk != GNUTLS_PK_ECDSA)
		return verify(k, data, datum(signature));
	if (signature.len != 2 * kind->width)
		return -EBADMSG;
	r = datum(strip_zeros(span_of(signature.ptr, kind->width)));
	s = datum(strip_zeros(span_of(signature.ptr + kind->width, kind->width)));
	if (r.size == 0 || s.size == 0)
		return -EBADMSG;
	result = gnutls_encode_rs_value(&der, &r, &s);
	if (result < 0)
		return error_of(result, -EIO);
	result = verify(k, data, der);
	gnutls_free(der.data);
	return result;
}

/* Appends a number with exactly `width` octets, where a width is asked for. False: no room. */
static bool put_number(struct buf *out, const gnutls_datum_t *number, size_t width)
{
	struct span s = width > 0 ? strip_zeros(span_of(number->data, number->size))
				  : span_of(number->data, number->size);

	if (width > 0 && s.len > width)
		return false;
	for (size_t i = s.len; i < width; i++)
		buf_put_byte(out, 0);
	buf_put(out, s);
	return buf_ok(out);
}

/* r||s out of the DER form. */
static int put_rs(struct buf *out, const gnutls_datum_t *der, size_t width)
{
	gnutls_datum_t r = {0}, s = {0};
	int result = 0;

	if (gnutls_decode_rs_value(der, &r, &s) < 0 || !put_number(out, &r, width) ||
	    !put_number(out, &s, width))
		result = -EIO;
	gnutls_free(r.data);
	gnutls_free(s.data);
	return result;
}

int key_take_signature(const struct key *k, struct span data, struct span signature,
		       struct buf *out)
{
	const struct key_kind *kind = &KINDS[k->type];
	struct buf raw CLEANUP(buf_done) = BUF_INIT(KEY_SIGNATURE_MAX);
	gnutls_datum_t der = datum(signature);
	int r = key_verify(k, data, signature);

	if (r == -EBADMSG && kind->pk == GNUTLS_PK_ECDSA && put_rs(&raw, &der, kind->width) == 0) {
		signature = buf_span(&raw);
		r = key_verify(k, data, signature);
	}
	if (r < 0)
		return r;
	buf_put(out, signature);
	return buf_ok(out) ? 0 : -ENOMEM;
}

int key_sign(const struct key *k, struct span data, struct buf *out)
{
	const struct key_kind *kind = &KINDS[k->type];
	struct buf signature = BUF_INIT(KEY_SIGNATURE_MAX);
	gnutls_datum_t d = datum(data), raw = {0};
	int r;

	if (!k->priv)
		return -EINVAL;
	if (k->type == KEY_RSA && key_rsa_bits(k) < KEY_RSA_SIGN_MIN)
		return -EKEYREJECTED;
	r = gnutls_privkey_sign_data2(k->priv, kind->sign, kind->flags, &d, &raw);
	if (r < 0)
		return error_of(r, -EIO);
	if (kind->pk == GNUTLS_PK_ECDSA)
		r = put_rs(&signature, &raw, kind->width);
	else
		buf_put(&signature, span_of(raw.data, raw.size));
	gnutls_free(raw.data);

	/* Finds halves that do not belong together, and faults that would leak the key. */
	if (r >= 0)
		r = key_verify(k, data, buf_span(&signature));
	if (r == -EBADMSG)
		r = -EKEYREJECTED;
	if (r == 0)
		buf_put(out, buf_span(&signature));
	buf_done(&signature);
	return r == 0 && !buf_ok(out) ? -ENOMEM : r;
}

/* Keeps all numbers of one export in `room`, which does not move: it has its full size already. */
static struct span keep(struct buf *room, gnutls_datum_t *number, size_t width)
{
	size_t start = room->len;

	if (number->data) {
		if (!put_number(room, number, width))
			room->failed = true;
		gnutls_memset(number->data, 0, number->size);
		gnutls_free(number->data);
	}
	return span_of(room->ptr + start, room->len - start);
}

/* KEY_TYPES: not one of ours. */
static void put_curve(struct key_parts *p, gnutls_ecc_curve_t curve)
{
	p->type = KEY_TYPES;
	for (unsigned t = 0; t < KEY_TYPES; t++) {
		if (KINDS[t].width > 0 && KINDS[t].curve == curve)
			p->type = (enum key_type)t;
	}
}

/* Ed25519 values are octet strings, not numbers: nothing was stripped. */
static size_t width_of(const struct key_parts *p)
{
	return p->type != KEY_TYPES && has_points(p->type) ? KINDS[p->type].width : 0;
}

static int export_ec(gnutls_privkey_t priv, struct buf *room, struct key_parts *p)
{
	gnutls_datum_t x = {0}, y = {0}, d = {0};
	gnutls_ecc_curve_t curve;
	int r = gnutls_privkey_export_ecc_raw2(priv, &curve, &x, &y, &d, GNUTLS_EXPORT_FLAG_NO_LZ);

	if (r < 0)
		return error_of(r, -EIO);
	put_curve(p, curve);
	p->x = keep(room, &x, width_of(p));
	p->y = keep(room, &y, width_of(p));
	p->d = keep(room, &d, width_of(p));
	return p->type == KEY_TYPES || !buf_ok(room) ? -EINVAL : 0;
}

static int export_rsa(gnutls_privkey_t priv, struct buf *room, struct key_parts *p)
{
	gnutls_datum_t n = {0}, e = {0}, d = {0}, p1 = {0}, p2 = {0}, qi = {0}, dp = {0}, dq = {0};
	int r = gnutls_privkey_export_rsa_raw2(priv, &n, &e, &d, &p1, &p2, &qi, &dp, &dq,
					       GNUTLS_EXPORT_FLAG_NO_LZ);

	if (r < 0)
		return error_of(r, -EIO);
	p->type = KEY_RSA;
	p->n = keep(room, &n, 0);
	p->e = keep(room, &e, 0);
	p->d = keep(room, &d, 0);
	p->p = keep(room, &p1, 0);
	p->q = keep(room, &p2, 0);
	p->qi = keep(room, &qi, 0);
	p->dp = keep(room, &dp, 0);
	p->dq = keep(room, &dq, 0);
	return buf_ok(room) ? 0 : -EINVAL;
}

static int export_private(gnutls_privkey_t priv, struct buf *room, struct key_parts *ret)
{
	const size_t all = 8 * KEY_PART_MAX;

	*room = (struct buf){.max = all, .secret = true};
	*ret = (struct key_parts){0};
	if (!buf_room(room, all))
		return -ENOMEM;
	return gnutls_privkey_get_pk_algorithm(priv, NULL) == GNUTLS_PK_RSA
		       ? export_rsa(priv, room, ret)
		       : export_ec(priv, room, ret);
}

int key_private_parts(const struct key *k, struct buf *room, struct key_parts *ret)
{
	return k->priv ? export_private(k->priv, room, ret) : -EINVAL;
}

#define KIND_UNSUPPORTED "a kind of key that is not supported"

/* Every private key passes the checks of key_import(), wherever it comes from. */
static int import_handle(gnutls_privkey_t priv, struct key **ret, const char **ret_why)
{
	struct buf room = {0};
	struct key_parts parts;
	int r = export_private(priv, &room, &parts);

	*ret_why = KIND_UNSUPPORTED;
	if (r == 0)
		r = key_import(&parts, ret, ret_why);
	buf_done(&room);
	return r == -EINVAL || r == -EIO ? -EBADMSG : r;
}

bool key_is_url(const char *text)
{
	return gnutls_url_is_supported(text) != 0;
}

static int public_parts(gnutls_pubkey_t pub, struct buf *room, struct key_parts *p)
{
	gnutls_datum_t a = {0}, b = {0};
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	int r;

	*room = BUF_INIT(2 * KEY_PART_MAX);
	if (!buf_room(room, 2 * KEY_PART_MAX))
		return -ENOMEM;
	r = gnutls_pubkey_get_pk_algorithm(pub, NULL) == GNUTLS_PK_RSA
		    ? gnutls_pubkey_export_rsa_raw2(pub, &a, &b, GNUTLS_EXPORT_FLAG_NO_LZ)
		    : gnutls_pubkey_export_ecc_raw2(pub, &curve, &a, &b, GNUTLS_EXPORT_FLAG_NO_LZ);
	if (r < 0)
		return error_of(r, -EIO);
	if (curve == GNUTLS_ECC_CURVE_INVALID) {
		p->type = KEY_RSA;
		p->n = keep(room, &a, 0);
		p->e = keep(room, &b, 0);
	} else {
		put_curve(p, curve);
		p->x = keep(room, &a, width_of(p));
		p->y = keep(room, &b, width_of(p));
	}
	return p->type == KEY_TYPES || !buf_ok(room) ? -EINVAL : 0;
}

/* The public numbers of a private key that shows no others. */
static int export_public(gnutls_privkey_t priv, struct buf *room, struct key_parts *p)
{
	gnutls_pubkey_t pub = NULL;
	int r = gnutls_pubkey_init(&pub);

	if (r >= 0)
		r = gnutls_pubkey_import_privkey(pub, priv, 0, 0);
	r = r < 0 ? error_of(r, -EIO) : public_parts(pub, room, p);
	gnutls_pubkey_deinit(pub);
	return r;
}

static int import_public_pem(const gnutls_datum_t *pem, struct key **ret, const char **ret_why)
{
	struct buf room CLEANUP(buf_done) = {0};
	struct key_parts parts = {0};
	gnutls_pubkey_t pub = NULL;
	int r = gnutls_pubkey_init(&pub);

	*ret_why = "neither a JWK nor an unencrypted key in PEM";
	if (r >= 0)
		r = gnutls_pubkey_import(pub, pem, GNUTLS_X509_FMT_PEM);
	if (r < 0) {
		r = error_of(r, -EBADMSG);
	} else {
		*ret_why = KIND_UNSUPPORTED;
		r = public_parts(pub, &room, &parts);
	}
	gnutls_pubkey_deinit(pub);
	if (r == 0)
		r = key_import(&parts, ret, ret_why);
	return r == -EINVAL || r == -EIO ? -EBADMSG : r;
}

int key_import_pem(struct span pem, struct key **ret, const char **ret_why)
{
	gnutls_privkey_t priv = NULL;
	gnutls_datum_t d = datum(pem);
	int r;

	if (gnutls_privkey_init(&priv) < 0)
		return -ENOMEM;
	r = gnutls_privkey_import_x509_raw(priv, &d, GNUTLS_X509_FMT_PEM, NULL, 0);
	r = r < 0 ? import_public_pem(&d, ret, ret_why) : import_handle(priv, ret, ret_why);
	gnutls_privkey_deinit(priv);
	return r;
}

int key_import_url(const char *url, struct key **ret, const char **ret_why)
{
	struct buf room CLEANUP(buf_done) = {0};
	struct key_parts parts = {0};
	gnutls_privkey_t priv = NULL;
	int r;

	if (gnutls_privkey_init(&priv) < 0)
		return -ENOMEM;
	r = gnutls_privkey_import_url(priv, url, 0);
	*ret_why = r < 0 ? gnutls_strerror(r) : KIND_UNSUPPORTED;
	r = r < 0 ? error_of(r, -EBADMSG) : export_public(priv, &room, &parts);
	if (r == 0)
		r = key_import(&parts, ret, ret_why);
	if (r == 0)
		(*ret)->priv = priv;
	else
		gnutls_privkey_deinit(priv);
	return r == -EINVAL || r == -EIO ? -EBADMSG : r;
}

int key_generate(enum key_type type, struct key **ret)
{
	const unsigned bits = type == KEY_RSA ? KEY_RSA_SIGN_MIN
					      : (unsigned)GNUTLS_CURVE_TO_BITS(KINDS[type].curve);
	gnutls_privkey_t priv = NULL;
	const char *why;
	int r;

	if (gnutls_privkey_init(&priv) < 0)
		return -ENOMEM;
	r = gnutls_privkey_generate(priv, KINDS[type].pk, bits, 0);
	r = r < 0 ? error_of(r, -EIO) : import_handle(priv, ret, &why);
	gnutls_privkey_deinit(priv);
	return r == -EBADMSG ? -EIO : r;
}

#include <gmp.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>

#include "crypto/x509_parts.h"

#define NUMBER_LEN ((size_t)32)
#define LIMBS      (NUMBER_LEN / sizeof(mp_limb_t))
#define DRAWS_MAX  16 /* one in 2^32 numbers is not below the order */

static int error_of(int gnutls, int otherwise)
{
	return gnutls == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : otherwise;
}

/* The point of a number. False: the number is 0 or not below the order of the curve. */
static bool multiply(const struct secret *number, struct x509_point *ret)
{
	struct ecc_scalar scalar;
	struct ecc_point point;
	mpz_t z, x, y;
	bool ok;

	if (number->len != NUMBER_LEN)
		return false;
	mpz_inits(z, x, y, NULL);
	ecc_scalar_init(&scalar, nettle_get_secp_256r1());
	ecc_point_init(&point, nettle_get_secp_256r1());
	nettle_mpz_set_str_256_u(z, number->len, number->b);
	ok = ecc_scalar_set(&scalar, z) == 1;
	if (ok) {
		ecc_point_mul_g(&point, &scalar);
		ecc_point_get(&point, x, y);
		nettle_mpz_get_str_256(NUMBER_LEN, ret->b, x);
		nettle_mpz_get_str_256(NUMBER_LEN, ret->b + NUMBER_LEN, y);
	}
	gnutls_memset(mpz_limbs_modify(z, LIMBS), 0, LIMBS * sizeof(mp_limb_t));
	ecc_point_clear(&point);
	ecc_scalar_clear(&scalar); /* wipes */
	mpz_clears(z, x, y, NULL);
	return ok;
}

int x509_secret_new(struct secret *ret)
{
	CLEANUP(secret_wipe) struct secret s = {.len = NUMBER_LEN};
	struct x509_point point;

	for (unsigned i = 0; i < DRAWS_MAX; i++) {
		if (gnutls_rnd(GNUTLS_RND_KEY, s.b, s.len) < 0)
			return -EIO;
		if (multiply(&s, &point)) {
			*ret = s;
			return 0;
		}
	}
	return -EIO;
}

static gnutls_datum_t half(const struct x509_point *p, size_t which)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)p->b + which * NUMBER_LEN, NUMBER_LEN};
}

int x509_key_from_secret(const struct secret *number, struct x509_key **ret)
{
	CLEANUP(x509_key_freep) struct x509_key *k = calloc(1, sizeof(*k));
	CLEANUP(secret_wipe) struct secret copy = *number;
	gnutls_datum_t x, y, d = {copy.b, (unsigned)copy.len};
	int r;

	if (!k || gnutls_privkey_init(&k->priv) < 0)
		return -ENOMEM;
	if (!multiply(number, &k->point))
		return -EBADMSG;
	x = half(&k->point, 0);
	y = half(&k->point, 1);
	r = gnutls_privkey_import_ecc_raw(k->priv, GNUTLS_ECC_CURVE_SECP256R1, &x, &y, &d);
	if (r < 0)
		return error_of(r, -EIO);
	*ret = k;
	k = NULL;
	return 0;
}

/* A number with its leading zeros. False: too long. */
static bool pad(const gnutls_datum_t *number, uint8_t ret[NUMBER_LEN])
{
	struct span s = span_of(number->data, number->size);

	while (s.len > NUMBER_LEN && s.ptr[0] == 0)
		s = span_skip(s, 1);
	if (s.len > NUMBER_LEN || s.len == 0)
		return false;
	memset(ret, 0, NUMBER_LEN - s.len);
	memcpy(ret + NUMBER_LEN - s.len, s.ptr, s.len);
	return true;
}

bool x509_point_of(gnutls_pubkey_t pub, struct x509_point *ret)
{
	gnutls_datum_t x = {0}, y = {0};
	gnutls_ecc_curve_t curve;
	struct x509_point p = {{0}};
	bool ok;

	if (gnutls_pubkey_get_pk_algorithm(pub, NULL) != GNUTLS_PK_ECDSA ||
	    gnutls_pubkey_export_ecc_raw2(pub, &curve, &x, &y, GNUTLS_EXPORT_FLAG_NO_LZ) < 0)
		return false;
	ok = curve == GNUTLS_ECC_CURVE_SECP256R1 && pad(&x, p.b) && pad(&y, p.b + NUMBER_LEN);
	gnutls_free(x.data);
	gnutls_free(y.data);
	if (ok)
		*ret = p;
	return ok;
}

gnutls_pubkey_t x509_pubkey_new(const struct x509_point *point)
{
	gnutls_datum_t x = half(point, 0), y = half(point, 1);
	gnutls_pubkey_t pub;

	if (gnutls_pubkey_init(&pub) < 0)
		return NULL;
	if (gnutls_pubkey_import_ecc_raw(pub, GNUTLS_ECC_CURVE_SECP256R1, &x, &y) < 0) {
		gnutls_pubkey_deinit(pub);
		return NULL;
	}
	return pub;
}

/* Finds the public half and hands the key over. */
static int complete(struct x509_key **k, struct x509_key **ret, const char **ret_why)
{
	gnutls_pubkey_t pub;
	bool ok;

	if (gnutls_pubkey_init(&pub) < 0)
		return -ENOMEM;
	ok = gnutls_pubkey_import_privkey(pub, (*k)->priv, 0, 0) >= 0 &&
	     x509_point_of(pub, &(*k)->point);
	gnutls_pubkey_deinit(pub);
	if (!ok) {
		*ret_why = "the key is not on P-256, or its public half cannot be read";
		return -EBADMSG;
	}
	*ret = *k;
	*k = NULL;
	return 0;
}

int x509_key_from_pem(struct span pem, struct x509_key **ret, const char **ret_why)
{
	CLEANUP(x509_key_freep) struct x509_key *k = calloc(1, sizeof(*k));
	gnutls_datum_t d = {(unsigned char *)(uintptr_t)pem.ptr, (unsigned)pem.len};
	int r;

	if (!k || gnutls_privkey_init(&k->priv) < 0)
		return -ENOMEM;
	*ret_why = "no unencrypted private key in PEM";
	if (pem.len > X509_PEM_MAX)
		return -EBADMSG;
	r = gnutls_privkey_import_x509_raw(k->priv, &d, GNUTLS_X509_FMT_PEM, NULL,
					   GNUTLS_PKCS_PLAIN);
	if (r < 0)
		return error_of(r, -EBADMSG);
	*ret_why = "the halves of the key do not belong together";
	return gnutls_privkey_verify_params(k->priv) < 0 ? -EBADMSG : complete(&k, ret, ret_why);
}

int x509_key_from_url(const char *url, struct x509_key **ret, const char **ret_why)
{
	CLEANUP(x509_key_freep) struct x509_key *k = calloc(1, sizeof(*k));
	int r;

	if (!k || gnutls_privkey_init(&k->priv) < 0)
		return -ENOMEM;
	*ret_why = "not the URL of a key in a token";
	if (strlen(url) > X509_URL_MAX || !gnutls_url_is_supported(url))
		return -EBADMSG;
	r = gnutls_privkey_import_url(k->priv, url, 0);
	if (r >= 0)
		return complete(&k, ret, ret_why);
	*ret_why = gnutls_strerror(r);
	return error_of(r, -EBADMSG);
}

struct x509_key *x509_key_free(struct x509_key *k)
{
	if (!k)
		return NULL;
	if (k->priv)
		gnutls_privkey_deinit(k->priv); /* wipes */
	free(k);
	return NULL;
}

const struct x509_point *x509_key_point(const struct x509_key *k)
{
	return &k->point;
}

#include "crypto/ec.h"

#include <gmp.h>
#include <gnutls/gnutls.h>
#include <nettle/curve25519.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>

/* y^2 = x^3 - 3x + b modulo p (SEC 2 2.4.2, 2.5.1). */
static const struct {
	const struct ecc_curve *(*nettle)(void);
	size_t width;
	const char *p, *b;
} CURVES[EC_CURVES] = {
	[EC_P256] = {nettle_get_secp_256r1, 32,
		     "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"},
	[EC_P384] = {nettle_get_secp_384r1, 48,
		     "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
		     "ffffffff0000000000000000ffffffff",				 "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
		     "c656398d8a2ed19d2a85c8edd3ec2aef"                                            },
	[EC_X25519] = {NULL,                  32, NULL,                                    NULL							      },
};

size_t ec_width(enum ec_curve curve)
{
	return CURVES[curve].width;
}

static void import(mpz_t ret, struct span number)
{
	mpz_import(ret, number.len, 1, 1, 1, 0, number.ptr);
}

/* Right-aligned in `width` octets; the number fits. */
static void export(const mpz_t number, size_t width, uint8_t *ret)
{
	size_t len = (mpz_sizeinbase(number, 2) + 7) / 8;

	memset(ret, 0, width);
	if (mpz_sgn(number) != 0)
		mpz_export(ret + width - len, NULL, 1, 1, 1, 0, number);
}

static void wipe(mpz_t z)
{
	size_t n = mpz_size(z);

	if (n > 0)
		gnutls_memset(mpz_limbs_modify(z, (mp_size_t)n), 0, n * sizeof(mp_limb_t));
	mpz_clear(z);
}

/* False: off the curve, or a coordinate beyond the field. The point is initialised either way. */
static bool set_point(struct ecc_point *point, enum ec_curve curve, struct span x, struct span y)
{
	bool ok = x.len == CURVES[curve].width && y.len == CURVES[curve].width;
	mpz_t mx, my;

	ecc_point_init(point, CURVES[curve].nettle());
	mpz_init(mx);
	mpz_init(my);
	import(mx, x);
	import(my, y);
	ok = ok && ecc_point_set(point, mx, my) == 1;
	mpz_clear(mx);
	mpz_clear(my);
	return ok;
}

bool ec_has_point(enum ec_curve curve, struct span x, struct span y)
{
	struct ecc_point point;
	bool ok = set_point(&point, curve, x, y);

	ecc_point_clear(&point);
	return ok;
}

bool ec_find_y(enum ec_curve curve, struct span x, bool odd, uint8_t *ret)
{
	const size_t width = CURVES[curve].width;
	mpz_t p, b, y, t;

	if (x.len != width)
		return false;
	mpz_init_set_str(p, CURVES[curve].p, 16);
	mpz_init_set_str(b, CURVES[curve].b, 16);
	mpz_init(y);
	mpz_init(t);
	import(t, x);
	mpz_powm_ui(y, t, 3, p);
	mpz_submul_ui(y, t, 3);
	mpz_add(y, y, b);
	mpz_add_ui(t, p, 1); /* p is 3 modulo 4: the root is the power of (p + 1) / 4 */
	mpz_tdiv_q_2exp(t, t, 2);
	mpz_powm(y, y, t, p);
	if (mpz_odd_p(y) != odd && mpz_sgn(y) != 0)
		mpz_sub(y, p, y);
	export(y, width, ret);
	mpz_clear(p);
	mpz_clear(b);
	mpz_clear(y);
	mpz_clear(t);
	return ec_has_point(curve, x, span_of(ret, width)) && (ret[width - 1] & 1) == odd;
}

/* The y of all points of order 1, 2, 4 and 8, little-endian, without the sign of x. */
static const uint8_t SMALL_ORDER[][32] = {
	{0},
	{1},
	"\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0"
	"\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
	"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f"
	"\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
};

bool ec_ed25519_is_weak(struct span x)
{
	uint8_t y[sizeof(SMALL_ORDER[0])];
	bool found = false;

	if (x.len != sizeof(y))
		return false;
	memcpy(y, x.ptr, sizeof(y));
	y[sizeof(y) - 1] &= 0x7f;
	for (size_t i = 0; i < ARRAY_SIZE(SMALL_ORDER); i++)
		found |= memcmp(y, SMALL_ORDER[i], sizeof(y)) == 0;
	return found;
}

void ec_x25519_public(const uint8_t d[32], uint8_t ret_x[32])
{
	curve25519_mul_g(ret_x, d);
}

static bool is_zero(const uint8_t *secret)
{
	static const uint8_t ZERO[EC_SECRET_LEN];

	return gnutls_memcmp(secret, ZERO, sizeof(ZERO)) == 0;
}

static bool agree_x25519(struct span d, struct span x, uint8_t ret[EC_SECRET_LEN])
{
	if (d.len != CURVE25519_SIZE || x.len != CURVE25519_SIZE)
		return false;
	curve25519_mul(ret, d.ptr, x.ptr);
	return !is_zero(ret);
}

bool ec_agree(enum ec_curve curve, struct span d, struct span x, struct span y,
	      uint8_t ret[EC_SECRET_LEN])
{
	struct ecc_scalar scalar;
	struct ecc_point point;
	mpz_t mx, my, md;
	bool ok;

	if (curve != EC_P256)
		return curve == EC_X25519 && y.len == 0 && agree_x25519(d, x, ret);
	ok = set_point(&point, curve, x, y) && d.len == EC_SECRET_LEN;
	mpz_init(mx);
	mpz_init(my);
	mpz_init(md);
	ecc_scalar_init(&scalar, CURVES[curve].nettle());
	if (ok) {
		import(md, d);
		ok = ecc_scalar_set(&scalar, md) == 1; /* refuses zero and beyond the order */
	}
	if (ok) {
		ecc_point_mul(&point, &scalar, &point);
		ecc_point_get(&point, mx, my);
		export(mx, EC_SECRET_LEN, ret);
	}
	gnutls_memset(scalar.p, 0, EC_SECRET_LEN); /* nettle frees, but does not wipe */
	ecc_scalar_clear(&scalar);
	gnutls_memset(point.p, 0, 2 * EC_SECRET_LEN);
	ecc_point_clear(&point);
	wipe(mx);
	wipe(my);
	wipe(md);
	return ok;
}

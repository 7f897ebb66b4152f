/* crypto/key: keys of OpenSSL in PEM, numbers that are none, and signatures of other programs. */
#include "vector.h"

#include "crypto/jwk.h"

static int import_pem(const char *file, struct key **ret)
{
	char path[64];
	const char *why = "";
	struct buf pem;
	int r;

	(void)snprintf(path, sizeof(path), "keys/%s.pem", file);
	pem = vector_read(path);
	r = key_import_pem(buf_span(&pem), ret, &why);
	buf_done(&pem);
	return r;
}

static void key_import_pem__takes_keys_of_our_kinds(void **state)
{
	static const struct {
		const char *file;
		bool taken;
		enum key_type type;
		int sign;
	} ROWS[] = {
		{"p256",           true,  KEY_P256,    0            },
		{"p256-sec1",      true,  KEY_P256,    0            },
		{"p384",           true,  KEY_P384,    0            },
		{"ed25519",        true,  KEY_ED25519, 0            },
		{"rsa3072-pkcs1",  true,  KEY_RSA,     0            },
		{"rsa2048",        true,  KEY_RSA,     -EKEYREJECTED},
		{"rsa1024",        false, KEY_TYPES,   0            },
		{"p521",           false, KEY_TYPES,   0            },
		{"x25519",         false, KEY_TYPES,   0            },
		{"p256-encrypted", false, KEY_TYPES,   0            },
		{"p256-public",    true,  KEY_P256,    -EINVAL      },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(key_freep) struct key *k = NULL;
		CLEANUP(buf_done) struct buf sig = BUF_INIT(KEY_SIGNATURE_MAX);
		int r = import_pem(ROWS[i].file, &k);

		if (r != (ROWS[i].taken ? 0 : -EBADMSG))
			fail_msg("%s: %d", ROWS[i].file, r);
		if (!ROWS[i].taken)
			continue;
		assert_int_equal(key_type(k), ROWS[i].type);
		assert_int_equal(key_is_private(k), ROWS[i].sign != -EINVAL);
		assert_int_equal(key_rsa_bits(k) > 0, ROWS[i].type == KEY_RSA);
		r = key_sign(k, SPAN_LIT("text"), &sig);
		if (r != ROWS[i].sign)
			fail_msg("%s signs: %d", ROWS[i].file, r);
		if (r == 0)
			assert_int_equal(key_verify(k, SPAN_LIT("text"), buf_span(&sig)), 0);
	}
}

static void key_import__refuses_numbers_that_are_no_key(void **state)
{
	CLEANUP(key_freep) struct key *k = NULL, *made = NULL;
	struct buf room CLEANUP(buf_done) = {0};
	struct key_parts good, bad;
	const char *why = "";

	(void)state;
	assert_int_equal(import_pem("p256", &k), 0);
	assert_int_equal(key_private_parts(k, &room, &good), 0);
	assert_int_equal(key_import(&good, &made, &why), 0);
	made = key_free(made);
	bad = good;
	bad.d = span_of(good.d.ptr, 31);
	assert_int_equal(key_import(&bad, &made, &why), -EBADMSG);
	bad = good;
	bad.y = good.x;
	assert_int_equal(key_import(&bad, &made, &why), -EBADMSG);
	bad = good;
	bad.y = SPAN_LIT("");
	assert_int_equal(key_import(&bad, &made, &why), -EBADMSG);
	bad = good;
	bad.type = KEY_P384;
	assert_int_equal(key_import(&bad, &made, &why), -EBADMSG);
	bad = good;
	bad.type = KEY_HSS;
	assert_int_equal(key_import(&bad, &made, &why), -EBADMSG);
	bad.type = KEY_RSA;
	assert_int_equal(key_import(&bad, &made, &why), -EBADMSG);
	assert_null(made);
}

/* RFC 7518 3.4: r and s lie between 1 and the order of the group. */
static void key_verify__refuses_r_and_s_out_of_range(void **state)
{
	static const uint8_t ORDER[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
					  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					  0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
					  0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	CLEANUP(key_freep) struct key *k = NULL;
	CLEANUP(buf_done) struct buf sig = BUF_INIT(KEY_SIGNATURE_MAX);
	const struct span text = SPAN_LIT("text");

	(void)state;
	assert_int_equal(import_pem("p256", &k), 0);
	assert_int_equal(key_sign(k, text, &sig), 0);
	for (size_t half = 0; half < 2; half++) {
		uint8_t before[32], *at = sig.ptr + 32 * half;

		memcpy(before, at, 32);
		memset(at, 0, 32);
		assert_int_equal(key_verify(k, text, buf_span(&sig)), -EBADMSG);
		memcpy(at, ORDER, 32);
		assert_int_equal(key_verify(k, text, buf_span(&sig)), -EBADMSG);
		memset(at, 0xff, 32);
		assert_int_equal(key_verify(k, text, buf_span(&sig)), -EBADMSG);
		memcpy(at, before, 32);
	}
	assert_int_equal(key_verify(k, text, buf_span(&sig)), 0);
	assert_int_equal(key_verify(k, text, span_of(sig.ptr, KEY_SIGNATURE_MAX + 1)), -EBADMSG);
}

static size_t put_der_number(uint8_t *out, const uint8_t *number)
{
	size_t skip = 0, pad;

	while (number[skip] == 0)
		skip++;
	pad = number[skip] >> 7;
	out[0] = 2;
	out[1] = (uint8_t)(32 - skip + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, number + skip, 32 - skip);
	return 2 + out[1];
}

/* Other programs give ECDSA signatures in DER; nothing else is converted. */
static void key_take_signature__takes_both_forms(void **state)
{
	CLEANUP(key_freep) struct key *k = NULL, *ed = NULL;
	CLEANUP(buf_done)
	struct buf sig = BUF_INIT(KEY_SIGNATURE_MAX), out = BUF_INIT(KEY_SIGNATURE_MAX);
	const struct span text = SPAN_LIT("text");
	uint8_t der[80] = {0x30};
	size_t n = 2;

	(void)state;
	assert_int_equal(import_pem("p256", &k), 0);
	assert_int_equal(key_sign(k, text, &sig), 0);
	n += put_der_number(der + n, sig.ptr);
	n += put_der_number(der + n, sig.ptr + 32);
	der[1] = (uint8_t)(n - 2);
	assert_int_equal(key_take_signature(k, text, buf_span(&sig), &out), 0);
	assert_true(span_eq(buf_span(&out), buf_span(&sig)));
	buf_reset(&out);
	assert_int_equal(key_take_signature(k, text, span_of(der, n), &out), 0);
	assert_true(span_eq(buf_span(&out), buf_span(&sig)));
	buf_reset(&out);
	assert_int_equal(key_verify(k, text, span_of(der, n)), -EBADMSG); /* here it is none */
	assert_int_equal(key_take_signature(k, SPAN_LIT("texT"), span_of(der, n), &out), -EBADMSG);
	assert_int_equal(key_take_signature(k, text, span_of(der, n - 1), &out), -EBADMSG);
	assert_int_equal(import_pem("ed25519", &ed), 0);
	assert_int_equal(key_take_signature(ed, text, buf_span(&sig), &out), -EBADMSG);
	assert_int_equal(out.len, 0);
}

static void key_import_url__wants_a_token(void **state)
{
	CLEANUP(key_freep) struct key *k = NULL;
	const char *why = "";

	(void)state;
	assert_true(key_is_url("pkcs11:object=release"));
	assert_false(key_is_url("release.pem"));
	assert_int_equal(key_import_url("pkcs11:token=nobody;object=none", &k, &why), -EBADMSG);
	assert_int_equal(key_import_url("nonsense:", &k, &why), -EBADMSG);
	assert_true(strlen(why) > 0);
	assert_null(k);
}

static void jws_sign__needs_a_private_key(void **state)
{
	CLEANUP(key_freep) struct key *k = NULL, *half = NULL, *small = NULL;
	CLEANUP(buf_done) struct buf signature = BUF_INIT(KEY_SIGNATURE_MAX);
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	const char *why;

	(void)state;
	assert_int_equal(import_pem("p256", &k), 0);
	jwk = jwk_export(k);
	assert_int_equal(jwk_import(jwk, &half, &why), JWK_OK);
	assert_false(key_is_private(half));
	assert_null(jwk_export_private(half));
	assert_int_equal(key_sign(half, SPAN_LIT("e30"), &signature), -EINVAL);
	assert_int_equal(import_pem("rsa2048", &small), 0);
	assert_int_equal(key_sign(small, SPAN_LIT("e30"), &signature), -EKEYREJECTED);
	assert_int_equal(signature.len, 0);
	assert_int_equal(key_sign(k, SPAN_LIT("e30"), &signature), 0);
	assert_int_equal(signature.len, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_import_pem__takes_keys_of_our_kinds),
		cmocka_unit_test(key_import__refuses_numbers_that_are_no_key),
		cmocka_unit_test(key_verify__refuses_r_and_s_out_of_range),
		cmocka_unit_test(key_take_signature__takes_both_forms),
		cmocka_unit_test(key_import_url__wants_a_token),
		cmocka_unit_test(jws_sign__needs_a_private_key),
	};

	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}

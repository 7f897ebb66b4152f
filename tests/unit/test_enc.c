/* crypto/enc, crypto/ec and crypto/enc_key: published values of the parts, and what they refuse. */
#include "vector.h"

#include "base/parse.h"
#include "codec/b64.h"
#include "crypto/enc_key.h"

static struct secret from_hex(const char *hex)
{
	struct secret s = {.len = strlen(hex) / 2};

	assert_true(s.len <= SECRET_MAX && hex_decode(span_str(hex), s.b, s.len));
	return s;
}

static struct secret from_b64(const struct jsn *object, const char *name)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT(1024);
	struct secret s;

	assert_int_equal(b64_decode(jsn_text(jsn_get(object, name)), &b), 0);
	assert_true(secret_set(&s, buf_span(&b)));
	return s;
}

static void enc_wrap__gives_the_values_of_rfc_3394(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("primitives/primitives.json");
	const struct jsn *cases = jsn_get(root, "rfc3394");

	(void)state;
	assert_int_equal(jsn_len(cases), 3);
	for (size_t i = 0; i < jsn_len(cases); i++) {
		struct secret kek = from_hex(jsn_str(jsn_get(jsn_at(cases, i), "kek")));
		struct secret data = from_hex(jsn_str(jsn_get(jsn_at(cases, i), "data")));
		struct secret wrapped = from_hex(jsn_str(jsn_get(jsn_at(cases, i), "wrapped"))),
			      got;
		CLEANUP(buf_done) struct buf out = BUF_INIT(256);

		assert_int_equal(enc_wrap(secret_span(&kek), &data, &out), 0);
		assert_true(span_eq(buf_span(&out), secret_span(&wrapped)));
		assert_int_equal(enc_unwrap(secret_span(&kek), secret_span(&wrapped), &got), 0);
		assert_true(secret_eq(&got, &data));
		for (size_t k = 0; k < wrapped.len; k++) {
			wrapped.b[k] ^= 1;
			assert_int_equal(enc_unwrap(secret_span(&kek), secret_span(&wrapped), &got),
					 -EBADMSG);
			wrapped.b[k] ^= 1;
		}
	}
}

static void enc_unwrap__wants_whole_lengths(void **state)
{
	static const uint8_t KEK[33], WRAPPED[SECRET_MAX + 16];
	struct secret key = {.len = 12};
	CLEANUP(buf_done) struct buf out = BUF_INIT(256);

	(void)state;
	for (size_t n = 0; n <= sizeof(WRAPPED); n++)
		assert_int_equal(enc_unwrap(span_of(KEK, 16), span_of(WRAPPED, n), &key), -EBADMSG);
	for (size_t n = 0; n <= sizeof(KEK); n++)
		assert_int_equal(enc_unwrap(span_of(KEK, n), span_of(WRAPPED, 24), &key), -EBADMSG);
	assert_int_equal(enc_wrap(span_of(KEK, 16), &key, &out), -EINVAL);
	key.len = 16;
	assert_int_equal(enc_wrap(span_of(KEK, 24), &key, &out), -EINVAL);
}

static void enc_concat_kdf__gives_the_key_of_rfc_7518_c(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("primitives/primitives.json");
	const struct jsn *c = jsn_get(root, "rfc7518_C");
	const struct jsn *alice = jsn_get(c, "alice_ephemeral"), *bob = jsn_get(c, "bob_static");
	struct secret ad = from_b64(alice, "d"), ax = from_b64(alice, "x"),
		      ay = from_b64(alice, "y");
	struct secret bd = from_b64(bob, "d"), bx = from_b64(bob, "x"), by = from_b64(bob, "y");
	struct secret want_z = from_hex(jsn_str(jsn_get(c, "Z_hex"))),
		      apu = from_b64(c, "apu_b64u"), apv = from_b64(c, "apv_b64u"),
		      want = from_b64(c, "derived_key_b64u"), got;
	uint8_t z[EC_SECRET_LEN];

	(void)state;
	assert_true(ec_agree(EC_P256, secret_span(&ad), secret_span(&bx), secret_span(&by), z));
	assert_memory_equal(z, want_z.b, sizeof(z));
	assert_true(ec_agree(EC_P256, secret_span(&bd), secret_span(&ax), secret_span(&ay), z));
	assert_memory_equal(z, want_z.b, sizeof(z));
	assert_int_equal(enc_concat_kdf(span_of(z, sizeof(z)), SPAN_LIT("A128GCM"),
					secret_span(&apu), secret_span(&apv), 16, &got),
			 0);
	assert_true(secret_eq(&got, &want));
	assert_int_equal(enc_concat_kdf(span_of(z, sizeof(z)), SPAN_LIT(""), SPAN_LIT(""),
					SPAN_LIT(""), 33, &got),
			 -EIO);
}

/* RFC 7748 5.2, first example; a point of order 8, and zero. */
static void ec_agree__on_x25519(void **state)
{
	struct secret a =
		from_hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
	struct secret u =
		from_hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
	struct secret want =
		from_hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	struct secret eight =
		from_hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
	static const uint8_t ZERO[32];
	uint8_t z[EC_SECRET_LEN];

	(void)state;
	assert_true(ec_agree(EC_X25519, secret_span(&a), secret_span(&u), SPAN_LIT(""), z));
	assert_memory_equal(z, want.b, sizeof(z));
	assert_false(ec_agree(EC_X25519, secret_span(&a), span_of(ZERO, 32), SPAN_LIT(""), z));
	assert_false(ec_agree(EC_X25519, secret_span(&a), secret_span(&eight), SPAN_LIT(""), z));
	assert_false(ec_agree(EC_X25519, secret_span(&a), span_of(u.b, 31), SPAN_LIT(""), z));
	assert_false(ec_agree(EC_X25519, span_of(a.b, 31), secret_span(&u), SPAN_LIT(""), z));
	assert_false(ec_agree(EC_X25519, secret_span(&a), secret_span(&u), secret_span(&u), z));
}

static void ec_agree__refuses_points_off_p256(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("primitives/primitives.json");
	const struct jsn *bob = jsn_get(jsn_get(root, "rfc7518_C"), "bob_static");
	struct secret d = from_b64(bob, "d"), x = from_b64(bob, "x"), y = from_b64(bob, "y");
	/* the order of the group and zero are no private keys */
	struct secret order =
		from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
	struct secret zero = {.len = 32};
	uint8_t z[EC_SECRET_LEN];

	(void)state;
	assert_true(ec_agree(EC_P256, secret_span(&d), secret_span(&x), secret_span(&y), z));
	assert_false(ec_agree(EC_P256, secret_span(&order), secret_span(&x), secret_span(&y), z));
	assert_false(ec_agree(EC_P256, secret_span(&zero), secret_span(&x), secret_span(&y), z));
	assert_false(ec_agree(EC_P256, span_of(d.b, 31), secret_span(&x), secret_span(&y), z));
	assert_false(ec_agree(EC_P256, secret_span(&d), span_of(x.b, 31), secret_span(&y), z));
	assert_false(ec_agree(EC_P256, secret_span(&d), secret_span(&x), SPAN_LIT(""), z));
	assert_false(ec_agree(EC_P256, secret_span(&d), secret_span(&zero), secret_span(&zero), z));
	assert_false(ec_agree(EC_P384, secret_span(&d), secret_span(&x), secret_span(&y), z));
	y.b[0] ^= 1;
	assert_false(ec_agree(EC_P256, secret_span(&d), secret_span(&x), secret_span(&y), z));
	memset(x.b, 0xff, 32);
	assert_false(ec_agree(EC_P256, secret_span(&d), secret_span(&x), secret_span(&y), z));
}

static void enc_open__wants_key_iv_and_tag(void **state)
{
	static const uint8_t KEY[33], IV[13];
	CLEANUP(buf_done) struct buf sealed = BUF_INIT(64), out = BUF_INIT(64), small = BUF_INIT(8);

	(void)state;
	assert_int_equal(enc_seal(ENC_A128GCM, span_of(KEY, 16), span_of(IV, 12), SPAN_LIT("a"),
				  SPAN_LIT("text"), &sealed),
			 0);
	assert_int_equal(sealed.len, 4 + ENC_TAG_LEN);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.ptr[i] ^= 0x80;
		assert_int_equal(enc_open(ENC_A128GCM, span_of(KEY, 16), span_of(IV, 12),
					  SPAN_LIT("a"), buf_span(&sealed), &out),
				 -EBADMSG);
		sealed.ptr[i] ^= 0x80;
	}
	assert_int_equal(out.len, 0);
	assert_int_equal(enc_open(ENC_A128GCM, span_of(KEY, 16), span_of(IV, 12), SPAN_LIT("b"),
				  buf_span(&sealed), &out),
			 -EBADMSG);
	assert_int_equal(enc_open(ENC_A128GCM, span_of(KEY, 16), span_of(IV, 11), SPAN_LIT("a"),
				  buf_span(&sealed), &out),
			 -EBADMSG);
	assert_int_equal(enc_open(ENC_A256GCM, span_of(KEY, 16), span_of(IV, 12), SPAN_LIT("a"),
				  buf_span(&sealed), &out),
			 -EBADMSG);
	assert_int_equal(enc_open(ENC_A128GCM, span_of(KEY, 16), span_of(IV, 12), SPAN_LIT("a"),
				  span_of(sealed.ptr, 15), &out),
			 -EBADMSG);
	assert_int_equal(enc_seal(ENC_A128GCM, span_of(KEY, 16), span_of(IV, 13), SPAN_LIT("a"),
				  SPAN_LIT("text"), &sealed),
			 -EINVAL);
	assert_int_equal(enc_seal(ENC_A256GCM, span_of(KEY, 33), span_of(IV, 12), SPAN_LIT("a"),
				  SPAN_LIT("text"), &sealed),
			 -EINVAL);
	assert_int_equal(enc_seal(ENC_A128GCM, span_of(KEY, 16), span_of(IV, 12), SPAN_LIT("a"),
				  SPAN_LIT("text"), &small),
			 -ENOMEM);
}

#define K16    "\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\""
#define K32    "\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
#define EC_X   "4Dm-oYJzZ2lVCwiAHYYENdDMn4W8bweYrnDCX7zY1Ec"
#define EC_Y   "kN8Lo-jIwhtsgVTVL_y-mHrK-NjUJWZQtfSl0OHRXu0"
#define EC     "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\""
#define X25519 "\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" EC_X "\""
#define ALG(a) ",\"alg\":\"" a "\""

static void enc_key_import__binds_a_key_to_one_algorithm(void **state)
{
	static const struct {
		const char *name, *jwk;
		enum jwk_fault want;
	} ROWS[] = {
		{"A128KW",                         "{" K16 ALG("A128KW") "}",                                                 JWK_OK         },
		{"A256KW",                         "{" K32 ALG("A256KW") "}",                                                 JWK_OK         },
		{"direct",                         "{" K16 ALG("dir") "}",						    JWK_OK         },
		{"direct, 32 octets",              "{" K32 ALG("dir") "}",                                                    JWK_OK         },
		{"direct, by name of the content", "{" K32 ALG("A256GCM") "}",                                                JWK_OK         },
		{"ECDH-ES",                        "{" EC ALG("ECDH-ES") "}",                                                 JWK_OK         },
		{"ECDH-ES+A256KW, X25519",         "{" X25519 ALG("ECDH-ES+A256KW") "}",                                      JWK_OK         },
		{"for encryption",
		 "{" EC ALG("ECDH-ES") ",\"use\":\"enc\",\"key_ops\":[\"deriveKey\"]}",                                       JWK_OK         },
		{"kid",			    "{" EC ALG("ECDH-ES") ",\"kid\":\"k\"}",                                   JWK_OK         },
		{"no alg",                         "{" K16 "}",							       JWK_INVALID    },
		{"alg is a number",                "{" K16 ",\"alg\":1}",                                                     JWK_UNSUPPORTED},
		{"alg of signatures",              "{" EC ALG("ES256") "}",                                                   JWK_UNSUPPORTED},
		{"RSA-OAEP",                       "{\"kty\":\"RSA\"" ALG("RSA-OAEP") "}",                                    JWK_UNSUPPORTED},
		{"PBES2",			  "{" K16 ALG("PBES2-HS256+A128KW") "}",                                     JWK_UNSUPPORTED},
		{"A192GCM",                        "{" K16 ALG("A192GCM") "}",                                                JWK_UNSUPPORTED},
		{"P-384",			  "{\"kty\":\"EC\",\"crv\":\"P-384\"" ALG("ECDH-ES") "}",                    JWK_UNSUPPORTED},
		{"curve of another kty",
		 "{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"" ALG("ECDH-ES") "}",
		 JWK_UNSUPPORTED													     },
		{"symmetric for ECDH-ES",          "{" K16 ALG("ECDH-ES") "}",                                                JWK_UNSUPPORTED},
		{"EC for A128KW",                  "{" EC ALG("A128KW") "}",                                                  JWK_INVALID    },
		{"short for A256KW",               "{" K16 ALG("A256KW") "}",                                                 JWK_INVALID    },
		{"long for A128KW",                "{" K32 ALG("A128KW") "}",                                                 JWK_INVALID    },
		{"short for A256GCM",              "{" K16 ALG("A256GCM") "}",                                                JWK_INVALID    },
		{"direct, 24 octets",
		 "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"" ALG("dir") "}",
		 JWK_INVALID														 },
		{"no k",			   "{\"kty\":\"oct\"" ALG("dir") "}",                                         JWK_INVALID    },
		{"k of 65 octets",
		 "{\"kty\":\"oct\",\"k\":"
		 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		 "AAAAAAAA\"" ALG("dir") "}",
		 JWK_INVALID														 },
		{"off the curve",
		 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X
		 "\"" ALG("ECDH-ES") "}",
		 JWK_INVALID														 },
		{"no y",			   "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"" ALG("ECDH-ES") "}",
		 JWK_INVALID														 },
		{"short x",                        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAA\"" ALG("ECDH-ES") "}",
		 JWK_INVALID														 },
		{"short d",                        "{" EC ",\"d\":\"AAAA\"" ALG("ECDH-ES") "}",                               JWK_INVALID    },
		{"for signatures",                 "{" EC ALG("ECDH-ES") ",\"use\":\"sig\"}",                                 JWK_INVALID    },
		{"may sign only",                  "{" EC ALG("ECDH-ES") ",\"key_ops\":[\"sign\"]}",                          JWK_INVALID    },
		{"kid is a number",                "{" EC ALG("ECDH-ES") ",\"kid\":1}",                                       JWK_INVALID    },
		{"empty kid",                      "{" EC ALG("ECDH-ES") ",\"kid\":\"\"}",                                    JWK_INVALID    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(enc_key_freep) struct enc_key *k = NULL;
		CLEANUP(jsn_freep) struct jsn *jwk = NULL;
		const char *why = "";
		enum jwk_fault got;

		assert_int_equal(
			jsn_parse(span_str(ROWS[i].jwk), &(struct jsn_limits){4096, 4}, &jwk),
			JSN_OK);
		got = enc_key_import(jwk, &k, &why);
		if (got != ROWS[i].want)
			fail_msg("%s: %d (%s), want %d", ROWS[i].name, got, why, ROWS[i].want);
	}
}

static void enc_key_parse__takes_jwk_and_cose_key(void **state)
{
	static const struct {
		const char *name;
		struct span text;
		enum enc_alg alg; /* ENC_ALGS: refused */
	} ROWS[] = {
		{"JWK",                      SPAN_LIT("{" K16 ALG("A128KW") "}"), ENC_A128KW},
		{"COSE_Key, A128KW",
		 SPAN_LIT("\xa3\x01\x04\x03\x22\x20\x50"
			  "0123456789abcdef"),
		 ENC_A128KW								 },
		{"COSE_Key, A128GCM",
		 SPAN_LIT("\xa3\x01\x04\x03\x01\x20\x50"
			  "0123456789abcdef"),
		 ENC_DIR								    },
		{"COSE_Key, direct",
		 SPAN_LIT("\xa3\x01\x04\x03\x25\x20\x50"
			  "0123456789abcdef"),
		 ENC_DIR								    },
		{"COSE_Key, X25519",
		 SPAN_LIT("\xa4\x01\x01\x03\x38\x18\x20\x04\x21\x58\x20"
			  "0123456789abcdef0123456789abcdef"),
		 ENC_ECDH								   },
		{"COSE_Key, a wrong length",
		 SPAN_LIT("\xa3\x01\x04\x03\x24\x20\x50"
			  "0123456789abcdef"),
		 ENC_ALGS								   },
		{"COSE_Key, no alg",
		 SPAN_LIT("\xa2\x01\x04\x20\x50"
			  "0123456789abcdef"),
		 ENC_ALGS								   },
		{"COSE_Key, unknown alg",
		 SPAN_LIT("\xa3\x01\x04\x03\x02\x20\x50"
			  "0123456789abcdef"),
		 ENC_ALGS								   },
		{"neither",                  SPAN_LIT("key"),                     ENC_ALGS  },
		{"nothing",                  SPAN_LIT(""),                        ENC_ALGS  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(enc_key_freep) struct enc_key *k = NULL;
		const char *why = "";
		int r = enc_key_parse(ROWS[i].text, &k, &why);

		if (r != (ROWS[i].alg == ENC_ALGS ? -EBADMSG : 0))
			fail_msg("%s: %d %s", ROWS[i].name, r, why);
		if (r == 0)
			assert_int_equal(enc_key_alg(k), ROWS[i].alg);
	}
}

static void enc_key_generate__makes_what_import_takes(void **state)
{
	(void)state;
	for (unsigned a = 0; a < ENC_ALGS; a++) {
		for (unsigned c = 0; c < EC_CURVES; c++) {
			CLEANUP(enc_key_freep) struct enc_key *k = NULL, *again = NULL;
			CLEANUP(jsn_freep) struct jsn *secret = NULL, *half = NULL;
			const bool pair = enc_alg_agrees((enum enc_alg)a);
			int r = enc_key_generate((enum enc_alg)a, (enum ec_curve)c, 16, &k);
			const char *why;

			assert_int_equal(r, pair && c == EC_P384 ? -EINVAL : 0);
			if (r < 0)
				continue;
			secret = enc_key_export(k, true);
			assert_int_equal(enc_key_import(secret, &again, &why), JWK_OK);
			assert_true(enc_key_is_secret(again));
			assert_string_equal(enc_key_kid(again), enc_key_kid(k));
			half = enc_key_export(k, false);
			assert_int_equal(half != NULL, pair);
			if (!half)
				continue;
			assert_false(jwk_has_secret(half));
			again = enc_key_free(again);
			assert_int_equal(enc_key_import(half, &again, &why), JWK_OK);
			assert_false(enc_key_is_secret(again));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enc_wrap__gives_the_values_of_rfc_3394),
		cmocka_unit_test(enc_unwrap__wants_whole_lengths),
		cmocka_unit_test(enc_concat_kdf__gives_the_key_of_rfc_7518_c),
		cmocka_unit_test(ec_agree__on_x25519),
		cmocka_unit_test(ec_agree__refuses_points_off_p256),
		cmocka_unit_test(enc_open__wants_key_iv_and_tag),
		cmocka_unit_test(enc_key_import__binds_a_key_to_one_algorithm),
		cmocka_unit_test(enc_key_parse__takes_jwk_and_cose_key),
		cmocka_unit_test(enc_key_generate__makes_what_import_takes),
	};

	return cmocka_run_group_tests_name("enc", tests, NULL, NULL);
}

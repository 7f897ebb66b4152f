/* crypto/jwk, crypto/key and crypto/trust. */
#include "vector.h"

#include "crypto/trust.h"

#define EC_X      "4Dm-oYJzZ2lVCwiAHYYENdDMn4W8bweYrnDCX7zY1Ec"
#define EC_Y      "kN8Lo-jIwhtsgVTVL_y-mHrK-NjUJWZQtfSl0OHRXu0"
#define EC_THUMB  "sEUjL8uhY5QzQBADFAIYNWLybZ9Cu4BEoLDiDXRzBt4"
#define EC_KEY    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\""
#define ED_X      "sSVjekythFuAfXCHJj8EYdb0vGRjDeSmDkPNjHujBDA"
#define ED_KEY    "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\""
#define HSS_PUB   "AAAAAQAAAAUAAAAEbE-zpblMssKCHl0irPtBZ6YRSnRslJLxjIPHUCYhs3fL4u2iVqty7htxyGNr2_AO"
#define HSS_THUMB "Bi5Atw1chGOhgu6Bl8clmXqfCs_1_Koa94urVKIaCF8"
#define HSS_KEY   "\"kty\":\"HSS-LMS\",\"pub\":\"" HSS_PUB "\""
#define RSA_N                                                                                      \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"  \
	"BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-"          \
	"65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdk" \
	"t-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

static struct jsn *parse(const char *text)
{
	struct jsn *v = NULL;

	assert_int_equal(jsn_parse(span_str(text), &(struct jsn_limits){VECTOR_MAX, 16}, &v),
			 JSN_OK);
	return v;
}

static void jwk_thumbprint__gives_the_rfc_values(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("jose/jwk-thumbprint.json");
	const struct jsn *cases = jsn_get(root, "cases");

	(void)state;
	assert_int_equal(jsn_len(cases), 4);
	for (size_t i = 0; i < jsn_len(cases); i++) {
		const struct jsn *c = jsn_at(cases, i);
		char got[JWK_THUMBPRINT_LEN + 1];

		assert_int_equal(jwk_thumbprint(jsn_get(c, "jwk"), got), 0);
		assert_string_equal(got, jsn_str(jsn_get(c, "sha256_thumbprint_b64u")));
	}
}

static void jwk_import__checks_every_number(void **state)
{
	static const struct {
		const char *name, *jwk;
		enum jwk_fault want;
	} CASES[] = {
		{"P-256",                        "{" EC_KEY "}",					      JWK_OK         },
		{"for signatures",               "{" EC_KEY ",\"use\":\"sig\",\"alg\":\"ES256\"}",            JWK_OK         },
		{"may verify",                   "{" EC_KEY ",\"key_ops\":[\"sign\",\"verify\"]}",            JWK_OK         },
		{"Ed25519",                      "{" ED_KEY "}",					      JWK_OK         },
		{"Ed25519, both names",          "{" ED_KEY ",\"alg\":\"Ed25519\"}",                          JWK_OK         },
		{"RSA 2048",                     "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}",      JWK_OK         },
		{"off the curve",
		 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X "\"}",
		 JWK_INVALID												 },
		{"x beyond the field",
		 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\""
		 "__________________________________________8\",\"y\":\"" EC_Y "\"}",
		 JWK_INVALID												 },
		{"origin",
		 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\""
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":\""
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",					    JWK_INVALID    },
		{"short coordinate",
		 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"" EC_Y "\"}",                        JWK_INVALID    },
		{"wrong width",
		 "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
		 JWK_INVALID												 },
		{"no y",			 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}",     JWK_INVALID    },
		{"padded x",                     "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "=\"}",
		 JWK_INVALID												 },
		{"short Ed25519",                "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAB\"}",
		 JWK_INVALID												 },
		{"Ed25519 of order 4",
		 "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
		 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",					  JWK_INVALID    },
		{"Ed25519 of order 4, negative",
		 "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
		 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA\"}",					  JWK_INVALID    },
		{"x is a number",                "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":1}",             JWK_INVALID    },
		{"small RSA",                    "{\"kty\":\"RSA\",\"n\":\"" EC_X "\",\"e\":\"AQAB\"}",       JWK_INVALID    },
		{"exponent 3",                   "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"Aw\"}",        JWK_INVALID    },
		{"even exponent",                "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAC\"}",
		 JWK_INVALID												 },
		{"exponent with zeros",          "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AAEAAQ\"}",
		 JWK_INVALID												 },
		{"for encryption",               "{" EC_KEY ",\"use\":\"enc\"}",                              JWK_INVALID    },
		{"may only sign",                "{" EC_KEY ",\"key_ops\":[\"sign\"]}",                       JWK_INVALID    },
		{"algorithm of another kind",    "{" EC_KEY ",\"alg\":\"ES384\"}",                            JWK_INVALID    },
		{"no kty",                       "{\"crv\":\"P-256\"}",                                       JWK_INVALID    },
		{"not an object",                "[]",							JWK_INVALID    },
		{"algorithm unknown",
		 "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\"}",
		 JWK_UNSUPPORTED											     },
		{"curve unknown",                "{\"kty\":\"EC\",\"crv\":\"secp256k1\"}",                    JWK_UNSUPPORTED},
		{"kind unknown",                 "{\"kty\":\"AKP\",\"pub\":\"AAAA\"}",                        JWK_UNSUPPORTED},
		{"HSS",			  "{" HSS_KEY ",\"alg\":\"HSS-LMS\"}",                         JWK_OK         },
		{"HSS that is short",            "{\"kty\":\"HSS-LMS\",\"pub\":\"AAAA\"}",                    JWK_INVALID    },
		{"HSS without pub",              "{\"kty\":\"HSS-LMS\"}",                                     JWK_INVALID    },
		{"private",                      "{" EC_KEY ",\"d\":\"" EC_X "\"}",                           JWK_PRIVATE    },
		{"symmetric",                    "{\"kty\":\"oct\",\"k\":\"AAAA\"}",                          JWK_PRIVATE    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(jsn_freep) struct jsn *jwk = parse(CASES[i].jwk);
		CLEANUP(key_freep) struct key *k = NULL;
		const char *why = NULL;
		enum jwk_fault got = jwk_import(jwk, &k, &why);

		if (got != CASES[i].want)
			fail_msg("%s: %d (%s)", CASES[i].name, got, why ? why : "");
		assert_int_equal(k != NULL, got == JWK_OK);
	}
}

static void key_sign__makes_what_key_verify_takes(void **state)
{
	static const size_t LENGTHS[KEY_HSS] = {
		[KEY_P256] = 64, [KEY_P384] = 96, [KEY_ED25519] = 64, [KEY_RSA] = 384};

	(void)state;
	for (unsigned t = 0; t < KEY_HSS; t++) { /* nobody here signs with that */
		CLEANUP(key_freep) struct key *made = NULL, *k = NULL, *pub = NULL;
		struct buf sig = BUF_INIT(KEY_SIGNATURE_MAX), twice = BUF_INIT(KEY_SIGNATURE_MAX);
		const char *why;

		assert_int_equal(key_generate((enum key_type)t, &made), 0);
		CLEANUP(jsn_freep) struct jsn *jwk = jwk_export_private(made);
		CLEANUP(jsn_freep) struct jsn *half = jwk_export(made);
		assert_int_equal(jwk_import_private(jwk, &k, &why), JWK_OK);
		assert_int_equal(jwk_import(jwk, &pub, &why), JWK_PRIVATE);
		assert_int_equal(jwk_import(half, &pub, &why), JWK_OK);

		assert_int_equal(key_sign(k, SPAN_LIT("text"), &sig), 0);
		assert_int_equal(sig.len, LENGTHS[t]);
		assert_int_equal(key_verify(pub, SPAN_LIT("text"), buf_span(&sig)), 0);
		assert_int_equal(key_verify(pub, SPAN_LIT("texT"), buf_span(&sig)), -EBADMSG);
		assert_int_equal(key_verify(pub, SPAN_LIT("text"), span_of(sig.ptr, sig.len - 1)),
				 -EBADMSG);
		assert_int_equal(key_verify(pub, SPAN_LIT("text"), span_of(sig.ptr, 0)), -EBADMSG);
		assert_int_equal(key_sign(pub, SPAN_LIT("text"), &twice), -EINVAL);
		assert_int_equal(key_sign(k, SPAN_LIT("text"), &twice), 0);
		if (t != KEY_RSA) /* PSS has a random salt */
			assert_true(span_eq(buf_span(&sig), buf_span(&twice)));
		buf_put_byte(&sig, 0);
		assert_int_equal(key_verify(pub, SPAN_LIT("text"), buf_span(&sig)), -EBADMSG);
		sig.len--;
		sig.ptr[sig.len / 2] ^= 1;
		assert_int_equal(key_verify(pub, SPAN_LIT("text"), buf_span(&sig)), -EBADMSG);
		buf_done(&sig);
		buf_done(&twice);
	}
}

static void key_hss__is_for_verifying_only(void **state)
{
	CLEANUP(jsn_freep) struct jsn *jwk = parse("{" HSS_KEY "}"), *out = NULL;
	CLEANUP(key_freep) struct key *k = NULL, *made = NULL;
	struct buf sig = BUF_INIT(KEY_SIGNATURE_MAX);
	const char *why;

	(void)state;
	assert_int_equal(jwk_import(jwk, &k, &why), JWK_OK);
	out = jwk_export(k);
	assert_true(span_is(jsn_text(jsn_get(out, "pub")), HSS_PUB));
	assert_true(span_is(jsn_text(jsn_get(out, "kid")), HSS_THUMB));
	assert_int_equal(key_sign(k, SPAN_LIT("text"), &sig), -EINVAL);
	assert_int_equal(key_generate(KEY_HSS, &made), -EIO);
	buf_done(&sig);
}

static void key_sign__refuses_halves_of_two_keys(void **state)
{
	CLEANUP(key_freep) struct key *a = NULL, *b = NULL, *mixed = NULL;
	struct buf room = {0}, sig = BUF_INIT(KEY_SIGNATURE_MAX);
	struct key_parts secret, parts;
	const char *why;

	(void)state;
	assert_int_equal(key_generate(KEY_P256, &a), 0);
	assert_int_equal(key_generate(KEY_P256, &b), 0);
	assert_int_equal(key_private_parts(a, &room, &secret), 0);
	parts = key_public_parts(b);
	parts.d = secret.d;
	if (key_import(&parts, &mixed, &why) == 0)
		assert_int_equal(key_sign(mixed, SPAN_LIT("text"), &sig), -EKEYREJECTED);
	assert_int_equal(sig.len, 0);
	buf_done(&room);
	buf_done(&sig);
}

static void trust_parse__refuses_doubtful_files(void **state)
{
	static const struct {
		const char *name, *text, *why; /* NULL: taken */
	} CASES[] = {
		{"empty set",                      "{\"keys\":[]}",                                        NULL           },
		{"two keys",                       "{\"keys\":[{" EC_KEY "},{" ED_KEY "}]}",               NULL           },
		{"unknown kind is left out",       "{\"keys\":[{\"kty\":\"X\"},{" EC_KEY "}]}",            NULL           },
		{"unknown private member",         "{\"keys\":[{" EC_KEY ",\"x-ocf-color\":1}]}",          NULL           },
		{"no JSON",                        "keys",						 "strict JSON"  },
		{"duplicate member",               "{\"keys\":[],\"keys\":[]}",                            "strict JSON"  },
		{"no set",                         "{" EC_KEY "}",                                         "JWK Set"      },
		{"keys is an object",              "{\"keys\":{}}",                                        "JWK Set"      },
		{"the same key",                   "{\"keys\":[{" EC_KEY "},{" EC_KEY ",\"kid\":\"a\"}]}",
		 "key 2: the same key"										    },
		{"the same kid",
		 "{\"keys\":[{" EC_KEY ",\"kid\":\"a\"},{" ED_KEY ",\"kid\":\"a\"}]}",
		 "key 2: the same kid"										    },
		{"kid is a thumbprint of another",
		 "{\"keys\":[{" EC_KEY "},{" ED_KEY ",\"kid\":\"" EC_THUMB "\"}]}",                        "the same kid" },
		{"empty kid",                      "{\"keys\":[{" EC_KEY ",\"kid\":\"\"}]}",               "kid must"     },
		{"kid is a number",                "{\"keys\":[{" EC_KEY ",\"kid\":7}]}",                  "kid must"     },
		{"private key",                    "{\"keys\":[{" EC_KEY ",\"d\":\"AA\"}]}",               "key 1: secret"},
		{"private key of unknown kind",    "{\"keys\":[{\"kty\":\"X\",\"d\":\"AA\"}]}",
		 "key 1: secret"											  },
		{"symmetric key",                  "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}",          "key 1: secret"},
		{"off the curve",
		 "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X
		 "\"}]}",										  "curve"        },
		{"roles is a text",                "{\"keys\":[{" EC_KEY ",\"x-ocf-roles\":\"root\"}]}",
		 "x-ocf-roles"											    },
		{"manufacturers of numbers",
		 "{\"keys\":[{" EC_KEY ",\"x-ocf-manufacturers\":[1]}]}",                                  "x-ocf-man"    },
		{"revoked is a text",              "{\"keys\":[],\"x-ocf-revoked\":\"a\"}",                "x-ocf-revoked"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(trust_freep) struct trust *t = NULL;
		char error[128] = "";
		int r = trust_parse(span_str(CASES[i].text), &t, error, sizeof(error));

		if (r != (CASES[i].why ? -EBADMSG : 0) ||
		    (CASES[i].why && !strstr(error, CASES[i].why)))
			fail_msg("%s: %d %s", CASES[i].name, r, error);
	}
}

static void trust_parse__keeps_roles_and_revocations(void **state)
{
	CLEANUP(trust_freep) struct trust *t = NULL;
	struct buf text = vector_read("manifests/keys/trust.jwks");
	const struct trust_key *k;
	char error[128];

	(void)state;
	assert_int_equal(trust_parse(buf_span(&text), &t, error, sizeof(error)), 0);
	buf_done(&text);
	assert_int_equal(trust_count(t), 7);
	assert_string_equal(trust_find(t, SPAN_LIT(HSS_THUMB))->thumbprint, HSS_THUMB);
	k = trust_find(t, SPAN_LIT(EC_THUMB));
	assert_non_null(k);
	assert_string_equal(k->thumbprint, EC_THUMB);
	assert_true(trust_key_may(k, TRUST_MANIFEST, "example.com"));
	assert_false(trust_key_may(k, TRUST_MANIFEST, "other.example"));
	assert_false(trust_key_may(k, TRUST_MANIFEST, "example.com.evil"));
	assert_false(trust_key_may(k, TRUST_ROOT, "example.com"));
	k = trust_find(t, SPAN_LIT("j0SMuQdeungFIAPy9F80HczHNQZQBZnQyKt2CJLnG-U"));
	assert_true(trust_key_may(k, TRUST_ROOT, "example.com"));
	assert_true(trust_is_revoked(t, SPAN_LIT("O9Id4JYFLDiJfXxmVJnonhSsw31xx8LxXDcNQwWkKWk")));
	assert_false(trust_key_revoked(t, k));
	assert_null(trust_find(t, SPAN_LIT("")));
}

static void trust_key_revoked__holds_under_every_name(void **state)
{
	CLEANUP(trust_freep) struct trust *t = NULL;
	char error[128];

	(void)state;
	assert_int_equal(
		trust_parse(SPAN_LIT("{\"keys\":[{" EC_KEY
				     ",\"kid\":\"a\"}],\"x-ocf-revoked\":[\"" EC_THUMB "\"]}"),
			    &t, error, sizeof(error)),
		0);
	assert_true(trust_key_revoked(t, trust_at(t, 0)));
	assert_false(
		trust_key_may(trust_at(t, 0), TRUST_MANIFEST, "example.com")); /* no rights named */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jwk_thumbprint__gives_the_rfc_values),
		cmocka_unit_test(jwk_import__checks_every_number),
		cmocka_unit_test(key_sign__makes_what_key_verify_takes),
		cmocka_unit_test(key_hss__is_for_verifying_only),
		cmocka_unit_test(key_sign__refuses_halves_of_two_keys),
		cmocka_unit_test(trust_parse__refuses_doubtful_files),
		cmocka_unit_test(trust_parse__keeps_roles_and_revocations),
		cmocka_unit_test(trust_key_revoked__holds_under_every_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

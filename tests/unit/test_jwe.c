/* crypto/jwe: the examples of the RFCs, messages made here, and each way to spoil one. */
#include "vector.h"

#include "codec/b64.h"
#include "crypto/envelope.h"
#include "crypto/jwe.h"

/* Whole groups of the examples are of algorithms that we do not have. */
static enum fw_error expected(const char *id)
{
	static const struct {
		const char *prefix;
		enum fw_error error;
	} ROWS[] = {
		{"rfc7516-A.",   FWE_MANIFEST_ENC_NOT_ALLOWED}, /* RSA, or AES-CBC with HMAC */
		{"rfc7520-5.13", FWE_MANIFEST_ENC_NOT_ALLOWED}, /* A128CBC-HS256 */
		{"rfc7520-5.1-", FWE_MANIFEST_ENC_NOT_ALLOWED}, /* RSA1_5 */
		{"rfc7520-5.2-", FWE_MANIFEST_ENC_NOT_ALLOWED}, /* RSA-OAEP */
		{"rfc7520-5.4-", FWE_MANIFEST_ENC_NOT_ALLOWED}, /* P-384 */
		{"rfc7520-5.5-", FWE_MANIFEST_ENC_NOT_ALLOWED}, /* A128CBC-HS256 */
		{"rfc7520-5.9-", FWE_MANIFEST_ZIP_UNSUPPORTED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		if (strncmp(ROWS[i].prefix, id, strlen(ROWS[i].prefix)) == 0)
			return ROWS[i].error;
	}
	return FWE_OK; /* 5.6, 5.8, 5.10, 5.11, 5.12, X25519 */
}

static enum fw_error decrypt(struct span text, const struct enc_key *k, struct buf *out)
{
	CLEANUP(jsn_freep) struct jsn *root = NULL;
	const struct enc_ring ring = {.n = k ? 1 : 0, .keys = {k}};

	if (text.len > 0 && text.ptr[0] == '{')
		assert_int_equal(jsn_parse(text, &(struct jsn_limits){VECTOR_MAX, 16}, &root),
				 JSN_OK);
	return jwe_decrypt(text, root, &ring, out);
}

static void check_example(const struct jsn *c)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jsn_copy(jsn_get(c, "key"));
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(VECTOR_MAX), got = {0}, want = BUF_INIT(VECTOR_MAX);
	const char *id = jsn_str(jsn_get(c, "id")), *why;
	enum fw_error e;

	if (!jsn_get(jwk, "alg")) /* bound to the algorithm of its example */
		jsn_set_str(jwk, "alg", jsn_get(jwk, "k") ? "A128KW" : "ECDH-ES");
	if (enc_key_import(jwk, &k, &why) != JWK_OK)
		assert_int_not_equal(expected(id), FWE_OK); /* a key of no use for us */
	if (jsn_type(jsn_get(c, "jwe")) == JSN_TEXT)
		buf_put(&text, jsn_text(jsn_get(c, "jwe")));
	else
		assert_int_equal(jsn_write(jsn_get(c, "jwe"), JSN_COMPACT, &text), 0);
	e = decrypt(buf_span(&text), k, &got);
	if (e != expected(id))
		fail_msg("%s: %s, want %s", id, fw_error_name(e), fw_error_name(expected(id)));
	if (e != FWE_OK)
		return;
	assert_int_equal(b64_decode(jsn_text(jsn_get(c, "plaintext_b64u")), &want), 0);
	assert_true(span_eq(buf_span(&got), buf_span(&want)));
	assert_int_equal(decrypt(buf_span(&text), NULL, &got), FWE_MANIFEST_DECRYPT_FAILED);
}

static void jwe_decrypt__answers_the_examples(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("jose/jwe-rfc.json");
	const struct jsn *cases = jsn_get(root, "cases");
	size_t open = 0;

	(void)state;
	assert_int_equal(jsn_len(cases), 37);
	for (size_t i = 0; i < jsn_len(cases); i++) {
		check_example(jsn_at(cases, i));
		open += expected(jsn_str(jsn_get(jsn_at(cases, i), "id"))) == FWE_OK;
	}
	assert_int_equal(open, 13);
}

/* RFC 7520 6 is RSA-OAEP around PS256. */
static void envelope_open__answers_the_nested_example(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("jose/nested-rfc7520-6.json");
	static const struct envelope_policy POLICY = {
		.bytes_max = 65536, .algs = SIG_ALL, .role = TRUST_MANIFEST, .manufacturer = "m"};
	CLEANUP(trust_freep) struct trust *trust = NULL;
	CLEANUP(jsn_freep) struct jsn *jwk = jsn_copy(jsn_get(root, "verification_key"));
	CLEANUP(buf_done) struct buf text = BUF_INIT(VECTOR_MAX), payload = BUF_INIT(VECTOR_MAX);
	struct envelope env = {0};
	char error[128];

	(void)state;
	buf_put_str(&text, "{\"keys\":[");
	for (const char *const *name = (const char *const[]){"d", "p", "q", "dp", "dq", "qi", NULL};
	     *name; name++)
		jsn_del(jwk, *name);
	jsn_set(jwk, "x-ocf-roles", jsn_new_array());
	jsn_add((struct jsn *)(uintptr_t)jsn_get(jwk, "x-ocf-roles"),
		jsn_new_text(SPAN_LIT("manifest")));
	jsn_set(jwk, "x-ocf-manufacturers", jsn_new_array());
	jsn_add((struct jsn *)(uintptr_t)jsn_get(jwk, "x-ocf-manufacturers"),
		jsn_new_text(SPAN_LIT("m")));
	assert_int_equal(jsn_write(jwk, JSN_COMPACT, &text), 0);
	buf_put_str(&text, "]}");
	assert_int_equal(trust_parse(buf_span(&text), &trust, error, sizeof(error)), 0);
	assert_int_equal(envelope_open(jsn_text(jsn_get(root, "jwe")), trust, &POLICY, &env),
			 FWE_MANIFEST_ENC_NOT_ALLOWED);
	assert_int_equal(envelope_open(jsn_text(jsn_get(root, "inner_jws")), trust, &POLICY, &env),
			 FWE_OK);
	assert_int_equal(b64_decode(jsn_text(jsn_get(root, "payload_b64u")), &payload), 0);
	assert_true(span_eq(buf_span(&payload), buf_span(&env.payload)));
	envelope_done(&env);
}

static void jwe_encrypt__makes_what_jwe_decrypt_takes(void **state)
{
	static const enum ec_curve CURVES[] = {EC_P256, EC_X25519};

	(void)state;
	for (unsigned a = 0; a < ENC_ALGS; a++) {
		for (unsigned c = 0; c < 2 * ENC_CONTENTS; c++) {
			const enum enc_content content = (enum enc_content)(c / 2);
			CLEANUP(enc_key_freep) struct enc_key *k = NULL, *other = NULL;
			CLEANUP(buf_done) struct buf text = BUF_INIT(65536), got = {0};
			const size_t len = enc_content_key_len(content);

			assert_int_equal(enc_key_generate((enum enc_alg)a, CURVES[c % 2], len, &k),
					 0);
			assert_int_equal(
				enc_key_generate((enum enc_alg)a, CURVES[c % 2], len, &other), 0);
			assert_int_equal(
				jwe_encrypt(k, content, "typ", "jose", SPAN_LIT("text"), &text), 0);
			assert_int_equal(decrypt(buf_span(&text), k, &got), FWE_OK);
			assert_true(span_is(buf_span(&got), "text"));
			assert_int_equal(decrypt(buf_span(&text), other, &got),
					 FWE_MANIFEST_DECRYPT_FAILED);
		}
	}
}

static void jwe_encrypt__refuses_a_key_of_another_length(void **state)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	CLEANUP(buf_done) struct buf text = BUF_INIT(65536);

	(void)state;
	assert_int_equal(enc_key_generate(ENC_DIR, EC_CURVES, 16, &k), 0);
	assert_int_equal(jwe_encrypt(k, ENC_A256GCM, NULL, NULL, SPAN_LIT("text"), &text), -EINVAL);
	assert_int_equal(text.len, 0);
}

/* Every character of a message counts. */
static void jwe_decrypt__refuses_every_alteration(void **state)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	CLEANUP(buf_done) struct buf text = BUF_INIT(65536), got = {0};

	(void)state;
	assert_int_equal(enc_key_generate(ENC_ECDH_A256KW, EC_X25519, 0, &k), 0);
	assert_int_equal(jwe_encrypt(k, ENC_A128GCM, NULL, NULL, SPAN_LIT("text"), &text), 0);
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t before = text.ptr[i];
		enum fw_error e;

		text.ptr[i] = before == 'A' ? 'B' : 'A';
		e = decrypt(buf_span(&text), k, &got);
		if (e != FWE_MANIFEST_DECRYPT_FAILED && e != FWE_MANIFEST_ENC_NOT_ALLOWED)
			fail_msg("character %zu: %s", i, fw_error_name(e));
		text.ptr[i] = before;
		assert_int_equal(decrypt(span_of(text.ptr, i), k, &got),
				 FWE_MANIFEST_DECRYPT_FAILED);
	}
	buf_put_str(&text, ".AAAA");
	assert_int_equal(decrypt(buf_span(&text), k, &got), FWE_MANIFEST_DECRYPT_FAILED);
}

/* The members of a good message to a key of kid "k", each of which a row replaces by its own. */
#define EC_X25519_X "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08" /* RFC 8037 A.6 */
#define MESSAGE_KEY                                                                                \
	"{\"kty\":\"oct\",\"kid\":\"k\",\"alg\":\"dir\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\"}"
#define TAIL ",\"iv\":\"AAAAAAAAAAAAAAAA\",\"ciphertext\":\"\",\"tag\":"

static void jwe_decrypt__names_the_fault(void **state)
{
	static const struct {
		const char *name, *header, *more; /* protected header; other members */
		enum fw_error want;
	} ROWS[] = {
		{"good",				 "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"k\"}",                     NULL,                                                     FWE_OK                      },
		{"no kid",			       "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",                                   NULL,                                                     FWE_OK                      },
		{"alg in the recipient's header",        "{\"enc\":\"A128GCM\"}",
		 ",\"header\":{\"alg\":\"dir\"}",																	     FWE_OK                      },
		{"all unprotected",                      "",									",\"unprotected\":{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 FWE_OK																								   },
		{"one recipient in a list",              "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"recipients\":[{}]",																		      FWE_OK                      },
		{"second recipient",                     "{\"enc\":\"A128GCM\"}",
		 ",\"recipients\":[{\"header\":{\"alg\":\"RSA-OAEP\"}},{\"header\":{\"alg\":"
		 "\"dir\"}}]",																				FWE_OK                      },
		{"enc in each recipient",                "",
		 ",\"recipients\":[{\"header\":{\"alg\":\"RSA-OAEP\",\"enc\":\"A128GCM\"}},"
		 "{\"header\":{\"alg\":\"dir\",\"enc\":\"A128GCM\"}}]",														       FWE_OK                      },
		{"another enc in another recipient",     "",
		 ",\"recipients\":[{\"header\":{\"alg\":\"dir\",\"enc\":\"A128GCM\"}},"
		 "{\"header\":{\"alg\":\"dir\",\"enc\":\"A256GCM\"}}]",														       FWE_MANIFEST_DECRYPT_FAILED },
		{"no enc in another recipient",          "",
		 ",\"recipients\":[{\"header\":{\"alg\":\"RSA-OAEP\"}},"
		 "{\"header\":{\"alg\":\"dir\",\"enc\":\"A128GCM\"}}]",														       FWE_MANIFEST_DECRYPT_FAILED },
		{"zip of another recipient",             "{\"enc\":\"A128GCM\"}",
		 ",\"recipients\":[{\"header\":{\"alg\":\"dir\"}},{\"header\":{\"alg\":\"dir\","
		 "\"zip\":\"DEF\"}}]",																			FWE_MANIFEST_ZIP_UNSUPPORTED},
		{"another recipient is a text",          "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"recipients\":[{},\"\"]",																		 FWE_MANIFEST_DECRYPT_FAILED },
		{"encrypted key of another is a number", "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"recipients\":[{},{\"encrypted_key\":1}]",																FWE_MANIFEST_DECRYPT_FAILED },
		{"kid of nobody",                        "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"x\"}",                     NULL,
		 FWE_MANIFEST_DECRYPT_FAILED																					      },
		{"key of another algorithm",
		 "{\"alg\":\"A128KW\",\"enc\":\"A128GCM\",\"kid\":\"k\"}",                                                          NULL,
		 FWE_MANIFEST_ENC_NOT_ALLOWED																					     },
		{"content of another length",            "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":\"k\"}",
		 NULL,																					FWE_MANIFEST_DECRYPT_FAILED },
		{"encrypted key beside dir",             "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"encrypted_key\":\"AAAA\"",																	       FWE_MANIFEST_DECRYPT_FAILED },
		{"A192GCM",			      "{\"alg\":\"dir\",\"enc\":\"A192GCM\"}",                                   NULL,
		 FWE_MANIFEST_ENC_NOT_ALLOWED																					     },
		{"RSA1_5",			       "{\"alg\":\"RSA1_5\",\"enc\":\"A128GCM\"}",                                NULL,
		 FWE_MANIFEST_ENC_NOT_ALLOWED																					     },
		{"RSA-OAEP-256",                         "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A128GCM\"}",                          NULL,
		 FWE_MANIFEST_ENC_NOT_ALLOWED																					     },
		{"PBES2",				"{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A128GCM\",\"p2c\":1000000000}",
		 NULL,																					FWE_MANIFEST_ENC_NOT_ALLOWED},
		{"no alg",			       "{\"enc\":\"A128GCM\"}",                                                   NULL,                                                     FWE_MANIFEST_ENC_NOT_ALLOWED},
		{"no enc",			       "{\"alg\":\"dir\"}",						       NULL,                                                     FWE_MANIFEST_ENC_NOT_ALLOWED},
		{"zip",				  "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"zip\":\"DEF\"}",                   NULL,
		 FWE_MANIFEST_ZIP_UNSUPPORTED																					     },
		{"crit",				 "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"crit\":[\"x\"],\"x\":1}",          NULL,
		 FWE_MANIFEST_CRIT_UNSUPPORTED																					    },
		{"empty crit",                           "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"crit\":[]}",                       NULL,
		 FWE_MANIFEST_CRIT_INVALID																						},
		{"crit unprotected",                     "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"unprotected\":{\"crit\":[\"alg\"]}",																     FWE_MANIFEST_CRIT_INVALID   },
		{"jku",				  "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"jku\":\"http://h\"}",              NULL,
		 FWE_MANIFEST_KEY_EMBEDDED																						},
		{"name in two headers",                  "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"header\":{\"alg\":\"dir\"}",																	     FWE_MANIFEST_DECRYPT_FAILED },
		{"name in both unprotected ones",        "{\"enc\":\"A128GCM\"}",
		 ",\"unprotected\":{\"alg\":\"dir\"},\"header\":{\"alg\":\"dir\"}",													   FWE_MANIFEST_DECRYPT_FAILED },
		{"name twice",                           "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"enc\":\"A128GCM\"}",               NULL,
		 FWE_MANIFEST_DECRYPT_FAILED																					      },
		{"header is an array",                   "[]",								      NULL,						     FWE_MANIFEST_DECRYPT_FAILED },
		{"unprotected is an array",              "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"unprotected\":[]",																		       FWE_MANIFEST_DECRYPT_FAILED },
		{"no recipient",                         "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",                                   ",\"recipients\":[]",
		 FWE_MANIFEST_DECRYPT_FAILED																					      },
		{"nine recipients",                      "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"recipients\":[{},{},{},{},{},{},{},{},{}]",															      FWE_MANIFEST_DECRYPT_FAILED },
		{"recipients is an object",              "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"recipients\":{}",																			FWE_MANIFEST_DECRYPT_FAILED },
		{"flattened and general",                "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"recipients\":[{}],\"header\":{}",																	FWE_MANIFEST_DECRYPT_FAILED },
		{"encrypted key is a number",            "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"encrypted_key\":1",																		      FWE_MANIFEST_DECRYPT_FAILED },
		{"aad is a number",                      "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",                                   ",\"aad\":1",
		 FWE_MANIFEST_DECRYPT_FAILED																					      },
		{"aad is padded",                        "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",                                   ",\"aad\":\"AA==\"",
		 FWE_MANIFEST_DECRYPT_FAILED																					      },
		{"aad that was not there",               "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
		 ",\"aad\":\"AAAA\"",																			 FWE_MANIFEST_DECRYPT_FAILED },
		{"ECDH-ES without epk",                  "{\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\"}",                               NULL,
		 FWE_MANIFEST_DECRYPT_FAILED																					      },
		{"ECDH-ES on P-521",
		 "{\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\",\"epk\":{\"crv\":\"P-521\"}}",                                           NULL,
		 FWE_MANIFEST_ENC_NOT_ALLOWED																					     },
	};
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	const char *why;

	(void)state;
	assert_int_equal(enc_key_parse(SPAN_LIT(MESSAGE_KEY), &k, &why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		static const uint8_t ZERO[16];
		CLEANUP(buf_done)
		struct buf text = BUF_INIT(65536), header = text, tag = text, got = {0};
		enum fw_error e;

		b64_encode(span_str(ROWS[i].header), &header);
		assert_int_equal(enc_seal(ENC_A128GCM, span_of(ZERO, 16), span_of(ZERO, 12),
					  buf_span(&header), SPAN_LIT(""), &tag),
				 0);
		buf_put_str(&text, "{");
		if (header.len > 0)
			buf_printf(&text, "\"protected\":\"%.*s\",", (int)header.len, header.ptr);
		buf_put_str(&text, "\"x\":0");
		if (ROWS[i].more)
			buf_put_str(&text, ROWS[i].more);
		buf_put_str(&text, TAIL "\"");
		b64_encode(buf_span(&tag), &text);
		buf_put_str(&text, "\"}");
		e = decrypt(buf_span(&text), k, &got);
		if (e != ROWS[i].want)
			fail_msg("%s: %s, want %s", ROWS[i].name, fw_error_name(e),
				 fw_error_name(ROWS[i].want));
	}
}

/* N108, N109: lengths that must fit exactly, and a secret of zeros. */
static void jwe_decrypt__wants_exact_lengths(void **state)
{
	static const struct {
		const char *name, *iv, *tag, *epk_x;
	} ROWS[] = {
		{"IV of 11 octets",  "AAAAAAAAAAAAAAA",    "AAAAAAAAAAAAAAAAAAAAAA",  EC_X25519_X},
		{"IV of 13 octets",  "AAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA",  EC_X25519_X},
		{"no IV",            "",                   "AAAAAAAAAAAAAAAAAAAAAA",  EC_X25519_X},
		{"tag of 15 octets", "AAAAAAAAAAAAAAAA",   "AAAAAAAAAAAAAAAAAAAA",    EC_X25519_X},
		{"tag of 17 octets", "AAAAAAAAAAAAAAAA",   "AAAAAAAAAAAAAAAAAAAAAAA", EC_X25519_X},
		{"epk of order 1",   "AAAAAAAAAAAAAAAA",   "AAAAAAAAAAAAAAAAAAAAAA",
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                   },
		{"short epk",        "AAAAAAAAAAAAAAAA",   "AAAAAAAAAAAAAAAAAAAAAA",  "AAAA"     },
	};
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;

	(void)state;
	assert_int_equal(enc_key_generate(ENC_ECDH, EC_X25519, 0, &k), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT(65536), header = text, got = {0};

		buf_printf(&header,
			   "{\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\",\"epk\":{\"kty\":\"OKP\","
			   "\"crv\":\"X25519\",\"x\":\"%s\"}}",
			   ROWS[i].epk_x);
		b64_encode(buf_span(&header), &text);
		buf_printf(&text, "..%s..%s", ROWS[i].iv, ROWS[i].tag);
		if (decrypt(buf_span(&text), k, &got) != FWE_MANIFEST_DECRYPT_FAILED)
			fail_msg("%s", ROWS[i].name);
	}
}

/* What must come out of a JWE: a JWS and nothing else. */
static void envelope_open__wants_a_jws_inside(void **state)
{
	static const struct {
		const char *name;
		struct span plaintext;
		enum fw_error want;
	} ROWS[] = {
		{"nothing",     SPAN_LIT(""),                                       FWE_MANIFEST_UNSIGNED       },
		{"bare JSON",   SPAN_LIT("{}"),                                     FWE_MANIFEST_UNSIGNED       },
		{"cut JSON",    SPAN_LIT("{\"payload\":\"\""),                      FWE_MANIFEST_UNSIGNED       },
		{"text",        SPAN_LIT("hello"),                                  FWE_MANIFEST_UNSIGNED       },
		{"COSE",        SPAN_LIT("\xd2\x84\x43\xa1\x01\x26\xa0\x41p\x41s"), FWE_MANIFEST_UNSIGNED       },
		{"JWE",         SPAN_LIT("e30.e30.e30.e30.e30"),                    FWE_MANIFEST_NESTING_INVALID},
		{"JWE in JSON", SPAN_LIT("{\"ciphertext\":\"\"}"),                  FWE_MANIFEST_NESTING_INVALID},
		{"damaged JWS", SPAN_LIT("a.b"),                                    FWE_MANIFEST_JWS_MALFORMED  },
	};
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	CLEANUP(trust_freep) struct trust *trust = NULL;
	struct enc_ring ring = {.n = 1};
	const struct envelope_policy policy = {.bytes_max = 65536, .algs = SIG_ALL, .ring = &ring};
	char error[128];

	(void)state;
	assert_int_equal(enc_key_generate(ENC_A256KW, EC_CURVES, 0, &k), 0);
	assert_int_equal(trust_parse(SPAN_LIT("{\"keys\":[]}"), &trust, error, sizeof(error)), 0);
	ring.keys[0] = k;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT(65536);
		struct envelope env = {0};
		enum fw_error e;

		assert_int_equal(
			jwe_encrypt(k, ENC_A256GCM, NULL, "jose", ROWS[i].plaintext, &text), 0);
		e = envelope_open(buf_span(&text), trust, &policy, &env);
		if (e != ROWS[i].want)
			fail_msg("%s: %s, want %s", ROWS[i].name, fw_error_name(e),
				 fw_error_name(ROWS[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jwe_decrypt__answers_the_examples),
		cmocka_unit_test(envelope_open__answers_the_nested_example),
		cmocka_unit_test(jwe_encrypt__makes_what_jwe_decrypt_takes),
		cmocka_unit_test(jwe_encrypt__refuses_a_key_of_another_length),
		cmocka_unit_test(jwe_decrypt__refuses_every_alteration),
		cmocka_unit_test(jwe_decrypt__names_the_fault),
		cmocka_unit_test(jwe_decrypt__wants_exact_lengths),
		cmocka_unit_test(envelope_open__wants_a_jws_inside),
	};

	return cmocka_run_group_tests_name("jwe", tests, NULL, NULL);
}

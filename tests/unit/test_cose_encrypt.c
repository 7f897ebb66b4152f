/* crypto/cose_encrypt: the examples of the COSE working group, messages made here, each way to
 * spoil one, and what may be inside. */
#include "vector.h"

#include "base/parse.h"
#include "codec/cbw.h"
#include "crypto/cose_encrypt.h"
#include "crypto/cose_key.h"
#include "crypto/envelope.h"

static struct buf bytes(const struct jsn *text)
{
	struct buf b = BUF_INIT(VECTOR_MAX);
	size_t len = jsn_text(text).len / 2;
	uint8_t *at = buf_room(&b, len + 1);

	assert_non_null(at);
	assert_true(hex_decode(jsn_text(text), at, len));
	b.len = len;
	return b;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* The key of an example, bound to the algorithm of its example. */
static struct enc_key *example_key(const struct jsn *c)
{
	const char *id = jsn_str(jsn_get(c, "id"));
	struct buf cbor = bytes(jsn_at(jsn_get(c, "cose_keys"), 0));
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	struct enc_key *k = NULL;
	const char *why;

	assert_int_equal(cose_key_to_jwk(buf_span(&cbor), &jwk, &why), JWK_OK);
	buf_done(&cbor);
	jsn_set_str(jwk, "alg",
		    has(id, "ecdh-wrap-examples-p256-wrap-128")   ? "ECDH-ES+A128KW"
		    : has(id, "ecdh-wrap-examples-p256-wrap-256") ? "ECDH-ES+A256KW"
		    : has(id, "aes-wrap-128")                     ? "A128KW"
		    : has(id, "aes-wrap-256")                     ? "A256KW"
		    : jsn_get(jwk, "k")                           ? "dir"
								  : "ECDH-ES");
	if (has(id, "aes-gcm-examples-aes-gcm-03")) /* names another key, c2VjLTY0 is sec-64 */
		jsn_set_str(jwk, "kid", "c2VjLTY0");
	if (enc_key_import(jwk, &k, &why) != JWK_OK)
		assert_true(has(id, "aes-gcm-enc-02")); /* AES-192 */
	return k;
}

/* Each refused example by its first failing check; the others must be taken. */
static enum fw_error expected(const char *id)
{
	static const struct {
		const char *id;
		enum fw_error error;
	} ROWS[] = {
		{"aes-gcm-examples-aes-gcm-enc-02", FWE_MANIFEST_ENC_NOT_ALLOWED},
		{"aes-gcm-examples-aes-gcm-enc-04", FWE_MANIFEST_DECRYPT_FAILED },
		{"encrypted-tests-enc-fail-01",     FWE_MANIFEST_FORMAT_UNKNOWN },
		{"encrypted-tests-enc-fail-02",     FWE_MANIFEST_DECRYPT_FAILED },
		{"encrypted-tests-enc-fail-03",     FWE_MANIFEST_ENC_NOT_ALLOWED},
		{"encrypted-tests-enc-fail-04",     FWE_MANIFEST_ENC_NOT_ALLOWED},
		{"encrypted-tests-enc-fail-06",     FWE_MANIFEST_DECRYPT_FAILED },
		{"encrypted-tests-enc-fail-07",     FWE_MANIFEST_DECRYPT_FAILED },
		{"encrypted-tests-enc-pass-01",     FWE_MANIFEST_ALG_UNPROTECTED},
		{"encrypted-tests-enc-pass-03",     FWE_MANIFEST_ALG_UNPROTECTED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		if (strcmp(ROWS[i].id, id) == 0)
			return ROWS[i].error;
	}
	return FWE_OK;
}

static enum fw_error decrypt(struct span message, struct span aad, const struct enc_key *k,
			     struct buf *out)
{
	const struct enc_ring ring = {.n = k ? 1 : 0, .keys = {k}};

	return cose_decrypt(message, aad, &ring, out);
}

static void check_example(const struct jsn *c)
{
	const char *id = jsn_str(jsn_get(c, "id"));
	CLEANUP(enc_key_freep) struct enc_key *k = example_key(c);
	CLEANUP(buf_done) struct buf message = bytes(jsn_get(c, "cbor")), got = {0};
	CLEANUP(buf_done) struct buf aad = bytes(jsn_get(c, "external_aad"));
	CLEANUP(buf_done) struct buf want = bytes(jsn_get(c, "plaintext"));
	enum fw_error e = decrypt(buf_span(&message), buf_span(&aad), k, &got);

	if (e != expected(id))
		fail_msg("%s: %s, want %s", id, fw_error_name(e), fw_error_name(expected(id)));
	if (e != FWE_OK)
		return;
	assert_true(span_eq(buf_span(&got), buf_span(&want)));
	buf_put_byte(&aad, 0);
	assert_int_equal(decrypt(buf_span(&message), buf_span(&aad), k, &got),
			 FWE_MANIFEST_DECRYPT_FAILED);
	assert_int_equal(decrypt(buf_span(&message), span_of(aad.ptr, aad.len - 1), NULL, &got),
			 FWE_MANIFEST_DECRYPT_FAILED);
}

static void cose_decrypt__answers_the_examples(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("cose/cose-wg.json");
	const struct jsn *cases = jsn_get(root, "cases");
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < jsn_len(cases); i++) {
		if (!span_starts(jsn_text(jsn_get(jsn_at(cases, i), "type")), "COSE_Encrypt"))
			continue;
		check_example(jsn_at(cases, i));
		n++;
	}
	assert_int_equal(n, 25);
}

static void cose_encrypt__makes_what_cose_decrypt_takes(void **state)
{
	static const enum ec_curve CURVES[] = {EC_P256, EC_X25519};

	(void)state;
	for (unsigned a = 0; a < ENC_ALGS; a++) {
		for (unsigned c = 0; c < 2 * ENC_CONTENTS; c++) {
			const enum enc_content content = (enum enc_content)(c / 2);
			CLEANUP(enc_key_freep) struct enc_key *k = NULL, *other = NULL;
			CLEANUP(buf_done) struct buf m = BUF_INIT(65536), got = {0};
			const size_t len = enc_content_key_len(content);

			assert_int_equal(enc_key_generate((enum enc_alg)a, CURVES[c % 2], len, &k),
					 0);
			assert_int_equal(
				enc_key_generate((enum enc_alg)a, CURVES[c % 2], len, &other), 0);
			assert_int_equal(
				cose_encrypt(k, content, SPAN_LIT("aad"), SPAN_LIT("text"), &m), 0);
			assert_int_equal(decrypt(buf_span(&m), SPAN_LIT("aad"), k, &got), FWE_OK);
			assert_true(span_is(buf_span(&got), "text"));
			assert_int_equal(decrypt(buf_span(&m), SPAN_LIT("aae"), k, &got),
					 FWE_MANIFEST_DECRYPT_FAILED);
			assert_int_equal(decrypt(buf_span(&m), SPAN_LIT("aad"), other, &got),
					 FWE_MANIFEST_DECRYPT_FAILED);
		}
	}
}

static void cose_encrypt__refuses_what_it_cannot_say(void **state)
{
	static const char *const KEYS[] = {
		"{\"kty\":\"oct\",\"alg\":\"dir\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\"}", /* 16 octets
										       */
		"{\"kty\":\"oct\",\"alg\":\"A128KW\",\"kid\":\"no "
		"base64\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(KEYS); i++) {
		CLEANUP(enc_key_freep) struct enc_key *k = NULL;
		CLEANUP(buf_done) struct buf m = BUF_INIT(65536);
		const char *why;

		assert_int_equal(enc_key_parse(span_str(KEYS[i]), &k, &why), 0);
		assert_int_equal(cose_encrypt(k, ENC_A256GCM, SPAN_LIT(""), SPAN_LIT("text"), &m),
				 -EINVAL);
		assert_int_equal(m.len, 0);
	}
}

/* Only for the label of the kid, which is not protected, does nobody vouch: without a kid all keys
 * are tried. */
static void cose_decrypt__refuses_every_alteration(void **state)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	CLEANUP(buf_done) struct buf m = BUF_INIT(65536);
	const uint8_t *kid;

	(void)state;
	assert_int_equal(enc_key_generate(ENC_ECDH_A128KW, EC_P256, 0, &k), 0);
	assert_int_equal(cose_encrypt(k, ENC_A256GCM, SPAN_LIT(""), SPAN_LIT("text"), &m), 0);
	kid = memmem(m.ptr, m.len, "\x04\x58\x20", 3);
	assert_non_null(kid);
	for (size_t i = 0; i < m.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			CLEANUP(buf_done) struct buf got = {0};
			enum fw_error e;

			m.ptr[i] ^= (uint8_t)(1u << bit);
			e = decrypt(buf_span(&m), SPAN_LIT(""), k, &got);
			if (e == FWE_OK && m.ptr + i != kid)
				fail_msg("octet %zu, bit %u", i, bit);
			m.ptr[i] ^= (uint8_t)(1u << bit);
		}
	}
	for (size_t i = 0; i < m.len; i++) {
		CLEANUP(buf_done) struct buf got = {0};

		assert_int_not_equal(decrypt(span_of(m.ptr, i), SPAN_LIT(""), k, &got), FWE_OK);
	}
}

/* P, IV, C: a protected header, an unprotected one with an IV, and 16 octets of ciphertext. */
#define P "\x43\xa1\x01\x01"
#define IV                                                                                         \
	"\xa1\x05\x4c"                                                                             \
	"0123456789ab"
#define C                                                                                          \
	"\x50"                                                                                     \
	"0123456789abcdef"

static void cose_decrypt__names_the_fault(void **state)
{
	static const struct {
		const char *name;
		struct span message;
		enum fw_error want;
	} ROWS[] = {
		{"sound, but of another key",              SPAN_LIT("\xd0\x83" P IV C),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"with a recipient",                       SPAN_LIT("\xd8\x60\x84" P IV C "\x81\x83\x40\xa1\x01\x25\x40"),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"recipient with null",
		 SPAN_LIT("\xd8\x60\x84" P IV C "\x81\x83\x40\xa1\x01\x25\xf6"),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"COSE_Sign1",                             SPAN_LIT("\xd2\x84" P IV C "\x41s"),                            FWE_MANIFEST_FORMAT_UNKNOWN},
		{"detached",			       SPAN_LIT("\xd0\x83" P IV "\xf6"),                               FWE_MANIFEST_FORMAT_UNKNOWN},
		{"four elements",                          SPAN_LIT("\xd0\x84" P IV C C),                                  FWE_MANIFEST_CBOR_INVALID  },
		{"two elements",                           SPAN_LIT("\xd0\x82" P IV),                                      FWE_MANIFEST_CBOR_INVALID  },
		{"no recipients",                          SPAN_LIT("\xd8\x60\x83" P IV C),                                FWE_MANIFEST_CBOR_INVALID  },
		{"empty recipients",                       SPAN_LIT("\xd8\x60\x84" P IV C "\x80"),
		 FWE_MANIFEST_CBOR_INVALID													    },
		{"recipients is octets",                   SPAN_LIT("\xd8\x60\x84" P IV C "\x40"),
		 FWE_MANIFEST_CBOR_INVALID													    },
		{"recipient of two elements",              SPAN_LIT("\xd8\x60\x84" P IV C "\x81\x82\x40\xa0"),
		 FWE_MANIFEST_CBOR_INVALID													    },
		{"recipient of a recipient",
		 SPAN_LIT("\xd8\x60\x84" P IV C "\x81\x84\x40\xa1\x01\x25\x40\x80"),
		 FWE_MANIFEST_ENC_NOT_ALLOWED													 },
		{"recipient without alg",                  SPAN_LIT("\xd8\x60\x84" P IV C "\x81\x83\x40\xa0\x40"),
		 FWE_MANIFEST_ENC_NOT_ALLOWED													 },
		{"recipient of RSA-OAEP",
		 SPAN_LIT("\xd8\x60\x84" P IV C "\x81\x83\x40\xa1\x01\x38\x27\x40"),
		 FWE_MANIFEST_ENC_NOT_ALLOWED													 },
		{"recipient with crit",
		 SPAN_LIT("\xd8\x60\x84" P IV C
			  "\x81\x83\x46\xa2\x02\x81\x38\x63\x38\x63\x01\xa0\x40"),
		 FWE_MANIFEST_CBOR_INVALID													    },
		{"nine recipients",
		 SPAN_LIT("\xd8\x60\x84" P IV C "\x89"
			  "\x83\x40\xa0\x40\x83\x40\xa0\x40\x83\x40\xa0\x40\x83\x40\xa0\x40\x83\x40"
			  "\xa0\x40"
			  "\x83\x40\xa0\x40\x83\x40\xa0\x40\x83\x40\xa0\x40\x83\x40\xa0\x40"),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"key wrap by a protected header",
		 SPAN_LIT("\xd8\x60\x84" P IV C "\x81\x83\x43\xa1\x01\x22\xa0\x40"),
		 FWE_MANIFEST_HEADER_INVALID													  },
		{"direct use with a protected header",
		 SPAN_LIT("\xd8\x60\x84" P IV C "\x81\x83\x44\xa1\x04\x41k\xa1\x01\x25\x40"),
		 FWE_MANIFEST_HEADER_INVALID													  },
		{"direct use with an empty map protected",
		 SPAN_LIT("\xd8\x60\x84" P IV C "\x81\x83\x41\xa0\xa1\x01\x25\x40"),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"two recipients of direct use",
		 SPAN_LIT("\xd8\x60\x84" P IV C "\x82\x83\x40\xa1\x01\x25\x40\x83\x40\xa0\x40"),
		 FWE_MANIFEST_ENC_NOT_ALLOWED													 },
		{"no alg",				 SPAN_LIT("\xd0\x83\x40" IV C),                                  FWE_MANIFEST_HEADER_INVALID},
		{"alg unprotected",                        SPAN_LIT("\xd0\x83\x40\xa1\x01\x01" C),
		 FWE_MANIFEST_ALG_UNPROTECTED													 },
		{"AES-CCM",				SPAN_LIT("\xd0\x83\x43\xa1\x01\x0a" IV C),
		 FWE_MANIFEST_ENC_NOT_ALLOWED													 },
		{"no IV",				  SPAN_LIT("\xd0\x83" P "\xa0" C),                                FWE_MANIFEST_DECRYPT_FAILED},
		{"partial IV",                             SPAN_LIT("\xd0\x83" P "\xa1\x06\x41i" C),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"IV of 11 octets",
		 SPAN_LIT("\xd0\x83" P "\xa1\x05\x4b"
			  "0123456789a" C),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"IV is text",
		 SPAN_LIT("\xd0\x83" P "\xa1\x05\x6c"
			  "0123456789ab" C),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"kid is text",
		 SPAN_LIT("\xd0\x83" P "\xa2\x04\x61k\x05\x4c"
			  "0123456789ab" C),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"short ciphertext",
		 SPAN_LIT("\xd0\x83" P IV "\x4f"
			  "0123456789abcde"),
		 FWE_MANIFEST_DECRYPT_FAILED													  },
		{"crit",				   SPAN_LIT("\xd0\x83\x48\xa3\x01\x01\x02\x81\x20\x20\x01" IV C),
		 FWE_MANIFEST_CRIT_UNSUPPORTED													},
		{"certificate",
		 SPAN_LIT("\xd0\x83" P "\xa1\x18\x21\x41"
			  "c" C),
		 FWE_MANIFEST_KEY_EMBEDDED													    },
		{"octet behind",                           SPAN_LIT("\xd0\x83" P IV C "\0"),                               FWE_MANIFEST_CBOR_INVALID  },
	};
	static const char KEY[] =
		"{\"kty\":\"oct\",\"alg\":\"dir\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\"}";
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	const char *why;

	(void)state;
	assert_int_equal(enc_key_parse(span_str(KEY), &k, &why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(buf_done) struct buf got = {0};
		enum fw_error e = decrypt(ROWS[i].message, SPAN_LIT(""), k, &got);

		if (e != ROWS[i].want)
			fail_msg("%s: %s, want %s", ROWS[i].name, fw_error_name(e),
				 fw_error_name(ROWS[i].want));
	}
}

/* A key of the same kid for another algorithm, and ephemeral keys that are none. */
static void cose_decrypt__wants_the_algorithm_of_the_key(void **state)
{
	static const struct {
		const char *name;
		struct span recipient;
		enum fw_error want;
	} ROWS[] = {
		{"A128KW",                   SPAN_LIT("\x83\x40\xa2\x01\x22\x04\x41k\x40"),
		 FWE_MANIFEST_ENC_NOT_ALLOWED},
		{"ECDH-ES without a key",    SPAN_LIT("\x83\x44\xa1\x01\x38\x18\xa1\x04\x41k\x40"),
		 FWE_MANIFEST_DECRYPT_FAILED },
		{"ECDH-ES with a number",
		 SPAN_LIT("\x83\x44\xa1\x01\x38\x18\xa2\x04\x41k\x20\x01\x40"),
		 FWE_MANIFEST_DECRYPT_FAILED },
		{"ECDH-ES on another curve",
		 SPAN_LIT("\x83\x44\xa1\x01\x38\x18\xa2\x04\x41k\x20\xa3\x01\x01\x20\x06\x21\x41x"
			  "\x40"),
		 FWE_MANIFEST_DECRYPT_FAILED },
		{"ECDH-ES with a short key",
		 SPAN_LIT("\x83\x44\xa1\x01\x38\x18\xa2\x04\x41k\x20\xa3\x01\x01\x20\x04\x21\x41x"
			  "\x40"),
		 FWE_MANIFEST_DECRYPT_FAILED },
		{"party as text",
		 SPAN_LIT("\x83\x44\xa1\x01\x38\x18\xa3\x04\x41k\x34\x61u\x20\xa3\x01\x01\x20\x04"
			  "\x21\x58\x20"
			  "0123456789abcdef0123456789abcdef\x40"),
		 FWE_MANIFEST_DECRYPT_FAILED },
		{"salt as text",
		 SPAN_LIT("\x83\x44\xa1\x01\x38\x18\xa3\x04\x41k\x33\x61u\x20\xa3\x01\x01\x20\x04"
			  "\x21\x58\x20"
			  "0123456789abcdef0123456789abcdef\x40"),
		 FWE_MANIFEST_DECRYPT_FAILED },
	};
	static const char KEY[] =
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"alg\":\"ECDH-ES\",\"kid\":\"aw\","
		"\"x\":\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08\","
		"\"d\":\"XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os\"}";
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	const char *why;

	(void)state;
	assert_int_equal(enc_key_parse(span_str(KEY), &k, &why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(buf_done) struct buf m = BUF_INIT(4096), got = {0};
		enum fw_error e;

		buf_put(&m, SPAN_LIT("\xd8\x60\x84" P IV C "\x81"));
		buf_put(&m, ROWS[i].recipient);
		e = decrypt(buf_span(&m), SPAN_LIT(""), k, &got);
		if (e != ROWS[i].want)
			fail_msg("%s: %s, want %s", ROWS[i].name, fw_error_name(e),
				 fw_error_name(ROWS[i].want));
	}
}

/* What must come out: a signed COSE message and nothing else. */
static void envelope_open__wants_a_signature_inside(void **state)
{
	static const struct {
		const char *name;
		struct span plaintext;
		enum fw_error want;
	} ROWS[] = {
		{"nothing",                SPAN_LIT(""),                           FWE_MANIFEST_UNSIGNED       },
		{"a map",                  SPAN_LIT("\xa0"),                       FWE_MANIFEST_UNSIGNED       },
		{"JWS",                    SPAN_LIT("e30.e30.e30"),                FWE_MANIFEST_UNSIGNED       },
		{"COSE_Encrypt0",          SPAN_LIT("\xd0\x83" P IV C),            FWE_MANIFEST_NESTING_INVALID},
		{"COSE_Sign1 without alg", SPAN_LIT("\xd2\x84\x40\xa0\x41p\x41s"),
		 FWE_MANIFEST_HEADER_INVALID								   },
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
		CLEANUP(buf_done) struct buf m = BUF_INIT(65536);
		struct envelope env = {0};
		enum fw_error e;

		assert_int_equal(cose_encrypt(k, ENC_A256GCM, SPAN_LIT(""), ROWS[i].plaintext, &m),
				 0);
		e = envelope_open(buf_span(&m), trust, &policy, &env);
		if (e != ROWS[i].want)
			fail_msg("%s: %s, want %s", ROWS[i].name, fw_error_name(e),
				 fw_error_name(ROWS[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cose_decrypt__answers_the_examples),
		cmocka_unit_test(cose_encrypt__makes_what_cose_decrypt_takes),
		cmocka_unit_test(cose_encrypt__refuses_what_it_cannot_say),
		cmocka_unit_test(cose_decrypt__refuses_every_alteration),
		cmocka_unit_test(cose_decrypt__names_the_fault),
		cmocka_unit_test(cose_decrypt__wants_the_algorithm_of_the_key),
		cmocka_unit_test(envelope_open__wants_a_signature_inside),
	};

	return cmocka_run_group_tests_name("cose_encrypt", tests, NULL, NULL);
}

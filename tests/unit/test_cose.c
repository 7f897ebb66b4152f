/* crypto/cose, cose_sign and cose_key: the examples of the COSE working group, what they do not
 * show, and messages made here. */
#include "vector.h"

#include "base/parse.h"
#include "codec/b64.h"
#include "codec/cbd.h"
#include "codec/cbw.h"
#include "crypto/cose_key.h"
#include "tests/signing.h"

static const struct envelope_policy POLICY = {
	.bytes_max = 65536,
	.algs = SIG_ALL,
	.threshold = 1,
	.role = TRUST_MANIFEST,
	.manufacturer = "m",
};

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

static void add_rights(struct jsn *jwk)
{
	struct jsn *roles = jsn_new_array(), *manufacturers = jsn_new_array();

	jsn_add(roles, jsn_new_text(SPAN_LIT("manifest")));
	jsn_add(manufacturers, jsn_new_text(SPAN_LIT("m")));
	jsn_set(jwk, "x-ocf-roles", roles);
	jsn_set(jwk, "x-ocf-manufacturers", manufacturers);
}

static struct trust *trust_of(const struct jsn *set)
{
	struct buf text = BUF_INIT(VECTOR_MAX);
	struct trust *t = NULL;
	char error[128] = "";

	assert_int_equal(jsn_write(set, JSN_COMPACT, &text), 0);
	if (trust_parse(buf_span(&text), &t, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	buf_done(&text);
	return t;
}

/* The public halves of an example's keys. */
static struct trust *trust_public(const struct jsn *keys)
{
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *array = jsn_new_array();

	for (size_t i = 0; i < jsn_len(keys); i++) {
		struct buf key = bytes(jsn_at(keys, i));
		struct jsn *jwk = NULL;
		const char *why;

		assert_int_equal(cose_key_to_jwk(buf_span(&key), &jwk, &why), JWK_OK);
		buf_done(&key);
		jsn_del(jwk, "d");
		add_rights(jwk);
		jsn_add(array, jwk);
	}
	jsn_set(set, "keys", array);
	return trust_of(set);
}

/* Each refused example by its first failing check; the others must be taken. */
static enum fw_error expected(const char *id)
{
	static const struct {
		const char *id;
		enum fw_error error;
	} ROWS[] = {
		{"RFC8152-Appendix_C_1_4",      FWE_MANIFEST_CRIT_UNSUPPORTED },
		{"ecdsa-examples-ecdsa-03",     FWE_MANIFEST_ALG_NOT_ALLOWED  }, /* ES512 */
		{"ecdsa-examples-ecdsa-sig-03", FWE_MANIFEST_ALG_NOT_ALLOWED  },
		{"sign-tests-sign-fail-01",     FWE_MANIFEST_FORMAT_UNKNOWN   },
		{"sign-tests-sign-fail-02",     FWE_MANIFEST_SIGNATURE_INVALID},
		{"sign-tests-sign-fail-03",     FWE_MANIFEST_ALG_NOT_ALLOWED  },
		{"sign-tests-sign-fail-04",     FWE_MANIFEST_ALG_NOT_ALLOWED  },
		{"sign-tests-sign-fail-06",     FWE_MANIFEST_SIGNATURE_INVALID},
		{"sign-tests-sign-fail-07",     FWE_MANIFEST_SIGNATURE_INVALID},
		{"sign1-tests-sign-fail-01",    FWE_MANIFEST_FORMAT_UNKNOWN   },
		{"sign1-tests-sign-fail-02",    FWE_MANIFEST_SIGNATURE_INVALID},
		{"sign1-tests-sign-fail-03",    FWE_MANIFEST_ALG_NOT_ALLOWED  },
		{"sign1-tests-sign-fail-04",    FWE_MANIFEST_ALG_NOT_ALLOWED  },
		{"sign1-tests-sign-fail-06",    FWE_MANIFEST_SIGNATURE_INVALID},
		{"sign1-tests-sign-fail-07",    FWE_MANIFEST_SIGNATURE_INVALID},
		{"sign1-tests-sign-pass-01",    FWE_MANIFEST_ALG_UNPROTECTED  },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		if (strcmp(ROWS[i].id, id) == 0)
			return ROWS[i].error;
	}
	return FWE_OK;
}

static enum fw_error open_with(struct span message, struct span aad, const struct trust *trust,
			       const struct envelope_policy *policy, struct envelope *env)
{
	CLEANUP(cose_sign_freep) struct cose_sign *m = NULL;
	enum fw_error e = cose_sign_parse(message, policy->content_type, &m);

	return e == FWE_OK ? cose_sign_verify(m, aad, trust, policy, env) : e;
}

static void check_example(const struct jsn *c)
{
	CLEANUP(trust_freep) struct trust *trust = trust_public(jsn_get(c, "cose_keys"));
	const char *id = jsn_str(jsn_get(c, "id"));
	CLEANUP(buf_done) struct buf message = bytes(jsn_get(c, "cbor"));
	CLEANUP(buf_done) struct buf aad = bytes(jsn_get(c, "external_aad"));
	struct envelope env = {0};
	enum fw_error got = open_with(buf_span(&message), buf_span(&aad), trust, &POLICY, &env);

	if (got != expected(id))
		fail_msg("%s: %s, want %s", id, fw_error_name(got), fw_error_name(expected(id)));
	if (got == FWE_OK && aad.len > 0) /* a signature that covers more than the message */
		assert_int_equal(envelope_open(buf_span(&message), trust, &POLICY, &env),
				 FWE_MANIFEST_SIGNATURE_INVALID);
	if (got == FWE_OK && aad.len == 0) {
		CLEANUP(buf_done) struct buf payload = bytes(jsn_get(c, "payload"));

		assert_int_equal(envelope_open(buf_span(&message), trust, &POLICY, &env), FWE_OK);
		assert_int_equal(env.form, ENVELOPE_CBOR);
		assert_int_equal(env.n_signers, 1);
		assert_true(span_eq(buf_span(&env.payload), buf_span(&payload)));
		envelope_done(&env);
	}
}

static void cose_sign_verify__answers_the_examples(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("cose/cose-wg.json");
	const struct jsn *cases = jsn_get(root, "cases");
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < jsn_len(cases); i++) {
		if (!span_starts(jsn_text(jsn_get(jsn_at(cases, i), "type")), "COSE_Sign"))
			continue;
		check_example(jsn_at(cases, i));
		n++;
	}
	assert_int_equal(n, 34);
}

/* Keys k0 (P-256), k1 (Ed25519), k2 (P-384) under their thumbprints. */
struct fixture {
	struct key *key[3];
	struct trust *trust;
};

static struct fixture fixture_new(void)
{
	static const enum key_type TYPES[] = {KEY_P256, KEY_ED25519, KEY_P384};
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *array = jsn_new_array();
	struct fixture f = {0};

	for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++) {
		struct jsn *jwk;

		assert_int_equal(key_generate(TYPES[i], &f.key[i]), 0);
		jwk = jwk_export(f.key[i]);
		add_rights(jwk);
		jsn_add(array, jwk);
	}
	jsn_set(set, "keys", array);
	f.trust = trust_of(set);
	return f;
}

static void fixture_done(struct fixture *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->key); i++)
		f->key[i] = key_free(f->key[i]);
	f->trust = trust_free(f->trust);
}

static void cose_sign__makes_what_cose_sign_verify_takes(void **state)
{
	CLEANUP(fixture_done) struct fixture f = fixture_new();
	struct envelope_policy policy = POLICY;

	(void)state;
	for (size_t n = 1; n <= ARRAY_SIZE(f.key); n++) {
		const struct key *const keys[] = {f.key[0], f.key[1], f.key[2]};
		CLEANUP(buf_done) struct buf m = BUF_INIT(65536);
		struct envelope env = {0};

		assert_int_equal(cose_sign(keys, n, "type", SPAN_LIT("aad"), SPAN_LIT("text"), &m),
				 0);
		assert_int_equal(m.ptr[0], n == 1 ? 0xd2 : 0xd8); /* tag 18 or 98 */
		policy.threshold = (unsigned)n;
		policy.content_type = "type";
		assert_int_equal(open_with(buf_span(&m), SPAN_LIT("aad"), f.trust, &policy, &env),
				 FWE_OK);
		assert_int_equal(env.n_signers, n);
		assert_int_equal(open_with(buf_span(&m), SPAN_LIT("add"), f.trust, &policy, &env),
				 FWE_MANIFEST_SIGNATURE_INVALID);
		policy.threshold = (unsigned)n + 1;
		assert_int_equal(open_with(buf_span(&m), SPAN_LIT("aad"), f.trust, &policy, &env),
				 FWE_MANIFEST_THRESHOLD_NOT_MET);
		policy.content_type = "other";
		assert_int_equal(open_with(buf_span(&m), SPAN_LIT("aad"), f.trust, &policy, &env),
				 FWE_MANIFEST_TYPE_MISMATCH);
	}
}

static void cose_sign_verify__counts_a_key_once(void **state)
{
	CLEANUP(fixture_done) struct fixture f = fixture_new();
	const struct key *const keys[] = {f.key[0], f.key[0]};
	struct envelope_policy policy = POLICY;
	CLEANUP(buf_done) struct buf m = BUF_INIT(65536);
	struct envelope env = {0};

	(void)state;
	policy.threshold = 2;
	assert_int_equal(cose_sign(keys, 2, NULL, SPAN_LIT(""), SPAN_LIT("text"), &m), 0);
	assert_int_equal(open_with(buf_span(&m), SPAN_LIT(""), f.trust, &policy, &env),
			 FWE_MANIFEST_THRESHOLD_NOT_MET);
}

/* Structure alone: no signature in here is good. P and S are the headers and signature that pass.
 */
#define P "\x43\xa1\x01\x26"
#define U "\xa0"
#define S "\x41s"

static void cose_sign_parse__names_the_fault(void **state)
{
	static const struct {
		const char *name;
		struct span message;
		enum fw_error want;
	} ROWS[] = {
		{"good, tagged",                         SPAN_LIT("\xd2\x84" P U "\x41p" S),                            FWE_OK                     },
		{"good, untagged",                       SPAN_LIT("\x84" P U "\x41p" S),                                FWE_OK                     },
		{"good, of several",                     SPAN_LIT("\xd8\x62\x84\x40\xa0\x41p\x81\x83" P U S),           FWE_OK                     },
		{"of several, untagged",                 SPAN_LIT("\x84\x40\xa0\x41p\x81\x83" P U S),                   FWE_OK                     },
		{"indefinite array",                     SPAN_LIT("\x9f" P U "\x41p" S "\xff"),                         FWE_OK                     },
		{"kid",
		 SPAN_LIT("\x84" P "\xa1\x04\x41k"
			  "\x41p" S),
		 FWE_OK															    },
		{"unknown label",
		 SPAN_LIT("\x84" P "\xa1\x18\x63\x01"
			  "\x41p" S),
		 FWE_OK															    },
		{"x5t is passed over",
		 SPAN_LIT("\x84" P "\xa1\x18\x22\x01"
			  "\x41p" S),
		 FWE_OK															    },
		{"empty",				SPAN_LIT(""),						  FWE_MANIFEST_CBOR_INVALID  },
		{"tag of COSE_Mac0",                     SPAN_LIT("\xd1\x84" P U "\x41p" S),
		 FWE_MANIFEST_FORMAT_UNKNOWN												       },
		{"tag of COSE_Encrypt0",                 SPAN_LIT("\xd0\x83" P U "\x41p"),
		 FWE_MANIFEST_FORMAT_UNKNOWN												       },
		{"tag twice",                            SPAN_LIT("\xd2\xd2\x84" P U "\x41p" S),                        FWE_MANIFEST_FORMAT_UNKNOWN},
		{"a map",				SPAN_LIT("\xa0"),					      FWE_MANIFEST_FORMAT_UNKNOWN},
		{"detached payload",                     SPAN_LIT("\x84" P U "\xf6" S),                                 FWE_MANIFEST_FORMAT_UNKNOWN},
		{"bomb",				 SPAN_LIT("\x9a\x08\0\0\0"),                                    FWE_MANIFEST_CBOR_INVALID  },
		{"octet behind",                         SPAN_LIT("\x84" P U "\x41p" S "\x00"),                         FWE_MANIFEST_CBOR_INVALID  },
		{"cut",				  SPAN_LIT("\x84" P U "\x41p\x41"),                              FWE_MANIFEST_CBOR_INVALID  },
		{"two elements",                         SPAN_LIT("\xd2\x82" P U),                                      FWE_MANIFEST_CBOR_INVALID  },
		{"three elements",                       SPAN_LIT("\xd2\x83" P U "\x41p"),                              FWE_MANIFEST_CBOR_INVALID  },
		{"five elements",                        SPAN_LIT("\xd2\x85" P U "\x41p" S S),                          FWE_MANIFEST_CBOR_INVALID  },
		{"payload is text",                      SPAN_LIT("\x84" P U "\x61p" S),                                FWE_MANIFEST_CBOR_INVALID  },
		{"signature is text",                    SPAN_LIT("\xd2\x84" P U "\x41p\x61s"),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"protected is a map",                   SPAN_LIT("\xd2\x84\xa1\x01\x26" U "\x41p" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"unprotected is octets",                SPAN_LIT("\xd2\x84" P "\x40\x41p" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"no signature in the list",             SPAN_LIT("\xd8\x62\x84\x40\xa0\x41p\x80"),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"signature of two elements",            SPAN_LIT("\xd8\x62\x84\x40\xa0\x41p\x81\x82" P U),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"signature of four elements",
		 SPAN_LIT("\xd8\x62\x84\x40\xa0\x41p\x81\x84" P U S S),                                                 FWE_MANIFEST_CBOR_INVALID  },
		{"signature is no array",                SPAN_LIT("\xd8\x62\x84\x40\xa0\x41p\x81\x40"),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"a float in a header",
		 SPAN_LIT("\x84" P "\xa1\x18\x63\xf9\x3c\0"
			  "\x41p" S),
		 FWE_OK															    },
		{"a tag in a header",
		 SPAN_LIT("\x84" P "\xa1\x18\x63\xc1\0"
			  "\x41p" S),
		 FWE_OK															    },
		{"a tag in an array without length",
		 SPAN_LIT("\x84" P "\xa1\x18\x63\x9f\xc1\0\xff"
			  "\x41p" S),
		 FWE_OK															    },
		{"a float in an array without length",
		 SPAN_LIT("\x84" P "\xa1\x18\x63\x9f\xf9\x3c\0\xf7\xff"
			  "\x41p" S),
		 FWE_OK															    },
		{"a tag of a break in a header",
		 SPAN_LIT("\x84" P "\xa1\x18\x63\x9f\xc1\xff"
			  "\x41p" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"a tag of nothing in a header",         SPAN_LIT("\x84" P "\xa1\x18\x63\xc1"),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"a simple value that is reserved",
		 SPAN_LIT("\x84" P "\xa1\x18\x63\xf8\x1f"
			  "\x41p" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"a key twice, further in",
		 SPAN_LIT("\x84" P "\xa1\x18\x63\x81\xa2\x01\0\x01\0"
			  "\x41p" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"a key twice, further in, under a tag",
		 SPAN_LIT("\x84" P "\xa1\x18\x63\xc1\xa2\x01\0\x01\0"
			  "\x41p" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"payload in chunks",                    SPAN_LIT("\x84" P U "\x5f\x41p\x40\xff" S),                    FWE_OK                     },
		{"payload in chunks of text",            SPAN_LIT("\x84" P U "\x5f\x61p\xff" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"payload in chunks of chunks",          SPAN_LIT("\x84" P U "\x5f\x5f\x41p\xff\xff" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"payload in chunks without end",        SPAN_LIT("\x84" P U "\x5f\x41p"),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"crit names one twice",
		 SPAN_LIT("\x84\x49\xa3\x01\x26\x02\x82\x08\x08\x08\0" U "\x41p" S),
		 FWE_MANIFEST_CRIT_INVALID													 },
		{"IV and Partial IV",                    SPAN_LIT("\x84\x43\xa1\x01\x26\xa2\x05\x41i\x06\x41p\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"label twice, protected",               SPAN_LIT("\x84\x45\xa2\x01\x26\x01\x26" U "\x41p" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"label twice, unprotected",
		 SPAN_LIT("\x84" P "\xa2\x04\x41k\x04\x41k"
			  "\x41p" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"label twice, two lengths",
		 SPAN_LIT("\x84" P "\xa2\x04\x41k\x18\x04\x41k"
			  "\x41p" S),
		 FWE_MANIFEST_CBOR_INVALID													 },
		{"label in both buckets",
		 SPAN_LIT("\x84" P "\xa1\x01\x26"
			  "\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"text label in both",
		 SPAN_LIT("\x84\x46\xa2\x01\x26\x61"
			  "a\0\xa1\x61"
			  "a\0\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"protected is no map",                  SPAN_LIT("\x84\x41\x01" U "\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"octets behind protected",              SPAN_LIT("\x84\x44\xa1\x01\x26\0" U "\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"label is octets",
		 SPAN_LIT("\x84\x44\xa1\x41"
			  "a\0" U "\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"no alg",			       SPAN_LIT("\x84\x40" U "\x41p" S),                              FWE_MANIFEST_HEADER_INVALID},
		{"no alg in an empty map",               SPAN_LIT("\x84\x41\xa0" U "\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"alg unprotected",
		 SPAN_LIT("\x84\x40\xa1\x01\x26"
			  "\x41p" S),
		 FWE_MANIFEST_ALG_UNPROTECTED												      },
		{"kid is text",
		 SPAN_LIT("\x84" P "\xa1\x04\x61k"
			  "\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"kid is empty",
		 SPAN_LIT("\x84" P "\xa1\x04\x40"
			  "\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"certificate",
		 SPAN_LIT("\x84" P "\xa1\x18\x21\x41"
			  "c\x41p" S),
		 FWE_MANIFEST_KEY_EMBEDDED													 },
		{"bag of certificates",
		 SPAN_LIT("\x84" P "\xa1\x18\x20\x41"
			  "c\x41p" S),
		 FWE_MANIFEST_KEY_EMBEDDED													 },
		{"URL of certificates",
		 SPAN_LIT("\x84" P "\xa1\x18\x23\x61"
			  "u\x41p" S),
		 FWE_MANIFEST_KEY_EMBEDDED													 },
		{"crit, not understood",
		 SPAN_LIT("\x84\x48\xa3\x01\x26\x02\x81\x20\x20\x01" U "\x41p" S),
		 FWE_MANIFEST_CRIT_UNSUPPORTED												     },
		{"crit by text",
		 SPAN_LIT("\x84\x4a\xa3\x01\x26\x02\x81\x61"
			  "a\x61"
			  "a\x01" U "\x41p" S),
		 FWE_MANIFEST_CRIT_UNSUPPORTED												     },
		{"empty crit",                           SPAN_LIT("\x84\x45\xa2\x01\x26\x02\x80" U "\x41p" S),
		 FWE_MANIFEST_CRIT_INVALID													 },
		{"crit is no array",                     SPAN_LIT("\x84\x45\xa2\x01\x26\x02\x01" U "\x41p" S),
		 FWE_MANIFEST_CRIT_INVALID													 },
		{"crit names alg",                       SPAN_LIT("\x84\x46\xa2\x01\x26\x02\x81\x01" U "\x41p" S),
		 FWE_MANIFEST_CRIT_INVALID													 },
		{"crit names what is absent",
		 SPAN_LIT("\x84\x46\xa2\x01\x26\x02\x81\x20" U "\x41p" S),
		 FWE_MANIFEST_CRIT_INVALID													 },
		{"crit names the unprotected",
		 SPAN_LIT("\x84\x46\xa2\x01\x26\x02\x81\x20\xa1\x20\x01"
			  "\x41p" S),
		 FWE_MANIFEST_CRIT_INVALID													 },
		{"crit unprotected",
		 SPAN_LIT("\x84\x45\xa2\x01\x26\x20\x01\xa1\x02\x81\x20"
			  "\x41p" S),
		 FWE_MANIFEST_CRIT_INVALID													 },
		{"crit of octets",                       SPAN_LIT("\x84\x46\xa2\x01\x26\x02\x81\x40" U "\x41p" S),
		 FWE_MANIFEST_CRIT_INVALID													 },
		{"content type is a number",             SPAN_LIT("\x84\x45\xa2\x01\x26\x03\x18" U "\x41p" S),
		 FWE_MANIFEST_HEADER_INVALID												       },
		{"content type 0",                       SPAN_LIT("\x84\x45\xa2\x01\x26\x03\0" U "\x41p" S),
		 FWE_MANIFEST_TYPE_MISMATCH													},
		{"content type",                         SPAN_LIT("\x84\x46\xa2\x01\x26\x03\x61t" U "\x41p" S),         FWE_OK                     },
		{"content type in the body",
		 SPAN_LIT("\xd8\x62\x84\x44\xa1\x03\x61u\xa0\x41p\x81\x83" P U S),
		 FWE_MANIFEST_TYPE_MISMATCH													},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(cose_sign_freep) struct cose_sign *m = NULL;
		enum fw_error got = cose_sign_parse(ROWS[i].message, "t", &m);

		if (got != ROWS[i].want)
			fail_msg("%s: %s, want %s", ROWS[i].name, fw_error_name(got),
				 fw_error_name(ROWS[i].want));
	}
}

static void cose_sign_parse__has_limits(void **state)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT(65536);
	CLEANUP(cose_sign_freep) struct cose_sign *m = NULL;

	(void)state;
	cbw_array_n(&b, 4);
	buf_put(&b, SPAN_LIT("\x40\xa0\x41p"));
	cbw_array_n(&b, ENVELOPE_SIGNATURES_MAX + 1);
	for (size_t i = 0; i <= ENVELOPE_SIGNATURES_MAX; i++)
		buf_put(&b, SPAN_LIT("\x83" P U S));
	assert_int_equal(cose_sign_parse(buf_span(&b), NULL, &m), FWE_MANIFEST_TOO_MANY_SIGNATURES);

	buf_reset(&b);
	buf_put(&b, SPAN_LIT("\x84" P));
	cbw_map_n(&b, COSE_PARAMS_MAX);
	for (size_t i = 0; i < COSE_PARAMS_MAX; i++) {
		cbw_uint(&b, 100 + i);
		cbw_null(&b);
	}
	buf_put(&b, SPAN_LIT("\x41p" S));
	assert_int_equal(cose_sign_parse(buf_span(&b), NULL, &m), FWE_MANIFEST_HEADER_INVALID);

	buf_reset(&b);
	buf_put(&b, SPAN_LIT("\x84" P "\xa1\x04"));
	cbw_bytes(&b, span_of("0123456789012345678901234567890123456789012345678"
			      "0123456789012345678901234567890123456789012345678",
			      COSE_KID_MAX + 1));
	buf_put(&b, SPAN_LIT("\x41p" S));
	assert_int_equal(cose_sign_parse(buf_span(&b), NULL, &m), FWE_MANIFEST_HEADER_INVALID);
}

static void cose_key__keeps_every_kind_of_key(void **state)
{
	static const struct cbr_limits LIMITS = {
		.bytes = 4096, .depth = 4, .items = 256, .text = 1024};

	(void)state;
	for (unsigned t = 0; t < KEY_HSS; t++) {
		CLEANUP(key_freep) struct key *k = NULL;
		CLEANUP(jsn_freep) struct jsn *jwk = NULL, *back = NULL, *secret = NULL;
		CLEANUP(buf_done) struct buf cbor = BUF_INIT(4096), a = BUF_INIT(8192), b = a;
		const char *why = "";

		assert_int_equal(key_generate((enum key_type)t, &k), 0);
		jwk = jwk_export(k);
		add_rights(jwk);
		jsn_set_str(jwk, "x-ocf-not-after", "2027-06-01T00:00:00Z");
		assert_int_equal(cose_key_put(jwk, &cbor), 0);
		assert_int_equal(cbd_check(buf_span(&cbor), &LIMITS), CBR_OK);
		if (cose_key_to_jwk(buf_span(&cbor), &back, &why) != JWK_OK)
			fail_msg("%s", why);
		jsn_del(jwk, "use"); /* COSE has no such thing */
		assert_int_equal(jsn_write(jwk, JSN_SORTED, &a), 0);
		assert_int_equal(jsn_write(back, JSN_SORTED, &b), 0);
		assert_true(span_eq(buf_span(&a), buf_span(&b)));
		secret = jwk_export_private(k);
		assert_int_equal(cose_key_put(secret, &cbor), -EINVAL);
		jsn_set(jwk, t == KEY_RSA ? "n" : "x", jsn_new_null());
		assert_int_equal(cose_key_put(jwk, &cbor), -EINVAL);
	}
}

static void cose_key__finds_the_y_of_a_compressed_point(void **state)
{
	static const enum key_type TYPES[] = {KEY_P256, KEY_P384};
	unsigned odd = 0;

	(void)state;
	for (unsigned i = 0; i < 4 || odd != 3; i++) { /* until both signs were met */
		CLEANUP(key_freep) struct key *k = NULL, *got = NULL;
		CLEANUP(jsn_freep) struct jsn *jwk = NULL;
		CLEANUP(buf_done) struct buf b = BUF_INIT(4096);
		struct key_parts p;
		const char *why = "";

		assert_int_equal(key_generate(TYPES[i % 2], &k), 0);
		p = key_public_parts(k);
		cbw_map_n(&b, 4);
		buf_put(&b, i % 2 ? SPAN_LIT("\x01\x02\x20\x02\x21")
				  : SPAN_LIT("\x01\x02\x20\x01\x21"));
		cbw_bytes(&b, p.x);
		cbw_int(&b, -3);
		cbw_bool(&b, p.y.ptr[p.y.len - 1] & 1);
		odd |= 1u << (p.y.ptr[p.y.len - 1] & 1);
		assert_int_equal(cose_key_to_jwk(buf_span(&b), &jwk, &why), JWK_OK);
		assert_int_equal(jwk_import(jwk, &got, &why), JWK_OK);
		assert_true(span_eq(key_public_parts(got).y, p.y));
	}
}

/* However long it is: a key with a secret number must not pass for a public one. */
static void cose_key__sees_a_secret_of_any_length(void **state)
{
	static const uint8_t D[60000];
	static const size_t LENGTHS[] = {0, 1, 32, 512, 771, 772, 1024, sizeof(D)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(LENGTHS); i++) {
		CLEANUP(key_freep) struct key *k = NULL, *got = NULL;
		CLEANUP(jsn_freep) struct jsn *jwk = NULL;
		CLEANUP(buf_done) struct buf b = BUF_INIT(JWK_FILE_MAX);
		const char *why = "";

		assert_int_equal(key_generate(KEY_ED25519, &k), 0);
		cbw_map_n(&b, 4);
		buf_put(&b, SPAN_LIT("\x01\x01\x20\x06\x21"));
		cbw_bytes(&b, key_public_parts(k).x);
		cbw_int(&b, -4);
		cbw_bytes(&b, span_of(D, LENGTHS[i]));
		assert_int_equal(cose_key_to_jwk(buf_span(&b), &jwk, &why), JWK_OK);
		if (jwk_import(jwk, &got, &why) != JWK_PRIVATE)
			fail_msg("d of %zu octets", LENGTHS[i]);
	}
}

static void cose_keys__become_a_trust_store(void **state)
{
	static const char X[] =
		"\x58\x20\xb1\x25\x63\x7a\x4c\xad\x84\x5b\x80\x7d\x70\x87\x26\x3f\x04\x61"
		"\xd6\xf4\xbc\x64\x63\x0d\xe4\xa6\x0e\x43\xcd\x8c\x7b\xa3\x04\x30";
#define ED "\x01\x01\x20\x06\x21"
	static const struct {
		const char *name;
		struct span before, after; /* x stands between */
		const char *why;           /* NULL: taken */
	} ROWS[] = {
		{"one key",                SPAN_LIT("\x81\xa3" ED),                         SPAN_LIT(""),                      NULL             },
		{"with kid and roles",     SPAN_LIT("\x81\xa5" ED),
		 SPAN_LIT("\x02\x42id\x6bx-ocf-roles\x81\x68manifest"),                                                        NULL             },
		{"a map",                  SPAN_LIT("\xa1\x64keys\x81\xa3" ED),             SPAN_LIT(""),                      NULL             },
		{"a map with others",
		 SPAN_LIT("\xa2\x61"
			  "a\0\x64keys\x81\xa3" ED),
		 SPAN_LIT(""),												 NULL             },
		{"revoked kids",           SPAN_LIT("\xa2\x64keys\x81\xa3" ED),
		 SPAN_LIT("\x6dx-ocf-revoked\x81\x42id"),								      NULL             },
		{"keys twice",             SPAN_LIT("\xa2\x64keys\x80\x64keys\x81\xa3" ED), SPAN_LIT(""),
		 "no COSE_Key set"													      },
		{"revoked is an integer",  SPAN_LIT("\xa2\x64keys\x81\xa3" ED),
		 SPAN_LIT("\x6dx-ocf-revoked\x01"),									    "x-ocf-revoked"  },
		{"may verify",             SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x04\x82\x01\x02"),      NULL             },
		{"may verify, by name",    SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x04\x81\x66verify"),
		 NULL															   },
		{"may not verify",         SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x04\x81\x01"),          "key_ops"        },
		{"key_ops is no array",    SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x04\x01"),
		 "another type"														 },
		{"alg",                    SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x03\x27"),              NULL             },
		{"alg of RFC 9864",        SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x03\x32"),              NULL             },
		{"alg of another key",     SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x03\x26"),
		 "alg does not fit"													     },
		{"kid is text",            SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x02\x61k"),             "kid"            },
		{"private",                SPAN_LIT("\x81\xa4" ED),
		 SPAN_LIT("\x23\x41"
			  "d"),
		 "secret"														       },
		{"label twice",            SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x01\x01"),              "repeated label" },
		{"the same key twice",     SPAN_LIT("\x82\xa3" ED),                         SPAN_LIT("\xa0"),                  "kty is missing" },
		{"x is text",              SPAN_LIT("\x81\xa4" ED "\x61x\x18\x64"),         SPAN_LIT(""),                      "missing"        },
		{"octets behind",          SPAN_LIT("\x81\xa3" ED),                         SPAN_LIT("\0"),                    "no COSE_Key set"},
		{"symmetric",              SPAN_LIT("\x82\xa2\x01\x04\x20\x41k\xa3" ED),    SPAN_LIT(""),                      "secret"         },
		{"unknown kind beside it", SPAN_LIT("\x82\xa1\x01\x18\x63\xa3" ED),         SPAN_LIT(""),
		 NULL															   },
		{"no crv",                 SPAN_LIT("\x82\xa1\x01\x01\xa3" ED),             SPAN_LIT(""),                      "crv"            },
		{"x-ocf- is a float",      SPAN_LIT("\x81\xa4" ED),                         SPAN_LIT("\x67x-ocf-a\xf9\x3c\0"),
		 "another type"														 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(buf_done) struct buf b = BUF_INIT(4096);
		CLEANUP(trust_freep) struct trust *t = NULL;
		char error[128] = "";
		int r;

		buf_put(&b, ROWS[i].before);
		buf_put(&b, span_of(X, sizeof(X) - 1));
		buf_put(&b, ROWS[i].after);
		r = trust_parse(buf_span(&b), &t, error, sizeof(error));
		if (r != (ROWS[i].why ? -EBADMSG : 0) ||
		    (ROWS[i].why && !strstr(error, ROWS[i].why)))
			fail_msg("%s: %d %s", ROWS[i].name, r, error);
		if (r == 0)
			assert_int_equal(trust_count(t), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cose_sign_verify__answers_the_examples),
		cmocka_unit_test(cose_sign__makes_what_cose_sign_verify_takes),
		cmocka_unit_test(cose_sign_verify__counts_a_key_once),
		cmocka_unit_test(cose_sign_parse__names_the_fault),
		cmocka_unit_test(cose_sign_parse__has_limits),
		cmocka_unit_test(cose_key__keeps_every_kind_of_key),
		cmocka_unit_test(cose_key__finds_the_y_of_a_compressed_point),
		cmocka_unit_test(cose_key__sees_a_secret_of_any_length),
		cmocka_unit_test(cose_keys__become_a_trust_store),
	};

	return cmocka_run_group_tests_name("cose", tests, NULL, NULL);
}

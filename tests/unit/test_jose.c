/* crypto/envelope and crypto/jws: the signed examples of the RFCs, and what they do not show. */
#include "vector.h"

#include "codec/b64.h"
#include "tests/signing.h"

#define TYP "test+jws"

static const struct envelope_policy POLICY = {
	.bytes_max = 65536,
	.algs = SIG_ALL,
	.threshold = 1,
	.role = TRUST_MANIFEST,
	.manufacturer = "m",
};

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

/* The public halves of the example's keys; symmetric ones have none. */
static struct trust *trust_public(const struct jsn *keys)
{
	static const char *const SECRET[] = {"d", "p", "q", "dp", "dq", "qi"};
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *array = jsn_new_array();

	for (size_t i = 0; i < jsn_len(keys); i++) {
		struct jsn *jwk;

		if (jsn_get(jsn_at(keys, i), "k"))
			continue;
		jwk = jsn_copy(jsn_at(keys, i));
		for (size_t k = 0; k < ARRAY_SIZE(SECRET); k++)
			jsn_del(jwk, SECRET[k]);
		if (!jsn_get(jwk, "kid") && jsn_get(jwk, "y")) /* RFC 7515 A.6 and A.7 name it so */
			jsn_set_str(jwk, "kid", "e9bc097a-ce51-4036-9562-d2ade882db0d");
		add_rights(jwk);
		jsn_add(array, jwk);
	}
	jsn_set(set, "keys", array);
	return trust_of(set);
}

/* Valid examples that we refuse, each by its first failing check; the others must be taken. */
static enum fw_error expected(const char *id)
{
	static const struct {
		const char *id;
		enum fw_error error;
	} ROWS[] = {
		{"rfc7515-A.3",           FWE_OK                       }, /* ES256 */
		{"rfc7515-A.5",           FWE_MANIFEST_ALG_NONE        },
		{"rfc7515-A.6",           FWE_OK                       }, /* RS256 passed over, ES256 */
		{"rfc7515-A.7",           FWE_OK                       },
		{"rfc8037-A.4",           FWE_OK                       }, /* EdDSA */
		{"rfc7520-4.5-general",   FWE_MANIFEST_UNSIGNED        }, /* no payload member */
		{"rfc7520-4.5-flattened", FWE_MANIFEST_UNSIGNED        },
		{"rfc7520-4.7-general",   FWE_MANIFEST_ALG_UNPROTECTED },
		{"rfc7520-4.7-flattened", FWE_MANIFEST_ALG_UNPROTECTED },
		{"rfc7520-4.8-general",   FWE_MANIFEST_ALG_UNPROTECTED },
		{"rfc7797-4.2",           FWE_MANIFEST_CRIT_UNSUPPORTED},
		{"rfc7515-E",             FWE_MANIFEST_ALG_NONE        }, /* crit too, but none is asked first */
	};

	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		if (strcmp(ROWS[i].id, id) == 0)
			return ROWS[i].error;
	}
	return FWE_MANIFEST_ALG_NOT_ALLOWED; /* HS256, RS256, PS384, ES512 */
}

static void check_example(const struct jsn *c)
{
	CLEANUP(trust_freep) struct trust *trust = trust_public(jsn_get(c, "keys"));
	const char *id = jsn_str(jsn_get(c, "id"));
	struct buf text = BUF_INIT(VECTOR_MAX), payload = BUF_INIT(VECTOR_MAX);
	struct envelope env = {0};
	enum fw_error got;

	if (jsn_type(jsn_get(c, "jws")) == JSN_TEXT)
		buf_put(&text, jsn_text(jsn_get(c, "jws")));
	else
		assert_int_equal(jsn_write(jsn_get(c, "jws"), JSN_COMPACT, &text), 0);
	got = envelope_open(buf_span(&text), trust, &POLICY, &env);
	if (got != expected(id))
		fail_msg("%s: %s, want %s", id, fw_error_name(got), fw_error_name(expected(id)));
	if (got == FWE_OK) {
		assert_int_equal(b64_decode(jsn_text(jsn_get(c, "payload_b64u")), &payload), 0);
		assert_true(span_eq(buf_span(&env.payload), buf_span(&payload)));
		assert_int_equal(env.n_signers, 1);
	}
	envelope_done(&env);
	buf_done(&text);
	buf_done(&payload);
}

static void envelope_open__answers_the_examples_of_the_rfcs(void **state)
{
	CLEANUP(jsn_freep) struct jsn *root = vector_json("jose/jws-rfc.json");
	const struct jsn *cases = jsn_get(root, "cases");

	(void)state;
	assert_int_equal(jsn_len(cases), 31);
	for (size_t i = 0; i < jsn_len(cases); i++)
		check_example(jsn_at(cases, i));
}

/* Three keys, in a store under kids k0, k1, k2; k2 is for another manufacturer. */
struct fixture {
	struct key *key[3];
	struct trust *trust;
	struct buf payload_text;
};

static struct fixture fixture_new(const char *revoked)
{
	static const enum key_type TYPES[] = {KEY_P256, KEY_ED25519, KEY_P256};
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *array = jsn_new_array(), *list = jsn_new_array();
	struct fixture f = {.payload_text = BUF_INIT(1024)};

	for (size_t i = 0; i < 3; i++) {
		struct jsn *jwk;

		assert_int_equal(key_generate(TYPES[i], &f.key[i]), 0);
		jwk = jwk_export(f.key[i]);
		if (i < 2)
			add_rights(jwk);
		jsn_add(array, jwk);
	}
	jsn_set(set, "keys", array);
	jsn_add(list, jsn_new_text(span_str(revoked)));
	jsn_set(set, "x-ocf-revoked", list);
	f.trust = trust_of(set);
	b64_encode(SPAN_LIT("the payload"), &f.payload_text);
	return f;
}

static void fixture_done(struct fixture *f)
{
	for (size_t i = 0; i < 3; i++)
		f->key[i] = key_free(f->key[i]);
	f->trust = trust_free(f->trust);
	buf_done(&f->payload_text);
}

static struct jsn *entry_of(const struct fixture *f, size_t i)
{
	struct jsn *entry = NULL;

	assert_int_equal(jws_sign(f->key[i], TYP, buf_span(&f->payload_text), &entry), 0);
	return entry;
}

static struct jsn *general_of(const struct fixture *f, const char *signers)
{
	struct jsn *root = jsn_new_object(), *list = jsn_new_array();

	for (const char *p = signers; *p != '\0'; p++)
		jsn_add(list, entry_of(f, (size_t)(*p - '0')));
	jsn_set_text(root, "payload", buf_span(&f->payload_text));
	jsn_set(root, "signatures", list);
	return root;
}

static enum fw_error open_json(const struct fixture *f, const struct jsn *root, unsigned threshold,
			       size_t *ret_signers)
{
	struct envelope_policy policy = POLICY;
	struct buf text = BUF_INIT(VECTOR_MAX);
	struct envelope env = {0};
	enum fw_error e;

	policy.threshold = threshold;
	policy.typ = TYP;
	assert_int_equal(jsn_write(root, JSN_COMPACT, &text), 0);
	e = envelope_open(buf_span(&text), f->trust, &policy, &env);
	if (e == FWE_OK)
		assert_true(span_is(buf_span(&env.payload), "the payload"));
	*ret_signers = env.n_signers;
	envelope_done(&env);
	buf_done(&text);
	return e;
}

static void envelope_open__counts_distinct_keys(void **state)
{
	static const struct {
		const char *signers;
		unsigned threshold;
		enum fw_error want;
	} CASES[] = {
		{"0",         0, FWE_OK                          },
		{"01",        2, FWE_OK                          },
		{"10",        2, FWE_OK                          },
		{"00",        1, FWE_OK                          },
		{"00",        2, FWE_MANIFEST_THRESHOLD_NOT_MET  },
		{"02",        1, FWE_OK                          },
		{"02",        2, FWE_MANIFEST_THRESHOLD_NOT_MET  },
		{"2",         1, FWE_MANIFEST_KEY_ROLE           },
		{"01010101",  2, FWE_OK                          },
		{"010101010", 2, FWE_MANIFEST_TOO_MANY_SIGNATURES},
	};
	struct fixture f = fixture_new("nobody");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(jsn_freep) struct jsn *root = general_of(&f, CASES[i].signers);
		size_t n;
		enum fw_error got = open_json(&f, root, CASES[i].threshold, &n);

		if (got != CASES[i].want)
			fail_msg("%s of %u: %s", CASES[i].signers, CASES[i].threshold,
				 fw_error_name(got));
	}
	fixture_done(&f);
}

/* An entry with this protected header and a signature that nobody made. */
static struct jsn *forged(const char *header)
{
	struct jsn *entry = jsn_new_object();
	struct buf text = BUF_INIT(1024), sig = BUF_INIT(1024);
	uint8_t zeros[64] = {1};

	b64_encode(span_str(header), &text);
	b64_encode(span_of(zeros, sizeof(zeros)), &sig);
	jsn_set_text(entry, "protected", buf_span(&text));
	jsn_set_text(entry, "signature", buf_span(&sig));
	buf_done(&text);
	buf_done(&sig);
	return entry;
}

/* The same header, signed well by the first key. */
static struct jsn *signed_with(const struct fixture *f, const char *header)
{
	struct buf input = BUF_INIT(4096), sig = BUF_INIT(1024), text = BUF_INIT(1024);
	struct jsn *entry = forged(header);

	buf_put(&input, jsn_text(jsn_get(entry, "protected")));
	buf_put_byte(&input, '.');
	buf_put(&input, buf_span(&f->payload_text));
	assert_int_equal(key_sign(f->key[0], buf_span(&input), &sig), 0);
	b64_encode(buf_span(&sig), &text);
	jsn_set_text(entry, "signature", buf_span(&text));
	buf_done(&input);
	buf_done(&sig);
	buf_done(&text);
	return entry;
}

static void envelope_open__refuses_structural_faults_in_any_entry(void **state)
{
	static const struct {
		const char *header;
		enum fw_error want;
	} CASES[] = {
		{"{\"alg\":\"RS256\"}",                                FWE_OK                       },
		{"{\"alg\":\"ES256\",\"kid\":\"unknown\"}",            FWE_OK                       },
		{"{\"alg\":\"ES256\"}",                                FWE_OK                       },
		{"{\"alg\":\"ES256\",\"typ\":\"" TYP "\"}",            FWE_OK                       },
		{"{\"alg\":\"ES256\",\"typ\":\"JWT\"}",                FWE_MANIFEST_TYPE_MISMATCH   },
		{"{\"alg\":\"ES256\",\"typ\":7}",                      FWE_MANIFEST_TYPE_MISMATCH   },
		{"{\"alg\":\"NONE\"}",                                 FWE_MANIFEST_ALG_NONE        },
		{"{\"alg\":256}",				      FWE_MANIFEST_HEADER_INVALID  },
		{"{}",						 FWE_MANIFEST_HEADER_INVALID  },
		{"[]",						 FWE_MANIFEST_HEADER_INVALID  },
		{"{\"alg\":\"ES256\"",                                 FWE_MANIFEST_HEADER_INVALID  },
		{"{\"alg\":\"ES256\",\"kid\":7}",                      FWE_MANIFEST_HEADER_INVALID  },
		{"{\"alg\":\"ES256\",\"x5c\":[]}",                     FWE_MANIFEST_KEY_EMBEDDED    },
		{"{\"alg\":\"ES256\",\"x5u\":\"u\"}",                  FWE_MANIFEST_KEY_EMBEDDED    },
		{"{\"alg\":\"ES256\",\"x5t\":\"t\"}",                  FWE_OK                       },
		{"{\"alg\":\"ES256\",\"b64\":false}",                  FWE_MANIFEST_CRIT_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"crit\":\"a\",\"a\":1}",         FWE_MANIFEST_CRIT_INVALID    },
		{"{\"alg\":\"ES256\",\"crit\":[1],\"a\":1}",           FWE_MANIFEST_CRIT_INVALID    },
		{"{\"alg\":\"ES256\",\"crit\":[\"a\",\"a\"],\"a\":1}", FWE_MANIFEST_CRIT_INVALID    },
		{"{\"alg\":\"ES256\",\"crit\":[\"a\"],\"a\":1}",       FWE_MANIFEST_CRIT_UNSUPPORTED},
	};
	struct fixture f = fixture_new("nobody");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();
		struct jsn *list = jsn_new_array();
		enum fw_error got;
		size_t n;

		jsn_add(list, entry_of(&f, 0)); /* a good one beside it does not help */
		jsn_add(list, forged(CASES[i].header));
		jsn_set_text(root, "payload", buf_span(&f.payload_text));
		jsn_set(root, "signatures", list);
		got = open_json(&f, root, 1, &n);
		if (got != CASES[i].want)
			fail_msg("%s: %s", CASES[i].header, fw_error_name(got));
	}
	fixture_done(&f);
}

static void envelope_open__refuses_a_wrong_signature_of_a_trusted_key(void **state)
{
	struct fixture f = fixture_new("nobody");
	CLEANUP(jsn_freep) struct jsn *root = general_of(&f, "0"), *jwk = jwk_export(f.key[0]);
	CLEANUP(jsn_freep) struct jsn *two = jsn_new_object();
	struct jsn *list = jsn_new_array();
	char header[256];
	size_t n;

	(void)state;
	(void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"%s\"}",
		       jsn_str(jsn_get(jwk, "kid")));
	jsn_add(list, entry_of(&f, 1));
	jsn_add(list, forged(header));
	jsn_set_text(two, "payload", buf_span(&f.payload_text));
	jsn_set(two, "signatures", list);
	assert_int_equal(open_json(&f, two, 1, &n), FWE_MANIFEST_SIGNATURE_INVALID);
	assert_int_equal(open_json(&f, root, 1, &n), FWE_OK);
	fixture_done(&f);
}

static void envelope_open__refuses_malformed_containers(void **state)
{
	static const struct {
		const char *text;
		enum fw_error want;
	} CASES[] = {
		{"{",									     FWE_MANIFEST_JSON_INVALID         },
		{"{}",									    FWE_MANIFEST_UNSIGNED             },
		{"{\"payload\":\"YQ\"}",							  FWE_MANIFEST_JWS_MALFORMED        },
		{"{\"payload\":1,\"signature\":\"YQ\"}",                                          FWE_MANIFEST_JWS_MALFORMED        },
		{"{\"payload\":\"\",\"signature\":\"YQ\"}",                                       FWE_MANIFEST_HEADER_INVALID       },
		{"{\"payload\":\"YQ\",\"signatures\":[]}",                                        FWE_MANIFEST_JWS_MALFORMED        },
		{"{\"payload\":\"YQ\",\"signatures\":{}}",                                        FWE_MANIFEST_JWS_MALFORMED        },
		{"{\"payload\":\"YQ\",\"signatures\":[1]}",                                       FWE_MANIFEST_JWS_MALFORMED        },
		{"{\"payload\":\"YQ\",\"signature\":\"YQ\",\"header\":1}",
		 FWE_MANIFEST_JWS_MALFORMED											 },
		{"{\"payload\":\"YQ\",\"signatures\":[{\"signature\":\"\"}],\"protected\":\"\"}",
		 FWE_MANIFEST_JWS_MALFORMED											 },
		{"{\"payload\":\"YQ\",\"payload\":\"YQ\"}",                                       FWE_MANIFEST_JSON_DUPLICATE_MEMBER},
		{"{\"payload\":\"YQ\",\"signature\":\"YQ\",\"signatures\":[{\"signature\":\"YQ\"}]"
		 "}",							    FWE_MANIFEST_JWS_MALFORMED        },
		{"{\"ciphertext\":\"YQ\",\"payload\":\"YQ\"}",                                    FWE_MANIFEST_ENC_NOT_ALLOWED      },
		{"a.b.c.d.e",								     FWE_MANIFEST_DECRYPT_FAILED       },
		{"e30.YQ",									FWE_MANIFEST_JWS_MALFORMED        },
		{"e30..YQ",								       FWE_MANIFEST_HEADER_INVALID       },
		{"e30.YQ.",								       FWE_MANIFEST_HEADER_INVALID       },
		{"e30.YQ.YQ\n",								   FWE_MANIFEST_BASE64_INVALID       },
		{"e3=.YQ.YQ",								     FWE_MANIFEST_BASE64_INVALID       },
		{"hello",									 FWE_MANIFEST_FORMAT_UNKNOWN       },
		{" {}",									   FWE_MANIFEST_FORMAT_UNKNOWN       },
		{"\xd2\x84",								      FWE_MANIFEST_CBOR_INVALID         },
		{"\xef\xbb\xbf{}",								FWE_MANIFEST_FORMAT_UNKNOWN       },
	};
	struct fixture f = fixture_new("nobody");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct envelope env = {0};
		enum fw_error got = envelope_open(span_str(CASES[i].text), f.trust, &POLICY, &env);

		if (got != CASES[i].want)
			fail_msg("%s: %s", CASES[i].text, fw_error_name(got));
		assert_null(env.payload.ptr);
	}
	fixture_done(&f);
}

static void envelope_open__has_a_size_limit(void **state)
{
	struct fixture f = fixture_new("nobody");
	static char text[65537];
	struct envelope env = {0};

	(void)state;
	memset(text, '{', sizeof(text));
	assert_int_equal(envelope_open(span_of(text, 65537), f.trust, &POLICY, &env),
			 FWE_MANIFEST_TOO_LARGE);
	memset(text, '[', sizeof(text));
	memcpy(text, "{\"a\":", 5);
	assert_int_equal(envelope_open(span_of(text, 65536), f.trust, &POLICY, &env),
			 FWE_MANIFEST_JSON_TOO_DEEP);
	fixture_done(&f);
}

/* Nobody has vouched for a header yet: more names than anybody needs are not compared at all. With
 * a loop over the pairs this took minutes, and the watchdog ended the service. */
static void envelope_open__is_quick_with_large_headers(void **state)
{
	struct fixture f = fixture_new("nobody");
	struct buf text = BUF_INIT(65536), header = BUF_INIT(32768);
	struct envelope env = {0};

	(void)state;
	buf_put_str(&header, "{\"alg\":\"RS256\"");
	for (unsigned i = 0; i < 2600; i++)
		buf_printf(&header, ",\"%x\":0", 0x1000 + i);
	buf_put_str(&header, "}");
	buf_put_str(&text, "{\"payload\":\"e30\",\"signature\":\"AAAA\",\"protected\":\"");
	b64_encode(buf_span(&header), &text);
	buf_put_str(&text, "\",\"header\":{\"kid\":\"k\"");
	for (unsigned i = 0; i < 3800; i++)
		buf_printf(&text, ",\"%x\":0", 0x8000 + i);
	buf_put_str(&text, "}}");
	assert_true(buf_ok(&text));
	assert_int_equal(envelope_open(buf_span(&text), f.trust, &POLICY, &env),
			 FWE_MANIFEST_HEADER_INVALID);
	buf_done(&header);
	buf_done(&text);
	fixture_done(&f);
}

static void envelope_open__asks_the_allow_list(void **state)
{
	struct envelope_policy policy = POLICY;
	struct fixture f = fixture_new("nobody");
	CLEANUP(jsn_freep) struct jsn *root = general_of(&f, "0");
	struct buf text = BUF_INIT(VECTOR_MAX);
	struct envelope env = {0};

	(void)state;
	assert_int_equal(jsn_write(root, JSN_COMPACT, &text), 0);
	policy.algs = SIG_ALL & ~SIG_BIT(SIG_ES256);
	assert_int_equal(envelope_open(buf_span(&text), f.trust, &policy, &env),
			 FWE_MANIFEST_ALG_NOT_ALLOWED);
	buf_done(&text);
	fixture_done(&f);
}

/* A store with the first key alone, under `kid`, and its thumbprint revoked. */
static struct trust *trust_revoked(const struct fixture *f, const char *kid)
{
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *keys = jsn_new_array(), *revoked = jsn_new_array(),
		   *jwk = jwk_export(f->key[0]);

	add_rights(jwk);
	jsn_add(revoked, jsn_copy(jsn_get(jwk, "kid")));
	if (kid)
		jsn_set_str(jwk, "kid", kid);
	jsn_add(keys, jwk);
	jsn_set(set, "keys", keys);
	jsn_set(set, "x-ocf-revoked", revoked);
	return trust_of(set);
}

static void envelope_open__refuses_revoked_keys_under_every_name(void **state)
{
	static const struct {
		const char *stored, *header;
		enum fw_error want;
	} CASES[] = {
		{NULL,    NULL,				    FWE_MANIFEST_KEY_REVOKED},
		{"alias", "{\"alg\":\"ES256\",\"kid\":\"alias\"}", FWE_MANIFEST_KEY_REVOKED},
		{"alias", "{\"alg\":\"ES256\"}",                   FWE_MANIFEST_KEY_UNKNOWN},
	};
	struct fixture f = fixture_new("nobody");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(trust_freep) struct trust *trust = trust_revoked(&f, CASES[i].stored);
		CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();
		struct buf text = BUF_INIT(VECTOR_MAX);
		struct envelope env = {0};
		struct jsn *list = jsn_new_array();

		jsn_add(list, CASES[i].header ? signed_with(&f, CASES[i].header) : entry_of(&f, 0));
		jsn_set_text(root, "payload", buf_span(&f.payload_text));
		jsn_set(root, "signatures", list);
		assert_int_equal(jsn_write(root, JSN_COMPACT, &text), 0);
		assert_int_equal(envelope_open(buf_span(&text), trust, &POLICY, &env),
				 CASES[i].want);
		buf_done(&text);
	}
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelope_open__answers_the_examples_of_the_rfcs),
		cmocka_unit_test(envelope_open__counts_distinct_keys),
		cmocka_unit_test(envelope_open__refuses_structural_faults_in_any_entry),
		cmocka_unit_test(envelope_open__refuses_a_wrong_signature_of_a_trusted_key),
		cmocka_unit_test(envelope_open__refuses_malformed_containers),
		cmocka_unit_test(envelope_open__has_a_size_limit),
		cmocka_unit_test(envelope_open__is_quick_with_large_headers),
		cmocka_unit_test(envelope_open__asks_the_allow_list),
		cmocka_unit_test(envelope_open__refuses_revoked_keys_under_every_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "test.h"

#include "base/parse.h"
#include "crypto/x509.h"
#include "tests/unit/x509_maker.h"

static void bufp(struct buf *b)
{
	buf_done(b);
}

static struct secret number(const char *hex)
{
	struct secret s = {.len = 32};

	assert_true(hex_decode(span_str(hex), s.b, s.len));
	return s;
}

/* RFC 6979 A.2.5 */
static void x509_key_from_secret__finds_the_point(void **state)
{
	CLEANUP(x509_key_freep) struct x509_key *k = NULL;
	struct secret s =
		number("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
	struct x509_point want;

	(void)state;
	assert_true(hex_decode(
		SPAN_LIT("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
			 "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"),
		want.b, sizeof(want.b)));
	assert_int_equal(x509_key_from_secret(&s, &k), 0);
	assert_memory_equal(x509_key_point(k), &want, sizeof(want));
}

static void x509_key_from_secret__wants_a_number_below_the_order(void **state)
{
	static const struct {
		const char *name, *hex;
		int want;
	} ROWS[] = {
		{"zero",           "0000000000000000000000000000000000000000000000000000000000000000",
		 -EBADMSG									       },
		{"one",            "0000000000000000000000000000000000000000000000000000000000000001", 0},
		{"order less one",
		 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",                   0},
		{"order",          "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
		 -EBADMSG									       },
		{"all ones",       "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		 -EBADMSG									       },
	};
	struct secret s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(x509_key_freep) struct x509_key *k = NULL;
		int r;

		s = number(ROWS[i].hex);
		r = x509_key_from_secret(&s, &k);
		if (r != ROWS[i].want)
			fail_msg("%s: %d", ROWS[i].name, r);
	}
	s = number(ROWS[1].hex);
	for (s.len = 0; s.len < SECRET_MAX; s.len++) {
		CLEANUP(x509_key_freep) struct x509_key *k = NULL;

		if (s.len != 32)
			assert_int_equal(x509_key_from_secret(&s, &k), -EBADMSG);
	}
}

static void x509_secret_new__draws_another_each_time(void **state)
{
	struct secret a, b;

	(void)state;
	assert_int_equal(x509_secret_new(&a), 0);
	assert_int_equal(x509_secret_new(&b), 0);
	assert_int_equal(a.len, 32);
	assert_false(secret_eq(&a, &b));
}

static void x509_key_from_pem__takes_p256_only(void **state)
{
	static const struct {
		const char *name;
		gnutls_pk_algorithm_t pk;
		unsigned bits;
		unsigned flags;
		int want;
	} ROWS[] = {
		{"P-256",   GNUTLS_PK_ECDSA,         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
		 GNUTLS_PKCS_PLAIN,         0       },
		{"P-384",   GNUTLS_PK_ECDSA,         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1),
		 GNUTLS_PKCS_PLAIN,         -EBADMSG},
		{"Ed25519", GNUTLS_PK_EDDSA_ED25519, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519),
		 GNUTLS_PKCS_PLAIN,         -EBADMSG},
		{"sealed",  GNUTLS_PK_ECDSA,         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
		 GNUTLS_PKCS_PBES2_AES_128, -EBADMSG},
	};
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(x509_key_freep) struct x509_key *k = NULL;
		gnutls_x509_privkey_t priv;
		char pem[2048];
		size_t room = sizeof(pem);
		int r;

		must(gnutls_x509_privkey_init(&priv));
		must(gnutls_x509_privkey_generate(priv, ROWS[i].pk, ROWS[i].bits, 0));
		must(gnutls_x509_privkey_export_pkcs8(priv, GNUTLS_X509_FMT_PEM,
						      ROWS[i].flags == GNUTLS_PKCS_PLAIN ? NULL
											 : "secret",
						      ROWS[i].flags, pem, &room));
		gnutls_x509_privkey_deinit(priv);
		r = x509_key_from_pem(span_of(pem, room), &k, &why);
		if (r != ROWS[i].want)
			fail_msg("%s: %d %s", ROWS[i].name, r, why);
	}
}

static void x509_key_from_pem__compares_the_halves(void **state)
{
	const char *pem = "-----BEGIN EC PRIVATE KEY-----\n"
			  "MHcCAQEEIPSgEmBcLwNVzhYinWYyp85mO7v1FCgCVMM6qC196nKmoAoGCCqGSM49\n"
			  "AwEHoUQDQgAEskJsHEBYmyGqjWenUIswPqN1l92uUGQ/aLdOhzGZr5f+l8QNfCq/\n"
			  "3lBGVAjknTSMuWKF4sZBOydLAgQ7uaYICg==\n"
			  "-----END EC PRIVATE KEY-----\n";
	struct x509_key *k = NULL;
	const char *why = NULL;

	(void)state;
	assert_int_equal(x509_key_from_pem(span_str(pem), &k, &why), -EBADMSG);
	assert_string_equal(why, "the halves of the key do not belong together");
}

static void x509_key_from_url__refuses_what_is_none(void **state)
{
	struct x509_key *k = NULL;
	const char *why = NULL;
	char text[X509_URL_MAX + 2];

	(void)state;
	assert_int_equal(x509_key_from_url("", &k, &why), -EBADMSG);
	assert_int_equal(x509_key_from_url("/etc/key.pem", &k, &why), -EBADMSG);
	assert_int_equal(x509_key_from_url("http://host/key", &k, &why), -EBADMSG);
	memset(text, 'a', sizeof(text));
	memcpy(text, "pkcs11:", 7);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(x509_key_from_url(text, &k, &why), -EBADMSG);
	assert_string_equal(why, "not the URL of a key in a token");
}

/* --- requests --- */

static const struct uuid DEVICE = {
	{0xa7, 0x1c, 0x30, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 2}
};

static void x509_csr_write__makes_what_parse_takes(void **state)
{
	CLEANUP(x509_key_freep) struct x509_key *k = NULL;
	CLEANUP(bufp) struct buf pem = BUF_INIT(X509_PEM_MAX);
	struct x509_point point;
	const char *why = NULL;
	struct secret s;
	struct uuid id;

	(void)state;
	assert_int_equal(x509_secret_new(&s), 0);
	assert_int_equal(x509_key_from_secret(&s, &k), 0);
	assert_int_equal(x509_csr_write(k, &DEVICE, &pem), 0);
	assert_true(span_starts(buf_span(&pem), "-----BEGIN CERTIFICATE REQUEST-----"));
	assert_true(pem.len < 512); /* room in a deployed tool */
	assert_int_equal(x509_csr_parse(buf_span(&pem), &id, &point, &why), 0);
	assert_true(uuid_eq(&id, &DEVICE));
	assert_memory_equal(&point, x509_key_point(k), sizeof(point));
}

/* A request with knobs. */
static void make_request(char *pem, size_t room, gnutls_ecc_curve_t curve, const char *dn,
			 gnutls_digest_algorithm_t digest)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crq_t crq;

	must(gnutls_x509_privkey_init(&key));
	must(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(curve), 0));
	must(gnutls_x509_crq_init(&crq));
	must(gnutls_x509_crq_set_version(crq, 1));
	must(gnutls_x509_crq_set_dn(crq, dn, NULL));
	must(gnutls_x509_crq_set_key(crq, key));
	must(gnutls_x509_crq_sign2(crq, key, digest, 0));
	room--;
	must(gnutls_x509_crq_export(crq, GNUTLS_X509_FMT_PEM, pem, &room));
	pem[room] = '\0';
	gnutls_x509_crq_deinit(crq);
	gnutls_x509_privkey_deinit(key);
}

static void x509_csr_parse__follows_the_rules(void **state)
{
	static const struct {
		const char *name, *dn;
		gnutls_ecc_curve_t curve;
		gnutls_digest_algorithm_t digest;
		int want;
	} ROWS[] = {
		{"good",    "CN=uuid:" MAKER_UUID, GNUTLS_ECC_CURVE_SECP256R1, GNUTLS_DIG_SHA256, 0       },
		{"no UUID", "CN=me",               GNUTLS_ECC_CURVE_SECP256R1, GNUTLS_DIG_SHA256, -EBADMSG},
		{"no CN",   "O=uuid:" MAKER_UUID,  GNUTLS_ECC_CURVE_SECP256R1, GNUTLS_DIG_SHA256,
		 -EBADMSG										 },
		{"P-384",   "CN=uuid:" MAKER_UUID, GNUTLS_ECC_CURVE_SECP384R1, GNUTLS_DIG_SHA256,
		 -EBADMSG										 },
		{"SHA-512", "CN=uuid:" MAKER_UUID, GNUTLS_ECC_CURVE_SECP256R1, GNUTLS_DIG_SHA512,
		 -EBADMSG										 },
	};
	struct x509_point point;
	const char *why = NULL;
	struct uuid id;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		char pem[2048];
		int r;

		make_request(pem, sizeof(pem), ROWS[i].curve, ROWS[i].dn, ROWS[i].digest);
		r = x509_csr_parse(span_str(pem), &id, &point, &why);
		if (r != ROWS[i].want)
			fail_msg("%s: %d %s", ROWS[i].name, r, why);
	}
	assert_int_equal(x509_csr_parse(span_of(NULL, 0), &id, &point, &why), -EBADMSG);
}

static void x509_csr_parse__refuses_another_signature(void **state)
{
	char pem[2048], *middle;
	struct x509_point point;
	const char *why = NULL;
	struct uuid id;

	(void)state;
	make_request(pem, sizeof(pem), GNUTLS_ECC_CURVE_SECP256R1, "CN=uuid:" MAKER_UUID,
		     GNUTLS_DIG_SHA256);
	middle = strstr(pem, "-----END") - 12; /* in the signature's last number */
	*middle = *middle == 'A' ? 'B' : 'A';
	assert_int_equal(x509_csr_parse(span_str(pem), &id, &point, &why), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x509_key_from_secret__finds_the_point),
		cmocka_unit_test(x509_key_from_secret__wants_a_number_below_the_order),
		cmocka_unit_test(x509_secret_new__draws_another_each_time),
		cmocka_unit_test(x509_key_from_pem__takes_p256_only),
		cmocka_unit_test(x509_key_from_pem__compares_the_halves),
		cmocka_unit_test(x509_key_from_url__refuses_what_is_none),
		cmocka_unit_test(x509_csr_write__makes_what_parse_takes),
		cmocka_unit_test(x509_csr_parse__follows_the_rules),
		cmocka_unit_test(x509_csr_parse__refuses_another_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "test.h"

#include "base/parse.h"
#include "tests/unit/key_block.h"
#include "crypto/rng.h"

/* Computed with two independent programs; the key block also by another library's TLS 1.2 PRF. */
static const char MASTER[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
			     "202122232425262728292a2b2c2d2e2f";
static const char CLIENT_RANDOM[] =
	"404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f";
static const char SERVER_RANDOM[] =
	"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
static const char KEY_BLOCK[] = "a1c8bdbce8830007e5719b5f9764ae0c42c3a103d08d01b711b292bfd1f33247"
				"3e5667ef1f21ed64b616b533929f8e737406938bbae4d1387dbb67a32bbfd03f"
				"e3f3a5e61a434e9c07de3b04218aeb811ebeced2da38d56b4c318ab230f63e80"
				"162eca54d13940d22ee2f1000cae5cfd1efdf1d415be0ff1";
static const char OBT[] = "b0b00000-0000-4000-8000-000000000001";
static const char DEVICE[] = "a71c3000-0000-4000-8000-000000000002";

struct octets {
	uint8_t b[PRF_KEY_BLOCK_MAX];
	size_t len;
};

static struct octets unhex(const char *text)
{
	struct octets o = {.len = strlen(text) / 2};

	assert_true(o.len <= sizeof(o.b));
	assert_true(hex_decode(span_str(text), o.b, o.len));
	return o;
}

static struct span octets_span(const struct octets *o)
{
	return span_of(o->b, o->len);
}

static struct uuid uuid_of(const char *text)
{
	struct uuid u;

	assert_true(uuid_parse(span_str(text), &u));
	return u;
}

static void assert_octets(const char *row, const uint8_t *got, const char *want_hex)
{
	struct octets want = unhex(want_hex);

	if (memcmp(got, want.b, want.len) != 0)
		fail_msg("%s: not %s", row, want_hex);
}

/* The P_SHA256 test vector published on the IETF TLS list (April 2008). */
static void prf_sha256__gives_the_published_vector(void **state)
{
	struct octets secret = unhex("9bbe436ba940f017b17652849a71db35");
	struct octets seed = unhex("a0ba9f936cda311827a6f796ffd5198c");
	uint8_t out[100];

	(void)state;
	assert_int_equal(prf_sha256(octets_span(&secret), SPAN_LIT("test label"),
				    octets_span(&seed), out, sizeof(out)),
			 0);
	assert_octets("published", out,
		      "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
		      "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
		      "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
		      "87347b66");
}

static void prf_sha256__writes_only_what_was_asked(void **state)
{
	uint8_t whole[64], part[65];

	(void)state;
	assert_int_equal(prf_sha256(SPAN_LIT("s"), SPAN_LIT("l"), SPAN_LIT("x"), whole, 64), 0);
	for (size_t n = 0; n <= sizeof(whole); n++) {
		memset(part, 0xA5, sizeof(part));
		assert_int_equal(prf_sha256(SPAN_LIT("s"), SPAN_LIT("l"), SPAN_LIT("x"), part, n),
				 0);
		assert_memory_equal(part, whole, n);
		assert_int_equal(part[n], 0xA5);
	}
}

static void key_block__matches_the_vector(void **state)
{
	struct octets master = unhex(MASTER), client = unhex(CLIENT_RANDOM);
	struct octets server = unhex(SERVER_RANDOM);
	uint8_t out[120];

	(void)state;
	assert_int_equal(key_block(octets_span(&master), octets_span(&client), octets_span(&server),
				   out, sizeof(out)),
			 0);
	assert_octets("key block", out, KEY_BLOCK);
}

static const struct {
	const char *label;
	uint16_t suite;
	size_t len;
	const char *key, *swapped;
} OWNER_KEYS[] = {
	{"oic.sec.doxm.jw",      0xFF00, 96,  "caaa37e93c1a2b949b84050a5fab1340",
	 "039f9346cefbcd564d2c44c6b26847be"},
	{"oic.sec.doxm.rdp",     0xC037, 96,  "5097d76ccabfc0a9349a29fb37f595e8",
	 "de1ceea5c13fa07caa0904e5353685ed"},
	{"oic.sec.doxm.mfgcert", 0xC0AE, 40,  "51481f2f4a934376a47ad2ec53e592b2",
	 "460ddbfd35d6e83fa40fdd0d9690656d"},
	{"oic.sec.doxm.mfgcert", 0xC0AC, 40,  "51481f2f4a934376a47ad2ec53e592b2",
	 "460ddbfd35d6e83fa40fdd0d9690656d"},
	{"oic.sec.doxm.mfgcert", 0xC0AF, 72,  "e6a4e70ff5b9ed41a6c4dfc196a8e81b",
	 "499ab50880d64213e5f67e6109c230b6"},
	{"oic.sec.doxm.mfgcert", 0xC0AD, 72,  "e6a4e70ff5b9ed41a6c4dfc196a8e81b",
	 "499ab50880d64213e5f67e6109c230b6"},
	{"oic.sec.doxm.mfgcert", 0xC02B, 120, "1574c1a69de3c075c8e6e34768d957da",
	 "da6ccf50fcf40d57f00c0dd4c4c80387"},
};

static void prf_owner_key__matches_the_vectors(void **state)
{
	struct octets block = unhex(KEY_BLOCK);
	struct uuid obt = uuid_of(OBT), device = uuid_of(DEVICE);
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(OWNER_KEYS); i++) {
		const char *label = OWNER_KEYS[i].label;

		block.len = prf_key_block_len(OWNER_KEYS[i].suite);
		assert_int_equal(block.len, OWNER_KEYS[i].len);
		assert_int_equal(prf_owner_key(octets_span(&block), label, &obt, &device, out), 0);
		assert_octets(label, out, OWNER_KEYS[i].key);
		assert_int_equal(prf_owner_key(octets_span(&block), label, &device, &obt, out), 0);
		assert_octets("swapped", out, OWNER_KEYS[i].swapped);
	}
}

/* A key that the reference device accepted when the owner came back. */
static void prf_owner_key__matches_a_recorded_transfer(void **state)
{
	struct octets master =
		unhex("93620da9e2c2c74e79354b4e015d1f67146afaf2880ead33a8ba8c8112017b4a"
		      "56543618253206104b6fd57485fcd6e3");
	struct octets client =
		unhex("d0469a1cfae862a1cb3f186156b0cc4d69c0e5888ed98ae4fb920cb9525d3155");
	struct octets server =
		unhex("6b02307a083c7249e4b7d77ca83432fd87ed13de9614c1a48c8dcfefda6dd7ff");
	struct uuid obt = uuid_of(OBT);
	struct uuid device = uuid_of("a71c3011-2233-4455-8866-778899aabbcc");
	uint8_t block[96], out[16];

	(void)state;
	assert_int_equal(key_block(octets_span(&master), octets_span(&client), octets_span(&server),
				   block, sizeof(block)),
			 0);
	assert_int_equal(prf_owner_key(span_of(block, sizeof(block)), "oic.sec.doxm.rdp", &obt,
				       &device, out),
			 0);
	assert_octets("recorded", out, "618aff360bfcf0ccc566e36d5ac3e54d");
}

/* A 256-bit owner credential would start with the same 16 octets. */
static void prf_sha256__owner_key_is_a_prefix_of_the_long_form(void **state)
{
	static const struct {
		const char *label, *want;
	} rows[] = {
		{"oic.sec.doxm.jw",
		 "caaa37e93c1a2b949b84050a5fab1340d04bf47f4294c839a0414fd2112d0456"},
		{"oic.sec.doxm.rdp",
		 "5097d76ccabfc0a9349a29fb37f595e85126e9770d14324c065a71179ec200c1"},
	};
	struct octets block = unhex(KEY_BLOCK);
	struct uuid seed[2] = {uuid_of(OBT), uuid_of(DEVICE)};
	uint8_t out[32];

	(void)state;
	block.len = 96;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(prf_sha256(octets_span(&block), span_str(rows[i].label),
					    span_of(seed, sizeof(seed)), out, sizeof(out)),
				 0);
		assert_octets(rows[i].label, out, rows[i].want);
	}
}

static void prf_key_block_len__knows_the_suites(void **state)
{
	static const struct {
		uint16_t suite;
		size_t len;
	} rows[] = {
		{0xFF00, 96 },
                {0xFF01, 128},
                {0xC037, 96 },
                {0xC038, 160},
		{0xC0AC, 40 },
                {0xC0AD, 72 },
                {0xC0AE, 40 },
                {0xC0AF, 72 },
		{0xC02B, 120},
                {0xC02C, 184},
                {0xC018, 0  },
                {0x0000, 0  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (prf_key_block_len(rows[i].suite) != rows[i].len)
			fail_msg("suite %04x", rows[i].suite);
		assert_true(prf_key_block_len(rows[i].suite) <= PRF_KEY_BLOCK_MAX);
	}
}

static void prf_pin_key__matches_the_vector(void **state)
{
	struct uuid device = uuid_of(DEVICE);
	uint8_t big[SECRET_MAX + 1] = {0};
	struct secret key = {.len = 3};

	(void)state;
	assert_int_equal(prf_pin_key(span_of(big, sizeof(big)), &device, &key), -EINVAL);
	assert_int_equal(key.len, 3);
	assert_int_equal(prf_pin_key(SPAN_LIT("12345678"), &device, &key), 0);
	assert_int_equal(key.len, 16);
	assert_octets("PIN", key.b, "4d4c01cb658a49bbade27e696620e81a");
	assert_int_equal(prf_pin_key(SPAN_LIT("12345679"), &device, &key), 0);
	assert_int_not_equal(key.b[0], 0x4d);
}

static void rng_fill__fills_and_differs(void **state)
{
	uint8_t a[32] = {0}, b[33] = {0};

	(void)state;
	rng_fill(a, sizeof(a));
	rng_fill(b, sizeof(a));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(b[32], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prf_sha256__gives_the_published_vector),
		cmocka_unit_test(prf_sha256__writes_only_what_was_asked),
		cmocka_unit_test(key_block__matches_the_vector),
		cmocka_unit_test(prf_owner_key__matches_the_vectors),
		cmocka_unit_test(prf_owner_key__matches_a_recorded_transfer),
		cmocka_unit_test(prf_sha256__owner_key_is_a_prefix_of_the_long_form),
		cmocka_unit_test(prf_key_block_len__knows_the_suites),
		cmocka_unit_test(prf_pin_key__matches_the_vector),
		cmocka_unit_test(rng_fill__fills_and_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

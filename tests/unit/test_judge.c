/* fw/judge and fw/manifest: what depends on state and policy, and payloads beside the vectors. */
#include "vector.h"

#include "codec/b64.h"
#include "tests/signing.h"
#include "fw/judge.h"
#include "base/timestamp.h"

#define HASH "dfe7980018247b55ec7d0a1544800433d59bbdb645b141aeef06df138bfdc411"
#define CRYPTO                                                                                     \
	"\"firmwareCryptoInfo\":{\"commitHash\":[{\"digestAlgo\":\"sha256\",\"hash\":\"" HASH      \
	"\"}]}"
#define HEAD(version, date)                                                                        \
	"{\"manifestVersion\":\"1.0\",\"timestamp\":\"" date                                       \
	"\",\"manufacturer\":\"example.com\","                                                     \
	"\"model\":\"gw-100\",\"firmwareVersion\":\"" version "\","
#define BODY(version, date, location)                                                              \
	HEAD(version, date) "\"firmwareLocation\":\"" location "\"," CRYPTO
#define JUNE    "2026-06-01T12:00:00Z"
#define MINIMAL BODY("2.4.1", JUNE, "image.bin") "}"
#define WITH(s) BODY("2.4.1", JUNE, "image.bin") "," s "}"
#define ENCRYPTION(coding, size)                                                                   \
	"{\"coding\":\"" coding "\",\"key\":\"a.b.c.d.e\",\"size\":" size                          \
	",\"commitHash\":[{\"digestAlgo\":\"sha256\",\"hash\":\"" HASH "\"}]}"
#define IMAGE(name)                                                                                \
	"{\"name\":\"" name "\",\"location\":\"a\",\"size\":1,\"commitHash\":[{\"digestAlgo\":"    \
	"\"sha256\",\"hash\":\"" HASH "\"}]}"
#define INDEX(size, chunk)                                                                         \
	"\"chunkIndex\":{\"location\":\"a.chunks\",\"size\":" size ",\"chunkSize\":" chunk         \
	",\"commitHash\":[{\"digestAlgo\":\"sha256\",\"hash\":\"" HASH "\"}]}"
#define IMAGES(s) BODY("2.4.1", JUNE, "./") ",\"images\":[" s "]}"
#define EC_KEY                                                                                     \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"4Dm-oYJzZ2lVCwiAHYYENdDMn4W8bweYrnDCX7zY1Ec\"," \
	"\"y\":\"kN8Lo-jIwhtsgVTVL_y-mHrK-NjUJWZQtfSl0OHRXu0\",\"kid\":\"a\"}"
#define OFF_KEY                                                                                    \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"4Dm-oYJzZ2lVCwiAHYYENdDMn4W8bweYrnDCX7zY1Ec\"," \
	"\"y\":\"4Dm-oYJzZ2lVCwiAHYYENdDMn4W8bweYrnDCX7zY1Ec\"}"
#define DAY_US UINT64_C(86400000000)

static struct key *release;
static struct trust *trust;

static int group_setup(void **state)
{
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *jwk, *keys = jsn_new_array(), *roles = jsn_new_array(),
			 *makers = jsn_new_array();
	struct buf text = BUF_INIT(VECTOR_MAX);
	char error[128];

	(void)state;
	assert_int_equal(key_generate(KEY_ED25519, &release), 0);
	jwk = jwk_export(release);
	jsn_add(roles, jsn_new_text(SPAN_LIT("manifest")));
	jsn_add(roles, jsn_new_text(SPAN_LIT("root")));
	jsn_add(makers, jsn_new_text(SPAN_LIT("example.com")));
	jsn_set(jwk, "x-ocf-roles", roles);
	jsn_set(jwk, "x-ocf-manufacturers", makers);
	jsn_add(keys, jwk);
	jsn_set(set, "keys", keys);
	assert_int_equal(jsn_write(set, JSN_COMPACT, &text), 0);
	assert_int_equal(trust_parse(buf_span(&text), &trust, error, sizeof(error)), 0);
	buf_done(&text);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	release = key_free(release);
	trust = trust_free(trust);
	return 0;
}

/* Compact form; the caller ends it. */
static struct buf sign(const char *payload)
{
	struct buf b64 = BUF_INIT(VECTOR_MAX), out = BUF_INIT(VECTOR_MAX);
	CLEANUP(jsn_freep) struct jsn *entry = NULL;

	b64_encode(span_str(payload), &b64);
	assert_int_equal(jws_sign(release, MANIFEST_TYP, buf_span(&b64), &entry), 0);
	buf_put(&out, jsn_text(jsn_get(entry, "protected")));
	buf_put_byte(&out, '.');
	buf_put(&out, buf_span(&b64));
	buf_put_byte(&out, '.');
	buf_put(&out, jsn_text(jsn_get(entry, "signature")));
	buf_done(&b64);
	return out;
}

static uint64_t date(const char *text)
{
	uint64_t us = 0;

	assert_true(timestamp_parse(span_str(text), &us));
	return us;
}

static struct fw_context device(void)
{
	return (struct fw_context){
		.manufacturer = "example.com",
		.model = "gw-100",
		.has_current = true,
		.current = {{2, 3, 0}},
		.clock_trusted = true,
		.now_us = date("2026-06-15T00:00:00Z"),
	};
}

static enum fw_error judge(const struct fw_context *c, const char *payload)
{
	struct buf octets = sign(payload);
	struct fw_judgement j;

	fw_judge(c, trust, buf_span(&octets), &j);
	assert_int_equal(j.verdict, j.error == FWE_OK                      ? FW_ACCEPT
				    : j.error == FWE_MANIFEST_VERSION_SAME ? FW_NO_UPDATE
									   : FW_REJECT);
	fw_judgement_done(&j);
	buf_done(&octets);
	return j.error;
}

static void expect(const struct fw_context *c, const char *payload, enum fw_error want,
		   const char *name)
{
	enum fw_error got = judge(c, payload);

	if (got != want)
		fail_msg("%s: %s, want %s", name, fw_error_name(got), fw_error_name(want));
}

static void direct__goes_with_a_direct_file_only(void **state)
{
	static const struct {
		const char *name, *payload;
		bool direct;
		enum fw_error want;
	} CASES[] = {
		{"both",     BODY("2.4.1",					 JUNE, "#image") ",\"imageSize\":1}", true,  FWE_OK      },
		{"manifest", BODY("2.4.1",                                         JUNE, "#image") ",\"imageSize\":1}", false,
		 FWE_MANIFEST_LOCATION_INVALID											     },
		{"file",     WITH("\"imageSize\":1"),                              true, FWE_MANIFEST_LOCATION_INVALID},
		{"no size",      BODY("2.4.1",					     JUNE, "#image") "}",    true,      FWE_MANIFEST_FIELD_MISSING         },
		{"other name",      BODY("2.4.1",                             JUNE, "#other") ",\"imageSize\":1}",                                                                         true,
		 FWE_MANIFEST_LOCATION_INVALID},
		{"images",
		 BODY("2.4.1", JUNE,								   "#image") ",\"imageSize\":1,\"images\":[" IMAGE("a") "]}",
		 true,									      FWE_MANIFEST_LOCATION_INVALID											  },
		{"image",
		 BODY("2.4.1",          JUNE,
                 "./") ",\"imageSize\":1,\"images\":[{\"name\":\"a\",\"location\":"
			    "\"#image\",\"size\":1,\"commitHash\":[]}]}",          true,FWE_MANIFEST_LOCATION_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct fw_context c = device();

		c.direct = CASES[i].direct;
		expect(&c, CASES[i].payload, CASES[i].want, CASES[i].name);
		if (CASES[i].want != FWE_OK)
			continue;
		expect(&c,
		       BODY("2.4.1", JUNE, "#image") ",\"imageSize\":1,\"encryption\":" ENCRYPTION(
			       "aes128gcm", "1") "}",
		       FWE_MANIFEST_ENC_NOT_ALLOWED, "encrypted");
	}
}

static void sized__wants_every_size(void **state)
{
	struct fw_context c = device();

	(void)state;
	expect(&c, MINIMAL, FWE_OK, "not asked");
	c.sized = true;
	expect(&c, MINIMAL, FWE_MANIFEST_FIELD_MISSING, "none");
	expect(&c, WITH("\"imageSize\":1"), FWE_OK, "of the only image");
	expect(&c, IMAGES(IMAGE("a")), FWE_OK, "of each image");
	expect(&c, BODY("2.2.0", JUNE, "image.bin") "}", FWE_MANIFEST_FIELD_MISSING, "an old one");
}

static void manifest_parse__names_the_first_fault(void **state)
{
	static const struct {
		const char *name, *payload;
		enum fw_error want;
	} CASES[] = {
		{"minimal",				      MINIMAL,					      FWE_OK},
		{"not an object",                                "[1]",						FWE_MANIFEST_JSON_INVALID},
		{"empty",					"",						   FWE_MANIFEST_JSON_INVALID},
		{"a compact JWS inside",                         "e30.e30.YQ",                                         FWE_MANIFEST_NESTING_INVALID},
		{"a compact JWE inside",                         "e30.YQ.YQ.YQ.YQ",                                    FWE_MANIFEST_NESTING_INVALID},
		{"a JWE inside",				 "{\"ciphertext\":\"YQ\"}",                            FWE_MANIFEST_NESTING_INVALID},
		{"a JWS inside",				 "{\"payload\":\"YQ\",\"signatures\":[]}",
		 FWE_MANIFEST_NESTING_INVALID},
		{"minor version",                                "{\"manifestVersion\":\"1.7\"}",                      FWE_MANIFEST_FIELD_MISSING},
		{"version before members",                       "{\"manifestVersion\":\"2.0\"}",
		 FWE_MANIFEST_VERSION_UNSUPPORTED},
		{"version without minor",                        "{\"manifestVersion\":\"1\"}",
		 FWE_MANIFEST_VERSION_UNSUPPORTED},
		{"version is a number",                          "{\"manifestVersion\":1.0}",                          FWE_MANIFEST_FIELD_MISSING},
		{"critical before members",                      "{\"manifestVersion\":\"1.0\",\"critical\":[\"x\"]}",
		 FWE_MANIFEST_CRITICAL_UNKNOWN},
		{"critical and understood",                      WITH("\"critical\":[\"imageSize\",\"model\"]"),       FWE_OK},
		{"critical is a text",                           WITH("\"critical\":\"x\""),                           FWE_MANIFEST_FIELD_TYPE},
		{"critical of numbers",                          WITH("\"critical\":[1]"),                             FWE_MANIFEST_FIELD_TYPE},
		{"critical index",                               WITH("\"critical\":[\"chunkIndex\"]"),                FWE_OK},
		{"null is no absence",                           WITH("\"expires\":null"),                             FWE_MANIFEST_FIELD_TYPE},
		{"negative sequence",                            WITH("\"sequenceNumber\":-1"),                        FWE_MANIFEST_FIELD_VALUE},
		{"sequence as a real",                           WITH("\"sequenceNumber\":1.0"),                       FWE_MANIFEST_FIELD_TYPE},
		{"security beyond 32 bits",                      WITH("\"securityVersion\":4294967296"),
		 FWE_MANIFEST_FIELD_VALUE},
		{"empty manufacturer",
		 "{\"manifestVersion\":\"1.0\",\"timestamp\":\"" JUNE
		 "\",\"manufacturer\":\"\",\"model\":\"m\",\"firmwareVersion\":\"1.0.0\","
		 "\"firmwareLocation\":\"a\"," CRYPTO "}",
		 FWE_MANIFEST_FIELD_VALUE},
		{"lines in notes",                               WITH("\"releaseNotes\":\"a\\nb\""),                   FWE_OK},
		{"line break in format",                         WITH("\"format\":\"a\\nb\""),                         FWE_MANIFEST_FIELD_VALUE},
		{"C1 control in format",                         WITH("\"format\":\"a\\u0085b\""),
		 FWE_MANIFEST_FIELD_VALUE},
		{"umlaut in format",                             WITH("\"format\":\"\\u00e4\""),                       FWE_OK},
		{"uuid",					 WITH("\"vendorId\":\"x\""),                           FWE_MANIFEST_FIELD_VALUE},
		{"no revisions",				 WITH("\"hardwareRevisions\":[]"),                     FWE_MANIFEST_HARDWARE_MISMATCH},
		{"revision is a number",                         WITH("\"hardwareRevisions\":[1]"),
		 FWE_MANIFEST_FIELD_TYPE},
		{"required version is bad",                      WITH("\"requiredVersions\":[\"1.0\"]"),
		 FWE_MANIFEST_FIELD_VALUE},
		{"encrypted",				    WITH("\"encryption\":" ENCRYPTION("aes128gcm",        "4200")),FWE_OK},
		{"encrypted otherwise",					      WITH("\"encryption\":" ENCRYPTION("aes256ctr",                                                                              "4200")),
		 FWE_MANIFEST_ENC_NOT_ALLOWED},
		{"encrypted, size is text",
		 WITH("\"encryption\":" ENCRYPTION("aes128gcm",								       "\"4200\"")),
		 FWE_MANIFEST_FIELD_TYPE},
		{"encrypted, nothing said",                                  WITH("\"encryption\":{}"),									      FWE_MANIFEST_FIELD_MISSING},
		{"other scheme",BODY("2.4.1",JUNE,"ftp://h/x") "}",
		 FWE_MANIFEST_LOCATION_SCHEME},
		{"fragment",					       BODY("2.4.1",																			       JUNE,																	      "#image") "}", FWE_MANIFEST_LOCATION_INVALID},
		{"no images",					      IMAGES(""),											 FWE_MANIFEST_IMAGE_LIST_INVALID},
		{"two images",				 IMAGES(IMAGE("a") "," IMAGE("b")),                                                        FWE_OK},
		{"image is a text",IMAGES("\"a\""),FWE_MANIFEST_FIELD_TYPE},
		{"image without size",IMAGES("{\"name\":\"a\",\"location\":\"a\"}"),
		 FWE_MANIFEST_FIELD_MISSING							 },
		{"hidden image",					 IMAGES(IMAGE(".a")),																		   FWE_MANIFEST_FIELD_VALUE													       },
		{"base is no folder",                     WITH("\"images\":[" IMAGE("a") "]"),
		 FWE_MANIFEST_LOCATION_INVALID},
		{"sizes disagree",
		 BODY("2.4.1",JUNE,"./") ",\"imageSize\":2,\"images\":[" IMAGE("a") "]}",
		 FWE_MANIFEST_IMAGE_LIST_INVALID},
		{"keys",WITH("\"key-info\":{\"version\":1,\"keys\":[" EC_KEY "]}"),                                                                        FWE_OK                                                      },
		{"keys without version",                                   WITH("\"key-info\":{\"keys\":[" EC_KEY "]}"),
		 FWE_MANIFEST_KEYINFO_INVALID																																																		    },
		{"no keys",					      WITH("\"key-info\":{\"version\":1,\"keys\":[]}"),
		 FWE_MANIFEST_KEYINFO_INVALID},
		{"no usable key",					      WITH("\"key-info\":{\"version\":1,\"keys\":[{\"kty\":\"X\"}]}"),
		 FWE_MANIFEST_KEYINFO_INVALID},
		{"only key revoked",
		 WITH("\"key-info\":{\"version\":1,\"keys\":[" EC_KEY "],\"revoked\":[\"a\"]}"),
		 FWE_MANIFEST_KEYINFO_INVALID},
		{"off the curve",					      WITH("\"key-info\":{\"version\":1,\"keys\":[" OFF_KEY "]}"),
		 FWE_MANIFEST_KEYINFO_INVALID},
		{"secret key",
		 WITH("\"key-info\":{\"version\":1,\"keys\":[{\"kty\":\"X\",\"d\":\"\"}]}"),
		 FWE_MANIFEST_KEYINFO_PRIVATE},
	};
	const struct fw_context c = device();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++)
		expect(&c, CASES[i].payload, CASES[i].want, CASES[i].name);
}

/* MINIMAL with one more member, in which `piece` stands n times. */
static enum fw_error parse_repeated(const char *before, const char *piece, size_t n,
				    const char *after)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT(MANIFEST_BYTES_MAX);
	CLEANUP(manifest_freep) struct manifest *m = NULL;

	buf_put_str(&text, BODY("2.4.1", JUNE, "image.bin") ",");
	buf_put_str(&text, before);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i > 0 ? "," : "", piece);
	buf_put_str(&text, after);
	assert_true(buf_ok(&text));
	return manifest_parse(buf_span(&text), ENVELOPE_JSON, 0, &m);
}

static void manifest_parse__has_limits(void **state)
{
	static const struct {
		const char *name, *before, *piece;
		size_t n;
		const char *after;
		enum fw_error want;
	} CASES[] = {
		{"64 critical members",               "\"critical\":[",                         "\"model\"",                            64, "]}",                        FWE_OK                      },
		{"65 critical members",               "\"critical\":[",                         "\"model\"",                            65, "]}",
		 FWE_MANIFEST_FIELD_VALUE																			    },
		{"65 revisions",                      "\"hardwareRevisions\":[",                "\"A\"",                                65, "]}",
		 FWE_MANIFEST_FIELD_VALUE																			    },
		{"17 digests",
		 "\"chunkIndex\":{\"location\":\"a\",\"size\":1,\"chunkSize\":1,"
		 "\"commitHash\":[",							    "{\"digestAlgo\":\"x\",\"hash\":\"\"}", 17, "]}}",                       FWE_MANIFEST_FIELD_VALUE    },
		{"65 keys",                           "\"key-info\":{\"version\":1,\"keys\":[", "{\"kty\":\"X\"}",                      65, "]}}",
		 FWE_MANIFEST_KEYINFO_INVALID																			},
		{"keys that are longer when written", "\"key-info\":{\"version\":1,\"x\":[",    "1e9",
		 15000,														     "],\"keys\":[" EC_KEY "]}}", FWE_MANIFEST_KEYINFO_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		enum fw_error got =
			parse_repeated(CASES[i].before, CASES[i].piece, CASES[i].n, CASES[i].after);

		if (got != CASES[i].want)
			fail_msg("%s: %s", CASES[i].name, fw_error_name(got));
	}
}

static void manifest_parse__wants_an_index_that_fits(void **state)
{
	static const struct {
		const char *name, *payload;
		enum fw_error want;
	} ROWS[] = {
		{"two chunks",                           WITH("\"imageSize\":4097," INDEX("84",       "4096")),                                                            FWE_OK},
		{"one large chunk",				      WITH("\"imageSize\":4097," INDEX("52",                                                                 "1048576")),                                                          FWE_OK},
		{"of two images",
		 BODY("2.4.1",									   JUNE,
                 "./") ",\"images\":[" IMAGE("a") "," IMAGE("b") "]," INDEX("52", "4096") "}",
		 FWE_OK},
		{"no size",				  WITH(INDEX("52",                     "4096")),									     FWE_MANIFEST_FIELD_VALUE},
		{"too short",				      WITH("\"imageSize\":4097," INDEX("83",									 "4096")),
		 FWE_MANIFEST_FIELD_VALUE},
		{"too long",              WITH("\"imageSize\":4096," INDEX("84",                                                         "4096")),
		 FWE_MANIFEST_FIELD_VALUE},
		{"small chunks",                              WITH("\"imageSize\":4097," INDEX("116",                                                            "2048")),
		 FWE_MANIFEST_FIELD_VALUE},
		{"no power of two",WITH("\"imageSize\":4097," INDEX("84","4095")),
		 FWE_MANIFEST_FIELD_VALUE},
		{"large chunks",                         WITH("\"imageSize\":4097," INDEX("52", "2097152")),
		 FWE_MANIFEST_FIELD_VALUE},
		{"empty image",				      WITH("\"imageSize\":0," INDEX("20",                                                                 "4096")),
		 FWE_MANIFEST_FIELD_VALUE},
		{"no index at all",               WITH("\"imageSize\":0," INDEX("0",                                                          "4096")),
		 FWE_MANIFEST_FIELD_VALUE},
		{"a text",			   WITH("\"chunkIndex\":\"a\""),							    FWE_MANIFEST_FIELD_TYPE															      },
		{"no digest",
		 WITH("\"imageSize\":1,\"chunkIndex\":{\"location\":\"a\",\"size\":52,"
		      "\"chunkSize\":4096}"),
		 FWE_MANIFEST_FIELD_MISSING																},
		{"elsewhere",
		 WITH("\"imageSize\":1,\"chunkIndex\":{\"location\":\"ftp://a/b\",\"size\":52,"
		      "\"chunkSize\":4096,\"commitHash\":[{\"digestAlgo\":\"sha256\","
		      "\"hash\":\"" HASH "\"}]}"),
		 FWE_MANIFEST_LOCATION_SCHEME                   },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(manifest_freep) struct manifest *m = NULL;
		enum fw_error got = manifest_parse(span_str(ROWS[i].payload), ENVELOPE_JSON, 0, &m);

		if (got != ROWS[i].want || (m && strcmp(m->chunks.location, "a.chunks") != 0))
			fail_msg("%s: %s", ROWS[i].name, fw_error_name(got));
	}
}

static void manifest_parse__counts_images(void **state)
{
	const struct fw_context c = device();
	struct buf b = BUF_INIT(VECTOR_MAX);

	(void)state;
	for (unsigned n = 32; n <= 33; n++) {
		buf_reset(&b);
		buf_put_str(&b, BODY("2.4.1", JUNE, "./") ",\"images\":[");
		for (unsigned i = 0; i < n; i++)
			buf_printf(&b,
				   "%s{\"name\":\"i%u\",\"location\":\"a\",\"size\":1,"
				   "\"commitHash\":[{"
				   "\"digestAlgo\":\"sha256\",\"hash\":\"" HASH "\"}]}",
				   i ? "," : "", i);
		buf_put_str(&b, "]}");
		buf_put_byte(&b, '\0');
		assert_true(buf_ok(&b));
		expect(&c, (const char *)b.ptr, n == 32 ? FWE_OK : FWE_MANIFEST_IMAGE_LIST_INVALID,
		       "images");
	}
	buf_done(&b);
}

static void fw_judge__compares_ids_only_when_the_device_has_them(void **state)
{
	static const char PAYLOAD[] = WITH("\"vendorId\":\"00112233-4455-5677-8899-aabbccddeeff\","
					   "\"classId\":\"00112233-4455-5677-8899-aabbccddee00\"");
	struct fw_context c = device();
	struct uuid vendor, class, other = {{1}};

	(void)state;
	assert_true(uuid_parse(SPAN_LIT("00112233-4455-5677-8899-aabbccddeeff"), &vendor));
	assert_true(uuid_parse(SPAN_LIT("00112233-4455-5677-8899-aabbccddee00"), &class));
	expect(&c, PAYLOAD, FWE_OK, "none configured");
	c.vendor_id = &vendor;
	c.class_id = &class;
	expect(&c, PAYLOAD, FWE_OK, "equal");
	expect(&c, MINIMAL, FWE_OK, "none in the manifest");
	c.class_id = &other;
	expect(&c, PAYLOAD, FWE_MANIFEST_MODEL_MISMATCH, "class");
	c.vendor_id = &other;
	expect(&c, PAYLOAD, FWE_MANIFEST_MANUFACTURER_MISMATCH, "vendor");
	c = device();
	expect(&c, WITH("\"hardwareRevisions\":[\"A\"]"), FWE_MANIFEST_HARDWARE_MISMATCH,
	       "unknown");
	c.hardware = "A";
	expect(&c, WITH("\"hardwareRevisions\":[\"B\",\"A\"]"), FWE_OK, "listed");
}

static void fw_judge__keeps_freshness_once_it_was_used(void **state)
{
	static const char BOTH[] =
		WITH("\"sequenceNumber\":42,\"expires\":\"2027-06-01T00:00:00Z\"");
	static const char SEQUENCE[] = WITH("\"sequenceNumber\":42");
	static const char EXPIRES[] = WITH("\"expires\":\"2027-06-01T00:00:00Z\"");
	struct fw_context c = device();

	(void)state;
	expect(&c, MINIMAL, FWE_OK, "draft");
	c.strict = true;
	expect(&c, MINIMAL, FWE_MANIFEST_FIELD_MISSING, "strict, none");
	expect(&c, SEQUENCE, FWE_MANIFEST_FIELD_MISSING, "strict, sequence");
	expect(&c, EXPIRES, FWE_MANIFEST_FIELD_MISSING, "strict, expires");
	expect(&c, BOTH, FWE_OK, "strict, both");
	c = device();
	c.seen = MANIFEST_SEQUENCE;
	c.last_sequence = 41;
	expect(&c, MINIMAL, FWE_MANIFEST_FIELD_MISSING, "sequence seen, none");
	expect(&c, EXPIRES, FWE_MANIFEST_FIELD_MISSING, "sequence seen, expires");
	expect(&c, SEQUENCE, FWE_OK, "sequence seen, sequence");
	c = device();
	c.seen = MANIFEST_EXPIRES;
	expect(&c, SEQUENCE, FWE_MANIFEST_FIELD_MISSING, "expires seen, sequence");
	expect(&c, EXPIRES, FWE_OK, "expires seen, expires");
}

static void fw_judge__takes_an_equal_sequence_only_for_equal_octets(void **state)
{
	static const char PAYLOAD[] = WITH("\"sequenceNumber\":41");
	struct buf octets = sign(PAYLOAD);
	struct fw_context c = device();
	uint8_t sha256[32];

	(void)state;
	c.seen = MANIFEST_SEQUENCE;
	c.last_sequence = 41;
	expect(&c, PAYLOAD, FWE_MANIFEST_SEQUENCE_ROLLBACK, "no digest stored");
	assert_int_equal(hash_once(HASH_SHA256, buf_span(&octets), sha256), 0);
	c.last_manifest_sha256 = sha256;
	expect(&c, PAYLOAD, FWE_OK, "a retry");
	expect(&c, WITH("\"sequenceNumber\":41,\"x\":1"), FWE_MANIFEST_SEQUENCE_ROLLBACK,
	       "another");
	sha256[31] ^= 1;
	expect(&c, PAYLOAD, FWE_MANIFEST_SEQUENCE_ROLLBACK, "digest differs");
	c.last_sequence = 42;
	expect(&c, PAYLOAD, FWE_MANIFEST_SEQUENCE_ROLLBACK, "lower");
	c.last_sequence = 40;
	expect(&c, PAYLOAD, FWE_OK, "higher");
	/* After a roll back: what runs came with it, though a later one was seen. */
	sha256[31] ^= 1;
	c.last_sequence = 42;
	expect(&c, PAYLOAD, FWE_OK, "the last that stayed");
	c.last_timestamp_us = UINT64_MAX;
	expect(&c, PAYLOAD, FWE_OK, "and is older");
	buf_done(&octets);
}

static void fw_judge__uses_the_timestamp_where_there_is_no_sequence(void **state)
{
	struct fw_context c = device();

	(void)state;
	c.last_timestamp_us = date(JUNE);
	expect(&c, MINIMAL, FWE_OK, "equal");
	c.last_timestamp_us++;
	expect(&c, MINIMAL, FWE_MANIFEST_SEQUENCE_ROLLBACK, "lower");
	expect(&c, WITH("\"sequenceNumber\":1"), FWE_OK, "informative beside a sequence");
}

static void fw_judge__knows_what_time_it_is(void **state)
{
	static const char EXPIRES[] = WITH("\"expires\":\"2026-07-01T00:00:00Z\"");
	const uint64_t end = date("2026-07-01T00:00:00Z"), made = date(JUNE);
	struct fw_context c = device();

	(void)state;
	c.now_us = end - 1;
	expect(&c, EXPIRES, FWE_OK, "last moment");
	c.now_us = end;
	expect(&c, EXPIRES, FWE_MANIFEST_EXPIRED, "first moment after");
	c.now_us = made - DAY_US;
	expect(&c, EXPIRES, FWE_OK, "a day ahead");
	c.now_us = made - DAY_US - 1;
	expect(&c, EXPIRES, FWE_MANIFEST_TIMESTAMP_FUTURE, "more than a day ahead");

	c.clock_trusted = false;
	expect(&c, EXPIRES, FWE_OK, "no clock, no future");
	c.now_us = UINT64_MAX;
	expect(&c, EXPIRES, FWE_OK, "an untrusted clock is not read");
	c.bound_us = end;
	expect(&c, EXPIRES, FWE_MANIFEST_EXPIRED, "lower bound reached");
	c.bound_us = end - 1;
	expect(&c, EXPIRES, FWE_OK, "before the lower bound");
	c.last_timestamp_us = end;
	expect(&c, WITH("\"sequenceNumber\":1,\"expires\":\"2026-07-01T00:00:00Z\""),
	       FWE_MANIFEST_EXPIRED, "the last accepted timestamp is a bound too");
}

static void fw_judge__downgrades_only_on_purpose(void **state)
{
	static const char OLD[] = BODY("2.2.9", JUNE, "image.bin") ",\"sequenceNumber\":42}";
	static const char OLD_SECURE[] =
		BODY("2.2.9", JUNE, "image.bin") ",\"sequenceNumber\":42,\"securityVersion\":3}";
	struct fw_context c = device();
	struct buf octets = sign(OLD);
	uint8_t sha256[32];

	(void)state;
	expect(&c, OLD, FWE_MANIFEST_VERSION_DOWNGRADE, "not allowed");
	c.allow_downgrade = true;
	expect(&c, OLD, FWE_OK, "allowed");
	c.seen = MANIFEST_SEQUENCE;
	c.last_sequence = 42;
	expect(&c, OLD, FWE_MANIFEST_SEQUENCE_ROLLBACK, "not newer");
	assert_int_equal(hash_once(HASH_SHA256, buf_span(&octets), sha256), 0);
	c.last_manifest_sha256 = sha256;
	expect(&c, OLD, FWE_OK, "once more: its image was not whole");
	c.allow_downgrade = false;
	expect(&c, OLD, FWE_MANIFEST_VERSION_DOWNGRADE, "once more, not allowed any longer");
	c = device();
	c.allow_downgrade = true;
	expect(&c, BODY("2.2.9", JUNE, "image.bin") "}", FWE_MANIFEST_VERSION_DOWNGRADE,
	       "no sequence number");
	c.security_floor = 3;
	expect(&c, OLD, FWE_MANIFEST_VERSION_DOWNGRADE, "nothing said about the floor");
	expect(&c, OLD_SECURE, FWE_OK, "at the floor");
	c.security_floor = 4;
	expect(&c, OLD_SECURE, FWE_MANIFEST_SECURITY_VERSION_ROLLBACK, "under the floor");
	buf_done(&octets);
}

static void fw_judge__reinstalls_only_the_same_digests(void **state)
{
	static const char SAME[] = BODY("2.3.0", JUNE, "image.bin") "}";
	struct digests digests = {.algs = HASH_BIT(HASH_SHA256)};
	struct fw_context c = device();
	CLEANUP(manifest_freep) struct manifest *m = NULL;

	(void)state;
	expect(&c, SAME, FWE_MANIFEST_VERSION_SAME, "same version");
	c.reinstall = true;
	expect(&c, SAME, FWE_MANIFEST_VERSION_SAME, "digests unknown");
	c.current_digests = &digests;
	expect(&c, SAME, FWE_MANIFEST_VERSION_SAME, "other digests");
	assert_int_equal(manifest_parse(span_str(SAME), ENVELOPE_JSON, 0, &m), FWE_OK);
	digests = m->digests;
	expect(&c, SAME, FWE_OK, "same digests");
	c.reinstall = false;
	expect(&c, SAME, FWE_MANIFEST_VERSION_SAME, "same digests, not forced");
	c.reinstall = true;
	c.has_current = false;
	c.reinstall = false;
	expect(&c, SAME, FWE_OK, "no firmware yet");
}

static void fw_judge__asks_for_precursors(void **state)
{
	struct fw_context c = device();

	(void)state;
	expect(&c, WITH("\"requiredVersions\":[\"2.1.0\",\"2.3.0\"]"), FWE_OK, "listed");
	expect(&c, WITH("\"minFirmwareVersion\":\"2.3.0\""), FWE_OK, "lowest");
	expect(&c, WITH("\"minFirmwareVersion\":\"2.3.1\""), FWE_MANIFEST_PRECURSOR_MISMATCH,
	       "older");
	c.has_current = false;
	c.current = (struct fw_version){0};
	expect(&c, WITH("\"minFirmwareVersion\":\"0.0.0\""), FWE_MANIFEST_PRECURSOR_MISMATCH,
	       "none");
	expect(&c, WITH("\"requiredVersions\":[\"0.0.0\"]"), FWE_MANIFEST_PRECURSOR_MISMATCH,
	       "none, of a list");
}

static void fw_judge__judges_key_rotation(void **state)
{
	struct buf octets = sign(WITH("\"key-info\":{\"version\":2,\"keys\":[" EC_KEY "]}"));
	struct fw_context c = device();
	struct fw_judgement j;

	(void)state;
	for (uint64_t stored = 1; stored <= 2; stored++) {
		c.key_info_version = stored;
		fw_judge(&c, trust, buf_span(&octets), &j);
		assert_int_equal(j.verdict, FW_ACCEPT);
		assert_int_equal(j.rotates_keys, stored == 1);
		assert_int_equal(j.warning, stored == 1 ? FWE_OK : FWE_KEY_ROTATION_STALE);
		fw_judgement_done(&j);
	}
	buf_done(&octets);
}

/* Its version runs, but the power failed before its keys were stored. */
static void fw_judge__rotates_keys_later_by_the_manifest_that_was_accepted(void **state)
{
	struct buf octets = sign(BODY(
		"2.3.0", JUNE, "image.bin") ",\"key-info\":{\"version\":2,\"keys\":[" EC_KEY "]}}");
	struct fw_context c = device();
	struct fw_judgement j;
	uint8_t sha256[32];

	(void)state;
	assert_int_equal(hash_once(HASH_SHA256, buf_span(&octets), sha256), 0);
	for (uint64_t stored = 1; stored <= 3; stored++) {
		for (int retry = 0; retry < 2; retry++) {
			c.key_info_version = stored;
			c.last_manifest_sha256 = retry ? sha256 : NULL;
			fw_judge(&c, trust, buf_span(&octets), &j);
			assert_int_equal(j.verdict, FW_NO_UPDATE);
			assert_int_equal(j.rotates_keys, retry && stored == 1);
			assert_int_equal(j.warning,
					 retry && stored == 3 ? FWE_KEY_ROTATION_STALE : FWE_OK);
			fw_judgement_done(&j);
		}
	}
	buf_done(&octets);
}

/* What was accepted once and is refused now brings nothing. */
static void fw_judge__rotates_no_keys_by_what_it_refuses(void **state)
{
	struct buf octets =
		sign(WITH("\"expires\":\"2026-06-02T00:00:00Z\",\"key-info\":{\"version\":2,"
			  "\"keys\":[" EC_KEY "]}"));
	struct fw_context c = device();
	struct fw_judgement j;
	uint8_t sha256[32];

	(void)state;
	assert_int_equal(hash_once(HASH_SHA256, buf_span(&octets), sha256), 0);
	c.last_manifest_sha256 = sha256;
	fw_judge(&c, trust, buf_span(&octets), &j);
	assert_int_equal(j.error, FWE_MANIFEST_EXPIRED);
	assert_false(j.rotates_keys);
	assert_int_equal(j.warning, FWE_OK);
	fw_judgement_done(&j);
	buf_done(&octets);
}

static void fw_image_check__compares_size_and_digests(void **state)
{
	struct digests d = {.algs = HASH_BIT(HASH_SHA256)}, all = {.algs = HASH_BIT(HASH_SHA256)};
	struct fw_image image = {.size = 10, .digests = d};
	struct manifest m = {.size = 10, .digests = d};

	(void)state;
	assert_int_equal(fw_image_check(&image, 10, &d), FWE_OK);
	assert_int_equal(fw_image_check(&image, 9, &d), FWE_IMAGE_SIZE_MISMATCH);
	assert_int_equal(fw_image_check(&image, 11, &d), FWE_IMAGE_SIZE_MISMATCH);
	all.b[HASH_SHA256][0] = 1;
	assert_int_equal(fw_image_check(&image, 10, &all), FWE_IMAGE_DIGEST_MISMATCH);
	assert_int_equal(manifest_images_check(&m, 10, &all), FWE_IMAGE_DIGEST_MISMATCH);
	image.size = MANIFEST_SIZE_UNKNOWN;
	assert_int_equal(fw_image_check(&image, 123, &d), FWE_OK);
}

static void manifest_image_url__follows_the_manifest(void **state)
{
	static const struct {
		const char *location, *want;
	} CASES[] = {
		{"./",                "http://h/.well-known/firmware/e/m/a" },
		{"../v2/",            "http://h/.well-known/firmware/e/v2/a"},
		{"/fw/",              "http://h/fw/a"                       },
		{"https://mirror/x/", "https://mirror/x/a"                  },
	};
	char payload[2048], url[URL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(manifest_freep) struct manifest *m = NULL;

		(void)snprintf(payload, sizeof(payload),
			       HEAD("2.4.1", JUNE) "\"firmwareLocation\":\"%s\"," CRYPTO
						   ",\"images\":[" IMAGE("rootfs") "]}",
			       CASES[i].location);
		assert_int_equal(manifest_parse(span_str(payload), ENVELOPE_JSON, 0, &m), FWE_OK);
		assert_int_equal(
			manifest_image_url(
				m, 0, SPAN_LIT("http://h/.well-known/firmware/e/m/manifest.json"),
				url),
			FWE_OK);
		assert_string_equal(url, CASES[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(direct__goes_with_a_direct_file_only),
		cmocka_unit_test(sized__wants_every_size),
		cmocka_unit_test(manifest_parse__names_the_first_fault),
		cmocka_unit_test(manifest_parse__counts_images),
		cmocka_unit_test(manifest_parse__has_limits),
		cmocka_unit_test(manifest_parse__wants_an_index_that_fits),
		cmocka_unit_test(fw_judge__compares_ids_only_when_the_device_has_them),
		cmocka_unit_test(fw_judge__keeps_freshness_once_it_was_used),
		cmocka_unit_test(fw_judge__takes_an_equal_sequence_only_for_equal_octets),
		cmocka_unit_test(fw_judge__uses_the_timestamp_where_there_is_no_sequence),
		cmocka_unit_test(fw_judge__knows_what_time_it_is),
		cmocka_unit_test(fw_judge__downgrades_only_on_purpose),
		cmocka_unit_test(fw_judge__reinstalls_only_the_same_digests),
		cmocka_unit_test(fw_judge__asks_for_precursors),
		cmocka_unit_test(fw_judge__judges_key_rotation),
		cmocka_unit_test(fw_judge__rotates_keys_later_by_the_manifest_that_was_accepted),
		cmocka_unit_test(fw_judge__rotates_no_keys_by_what_it_refuses),
		cmocka_unit_test(fw_image_check__compares_size_and_digests),
		cmocka_unit_test(manifest_image_url__follows_the_manifest),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

/* The CBOR form of manifests: there and back, and each way to be wrong. */
#include "vector.h"

#include "base/parse.h"
#include "fw/manifest.h"
#include "fw/manifest_cbor.h"

/* The least that a manifest must hold, as {1..7}, with the heads of further members behind it. */
#define SEVEN                                                                                      \
	"01820100"                                                                                 \
	"021a6a1d7180"                                                                             \
	"036b6578616d706c652e636f6d"                                                               \
	"046667772d313030"                                                                         \
	"0583020401"                                                                               \
	"0665612e62696e"                                                                           \
	"07a10181822f5820"                                                                         \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct buf octets(const char *hex)
{
	struct buf b = BUF_INIT(MANIFEST_BYTES_MAX);
	size_t n = strlen(hex) / 2;

	assert_non_null(buf_room(&b, n));
	assert_true(hex_decode(span_str(hex), b.ptr, n));
	b.len = n;
	return b;
}

static enum fw_error parse(const char *hex)
{
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	struct buf b = octets(hex);
	enum fw_error e = manifest_parse(buf_span(&b), ENVELOPE_CBOR, 0, &m);

	buf_done(&b);
	return e;
}

static void manifest_parse__names_the_fault_of_a_cbor_payload(void **state)
{
	static const struct {
		const char *name, *hex;
		enum fw_error error;
	} ROWS[] = {
		{"the seven members",              "a7" SEVEN,                                          FWE_OK                             },
		{"unknown number",                 "a8" SEVEN "184001",                                 FWE_OK                             },
		{"unknown text",                   "a8" SEVEN "617801",                                 FWE_OK                             },
		{"text of a known name",           "a8" SEVEN "656d6f64656c01",                         FWE_OK                             },
		{"critical, known number",         "a9" SEVEN "09010e8109",                             FWE_OK                             },
		{"critical, unknown number",       "a8" SEVEN "0e811840",                               FWE_MANIFEST_CRITICAL_UNKNOWN      },
		{"critical, unknown text",         "a8" SEVEN "0e816178",                               FWE_MANIFEST_CRITICAL_UNKNOWN      },
		{"critical, text of a known name", "a8" SEVEN "0e81656d6f64656c",
		 FWE_MANIFEST_CRITICAL_UNKNOWN											     },
		{"critical, text with a NUL",      "a8" SEVEN "0e81626100",
		 FWE_MANIFEST_CRITICAL_UNKNOWN											     },
		{"critical, octets",               "a8" SEVEN "0e814178",                               FWE_MANIFEST_FIELD_TYPE            },
		{"no map",                         "80",						FWE_MANIFEST_CBOR_INVALID          },
		{"nothing",                        "",						  FWE_MANIFEST_CBOR_INVALID          },
		{"octets behind",                  "a7" SEVEN "00",                                     FWE_MANIFEST_CBOR_INVALID          },
		{"cut",			    "a8" SEVEN,					  FWE_MANIFEST_CBOR_INVALID          },
		{"indefinite map",                 "bf" SEVEN "ff",                                     FWE_MANIFEST_CBOR_NOT_DETERMINISTIC},
		{"long head",                      "a8" SEVEN "091801",                                 FWE_MANIFEST_CBOR_NOT_DETERMINISTIC},
		{"keys out of order",              "a9" SEVEN "0a010901",                               FWE_MANIFEST_CBOR_NOT_DETERMINISTIC},
		{"key twice",                      "a9" SEVEN "09010901",                               FWE_MANIFEST_CBOR_INVALID          },
		{"float",			  "a8" SEVEN "09f93c00",                               FWE_MANIFEST_CBOR_INVALID          },
		{"tag",			    "a8" SEVEN "09c101",                                 FWE_MANIFEST_CBOR_INVALID          },
		{"undefined",                      "a8" SEVEN "1840f7",                                 FWE_MANIFEST_CBOR_INVALID          },
		{"array that claims 2^27",         "a8" SEVEN "0d9a08000000",                           FWE_MANIFEST_CBOR_INVALID          },
		{"a member is missing",            "a1021a6a1d7180",                                    FWE_MANIFEST_FIELD_MISSING         },
		{"sequence as text",               "a8" SEVEN "096131",                                 FWE_MANIFEST_FIELD_TYPE            },
		{"sequence negative",              "a8" SEVEN "0920",                                   FWE_MANIFEST_FIELD_VALUE           },
		{"sequence 2^53",                  "a8" SEVEN "091b0020000000000000",                   FWE_MANIFEST_FIELD_VALUE           },
		{"sequence 2^64-1",                "a8" SEVEN "091bffffffffffffffff",                   FWE_MANIFEST_FIELD_VALUE           },
		{"expires as text",                "a8" SEVEN "0b6131",                                 FWE_MANIFEST_FIELD_TYPE            },
		{"expires beyond year 9999",       "a8" SEVEN "0b1b0000003afff44180",
		 FWE_MANIFEST_FIELD_VALUE												  },
		{"expires beyond all dates",       "a8" SEVEN "0b1bffffffffffffffff",
		 FWE_MANIFEST_FIELD_VALUE												  },
		{"version of two numbers",         "a8" SEVEN "11820102",                               FWE_MANIFEST_FIELD_VALUE           },
		{"version beyond 32 bits",         "a8" SEVEN "1183011b000000010000000003",
		 FWE_MANIFEST_FIELD_VALUE												  },
		{"version as text",                "a8" SEVEN "1165312e302e30",                         FWE_MANIFEST_FIELD_TYPE            },
		{"version of texts",
		 "a8" SEVEN "118361316132"
		 "6133",										FWE_MANIFEST_FIELD_TYPE            },
		{"vendor id of 15 octets",         "a8" SEVEN "124f00112233445566778899aabbccddee",
		 FWE_MANIFEST_FIELD_VALUE												  },
		{"vendor id as text",              "a8" SEVEN "126130",                                 FWE_MANIFEST_FIELD_TYPE            },
		{"format with a NUL",              "a8" SEVEN "14626100",                               FWE_MANIFEST_FIELD_VALUE           },
		{"images as map",                  "a8" SEVEN "0da0",                                   FWE_MANIFEST_FIELD_TYPE            },
		{"image as number",                "a8" SEVEN "0d8101",                                 FWE_MANIFEST_FIELD_TYPE            },
		{"nesting 16",                     "a8" SEVEN "184081818181818181818181818181818100",   FWE_OK                             },
		{"nesting 17",                     "a8" SEVEN "18408181818181818181818181818181818100",
		 FWE_MANIFEST_CBOR_INVALID												 },
		{"reserved number",                "a8" SEVEN "181a01",                                 FWE_OK                             },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		enum fw_error e = parse(ROWS[i].hex);

		if (e != ROWS[i].error)
			fail_msg("%s: %s, want %s", ROWS[i].name, fw_error_name(e),
				 fw_error_name(ROWS[i].error));
	}
}

static void digests__are_judged_as_in_json(void **state)
{
#define SIX                                                                                        \
	"01820100"                                                                                 \
	"021a6a1d7180"                                                                             \
	"036b6578616d706c652e636f6d"                                                               \
	"046667772d313030"                                                                         \
	"0583020401"                                                                               \
	"0665612e62696e"
	static const struct {
		const char *name, *hex;
		enum fw_error error;
	} ROWS[] = {
		{"none",            "a7" SIX "07a0",                                   FWE_MANIFEST_FIELD_MISSING },
		{"empty",           "a7" SIX "07a10180",                               FWE_MANIFEST_DIGEST_MISSING},
		{"unknown alone",   "a7" SIX "07a1018182384f4100",                     FWE_MANIFEST_DIGEST_WEAK   },
		{"positive number", "a7" SIX "07a1018182054100",                       FWE_MANIFEST_DIGEST_WEAK   },
		{"31 octets",
		 "a7" SIX "07a10181822f581f"
		 "00112233445566778899aabbccddeeff00112233445566778899aabbccddee",     FWE_MANIFEST_FIELD_VALUE   },
		{"65 octets",
		 "a7" SIX "07a10181822f5841"
		 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
		 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00", FWE_MANIFEST_FIELD_VALUE   },
		{"as text",         "a7" SIX "07a10181822f6130",                       FWE_MANIFEST_FIELD_TYPE    },
		{"name as text",
		 "a7" SIX "07a10181826673686132"
		 "35364100",							   FWE_MANIFEST_FIELD_TYPE    },
		{"three parts",     "a7" SIX "07a10181832f410000",                     FWE_MANIFEST_FIELD_TYPE    },
		{"one part",        "a7" SIX "07a10181812f",                           FWE_MANIFEST_FIELD_MISSING },
		{"twice",           "a7" SIX "07a10182822f4100822f4100",               FWE_MANIFEST_FIELD_VALUE   },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		enum fw_error e = parse(ROWS[i].hex);

		if (e != ROWS[i].error)
			fail_msg("%s: %s, want %s", ROWS[i].name, fw_error_name(e),
				 fw_error_name(ROWS[i].error));
	}
}

static struct jsn *json(const char *text)
{
	struct jsn *v = NULL;

	assert_int_equal(
		jsn_parse(span_str(text), &(struct jsn_limits){MANIFEST_BYTES_MAX, 16}, &v),
		JSN_OK);
	return v;
}

#define HASH                                                                                       \
	"[{\"digestAlgo\":\"sha256\",\"hash\":"                                                    \
	"\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}]"

static const char ALL_MEMBERS[] =
	"{\"manifestVersion\":\"1.0\",\"timestamp\":\"2026-06-01T12:00:00Z\","
	"\"manufacturer\":\"example.com\",\"model\":\"gw-100\",\"firmwareVersion\":\"2.4.1\","
	"\"firmwareLocation\":\"x/\",\"firmwareCryptoInfo\":{\"commitHash\":" HASH "},"
	"\"sequenceNumber\":42,\"securityVersion\":3,\"expires\":\"2027-06-01T12:00:00Z\","
	"\"imageSize\":8,\"images\":[{\"name\":\"a\",\"location\":\"a.bin\",\"size\":3,"
	"\"commitHash\":" HASH ",\"format\":\"raw\",\"slot\":\"rootfs\"},"
	"{\"name\":\"b\",\"location\":\"b.bin\",\"size\":5,\"commitHash\":" HASH "}],"
	"\"critical\":[\"images\",\"sequenceNumber\"],\"hardwareRevisions\":[\"A\",\"B\"],"
	"\"requiredVersions\":[\"2.3.0\",\"2.4.0\"],\"minFirmwareVersion\":\"2.0.0\","
	"\"vendorId\":\"00112233-4455-6677-8899-aabbccddeeff\","
	"\"classId\":\"10112233-4455-6677-8899-aabbccddeeff\",\"format\":\"raw\","
	"\"releaseNotes\":\"two\\nlines\",\"releaseNotesUri\":\"https://example.com/n\","
	"\"severity\":\"low\",\"key-info\":{\"version\":2,\"keys\":[{\"kty\":\"OKP\","
	"\"crv\":\"Ed25519\",\"x\":\"sSVjekythFuAfXCHJj8EYdb0vGRjDeSmDkPNjHujBDA\","
	"\"kid\":\"p9f17ei1QCu8lXxx4VmTUycYYZht-si9_qQMLkWzGtY\",\"alg\":\"EdDSA\"}],"
	"\"revoked\":[\"NVi-HuiOy6E1NZstUa3I95p2GP1Yl_6fWDEUYVZ9Z74\"]},"
	"\"chunkIndex\":{\"location\":\"x.chunks\",\"size\":52,\"chunkSize\":4096,"
	"\"commitHash\":" HASH "}}";

static void manifest_to_cbor__comes_back_the_same(void **state)
{
	CLEANUP(jsn_freep) struct jsn *first = json(ALL_MEMBERS), *second = NULL;
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	struct buf cbor = BUF_INIT(MANIFEST_BYTES_MAX), a = BUF_INIT(MANIFEST_BYTES_MAX),
		   b = BUF_INIT(MANIFEST_BYTES_MAX);
	const char *member;

	(void)state;
	assert_int_equal(manifest_to_cbor(first, &cbor, &member), 0);
	assert_true(cbor.len < strlen(ALL_MEMBERS) / 2);
	assert_int_equal(manifest_from_cbor(buf_span(&cbor), &second), FWE_OK);
	assert_int_equal(jsn_write(first, JSN_SORTED, &a), 0);
	assert_int_equal(jsn_write(second, JSN_SORTED, &b), 0);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.ptr, b.ptr, a.len);
	assert_int_equal(manifest_parse(buf_span(&cbor), ENVELOPE_CBOR, 0, &m), FWE_OK);
	assert_int_equal(m->n_images, 2);
	assert_string_equal(m->release_notes, "two\nlines");
	assert_int_equal(m->chunks.octets, 4096);
	buf_done(&cbor);
	buf_done(&a);
	buf_done(&b);
}

static void manifest_to_cbor__refuses_what_has_no_cbor_form(void **state)
{
	static const struct {
		const char *text, *member;
	} ROWS[] = {
		{"{\"manifestVersion\":\"1.0\",\"x-extra\":1}", ""                  },
		{"{\"timestamp\":\"2026-06-01T12:00:00.5Z\"}",  "timestamp"         },
		{"{\"firmwareVersion\":\"2.x.1\"}",             "firmwareVersion"   },
		{"{\"vendorId\":\"none\"}",                     "vendorId"          },
		{"{\"sequenceNumber\":\"1\"}",                  "sequenceNumber"    },
		{"{\"model\":1}",                               "model"             },
		{"{\"key-info\":{\"revoked\":[null]}}",         "key-info"          },
		{"{\"images\":[{\"name\":\"a\",\"extra\":1}]}", "images"            },
		{"{\"firmwareCryptoInfo\":{\"commitHash\":[{\"digestAlgo\":\"md5\",\"hash\":\"00\"}"
		 "]}}",			"firmwareCryptoInfo"},
		{"{\"key-info\":{\"keys\":[{\"kty\":\"HSS-LMS\",\"pub\":\"AAAA\",\"x-ocf-more\":1}]"
		 "}}",			 "key-info"          },
		{"{\"key-info\":{\"keys\":[{\"kty\":\"HSS-LMS\",\"pub\":\"AAAA\",\"x-ocf-not-"
		 "after\":1}]}}",              "key-info"          },
		{"[]",					  ""                  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(jsn_freep) struct jsn *v = json(ROWS[i].text);
		struct buf b = BUF_INIT(1024);
		const char *member = NULL;

		assert_int_equal(manifest_to_cbor(v, &b, &member), -EDOM);
		assert_string_equal(member, ROWS[i].member);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifest_parse__names_the_fault_of_a_cbor_payload),
		cmocka_unit_test(digests__are_judged_as_in_json),
		cmocka_unit_test(manifest_to_cbor__comes_back_the_same),
		cmocka_unit_test(manifest_to_cbor__refuses_what_has_no_cbor_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

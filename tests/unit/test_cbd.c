/* codec/cbd: RFC 8949 4.2.1, one rule a row. */
#include "test.h"

#include "codec/cbd.h"

static const struct cbr_limits LIMITS = {.bytes = 256, .depth = 4, .items = 64, .text = 64};

static void cbd_check__wants_the_one_form(void **state)
{
	static const struct {
		const char *name;
		struct span item;
		enum cbr_err want;
	} ROWS[] = {
		{"0",			 SPAN_LIT("\x00"),                                 CBR_OK       },
		{"23",			SPAN_LIT("\x17"),                                 CBR_OK       },
		{"23 in two octets",          SPAN_LIT("\x18\x17"),                             CBR_LOOSE    },
		{"24",			SPAN_LIT("\x18\x18"),                             CBR_OK       },
		{"255 in three octets",       SPAN_LIT("\x19\x00\xff"),                         CBR_LOOSE    },
		{"256",                       SPAN_LIT("\x19\x01\x00"),                         CBR_OK       },
		{"65535 in five octets",      SPAN_LIT("\x1a\x00\x00\xff\xff"),                 CBR_LOOSE    },
		{"65536",                     SPAN_LIT("\x1a\x00\x01\x00\x00"),                 CBR_OK       },
		{"2^32 - 1 in nine octets",   SPAN_LIT("\x1b\0\0\0\0\xff\xff\xff\xff"),         CBR_LOOSE    },
		{"2^32",                      SPAN_LIT("\x1b\0\0\0\1\0\0\0\0"),                 CBR_OK       },
		{"2^64 - 1",                  SPAN_LIT("\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), CBR_OK       },
		{"-24",                       SPAN_LIT("\x37"),                                 CBR_OK       },
		{"-24 in two octets",         SPAN_LIT("\x38\x17"),                             CBR_LOOSE    },
		{"-25",                       SPAN_LIT("\x38\x18"),                             CBR_OK       },
		{"-2^63",                     SPAN_LIT("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"), CBR_OK       },
		{"text",                      SPAN_LIT("\x62hi"),                               CBR_OK       },
		{"text with a long head",     SPAN_LIT("\x78\x02hi"),                           CBR_LOOSE    },
		{"octets",                    SPAN_LIT("\x42hi"),                               CBR_OK       },
		{"octets with a long head",   SPAN_LIT("\x59\x00\x02hi"),                       CBR_LOOSE    },
		{"text in chunks",            SPAN_LIT("\x7f\x62hi\xff"),                       CBR_LOOSE    },
		{"octets in chunks",          SPAN_LIT("\x5f\x42hi\xff"),                       CBR_LOOSE    },
		{"-2^64",                     SPAN_LIT("\x3b\xff\xff\xff\xff\xff\xff\xff\xff"), CBR_OK       },
		{"true",                      SPAN_LIT("\xf5"),                                 CBR_OK       },
		{"null",                      SPAN_LIT("\xf6"),                                 CBR_OK       },
		{"true in two octets",        SPAN_LIT("\xf8\x15"),                             CBR_MALFORMED},
		{"half float",                SPAN_LIT("\xf9\x3c\x00"),                         CBR_MALFORMED},
		{"tag",                       SPAN_LIT("\xc1\x01"),                             CBR_MALFORMED},
		{"array",                     SPAN_LIT("\x82\x01\x02"),                         CBR_OK       },
		{"empty array",               SPAN_LIT("\x80"),                                 CBR_OK       },
		{"array with a long head",    SPAN_LIT("\x98\x02\x01\x02"),                     CBR_LOOSE    },
		{"indefinite array",          SPAN_LIT("\x9f\x01\x02\xff"),                     CBR_LOOSE    },
		{"loose inside an array",     SPAN_LIT("\x82\x01\x18\x02"),                     CBR_LOOSE    },
		{"map",                       SPAN_LIT("\xa2\x01\x02\x03\x04"),                 CBR_OK       },
		{"empty map",                 SPAN_LIT("\xa0"),                                 CBR_OK       },
		{"map with a long head",      SPAN_LIT("\xb8\x01\x01\x02"),                     CBR_LOOSE    },
		{"indefinite map",            SPAN_LIT("\xbf\x01\x02\xff"),                     CBR_LOOSE    },
		{"keys out of order",         SPAN_LIT("\xa2\x03\x02\x01\x04"),                 CBR_LOOSE    },
		{"loose key",                 SPAN_LIT("\xa1\x18\x01\x02"),                     CBR_LOOSE    },
		{"loose value",               SPAN_LIT("\xa1\x01\x18\x02"),                     CBR_LOOSE    },
 /* RFC 8949 4.2.1: 10, 100, -1, "z", "aa", [100], [-1], false */
		{"the order of the example",
		 SPAN_LIT("\xa8\x0a\0\x18\x64\0\x20\0\x61z\0\x62"
			  "aa\0\x81\x18\x64\0\x81\x20\0\xf4\0"),
		 CBR_OK										      },
		{"negative before positive",  SPAN_LIT("\xa2\x20\0\x0a\0"),                     CBR_LOOSE    },
		{"key twice",                 SPAN_LIT("\xa2\x01\x02\x01\x02"),                 CBR_DUPLICATE},
		{"key again, later",          SPAN_LIT("\xa3\x01\x02\x03\x04\x01\x02"),         CBR_DUPLICATE},
		{"text key again, later",
		 SPAN_LIT("\xa3\x61"
			  "a\0\x61"
			  "b\0\x61"
			  "a\0"),
		 CBR_DUPLICATE									       },
		{"key of the map around",     SPAN_LIT("\xa2\x01\xa1\x01\x02\x02\x01"),         CBR_OK       },
		{"map without its last pair", SPAN_LIT("\xa2\x01\x02"),                         CBR_MALFORMED},
		{"octet behind",              SPAN_LIT("\x01\x01"),                             CBR_MALFORMED},
		{"nothing",                   SPAN_LIT(""),                                     CBR_MALFORMED},
		{"bomb",                      SPAN_LIT("\x9a\x08\x00\x00\x00"),                 CBR_MALFORMED},
		{"depth 4",                   SPAN_LIT("\x81\x81\x81\x81\x01"),                 CBR_OK       },
		{"depth 5",                   SPAN_LIT("\x81\x81\x81\x81\x81\x01"),             CBR_LIMIT    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		enum cbr_err got = cbd_check(ROWS[i].item, &LIMITS);

		if (got != ROWS[i].want)
			fail_msg("%s: got %d, want %d", ROWS[i].name, got, ROWS[i].want);
	}
}

static void cbd_check_keys__looks_into_every_map(void **state)
{
	static const struct cbr_limits ANY = {
		.bytes = 256, .depth = 4, .items = 200, .text = 64, .any = true};
	static const struct {
		const char *name;
		struct span item;
		enum cbr_err want;
	} ROWS[] = {
		{"a number",                   SPAN_LIT("\x01"),                                   CBR_OK       },
		{"keys in any order and form", SPAN_LIT("\xbf\x02\0\x18\x01\0\xff"),               CBR_OK       },
		{"key twice",                  SPAN_LIT("\xa2\x01\0\x01\0"),                       CBR_DUPLICATE},
		{"key twice, apart",           SPAN_LIT("\xa3\x01\0\x02\0\x01\0"),                 CBR_DUPLICATE},
		{"in an array",                SPAN_LIT("\x81\xa2\x01\0\x01\0"),                   CBR_DUPLICATE},
		{"in a value",                 SPAN_LIT("\xa1\x01\xa2\x01\0\x01\0"),               CBR_DUPLICATE},
		{"in a key",                   SPAN_LIT("\xa1\xa2\x01\0\x01\0\0"),                 CBR_DUPLICATE},
		{"under tags",                 SPAN_LIT("\xc1\xd8\x63\xa2\x01\0\x01\0"),           CBR_DUPLICATE},
		{"key with a tag, twice",      SPAN_LIT("\xa2\xc1\x01\0\xc1\x01\0"),               CBR_DUPLICATE},
		{"key with and without a tag", SPAN_LIT("\xa2\xc1\x01\0\x01\0"),                   CBR_OK       },
		{"key as a value",             SPAN_LIT("\xa2\x01\x02\x02\x01"),                   CBR_OK       },
		{"floats and simple values",   SPAN_LIT("\x84\xf9\x7e\0\xfa\0\0\0\0\xf7\xf8\xff"),
		 CBR_OK											 },
		{"half a float",               SPAN_LIT("\xf9\x7e"),                               CBR_MALFORMED},
		{"tag of nothing",             SPAN_LIT("\xc1"),                                   CBR_MALFORMED},
		{"tag of a break",             SPAN_LIT("\x9f\xc1\xff"),                           CBR_MALFORMED},
		{"reserved simple value",      SPAN_LIT("\xfc"),                                   CBR_MALFORMED},
		{"depth 5",                    SPAN_LIT("\x81\x81\x81\x81\x81\x01"),               CBR_LIMIT    },
		{"octet behind",               SPAN_LIT("\xa0\0"),                                 CBR_MALFORMED},
		{"nothing",                    SPAN_LIT(""),                                       CBR_MALFORMED},
	};
	uint8_t map[2 + 2 * (CBD_PAIRS_MAX + 1)] = {0xb8};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		enum cbr_err got = cbd_check_keys(ROWS[i].item, &ANY);

		if (got != ROWS[i].want)
			fail_msg("%s: got %d, want %d", ROWS[i].name, got, ROWS[i].want);
	}
	for (uint8_t n = CBD_PAIRS_MAX; n <= CBD_PAIRS_MAX + 1; n++) {
		map[1] = n;
		for (uint8_t i = 0; i < n; i++)
			map[2 + 2 * i] = i < 24 ? i : i + 8; /* 23, then -1 */
		assert_int_equal(cbd_check_keys(span_of(map, 2 + 2 * (size_t)n), &ANY),
				 n > CBD_PAIRS_MAX ? CBR_LIMIT : CBR_OK);
	}
}

static void cbd_join__makes_strings_whole(void **state)
{
	static const struct {
		const char *name;
		struct span octets, want;
	} ROWS[] = {
		{"nothing",                SPAN_LIT(""),                                     SPAN_LIT("")                },
		{"no chunks",              SPAN_LIT("\xd2\x82\x41p\xa1\x19\0\x01\xf6"),
		 SPAN_LIT("\xd2\x82\x41p\xa1\x19\0\x01\xf6")							     },
		{"octets",                 SPAN_LIT("\x82\x5f\x41p\x58\x02qr\xff\x01"),
		 SPAN_LIT("\x82\x43pqr\x01")									     },
		{"text",                   SPAN_LIT("\x7f\x61p\x61q\xff"),                   SPAN_LIT("\x62pq")          },
		{"no chunk",               SPAN_LIT("\x5f\xff"),                             SPAN_LIT("\x40")            },
		{"empty chunks",           SPAN_LIT("\x7f\x60\x60\xff"),                     SPAN_LIT("\x60")            },
		{"a head inside a string", SPAN_LIT("\x42\x5f\x41"),                         SPAN_LIT("\x42\x5f\x41")    },
		{"indefinite containers",  SPAN_LIT("\x9f\xbf\xff\x5f\xff\xff"),
		 SPAN_LIT("\x9f\xbf\xff\x40\xff")									},
		{"without end",            SPAN_LIT("\x01\x5f\x41p"),                        SPAN_LIT("\x01\x5f\x41p")   },
		{"of both kinds",          SPAN_LIT("\x5f\x61p\xff"),                        SPAN_LIT("\x5f\x61p\xff")   },
		{"in each other",          SPAN_LIT("\x5f\x5f\xff\xff"),                     SPAN_LIT("\x5f\x5f\xff\xff")},
		{"cut string",             SPAN_LIT("\x81\x42p"),                            SPAN_LIT("\x81\x42p")       },
		{"cut head",               SPAN_LIT("\x81\x19\x01"),                         SPAN_LIT("\x81\x19\x01")    },
		{"long string",            SPAN_LIT("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"),
		 SPAN_LIT("\x5b\xff\xff\xff\xff\xff\xff\xff\xff")                                                        },
		{"reserved head",          SPAN_LIT("\x5c\x5f\xff"),                         SPAN_LIT("\x5c\x5f\xff")    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(buf_done) struct buf out = BUF_INIT(64);

		cbd_join(ROWS[i].octets, &out);
		assert_true(buf_ok(&out));
		if (!span_eq(buf_span(&out), ROWS[i].want))
			fail_msg("%s: %zu octets", ROWS[i].name, out.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cbd_check__wants_the_one_form),
		cmocka_unit_test(cbd_check_keys__looks_into_every_map),
		cmocka_unit_test(cbd_join__makes_strings_whole),
	};

	return cmocka_run_group_tests_name("cbd", tests, NULL, NULL);
}

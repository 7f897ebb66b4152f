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
		{"text in chunks",            SPAN_LIT("\x7f\x62hi\xff"),                       CBR_MALFORMED},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cbd_check__wants_the_one_form),
	};

	return cmocka_run_group_tests_name("cbd", tests, NULL, NULL);
}

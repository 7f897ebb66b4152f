/* fw/version and base/timestamp. */
#include "test.h"

#include "base/timestamp.h"
#include "fw/version.h"

static void fw_version_parse__takes_the_grammar_and_no_more(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} CASES[] = {
		{"0.0.0",			    true },
		{"2.10.0",			   true },
		{"4294967295.4294967295.4294967295", true },
		{"",				 false},
		{"1",				false},
		{"1.2",			      false},
		{"1.2.3.4",                          false},
		{"1.2.3.",			   false},
		{".1.2",			     false},
		{"1..2",			     false},
		{"01.2.3",			   false},
		{"1.2.03",			   false},
		{"1.2.00",			   false},
		{"v1.2.3",			   false},
		{"1.2.3-rc1",                        false},
		{"1.2.3+b",                          false},
		{"1.2.+3",			   false},
		{" 1.2.3",			   false},
		{"1.2.3 ",			   false},
		{"1.-2.3",			   false},
		{"4294967296.0.0",                   false},
		{"1.99999999999999999999.0",         false},
		{"1.0x2.3",                          false},
	};
	struct fw_version v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		char again[FW_VERSION_TEXT + 1];

		if (fw_version_parse(span_str(CASES[i].text), &v) != CASES[i].good)
			fail_msg("\"%s\"", CASES[i].text);
		if (!CASES[i].good)
			continue;
		fw_version_format(&v, again);
		assert_string_equal(again, CASES[i].text);
	}
	assert_false(fw_version_parse(span_of("1.2.3\0", 6), &v));
}

static void fw_version_cmp__is_numeric(void **state)
{
	static const char *const RISING[] = {"0.0.1", "0.1.0",  "1.0.0",          "1.0.9", "1.0.10",
					     "2.9.9", "2.10.0", "2.4294967295.0", "10.0.0"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(RISING); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(RISING); j++) {
			struct fw_version a, b;
			int got;

			assert_true(fw_version_parse(span_str(RISING[i]), &a));
			assert_true(fw_version_parse(span_str(RISING[j]), &b));
			got = fw_version_cmp(&a, &b);
			if ((got < 0) != (i < j) || (got > 0) != (i > j))
				fail_msg("%s against %s: %d", RISING[i], RISING[j], got);
		}
	}
}

static void timestamp_parse__takes_real_dates_in_utc_only(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t us;
	} CASES[] = {
		{"1970-01-01T00:00:00Z",            true,  0                           },
		{"1970-01-01T00:00:01.5Z",          true,  1500000                     },
		{"2000-02-29T00:00:00Z",            true,  951782400000000             },
		{"2017-12-10T15:12:15Z",            true,  1512918735000000            },
		{"2026-06-15T00:00:00Z",            true,  1781481600000000            },
		{"2026-06-15T00:00:00.123456789Z",  true,  1781481600123456            },
		{"9999-12-31T23:59:59Z",            true,  UINT64_C(253402300799000000)},
		{"2026-02-30T00:00:00Z",            false, 0                           },
		{"2025-02-29T00:00:00Z",            false, 0                           },
		{"2100-02-29T00:00:00Z",            false, 0                           },
		{"2026-00-10T00:00:00Z",            false, 0                           },
		{"2026-13-10T00:00:00Z",            false, 0                           },
		{"2026-06-00T00:00:00Z",            false, 0                           },
		{"2026-06-31T00:00:00Z",            false, 0                           },
		{"2026-06-15T24:00:00Z",            false, 0                           },
		{"2026-06-15T23:60:00Z",            false, 0                           },
		{"2026-06-30T23:59:60Z",            false, 0                           },
		{"1969-12-31T23:59:59Z",            false, 0                           },
		{"2026-06-15T00:00:00",             false, 0                           },
		{"2026-06-15T00:00:00z",            false, 0                           },
		{"2026-06-15t00:00:00Z",            false, 0                           },
		{"2026-06-15 00:00:00Z",            false, 0                           },
		{"2026-06-15T00:00:00+00:00",       false, 0                           },
		{"2026-06-15T00:00Z",               false, 0                           },
		{"2026-06-15T00:00:00.Z",           false, 0                           },
		{"2026-06-15T00:00:00.1234567890Z", false, 0                           },
		{"2026-06-15T00:00:00,5Z",          false, 0                           },
		{"2026-6-15T00:00:00Z",             false, 0                           },
		{"+026-06-15T00:00:00Z",            false, 0                           },
		{"Z",			       false, 0                           },
		{"",				false, 0                           },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		uint64_t us = 7;

		if (timestamp_parse(span_str(CASES[i].text), &us) != CASES[i].good ||
		    us != (CASES[i].good ? CASES[i].us : 7))
			fail_msg("\"%s\": %llu", CASES[i].text, (unsigned long long)us);
	}
}

static void timestamp_parse_offset__takes_every_spelling(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t s;
	} CASES[] = {
		{"2026-06-01T12:00:00Z",                 true,  1780315200},
		{"2026-06-01t12:00:00z",                 true,  1780315200},
		{"2026-06-01T14:00:00+02:00",            true,  1780315200},
		{"2026-05-31T22:30:00.999-13:30",        true,  1780315200},
		{"2026-06-01T12:00:00.123456789+00:00",  true,  1780315200},
		{"1970-01-01T01:00:00+01:00",            true,  0         },
		{"1970-01-01T00:59:59+01:00",            false, 0         },
		{"2026-06-01T12:00:00",                  false, 0         },
		{"2026-06-01T12:00:00+2:00",             false, 0         },
		{"2026-06-01T12:00:00+24:00",            false, 0         },
		{"2026-06-01T12:00:00+01:60",            false, 0         },
		{"2026-06-01T12:00:00*01:00",            false, 0         },
		{"2026-06-01T12:00+01:00",               false, 0         },
		{"2026-06-01T12:00:00.1234567890+00:00", false, 0         },
		{"",				     false, 0         },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		uint64_t us = 7;

		if (timestamp_parse_offset(span_str(CASES[i].text), &us) != CASES[i].good ||
		    (CASES[i].good ? us / 1000000 != CASES[i].s : us != 7))
			fail_msg("%s", CASES[i].text);
	}
}

static void timestamp_format__comes_back_for_every_day(void **state)
{
	const uint64_t day_us = UINT64_C(86400) * 1000000;
	char text[TIMESTAMP_TEXT + 1];
	uint64_t us, again;

	(void)state;
	for (us = 0; us < 200 * 366 * day_us; us += day_us + 3661000000) {
		timestamp_format(us, text);
		assert_true(timestamp_parse(span_str(text), &again));
		assert_int_equal(again, us);
	}
	timestamp_format(UINT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fw_version_parse__takes_the_grammar_and_no_more),
		cmocka_unit_test(fw_version_cmp__is_numeric),
		cmocka_unit_test(timestamp_parse__takes_real_dates_in_utc_only),
		cmocka_unit_test(timestamp_parse_offset__takes_every_spelling),
		cmocka_unit_test(timestamp_format__comes_back_for_every_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* svr/period: RFC 5545 3.3.9, as credentials and access control entries use it. */
#include "test.h"

#include "svr/period.h"

#define S     UINT64_C(1000000)
#define START 867088800 /* 1997-06-23T18:00:00Z */

static const struct {
	const char *text;
	uint64_t from_s, until_s; /* 0: refused */
} CASES[] = {
	{"19970623T180000Z/19970624T180000Z", START, START + 86400                     },
	{"19970623T180000Z/PT5H30M",          START, START + 19800                     },
	{"19970623T180000Z/P1D",              START, START + 86400                     },
	{"19970623T180000Z/P15DT5H0M20S",     START, START + 15 * 86400 + 5 * 3600 + 20},
	{"19970623T180000Z/P7W",              START, START + 7 * 604800                },
	{"19970623T180000Z/PT90S",            START, START + 90                        },
	{"19700101T000000Z/99991231T235959Z", 0,     253402300799                      },
	{"",				  0,     0				 },
	{"19970623T180000Z",                  0,     0				 },
	{"19970623T180000Z/",                 0,     0                                 },
	{"/PT1H",			     0,     0				 },
	{"19970623T180000Z/19970623T180000Z", 0,     0                                 },
	{"19970624T180000Z/19970623T180000Z", 0,     0                                 },
	{"19970623T180000/19970624T180000",   0,     0                                 },
	{"19970623T180000Z/19970624T180000",  0,     0                                 },
	{"19970631T180000Z/PT1H",             0,     0                                 },
	{"19970623T240000Z/PT1H",             0,     0                                 },
	{"19970623t180000Z/PT1H",             0,     0                                 },
	{"1997062 T180000Z/PT1H",             0,     0                                 },
	{"19970623T180000Z/PT",               0,     0                                 },
	{"19970623T180000Z/P",                0,     0                                 },
	{"19970623T180000Z/P1",               0,     0                                 },
	{"19970623T180000Z/P1H",              0,     0                                 },
	{"19970623T180000Z/PT1D",             0,     0                                 },
	{"19970623T180000Z/P1W1D",            0,     0                                 },
	{"19970623T180000Z/PT1M1H",           0,     0                                 },
	{"19970623T180000Z/P1DT",             0,     0                                 },
	{"19970623T180000Z/P0D",              0,     0                                 },
	{"19970623T180000Z/-PT1H",            0,     0                                 },
	{"19970623T180000Z/P1Y",              0,     0                                 },
	{"19970623T180000Z/PT1H ",            0,     0                                 },
	{"19970623T180000Z/P999999999W",      0,     0                                 },
	{"19970623T180000Z/P9999999999S",     0,     0                                 },
	{"19970623T180000Z/PT1H/PT1H",        0,     0                                 },
};

static void period_parse__takes_both_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct period p = {7, 7};
		bool got = period_parse(span_str(CASES[i].text), &p);

		if (got != (CASES[i].until_s != 0))
			fail_msg("%s: got %d", CASES[i].text, got);
		assert_int_equal(p.from_us, got ? CASES[i].from_s * S : 7);
		assert_int_equal(p.until_us, got ? CASES[i].until_s * S : 7);
	}
}

static void period_covers__wants_a_trusted_clock(void **state)
{
	const struct period p = {10, 20};
	static const struct {
		struct svr_wall wall;
		bool want;
	} AT[] = {
		{{9, true},   false},
                {{10, true},  true },
                {{19, true},  true },
		{{20, true},  false},
                {{15, false}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(AT); i++)
		assert_int_equal(period_covers(&p, &AT[i].wall), AT[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(period_parse__takes_both_forms),
		cmocka_unit_test(period_covers__wants_a_trusted_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

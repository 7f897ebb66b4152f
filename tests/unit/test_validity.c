/* RFC 5545 3.3.9 and 3.3.10 as far as access control entries use them. */
#include "test.h"

#include "base/clock.h"
#include "svr/validity.h"

#define T(s)    SPAN_LIT(s)
#define HOUR_US (3600 * USEC_PER_SEC)

static uint64_t at(const char *text)
{
	uint64_t us;

	assert_true(period_instant(span_str(text), &us));
	return us;
}

static const struct {
	const char *name, *text;
	bool want;
} PARSES[] = {
	{"daily",                "FREQ=DAILY",				true },
	{"weekly",               "FREQ=WEEKLY",                               true },
	{"with its name",        "RRULE:FREQ=DAILY",                          true },
	{"in small letters",     "rrule:freq=weekly;byday=mo",                true },
	{"all parts, any order",
	 "WKST=SU;BYDAY=MO,FR;INTERVAL=2;UNTIL=20300101T000000Z;FREQ=WEEKLY", true },
	{"every day named",      "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",    true },
	{"a day twice",          "FREQ=WEEKLY;BYDAY=MO,MO",                   true },
	{"longest interval",     "FREQ=DAILY;INTERVAL=366",                   true },
	{"an interval longer",   "FREQ=DAILY;INTERVAL=367",                   false},
	{"no interval",          "FREQ=DAILY;INTERVAL=0",                     false},
	{"negative interval",    "FREQ=DAILY;INTERVAL=-1",                    false},
	{"empty",                "",					  false},
	{"name only",            "RRULE:",				    false},
	{"no frequency",         "BYDAY=MO",                                  false},
	{"empty frequency",      "FREQ=",				     false},
	{"frequency twice",      "FREQ=DAILY;FREQ=DAILY",                     false},
	{"hourly",               "FREQ=HOURLY",                               false},
	{"monthly",              "FREQ=MONTHLY",                              false},
	{"yearly",               "FREQ=YEARLY",                               false},
	{"counted",              "FREQ=DAILY;COUNT=3",                        false},
	{"by month",             "FREQ=DAILY;BYMONTH=1",                      false},
	{"by hour",              "FREQ=DAILY;BYHOUR=9",                       false},
	{"second Monday",        "FREQ=WEEKLY;BYDAY=2MO",                     false},
	{"unknown day",          "FREQ=WEEKLY;BYDAY=MX",                      false},
	{"empty day",            "FREQ=WEEKLY;BYDAY=MO,",                     false},
	{"no days",              "FREQ=WEEKLY;BYDAY=",                        false},
	{"until a local time",   "FREQ=DAILY;UNTIL=20300101T000000",          false},
	{"until a date",         "FREQ=DAILY;UNTIL=20300101",                 false},
	{"until no date",        "FREQ=DAILY;UNTIL=20300230T000000Z",         false},
	{"ends in a semicolon",  "FREQ=DAILY;",                               false},
	{"a blank",              "FREQ=DAILY; INTERVAL=2",                    false},
	{"something behind",     "FREQ=DAILYX",                               false},
};

static void recurrence_parse__takes_what_it_can_evaluate(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PARSES); i++) {
		struct recurrence r;

		if (recurrence_parse(span_str(PARSES[i].text), &r) != PARSES[i].want)
			fail_msg("%s: %s", PARSES[i].name, PARSES[i].text);
	}
}

/* 2026-06-01 is a Monday. */
static const struct {
	const char *name, *period, *rule, *now;
	bool want;
} COVERS[] = {
	{"before it begins",       "20260601T080000Z/PT2H", NULL,                                 "20260601T075959Z", false},
	{"as it begins",           "20260601T080000Z/PT2H", NULL,                                 "20260601T080000Z", true },
	{"its last second",        "20260601T080000Z/PT2H", NULL,                                 "20260601T095959Z", true },
	{"its end",                "20260601T080000Z/PT2H", NULL,                                 "20260601T100000Z", false},

	{"day before the first",   "20260601T080000Z/PT2H", "FREQ=DAILY",                         "20260531T090000Z", false},
	{"first day",              "20260601T080000Z/PT2H", "FREQ=DAILY",                         "20260601T090000Z", true },
	{"next day, too early",    "20260601T080000Z/PT2H", "FREQ=DAILY",                         "20260602T075959Z", false},
	{"next day",               "20260601T080000Z/PT2H", "FREQ=DAILY",                         "20260602T080000Z", true },
	{"next day, over",         "20260601T080000Z/PT2H", "FREQ=DAILY",                         "20260602T100000Z", false},
	{"years later",            "20260601T080000Z/PT2H", "FREQ=DAILY",                         "20460228T090000Z", true },
	{"leap day",               "20260601T080000Z/PT2H", "FREQ=DAILY",                         "20480229T090000Z", true },

	{"over midnight, before",  "20260601T220000Z/PT4H", "FREQ=DAILY",                         "20260603T235959Z", true },
	{"over midnight, behind",  "20260601T220000Z/PT4H", "FREQ=DAILY",                         "20260604T015959Z", true },
	{"over midnight, end",     "20260601T220000Z/PT4H", "FREQ=DAILY",                         "20260604T020000Z", false},
	{"longer than a day",      "20260601T220000Z/P2D",  "FREQ=WEEKLY",                        "20260610T210000Z", true },
	{"and over",               "20260601T220000Z/P2D",  "FREQ=WEEKLY",                        "20260610T220000Z", false},

	{"third day of three",     "20260601T080000Z/PT2H", "FREQ=DAILY;INTERVAL=3",              "20260604T090000Z",
	 true													      },
	{"between",                "20260601T080000Z/PT2H", "FREQ=DAILY;INTERVAL=3",              "20260603T090000Z", false},

	{"last start",             "20260601T080000Z/PT2H", "FREQ=DAILY;UNTIL=20260603T080000Z",
	 "20260603T095959Z",											  true },
	{"a second too late",      "20260601T080000Z/PT2H", "FREQ=DAILY;UNTIL=20260603T075959Z",
	 "20260603T090000Z",											  false},

	{"weekly, its day",        "20260601T080000Z/PT2H", "FREQ=WEEKLY",                        "20260608T090000Z", true },
	{"weekly, another",        "20260601T080000Z/PT2H", "FREQ=WEEKLY",                        "20260609T090000Z", false},
	{"working day",            "20260601T080000Z/PT2H", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
	 "20260605T090000Z",											  true },
	{"Saturday",               "20260601T080000Z/PT2H", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
	 "20260606T090000Z",											  false},
	{"first day not named",    "20260601T080000Z/PT2H", "FREQ=WEEKLY;BYDAY=TU",               "20260601T090000Z",
	 false													     },
	{"daily, by day",          "20260601T080000Z/PT2H", "FREQ=DAILY;BYDAY=SU",                "20260607T090000Z", true },
	{"every other week, own",  "20260601T080000Z/PT2H", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
	 "20260607T090000Z",											  true },
	{"every other week, not",  "20260601T080000Z/PT2H", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
	 "20260608T090000Z",											  false},
	{"every other week, on",   "20260601T080000Z/PT2H", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
	 "20260615T090000Z",											  true },
 /* RFC 5545 3.3.10: WKST moves the Sunday into the next week. */
	{"weeks from Sunday, not", "20260601T080000Z/PT2H",
	 "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",                                            "20260607T090000Z", false},
	{"weeks from Sunday, on",  "20260601T080000Z/PT2H",
	 "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",                                            "20260614T090000Z", true },
};

static bool holds(const char *period, const char *rule, struct svr_wall wall)
{
	struct ace_validity v = {.period = span_str(period), .n_recurrences = rule ? 1 : 0};
	struct ace ace = {.n_validities = 1, .validities = &v};

	v.recurrences[0] = span_str(rule);
	assert_true(validity_is_sound(&v));
	return ace_holds(&ace, &wall);
}

static void ace_holds__inside_its_periods_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(COVERS); i++) {
		struct svr_wall wall = {at(COVERS[i].now), true};

		if (holds(COVERS[i].period, COVERS[i].rule, wall) != COVERS[i].want)
			fail_msg("%s", COVERS[i].name);
		wall.trusted = false; /* nobody knows what time it is */
		if (holds(COVERS[i].period, COVERS[i].rule, wall))
			fail_msg("%s, clock not trusted", COVERS[i].name);
	}
}

/* Against a count by hand: each minute of the weeks after the start, day by day. */
static void recurrence_covers__agrees_with_a_walk_through_the_calendar(void **state)
{
	const uint64_t day_us = UINT64_C(86400) * USEC_PER_SEC, start = at("20260603T213000Z");
	const struct period p = {start, start + 5 * HOUR_US};

	(void)state;
	for (unsigned interval = 1; interval <= 3; interval++) {
		struct recurrence r = {.interval = interval, .until_us = start + 40 * day_us};

		for (uint64_t now = start - day_us; now < start + 60 * day_us; now += HOUR_US / 2) {
			const struct svr_wall wall = {now, true};
			bool want = false;

			for (uint64_t s = start; s <= r.until_us; s += interval * day_us)
				want = want || (now >= s && now < s + 5 * HOUR_US);
			assert_int_equal(recurrence_covers(&r, &p, &wall), want);
		}
	}
}

static void ace_holds__by_any_of_several(void **state)
{
	struct ace_validity v[2] = {
		{.period = T("20260601T080000Z/PT1H")                         },
		{ .period = T("20260701T080000Z/PT1H"),
		 .n_recurrences = 2,
		 .recurrences = {T("FREQ=WEEKLY"), T("FREQ=DAILY;INTERVAL=5")}},
	};
	const struct ace ace = {.n_validities = 2, .validities = v}, always = {0};
	static const struct {
		const char *now;
		bool want;
	} CASES[] = {
		{"20260601T083000Z", true }, /* the first */
		{"20260602T083000Z", false},
		{"20260708T083000Z", true }, /* the second, a week later */
		{"20260706T083000Z", true }, /* the second, five days later */
		{"20260707T083000Z", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		const struct svr_wall wall = {at(CASES[i].now), true};

		if (ace_holds(&ace, &wall) != CASES[i].want)
			fail_msg("%s", CASES[i].now);
	}
	assert_true(ace_holds(&always, &(struct svr_wall){0}));
}

static void validity_is_sound__knows_the_longest_repeated_period(void **state)
{
	struct ace_validity v = {.period = T("20260601T000000Z/P7D"),
				 .n_recurrences = 1,
				 .recurrences = {T("FREQ=WEEKLY")}};

	(void)state;
	assert_true(validity_is_sound(&v));
	v.period = T("20260601T000000Z/P7DT1S");
	assert_false(validity_is_sound(&v));
	v.n_recurrences = 0;
	assert_true(validity_is_sound(&v));
	v.period = T("20260601T000000Z");
	assert_false(validity_is_sound(&v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recurrence_parse__takes_what_it_can_evaluate),
		cmocka_unit_test(ace_holds__inside_its_periods_only),
		cmocka_unit_test(recurrence_covers__agrees_with_a_walk_through_the_calendar),
		cmocka_unit_test(ace_holds__by_any_of_several),
		cmocka_unit_test(validity_is_sound__knows_the_longest_repeated_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

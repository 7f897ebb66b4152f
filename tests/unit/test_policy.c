/* fw/policy: the fleet spreads, errors slow it down, windows follow every calendar. */
#include "test.h"

#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "fw/policy.h"

#define DAY_US    (UINT64_C(24) * 3600 * USEC_PER_SEC)
#define MINUTE_US (60 * USEC_PER_SEC)
#define FLEET     ((size_t)10000)
#define SLICES    ((size_t)48)

/* ---- how often to ask ---- */

static void policy_check_delay__spreads_a_fleet(void **state)
{
	size_t slices[SLICES] = {0}, least = FLEET, most = 0;

	(void)state;
	for (uint64_t id = 0; id < FLEET; id++) {
		uint64_t us = policy_check_delay(id, 0, DAY_US);

		assert_in_range(us, DAY_US - DAY_US / 4, DAY_US + DAY_US / 4);
		assert_int_equal(us, policy_check_delay(id, 0, DAY_US)); /* its own, for good */
		slices[(us - (DAY_US - DAY_US / 4)) * SLICES / (DAY_US / 2 + 1)]++;
	}
	for (size_t i = 0; i < SLICES; i++) {
		least = slices[i] < least ? slices[i] : least;
		most = slices[i] > most ? slices[i] : most;
	}
	print_message(
		"%zu devices, a day +- 6 h, quarters of an hour: %zu to %zu devices in each\n",
		FLEET, least, most);
	/* 208 in each on average; six standard deviations of a binomial spread are 86. */
	assert_in_range(least, FLEET / SLICES - 86, FLEET / SLICES);
	assert_in_range(most, FLEET / SLICES, FLEET / SLICES + 86);
}

static void policy_check_delay__parts_those_that_met(void **state)
{
	uint64_t at = policy_check_delay(1, 1, DAY_US), other = 0;
	unsigned met = 0, again = 0;

	(void)state;
	/* Devices whose first retry comes within a second of ours have their second one elsewhere.
	 */
	for (uint64_t id = 2; id < FLEET; id++) {
		uint64_t us = policy_check_delay(id, 1, DAY_US);

		if (us - at + USEC_PER_SEC > 2 * USEC_PER_SEC)
			continue;
		met++;
		other = policy_check_delay(id, 2, DAY_US) - policy_check_delay(1, 2, DAY_US);
		again += other + USEC_PER_SEC <= 2 * USEC_PER_SEC;
	}
	assert_true(met > 10);
	assert_true(again < met / 4);
}

static void policy_check_delay__doubles_up_to_the_interval(void **state)
{
	static const struct {
		const char *name;
		uint32_t failures;
		uint64_t interval_us, middle_us;
	} ROWS[] = {
		{"none",             0,          DAY_US,        DAY_US             },
		{"first",            1,          DAY_US,        15 * MINUTE_US     },
		{"second",           2,          DAY_US,        30 * MINUTE_US     },
		{"fifth",            5,          DAY_US,        4 * 60 * MINUTE_US },
		{"seventh",          7,          DAY_US,        16 * 60 * MINUTE_US},
		{"ceiling",          8,          DAY_US,        DAY_US             },
		{"for years",        UINT32_MAX, DAY_US,        DAY_US             },
		{"a short interval", 1,          2 * MINUTE_US, 2 * MINUTE_US      },
		{"never",            0,          0,             0                  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		for (uint64_t seed = 0; seed < 100; seed++) {
			uint64_t us =
				policy_check_delay(seed, ROWS[i].failures, ROWS[i].interval_us);
			uint64_t m = ROWS[i].middle_us;

			if (us < m - m / 4 || us > m + m / 4)
				fail_msg("%s: %" PRIu64 " us", ROWS[i].name, us);
		}
}

static void policy_spread__reaches_both_ends(void **state)
{
	bool first = false, last = false;

	(void)state;
	assert_int_equal(policy_spread(5, 0, 0), 0);
	for (uint64_t seed = 0; seed < 100; seed++) {
		uint64_t at = policy_spread(seed, 0, 3);

		assert_in_range(at, 0, 3);
		first |= at == 0;
		last |= at == 3;
	}
	assert_true(first && last);
}

/* ---- windows ---- */

static const struct {
	const char *name, *text;
	bool good;
	size_t n;
	struct policy_window last;
} WINDOWS[] = {
	{"none",            "",				 true,  0, {0}                    },
	{"blanks",          "  ",			       true,  0, {0}                    },
	{"every day",       "01:00-05:00",                      true,  1, {0x7f, 60, 300, false} },
	{"range",           "Mon..Fri 01:00-05:00",             true,  1, {0x1f, 60, 300, false} },
	{"round the week",  "Sat..Mon 01:00-05:00",             true,  1, {0x61, 60, 300, false} },
	{"list",            "Tue,Thu..Sat 00:00-24:00",         true,  1, {0x3a, 0, 1440, false} },
	{"letter case",     "mon,SUN 01:00-05:00",              true,  1, {0x41, 60, 300, false} },
	{"UTC",             "Sun 22:30-06:00 UTC",              true,  1, {0x40, 1350, 360, true}},
	{"two",             "Mon 01:00-02:00 UTC 03:00-04:00",  true,  2, {0x7f, 180, 240, false}},
	{"two, days twice", "Mon 01:00-02:00  Tue 03:00-04:00", true,  2, {0x02, 180, 240, false}},
	{"days alone",      "Mon",			      false, 0, {0}                    },
	{"days at the end", "01:00-02:00 Mon",                  false, 0, {0}                    },
	{"days twice",      "Mon Tue 01:00-02:00",              false, 0, {0}                    },
	{"no such day",     "Moon 01:00-02:00",                 false, 0, {0}                    },
	{"half a range",    "Mon.. 01:00-02:00",                false, 0, {0}                    },
	{"one dot",         "Mon.Tue 01:00-02:00",              false, 0, {0}                    },
	{"empty in list",   "Mon,,Tue 01:00-02:00",             false, 0, {0}                    },
	{"comma at end",    "Mon, 01:00-02:00",                 false, 0, {0}                    },
	{"no end",          "01:00",			    false, 0, {0}                    },
	{"one digit",       "1:00-02:00",                       false, 0, {0}                    },
	{"minute 60",       "01:60-02:00",                      false, 0, {0}                    },
	{"hour 25",         "01:00-25:00",                      false, 0, {0}                    },
	{"from 24",         "24:00-02:00",                      false, 0, {0}                    },
	{"until 0",         "22:00-00:00",                      false, 0, {0}                    },
	{"empty window",    "01:00-01:00",                      false, 0, {0}                    },
	{"seconds",         "01:00:00-02:00",                   false, 0, {0}                    },
	{"UTC alone",       "UTC",			      false, 0, {0}                    },
	{"UTC twice",       "01:00-02:00 UTC UTC",              false, 0, {0}                    },
	{"eight",
	 "00:00-01:00 01:00-02:00 02:00-03:00 03:00-04:00 04:00-05:00 "
	 "05:00-06:00 06:00-07:00 07:00-08:00",		 true,
	 8,							       {0x7f, 420, 480, false}},
	{"nine",
	 "00:00-01:00 01:00-02:00 02:00-03:00 03:00-04:00 04:00-05:00 "
	 "05:00-06:00 06:00-07:00 07:00-08:00 08:00-09:00",     false,
	 0,							       {0}		    },
};

static void policy_windows_parse__takes_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WINDOWS); i++) {
		const struct policy_window *want = &WINDOWS[i].last, *got;
		struct policy_windows w = {.n = 99};

		if (policy_windows_parse(span_str(WINDOWS[i].text), &w) != WINDOWS[i].good)
			fail_msg("%s: want %d", WINDOWS[i].name, WINDOWS[i].good);
		if (w.n != (WINDOWS[i].good ? WINDOWS[i].n : 99))
			fail_msg("%s: %zu windows", WINDOWS[i].name, w.n);
		if (!WINDOWS[i].good || w.n == 0)
			continue;
		got = &w.at[w.n - 1];
		if (got->days != want->days || got->from != want->from || got->to != want->to ||
		    got->utc != want->utc)
			fail_msg("%s: days %#x, %u to %u", WINDOWS[i].name, got->days, got->from,
				 got->to);
	}
}

static struct policy_time calendar(uint64_t real_s, bool utc)
{
	time_t t = (time_t)real_s;
	struct tm tm;

	assert_non_null(utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm));
	return (struct policy_time){(unsigned)(tm.tm_wday + 6) % 7,
				    (unsigned)(tm.tm_hour * 60 + tm.tm_min)};
}

static void zone(const char *tz)
{
	assert_int_equal(setenv("TZ", tz, 1), 0);
	tzset();
}

static uint64_t utc(const char *text)
{
	struct tm tm = {0};

	assert_non_null(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
	return (uint64_t)timegm(&tm);
}

/* The clocks go forward on 2026-03-29 and back on 2026-10-25, both at 01:00 UTC. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static void policy_next_window__follows_the_calendar(void **state)
{
	static const struct {
		const char *name, *zone, *windows, *now, *begin, *end;
	} ROWS[] = {
		{"always",           "UTC0",     "",                        "2026-11-22 12:00:07", "2026-11-22 12:00:07",
		 "2026-11-23 12:00:07"													 },
		{"open",             "UTC0",     "01:00-05:00",             "2026-11-22 01:00:00", "2026-11-22 01:00:00",
		 "2026-11-22 05:00:00"													 },
		{"last second",      "UTC0",     "01:00-05:00",             "2026-11-22 04:59:59", "2026-11-22 04:59:59",
		 "2026-11-22 05:00:00"													 },
		{"just over",        "UTC0",     "01:00-05:00",             "2026-11-22 05:00:00", "2026-11-23 01:00:00",
		 "2026-11-23 05:00:00"													 },
		{"Friday evening",   "UTC0",     "Mon..Fri 01:00-05:00",    "2026-11-20 21:00:00",
		 "2026-11-23 01:00:00",										   "2026-11-23 05:00:00"},
		{"over midnight",    "UTC0",     "Sat 22:00-06:00",         "2026-11-22 05:59:59",
		 "2026-11-22 05:59:59",										   "2026-11-22 06:00:00"},
		{"not before it",    "UTC0",     "Sat 22:00-06:00",         "2026-11-21 05:00:00",
		 "2026-11-21 22:00:00",										   "2026-11-22 06:00:00"},
		{"a week away",      "UTC0",     "Sun 01:00-01:01",         "2026-11-22 01:01:00",
		 "2026-11-29 01:00:00",										   "2026-11-29 01:01:00"},
		{"two that touch",   "UTC0",     "01:00-02:00 02:00-03:00", "2026-11-22 00:00:00",
		 "2026-11-22 01:00:00",										   "2026-11-22 03:00:00"},
		{"local, winter",    BERLIN,     "01:00-05:00",             "2026-11-22 12:00:00",
		 "2026-11-23 00:00:00",										   "2026-11-23 04:00:00"},
		{"local, summer",    BERLIN,     "01:00-05:00",             "2026-07-22 12:00:00",
		 "2026-07-22 23:00:00",										   "2026-07-23 03:00:00"},
		{"UTC all the same", BERLIN,     "01:00-05:00 UTC",         "2026-07-22 12:00:00",
		 "2026-07-23 01:00:00",										   "2026-07-23 05:00:00"},
		{"an hour less",     BERLIN,     "01:00-05:00",             "2026-03-28 12:00:00",
		 "2026-03-29 00:00:00",										   "2026-03-29 03:00:00"},
		{"an hour more",     BERLIN,     "01:00-05:00",             "2026-10-24 12:00:00",
		 "2026-10-24 23:00:00",										   "2026-10-25 04:00:00"},
		{"half of it gone",  BERLIN,     "02:30-04:00",             "2026-03-28 12:00:00",
		 "2026-03-29 01:00:00",										   "2026-03-29 02:00:00"},
		{"all of it gone",   BERLIN,     "02:00-03:00",             "2026-03-28 12:00:00",
		 "2026-03-30 00:00:00",										   "2026-03-30 01:00:00"},
		{"twice that night", BERLIN,     "02:30-03:00",             "2026-10-25 01:00:00",
		 "2026-10-25 01:30:00",										   "2026-10-25 02:00:00"},
		{"half an hour",     "IST-5:30", "00:00-01:00",             "2026-11-22 12:00:00",
		 "2026-11-22 18:30:00",										   "2026-11-22 19:30:00"},
		{"without a clock",  "UTC0",     "Thu 01:00-05:00",         "1970-01-01 00:00:01",
		 "1970-01-01 01:00:00",										   "1970-01-01 05:00:00"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		uint64_t now = utc(ROWS[i].now), end = 0, begin;
		struct policy_windows w;

		zone(ROWS[i].zone);
		assert_true(policy_windows_parse(span_str(ROWS[i].windows), &w));
		begin = policy_next_window(&w, now, calendar, &end);
		if (begin != utc(ROWS[i].begin) || end != utc(ROWS[i].end))
			fail_msg("%s: %" PRIu64 " to %" PRIu64 ", want %" PRIu64 " to %" PRIu64,
				 ROWS[i].name, begin, end, utc(ROWS[i].begin), utc(ROWS[i].end));
		if (policy_in_window(&w, now, calendar) != (begin == now))
			fail_msg("%s: open?", ROWS[i].name);
	}
	zone("UTC0");
}

static struct policy_time standing(uint64_t real_s, bool utc)
{
	(void)real_s, (void)utc;
	return (struct policy_time){0, 0};
}

static void policy_next_window__ends_if_none_ever_opens(void **state)
{
	struct policy_windows w;

	(void)state;
	assert_true(policy_windows_parse(SPAN_LIT("01:00-02:00"), &w));
	assert_true(policy_next_window(&w, 0, standing, NULL) == UINT64_MAX);
}

/* ---- inhibitors ---- */

static void policy_what_parse__takes_names_once(void **state)
{
	static const struct {
		const char *text;
		bool good;
		unsigned want;
	} ROWS[] = {
		{"check",                true,  POLICY_CHECK                  },
		{"install",              true,  POLICY_INSTALL                },
		{"reboot:install",       true,  POLICY_INSTALL | POLICY_REBOOT},
		{"check:install:reboot", true,  7                             },
		{"",		     false, 0			     },
		{":",                    false, 0                             },
		{"install:",             false, 0                             },
		{"install:install",      false, 0                             },
		{"Install",              false, 0                             },
		{"install reboot",       false, 0                             },
		{"sleep",                false, 0                             },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		unsigned got = 0;

		if (policy_what_parse(span_str(ROWS[i].text), &got) != ROWS[i].good ||
		    got != ROWS[i].want)
			fail_msg("'%s': %u", ROWS[i].text, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_check_delay__spreads_a_fleet),
		cmocka_unit_test(policy_check_delay__parts_those_that_met),
		cmocka_unit_test(policy_check_delay__doubles_up_to_the_interval),
		cmocka_unit_test(policy_spread__reaches_both_ends),
		cmocka_unit_test(policy_windows_parse__takes_lists),
		cmocka_unit_test(policy_next_window__follows_the_calendar),
		cmocka_unit_test(policy_next_window__ends_if_none_ever_opens),
		cmocka_unit_test(policy_what_parse__takes_names_once),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}

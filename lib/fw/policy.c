#include "fw/policy.h"

#include "base/clock.h"

#define RETRY_US    (UINT64_C(15) * 60 * USEC_PER_SEC) /* after the first failure */
#define DOUBLED_MAX 20                                 /* ten years: beyond every interval */
#define MINUTE_S    60u
#define MINUTES_MAX (8u * POLICY_DAY_MINUTES) /* a week, and a day that a clock change may take */
#define EVERY_DAY   0x7fu
#define TIME_TEXT   5 /* 01:00 */

/* ---- how often to ask ---- */

/* Steele and others, "Fast Splittable Pseudorandom Number Generators", the finisher: each bit of
 * the seed changes half of the result. */
static uint64_t mix(uint64_t v)
{
	v += UINT64_C(0x9e3779b97f4a7c15);
	v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
	return v ^ v >> 31;
}

uint64_t policy_spread(uint64_t seed, uint32_t round, uint64_t range_us)
{
	uint64_t v = mix(seed ^ mix(round));

	return range_us < UINT64_MAX ? v % (range_us + 1) : v;
}

uint64_t policy_check_delay(uint64_t seed, uint32_t failures, uint64_t interval_us)
{
	uint64_t us = interval_us;

	if (failures > 0) {
		uint32_t doubled = failures - 1 < DOUBLED_MAX ? failures - 1 : DOUBLED_MAX;

		us = RETRY_US << doubled;
		if (us > interval_us)
			us = interval_us;
	}
	return us - us / 4 + policy_spread(seed, failures, us / 2);
}

/* ---- maintenance windows ---- */

static bool read_day(struct span text, unsigned *ret)
{
	static const char *const DAYS[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

	for (unsigned i = 0; i < ARRAY_SIZE(DAYS); i++)
		if (span_is_nocase(text, DAYS[i])) {
			*ret = i;
			return true;
		}
	return false;
}

/* "Mon", "Mon..Fri", "Sat..Mon"; a list of them with commas. */
static bool read_days(struct span text, unsigned *ret)
{
	unsigned days = 0;

	do {
		struct span last = span_cut(&text, ','), first = span_cut(&last, '.');
		unsigned from, to;

		if (!read_day(first, &from))
			return false;
		to = from;
		if (last.ptr &&
		    (last.len == 0 || last.ptr[0] != '.' || !read_day(span_skip(last, 1), &to)))
			return false;
		for (days |= 1u << to; from != to; from = (from + 1) % 7)
			days |= 1u << from;
	} while (text.ptr);
	*ret = days;
	return true;
}

static bool read_clock(struct span text, uint16_t *ret)
{
	const uint8_t *p = text.ptr;
	unsigned minute;

	if (text.len != TIME_TEXT || p[2] != ':')
		return false;
	for (size_t i = 0; i < TIME_TEXT; i++)
		if (i != 2 && (p[i] < '0' || p[i] > '9'))
			return false;
	minute = (p[0] - '0') * 600u + (p[1] - '0') * 60u + (p[3] - '0') * 10u + (p[4] - '0');
	if (p[3] > '5' || minute > POLICY_DAY_MINUTES)
		return false;
	*ret = (uint16_t)minute;
	return true;
}

static bool read_times(struct span text, struct policy_window *w)
{
	struct span from = span_cut(&text, '-');

	return read_clock(from, &w->from) && read_clock(text, &w->to) &&
	       w->from < POLICY_DAY_MINUTES && w->to > 0 && w->from != w->to;
}

bool policy_windows_parse(struct span text, struct policy_windows *ret)
{
	struct policy_windows w = {0};
	bool may_be_utc = false;
	unsigned days = 0;
	struct span word;

	while (span_word(&text, &word)) {
		struct policy_window *at = &w.at[w.n];

		if (may_be_utc && span_is(word, "UTC")) {
			at[-1].utc = true;
			may_be_utc = false;
			continue;
		}
		may_be_utc = false;
		if (days == 0 && read_days(word, &days))
			continue;
		if (w.n == POLICY_WINDOWS_MAX || !read_times(word, at))
			return false;
		at->days = days ? days : EVERY_DAY;
		days = 0;
		w.n++;
		may_be_utc = true;
	}
	if (days != 0)
		return false;
	*ret = w;
	return true;
}

static bool is_open(const struct policy_window *w, struct policy_time t)
{
	bool today = (w->days >> t.weekday & 1u) != 0;
	bool yesterday = (w->days >> (t.weekday + 6) % 7 & 1u) != 0;

	if (w->from < w->to)
		return today && t.minute >= w->from && t.minute < w->to;
	return (today && t.minute >= w->from) || (yesterday && t.minute < w->to);
}

bool policy_in_window(const struct policy_windows *w, uint64_t real_s, policy_calendar_fn calendar)
{
	for (size_t i = 0; i < w->n; i++)
		if (is_open(&w->at[i], calendar(real_s, w->at[i].utc)))
			return true;
	return w->n == 0;
}

/* The first minute from `real_s` on, of `minutes`, in which the windows are open, or closed. */
static uint64_t next_change(const struct policy_windows *w, uint64_t real_s, bool open,
			    unsigned minutes, policy_calendar_fn calendar)
{
	for (unsigned i = 0; i < minutes; i++) {
		if (policy_in_window(w, real_s, calendar) == open)
			return real_s;
		real_s += MINUTE_S - real_s % MINUTE_S;
	}
	return UINT64_MAX;
}

uint64_t policy_next_window(const struct policy_windows *w, uint64_t real_s,
			    policy_calendar_fn calendar, uint64_t *ret_end)
{
	uint64_t begin = next_change(w, real_s, true, MINUTES_MAX, calendar), end;

	if (ret_end && begin != UINT64_MAX) {
		end = next_change(w, begin, false, POLICY_DAY_MINUTES, calendar);
		*ret_end =
			end != UINT64_MAX ? end : begin + (uint64_t)POLICY_DAY_MINUTES * MINUTE_S;
	}
	return begin;
}

/* ---- what somebody may hold up ---- */

bool policy_what_parse(struct span text, unsigned *ret)
{
	static const char *const NAMES[] = {"check", "install", "reboot"};
	unsigned what = 0;

	do {
		struct span word = span_cut(&text, ':');
		size_t i = 0;

		while (i < ARRAY_SIZE(NAMES) && !span_is(word, NAMES[i]))
			i++;
		if (i == ARRAY_SIZE(NAMES) || (what >> i & 1u) != 0)
			return false;
		what |= 1u << i;
	} while (text.ptr);
	*ret = what;
	return true;
}

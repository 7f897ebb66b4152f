/* lib/fw/policy.h - when a device asks, installs and restarts by itself (pure).
 *
 * Nothing here reads a clock, a random number or a time zone: times, a seed that is the device's
 * own and the calendar come in. */
#pragma once

#include "base/span.h"

/* ---- how often to ask ---- */

/* Where in `range_us` this device has its place, from 0 to range_us: stable for a seed and a round,
 * evenly spread over seeds. */
uint64_t policy_spread(uint64_t seed, uint32_t round, uint64_t range_us);
/* Time until the next check after `failures` in a row: `interval_us`, a quarter more or less; after
 * failures a quarter of an hour, doubled each time, but never more than that. */
uint64_t policy_check_delay(uint64_t seed, uint32_t failures, uint64_t interval_us);

/* ---- maintenance windows ---- */

#define POLICY_WINDOWS_MAX ((size_t)8)
#define POLICY_DAY_MINUTES 1440u

struct policy_window {
	unsigned days; /* on which it begins: bit 0 is Monday */
	uint16_t from; /* minute of the day */
	uint16_t to;   /* the first one after it; not after `from`: on the next day */
	bool utc;      /* else local time */
};

struct policy_windows {
	size_t n; /* 0: always */
	struct policy_window at[POLICY_WINDOWS_MAX];
};

/* What a calendar shows. */
struct policy_time {
	unsigned weekday; /* 0: Monday */
	unsigned minute;  /* of the day */
};
/* The calendar of the place, or of UTC, at `real_s` seconds since 1970. */
typedef struct policy_time (*policy_calendar_fn)(uint64_t real_s, bool utc);

/* "Mon..Fri 01:00-05:00 Sat,Sun 22:00-06:00 UTC": windows one behind the other, each with days
 * (none: every day), a time of the day from 00:00 to 24:00 on each side, and UTC if it is not local
 * time. False: not such a list, *ret untouched. */
MUST_USE bool policy_windows_parse(struct span text, struct policy_windows *ret);
/* A window is open, or there is none. */
MUST_USE bool policy_in_window(const struct policy_windows *w, uint64_t real_s,
			       policy_calendar_fn calendar);
/* When one is open next: real_s itself, or the minute in which one opens. UINT64_MAX: not within
 * eight days. *ret_end (may be NULL) is when it closes, at most a day later. Goes minute by minute,
 * and so is right whenever the clocks change. */
uint64_t policy_next_window(const struct policy_windows *w, uint64_t real_s,
			    policy_calendar_fn calendar, uint64_t *ret_end);

/* ---- what somebody may hold up ---- */

enum policy_what {
	POLICY_CHECK = 1 << 0,
	POLICY_INSTALL = 1 << 1, /* writing into a slot, and so downloads as well */
	POLICY_REBOOT = 1 << 2,
};
/* "install:reboot": names of what is held up, each once. False: something else, *ret untouched. */
MUST_USE bool policy_what_parse(struct span text, unsigned *ret);

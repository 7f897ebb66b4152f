#include "svr/validity.h"

#include "base/clock.h"
#include "base/parse.h"

#define DAY_US        (UINT64_C(86400) * USEC_PER_SEC)
#define DAYS_PER_WEEK 7u
#define FIRST_WEEKDAY 3u /* 1970 began on a Thursday */

static const char *const WEEKDAYS[DAYS_PER_WEEK] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

/* 0: Monday; DAYS_PER_WEEK: none. */
static unsigned parse_weekday(struct span text)
{
	unsigned day = 0;

	while (day < DAYS_PER_WEEK && !span_is_nocase(text, WEEKDAYS[day]))
		day++;
	return day;
}

static bool read_freq(struct span value, struct recurrence *r)
{
	r->weekly = span_is_nocase(value, "WEEKLY");
	return r->weekly || span_is_nocase(value, "DAILY");
}

static bool read_interval(struct span value, struct recurrence *r)
{
	uint32_t n;

	if (!parse_u32(value, &n) || n < 1 || n > RECURRENCE_INTERVAL_MAX)
		return false;
	r->interval = n;
	return true;
}

static bool read_until(struct span value, struct recurrence *r)
{
	return period_instant(value, &r->until_us);
}

static bool read_days(struct span value, struct recurrence *r)
{
	do {
		unsigned day = parse_weekday(span_cut(&value, ','));

		if (day == DAYS_PER_WEEK)
			return false;
		r->days |= 1u << day;
	} while (value.ptr);
	return true;
}

static bool read_week_start(struct span value, struct recurrence *r)
{
	r->week_start = parse_weekday(value);
	return r->week_start < DAYS_PER_WEEK;
}

static const struct {
	const char *name;
	bool (*read)(struct span value, struct recurrence *r);
} PARTS[] = {
	{"FREQ",     read_freq      }, /* the first: nothing goes without it */
	{"INTERVAL", read_interval  },
        {"UNTIL",    read_until     },
	{"BYDAY",    read_days      },
        {"WKST",     read_week_start},
};

static bool read_part(struct span part, unsigned *seen, struct recurrence *r)
{
	struct span name = span_cut(&part, '=');

	for (size_t i = 0; i < ARRAY_SIZE(PARTS); i++) {
		if (!span_is_nocase(name, PARTS[i].name))
			continue;
		if (*seen & 1u << i)
			return false;
		*seen |= 1u << i;
		return PARTS[i].read(part, r);
	}
	return false;
}

bool recurrence_parse(struct span text, struct recurrence *ret)
{
	static const char PREFIX[] = "RRULE:";
	struct recurrence r = {.interval = 1, .until_us = NEVER_US};
	unsigned seen = 0;

	if (span_is_nocase(span_of(text.ptr, text.len < 6 ? text.len : 6), PREFIX))
		text = span_skip(text, strlen(PREFIX));
	do {
		if (!read_part(span_cut(&text, ';'), &seen, &r))
			return false;
	} while (text.ptr);
	if (!(seen & 1u))
		return false;
	*ret = r;
	return true;
}

static unsigned weekday_of(uint64_t day)
{
	return (unsigned)((day + FIRST_WEEKDAY) % DAYS_PER_WEEK);
}

static uint64_t week_of(uint64_t day, unsigned week_start)
{
	return (day + FIRST_WEEKDAY + DAYS_PER_WEEK - week_start) / DAYS_PER_WEEK;
}

/* Does a repetition start on `day`, not before `first`? */
static bool starts_on(const struct recurrence *r, uint64_t first, uint64_t day)
{
	const unsigned days = r->days ? r->days : r->weekly ? 1u << weekday_of(first) : ~0u;
	const uint64_t since = r->weekly
				       ? week_of(day, r->week_start) - week_of(first, r->week_start)
				       : day - first;

	return days & 1u << weekday_of(day) && since % r->interval == 0;
}

bool recurrence_covers(const struct recurrence *r, const struct period *p,
		       const struct svr_wall *wall)
{
	const uint64_t length_us = p->until_us - p->from_us, first = p->from_us / DAY_US;
	const uint64_t clock_us = p->from_us % DAY_US; /* time of day of each start */

	if (!wall->trusted || wall->us < p->from_us || length_us > RECURRENCE_LENGTH_MAX_US)
		return false;
	for (uint64_t day = wall->us / DAY_US; day >= first; day--) {
		const uint64_t start_us = day * DAY_US + clock_us;

		if (wall->us >= start_us + length_us)
			return false; /* over, as are all before it */
		if (wall->us >= start_us && start_us <= r->until_us && starts_on(r, first, day))
			return true;
		if (day == 0)
			break;
	}
	return false;
}

bool validity_is_sound(const struct ace_validity *v)
{
	struct recurrence r;
	struct period p;

	if (!period_parse(v->period, &p))
		return false;
	for (size_t i = 0; i < v->n_recurrences; i++)
		if (!recurrence_parse(v->recurrences[i], &r) ||
		    p.until_us - p.from_us > RECURRENCE_LENGTH_MAX_US)
			return false;
	return true;
}

static bool holds(const struct ace_validity *v, const struct svr_wall *wall)
{
	struct recurrence r;
	struct period p;

	if (!period_parse(v->period, &p))
		return false;
	if (v->n_recurrences == 0)
		return period_covers(&p, wall);
	for (size_t i = 0; i < v->n_recurrences; i++)
		if (recurrence_parse(v->recurrences[i], &r) && recurrence_covers(&r, &p, wall))
			return true;
	return false;
}

bool ace_holds(const struct ace *ace, const struct svr_wall *wall)
{
	for (size_t i = 0; i < ace->n_validities; i++)
		if (holds(&ace->validities[i], wall))
			return true;
	return ace->n_validities == 0;
}

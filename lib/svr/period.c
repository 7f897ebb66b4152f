#include "svr/period.h"

#include "base/clock.h"
#include "base/timestamp.h"

#define PART_DIGITS  9
#define LENGTH_MAX_S UINT64_C(253402300800) /* 1970 to the end of the year 9999 */

/* By way of its long spelling. */
bool period_instant(struct span text, uint64_t *ret_us)
{
	static const char SHAPE[] = "0123-45-67T9a:bc:deZ"; /* an octet comes from there */
	uint8_t spelled[sizeof(SHAPE) - 1];

	if (text.len != 16 || text.ptr[8] != 'T' || text.ptr[15] != 'Z')
		return false;
	for (size_t i = 0; i < sizeof(spelled); i++) {
		char from = SHAPE[i];

		spelled[i] = (uint8_t)from;
		if (from >= '0' && from <= '9')
			spelled[i] = text.ptr[from - '0'];
		else if (from >= 'a' && from <= 'e')
			spelled[i] = text.ptr[from - 'a' + 10];
	}
	return timestamp_parse(span_of(spelled, sizeof(spelled)), ret_us);
}

/* The units of a length in their order; weeks stand alone, and T separates days and hours. */
static const struct {
	char letter;
	bool time;
	uint32_t seconds;
} UNITS[] = {
	{'W', false, 604800},
        {'D', false, 86400 },
        {'H', true,  3600  },
	{'M', true,  60    },
        {'S', true,  1     },
};

/* The number before the next letter, which must be one of UNITS from *unit on. */
static bool parse_part(struct span *rest, bool time, size_t *unit, uint64_t *total_s)
{
	size_t digits = 0, i = *unit;
	uint32_t n = 0;

	for (; digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9'; digits++)
		n = n * 10 + (uint32_t)(rest->ptr[digits] - '0');
	if (digits == 0 || digits > PART_DIGITS || digits == rest->len)
		return false;
	while (i < ARRAY_SIZE(UNITS) && (char)rest->ptr[digits] != UNITS[i].letter)
		i++;
	if (i == ARRAY_SIZE(UNITS) || UNITS[i].time != time)
		return false;
	*total_s += (uint64_t)n * UNITS[i].seconds;
	*rest = span_skip(*rest, digits + 1);
	*unit = UNITS[i].letter == 'W' ? ARRAY_SIZE(UNITS) : i + 1;
	return true;
}

/* "P15DT5H0M20S", "P7W". */
static bool parse_length(struct span text, uint64_t *ret_us)
{
	uint64_t total_s = 0;
	size_t unit = 0;
	bool time = false;

	if (!span_starts(text, "P") || text.len < 3)
		return false;
	for (text = span_skip(text, 1); text.len;) {
		if (!time && text.ptr[0] == 'T' && unit < ARRAY_SIZE(UNITS)) {
			time = true;
			text = span_skip(text, 1);
		}
		if (!parse_part(&text, time, &unit, &total_s))
			return false;
	}
	if (total_s == 0 || total_s > LENGTH_MAX_S)
		return false;
	*ret_us = total_s * USEC_PER_SEC;
	return true;
}

bool period_parse(struct span text, struct period *ret)
{
	struct span start = span_cut(&text, '/');
	struct period p;

	if (!period_instant(start, &p.from_us))
		return false;
	if (parse_length(text, &p.until_us))
		p.until_us += p.from_us;
	else if (!period_instant(text, &p.until_us))
		return false;
	if (p.until_us <= p.from_us)
		return false;
	*ret = p;
	return true;
}

bool period_covers(const struct period *p, const struct svr_wall *wall)
{
	return wall->trusted && wall->us >= p->from_us && wall->us < p->until_us;
}

/* A rule that was taken repeats inside its bounds only. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/validity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t DAY_US = UINT64_C(86400) * 1000000;
	const struct period p = {20000 * DAY_US, 20000 * DAY_US + DAY_US / 2};
	struct recurrence r;

	if (!recurrence_parse(span_of(data, size), &r))
		return -1;
	if (r.interval < 1 || r.interval > RECURRENCE_INTERVAL_MAX || r.week_start > 6 ||
	    r.days > 0x7f)
		abort();
	for (uint64_t us = p.from_us - DAY_US; us < p.from_us + 30 * DAY_US; us += DAY_US / 3) {
		const struct svr_wall wall = {us, true};

		if (recurrence_covers(&r, &p, &wall) &&
		    (us < p.from_us || (us > r.until_us && us - r.until_us > DAY_US)))
			abort();
	}
	return 0;
}

/* lib/svr/period.h - a span of time as text: RFC 5545 3.3.9, UTC only. */
#pragma once

#include "svr/svr.h"

/* Microseconds since 1970; the end is not part of it. */
struct period {
	uint64_t from_us, until_us;
};

/* "19970101T180000Z". False: anything else; *ret_us is untouched. */
MUST_USE bool period_instant(struct span text, uint64_t *ret_us);
/* "19970101T180000Z/19970102T070000Z" or, with a length, "19970101T180000Z/PT5H30M". False:
 * neither, an end that is not behind the start, or a length beyond the year 9999. */
MUST_USE bool period_parse(struct span text, struct period *ret);
/* Is it sure that now is inside? An untrusted clock never says so. */
bool period_covers(const struct period *p, const struct svr_wall *wall);

/* lib/svr/validity.h - when an access control entry holds: OCF Security 13.5, RFC 5545.
 *
 * A recurrence is an RRULE (RFC 5545 3.3.10) of which this is known: FREQ=DAILY or WEEKLY,
 * INTERVAL of 1 to RECURRENCE_INTERVAL_MAX, UNTIL, BYDAY of plain weekdays and WKST; "RRULE:" may
 * stand before it. Everything is UTC. What is not known is refused when it is written, never
 * granted. */
#pragma once

#include "svr/ace.h"
#include "svr/period.h"

#define RECURRENCE_INTERVAL_MAX 366u
#define RECURRENCE_LENGTH_MAX_US                                                                   \
	(UINT64_C(7) * 86400 * 1000000) /* of a period that is to be repeated */

struct recurrence {
	bool weekly;         /* else daily */
	unsigned interval;   /* of so many days or weeks */
	unsigned days;       /* bits from Monday on; 0: the day of the period's start */
	unsigned week_start; /* 0: Monday */
	uint64_t until_us;   /* the last start; NEVER_US: for ever */
};

MUST_USE bool recurrence_parse(struct span text, struct recurrence *ret);
/* Is it sure that now is inside a repetition of `p`? The period itself is one only if the rule
 * names its day. */
bool recurrence_covers(const struct recurrence *r, const struct period *p,
		       const struct svr_wall *wall);

/* Can all of it be evaluated? */
MUST_USE bool validity_is_sound(const struct ace_validity *v);
/* Is it sure that the ACE holds now? */
bool ace_holds(const struct ace *ace, const struct svr_wall *wall);

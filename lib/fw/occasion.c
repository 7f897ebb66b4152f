#include "fw/occasion.h"

uint64_t occasion_take(struct occasion *o, uint64_t now_us, uint64_t planned_us)
{
	uint64_t oldest_us = o->at[o->next], at_us = now_us + OCCASION_SETTLE_US;

	if (oldest_us > 0 && at_us < oldest_us + OCCASION_PERIOD_US)
		at_us = oldest_us + OCCASION_PERIOD_US;
	if (at_us >= planned_us)
		return planned_us;
	o->at[o->next] = at_us;
	o->next = (o->next + 1) % OCCASIONS_MAX;
	return at_us;
}

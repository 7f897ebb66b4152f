#include "fw/pace.h"

#include "base/clock.h"

#define SMOOTH_US (3 * USEC_PER_SEC) /* what came before that counts for a third */
#define STILL_US  (2 * USEC_PER_SEC)

void pace_note(struct pace *p, uint64_t octets, uint64_t now_us)
{
	uint64_t us = now_us - p->at_us;
	double now;

	if (p->at_us == 0 || octets < p->octets) { /* it begins, or begins again */
		*p = (struct pace){.at_us = now_us, .octets = octets, .moved_us = now_us};
		return;
	}
	if (us == 0)
		return;
	now = (double)(octets - p->octets) * (double)USEC_PER_SEC / (double)us;
	p->rate = p->rate > 0 ? p->rate + (now - p->rate) * (double)us / (double)(SMOOTH_US + us)
			      : now;
	if (octets > p->octets)
		p->moved_us = now_us;
	else if (now_us - p->moved_us >= STILL_US)
		p->rate = 0;
	p->at_us = now_us;
	p->octets = octets;
}

uint64_t pace_rate(const struct pace *p)
{
	return (uint64_t)p->rate;
}

uint64_t pace_left_us(const struct pace *p, uint64_t total)
{
	if (total == 0 || p->rate < 1)
		return PACE_UNKNOWN;
	if (p->octets >= total)
		return 0;
	return (uint64_t)((double)(total - p->octets) * (double)USEC_PER_SEC / p->rate);
}

/* lib/fw/pace.h - how fast octets come, and how long the rest will take (pure). */
#pragma once

#include "base/mem.h"

#define PACE_UNKNOWN UINT64_MAX /* as a time that is left */

struct pace { /* zero: nothing came yet */
	uint64_t at_us, octets;
	uint64_t moved_us; /* when something came last */
	double rate;       /* octets/s, smoothed */
};

/* `octets` have come by `now_us`, in all. */
void pace_note(struct pace *p, uint64_t octets, uint64_t now_us);
/* Octets per second; 0 if nothing has come for two seconds. */
uint64_t pace_rate(const struct pace *p);
/* Until `total` octets are there. PACE_UNKNOWN: it stands still, or total is 0 (not known). */
uint64_t pace_left_us(const struct pace *p, uint64_t total);

/* lib/fw/occasion.h - checks that a change of the network brings forward, and their bound (pure).
 *
 * A device that has not asked yet, or in vain, asks as soon as it can reach somebody (secfu 5.6:
 * discovery at first boot). A link that comes and goes all day must not make it ask all day. */
#pragma once

#include "base/mem.h"

#define OCCASION_SETTLE_US (UINT64_C(2) * 1000 * 1000)   /* after the change */
#define OCCASIONS_MAX      ((size_t)3)                   /* so many ... */
#define OCCASION_PERIOD_US (UINT64_C(600) * 1000 * 1000) /* ... in any ten minutes */

/* Zero-initialised: nothing was brought forward yet. */
struct occasion {
	uint64_t at[OCCASIONS_MAX]; /* when, in turn; 0: not yet */
	size_t next;
};

/* When to ask, at `now_us` and with the next check planned for `planned_us`: as soon as the bound
 * allows, but never later than planned. */
uint64_t occasion_take(struct occasion *o, uint64_t now_us, uint64_t planned_us);

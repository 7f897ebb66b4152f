/* lib/fw/bootvars.h - the variables by which a boot loader chooses between two slots, and the order
 * in which they are changed.
 *
 * A loader takes the primary slot if that one is good or has attempts left, of which it takes one;
 * else the other slot by the same rule. The writes below are safe in their order, wherever power
 * fails between two of them: one slot can always start, none becomes primary before it may be
 * tried, and one that was not confirmed has no more starts than it was given. */
#pragma once

#include "base/mem.h"

#define BOOT_NO_SLOT      (-1)
#define BOOT_SLOTS        2
#define BOOT_WRITES_MAX   3
#define BOOT_ATTEMPTS_MAX ((uint32_t)16)

struct boot_slot {
	bool good;     /* confirmed, or never in doubt */
	uint32_t left; /* attempts of one that is not good */
};

struct boot_vars {
	int primary; /* BOOT_NO_SLOT: none yet */
	struct boot_slot slot[BOOT_SLOTS];
};

/* One variable gets a new value. */
struct boot_write {
	bool is_primary; /* `slot` becomes the primary one; else its state changes to ... */
	int slot;
	struct boot_slot state; /* ... this */
};

struct boot_plan {
	size_t n;
	struct boot_write writes[BOOT_WRITES_MAX];
};

bool boot_can_start(const struct boot_vars *v, int slot);

/* `slot` holds a verified version and starts next, `attempts` times at most until it is confirmed;
 * 0: it is good at once. -EPERM: the other slot could not start if this one fails. */
MUST_USE int boot_plan_try(const struct boot_vars *v, int slot, uint32_t attempts,
			   struct boot_plan *ret);
/* `slot` is confirmed, and starts from now on. */
void boot_plan_good(const struct boot_vars *v, int slot, struct boot_plan *ret);
/* `slot` never starts again; the other one does. -EPERM: that one could not. */
MUST_USE int boot_plan_bad(const struct boot_vars *v, int slot, struct boot_plan *ret);

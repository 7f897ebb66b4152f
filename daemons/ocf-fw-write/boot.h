/* daemons/ocf-fw-write/boot.h - which of two slots the boot loader starts next.
 *
 * A slot is good (confirmed) or has attempts left; the loader counts one off at each start, and
 * starts the other slot when none is left. What a loader cannot tell apart its file says. Calls
 * give 0 or -errno. */
#pragma once

#include "base/mem.h"

#define BOOT_SLOTS ((size_t)2)

struct boot_state {
	int booted;  /* the slot that this boot started with; -1: not known */
	int primary; /* the slot that the next boot tries first; -1: none can start */
	struct {
		bool good;     /* started without a count, or confirmed */
		uint32_t left; /* attempts, of one that is not good */
	} slot[BOOT_SLOTS];
};

struct boot {
	const struct boot_ops *ops;
};

struct boot_ops {
	void (*free)(struct boot *b);
	int (*read)(struct boot *b, struct boot_state *ret);
	/* `slot` is what the next boots try first, so many times. 0 attempts: it is good at once.
	 */
	int (*attempt)(struct boot *b, int slot, uint32_t attempts);
	/* It runs and is confirmed: no more counting. */
	int (*good)(struct boot *b, int slot);
	/* Not to be started any more. -EPERM: the other one cannot start either; nothing is
	 * changed.
	 */
	int (*bad)(struct boot *b, int slot);
};

static inline struct boot *boot_free(struct boot *b)
{
	if (b)
		b->ops->free(b);
	return NULL;
}
DEFINE_CLEANUP(struct boot *, boot_free)

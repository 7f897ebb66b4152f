/* daemons/ocf-fw-write/boot.h - which of two slots the boot loader starts next.
 *
 * What the variables mean, and in which order they change, says fw/bootvars.h; here is where a
 * loader keeps them. Calls give 0 or -errno; boot->why then has a text for people. */
#pragma once

#include "child/proto.h"
#include "fw/bootvars.h"

struct boot {
	const struct boot_ops *ops;
	bool hides_starts; /* a good slot may have used up some, and read() cannot tell */
	char why[PROTO_TEXT];
};

struct boot_ops {
	void (*free)(struct boot *b);
	/* A loader that counts the starts of every slot gives `left` of a good one, too, when some
	 * were taken. */
	int (*read)(struct boot *b, struct boot_vars *ret);
	/* All writes of the plan in their order, or better all at once; on the disk at return.
	 * Always after read(). */
	int (*write)(struct boot *b, const struct boot_plan *p);
};

static inline struct boot *boot_free(struct boot *b)
{
	if (b)
		b->ops->free(b);
	return NULL;
}
DEFINE_CLEANUP(struct boot *, boot_free)

/* As boot_plan_try() and the others: read, planned, written, and read again. -EIO: they are not
 * what was written. */
MUST_USE int boot_try(struct boot *b, int slot, uint32_t attempts);
MUST_USE int boot_good(struct boot *b, int slot);
MUST_USE int boot_bad(struct boot *b, int slot);

#include "trial.h"

#include <stdio.h>

static void put_name(char ret[PROTO_LABEL], const char *const *names, int slot)
{
	if (slot != BOOT_NO_SLOT)
		(void)snprintf(ret, PROTO_LABEL, "%s", names[slot]);
}

void trial_describe(const struct boot_vars *v, int booted, bool tells, const char *const *names,
		    struct proto_slots_are *ret)
{
	bool good = booted != BOOT_NO_SLOT && v->slot[booted].good;
	int next = v->primary, doubtful;

	/* A loader passes over a primary slot that has no attempts left. Whether the running one
	 * has some again depends on what becomes of this start. */
	if (next != BOOT_NO_SLOT && next != booted && !boot_can_start(v, next))
		next = 1 - next;
	doubtful = good ? next : booted;

	put_name(ret->slot, names, booted);
	put_name(ret->primary, names, next);
	if (booted != BOOT_NO_SLOT && tells)
		ret->standing = good ? PROTO_CONFIRMED : PROTO_UNCONFIRMED;
	if (doubtful != BOOT_NO_SLOT)
		ret->left = v->slot[doubtful].left;
}

static int find(const char *const *names, const char *slot)
{
	for (int i = 0; i < BOOT_SLOTS; i++)
		if (!strcmp(names[i], slot))
			return i;
	return BOOT_NO_SLOT;
}

int trial_confirm(struct boot *b, int booted, const char *const *names, const char *slot)
{
	int i = find(names, slot);

	return i == BOOT_NO_SLOT || i != booted ? -EPERM : boot_good(b, i);
}

int trial_reject(struct boot *b, const char *const *names, const char *slot)
{
	int i = find(names, slot);

	return i == BOOT_NO_SLOT ? -EPERM : boot_bad(b, i);
}

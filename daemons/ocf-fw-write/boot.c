#include "boot.h"

static int apply(struct boot *b, const struct boot_vars *now, const struct boot_plan *p)
{
	return p->n > 0 ? b->ops->write(b, now, p) : 0;
}

/* A plan was refused. */
static int refuse(struct boot *b, int r)
{
	proto_text(b->why, sizeof(b->why), "the other slot is not confirmed: nothing could start");
	return r;
}

int boot_try(struct boot *b, int slot, uint32_t attempts)
{
	struct boot_vars now;
	struct boot_plan p;
	int r = b->ops->read(b, &now);

	if (r < 0)
		return r;
	r = boot_plan_try(&now, slot, attempts, &p);
	return r < 0 ? refuse(b, r) : apply(b, &now, &p);
}

int boot_good(struct boot *b, int slot)
{
	struct boot_vars now;
	struct boot_plan p;
	int r = b->ops->read(b, &now);

	if (r < 0)
		return r;
	if (b->hides_starts && now.slot[slot].good)
		now.slot[slot].left = 1; /* perhaps: so it is told again */
	boot_plan_good(&now, slot, &p);
	return apply(b, &now, &p);
}

int boot_bad(struct boot *b, int slot)
{
	struct boot_vars now;
	struct boot_plan p;
	int r = b->ops->read(b, &now);

	if (r < 0)
		return r;
	r = boot_plan_bad(&now, slot, &p);
	return r < 0 ? refuse(b, r) : apply(b, &now, &p);
}

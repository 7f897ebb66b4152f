#include "boot.h"

/* As far as every loader tells: some have no number of attempts, or take a slot on trial as good.
 */
static bool has(const struct boot_vars *v, const struct boot_write *w)
{
	if (w->is_primary)
		return v->primary == w->slot;
	if (w->state.good)
		return v->slot[w->slot].good && v->slot[w->slot].left == 0;
	return boot_can_start(v, w->slot) == (w->state.left > 0);
}

/* A tool that did nothing may end well all the same. */
static int apply(struct boot *b, const struct boot_plan *p)
{
	struct boot_vars got;
	int r;

	if (p->n == 0)
		return 0;
	r = b->ops->write(b, p);
	if (r == 0)
		r = b->ops->read(b, &got);
	for (size_t i = 0; r == 0 && i < p->n; i++) {
		if (has(&got, &p->writes[i]))
			continue;
		proto_text(b->why, sizeof(b->why),
			   "the boot loader's variables are not what was written");
		r = -EIO;
	}
	return r;
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
	return r < 0 ? refuse(b, r) : apply(b, &p);
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
	return apply(b, &p);
}

int boot_bad(struct boot *b, int slot)
{
	struct boot_vars now;
	struct boot_plan p;
	int r = b->ops->read(b, &now);

	if (r < 0)
		return r;
	r = boot_plan_bad(&now, slot, &p);
	return r < 0 ? refuse(b, r) : apply(b, &p);
}

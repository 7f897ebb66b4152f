#include "fw/bootvars.h"

static int other(int slot)
{
	return 1 - slot;
}

static void add_state(struct boot_plan *p, int slot, struct boot_slot state)
{
	p->writes[p->n++] = (struct boot_write){.slot = slot, .state = state};
}

static void add_primary(struct boot_plan *p, int slot)
{
	p->writes[p->n++] = (struct boot_write){.is_primary = true, .slot = slot};
}

bool boot_can_start(const struct boot_vars *v, int slot)
{
	return slot != BOOT_NO_SLOT && (v->slot[slot].good || v->slot[slot].left > 0);
}

int boot_plan_try(const struct boot_vars *v, int slot, uint32_t attempts, struct boot_plan *ret)
{
	if (attempts > 0 && !v->slot[other(slot)].good)
		return -EPERM;
	*ret = (struct boot_plan){0};
	add_state(ret, slot, (struct boot_slot){.good = attempts == 0, .left = attempts});
	add_primary(ret, slot);
	return 0;
}

void boot_plan_good(const struct boot_vars *v, int slot, struct boot_plan *ret)
{
	*ret = (struct boot_plan){0};
	if (!v->slot[slot].good || v->slot[slot].left > 0)
		add_state(ret, slot, (struct boot_slot){.good = true});
	if (v->primary != slot)
		add_primary(ret, slot);
	/* Before a loader like GRUB, which finds both used up, gives both another start. */
	if (ret->n > 0 && !boot_can_start(v, other(slot)))
		add_state(ret, other(slot), (struct boot_slot){0});
}

int boot_plan_bad(const struct boot_vars *v, int slot, struct boot_plan *ret)
{
	if (!v->slot[other(slot)].good)
		return -EPERM;
	*ret = (struct boot_plan){0};
	if (v->primary == slot)
		add_primary(ret, other(slot));
	add_state(ret, slot, (struct boot_slot){0});
	return 0;
}

/* fw/bootvars: every state of the boot variables, every change of them, every cut. */
#include "test.h"

#include <stdio.h>

#include "fw/bootvars.h"

#define LEFT_MAX 3u /* attempts that the states are made of */

/* A device: its variables, and which slots hold a version that was verified. */
struct world {
	struct boot_vars v;
	bool verified[BOOT_SLOTS];
	unsigned starts[BOOT_SLOTS]; /* since the slot was filled, while it is not good */
};

static unsigned worlds, cuts; /* that were seen: the loops must not be empty */

static void apply(struct boot_vars *v, const struct boot_write *w)
{
	if (w->is_primary)
		v->primary = w->slot;
	else
		v->slot[w->slot] = w->state;
}

/* What a loader does: the slot that starts, its attempt taken. BOOT_NO_SLOT: neither can. */
static int start(struct boot_vars *v)
{
	int slot = v->primary;

	if (!boot_can_start(v, slot))
		slot = slot == BOOT_NO_SLOT ? BOOT_NO_SLOT : 1 - slot;
	if (!boot_can_start(v, slot))
		return BOOT_NO_SLOT;
	if (!v->slot[slot].good)
		v->slot[slot].left--;
	return slot;
}

/* What must hold at any time. */
static void check_world(const struct world *w, const char *when)
{
	const struct boot_vars *v = &w->v;

	/* Not only one that can start, but one that will always: so the next change is safe, too.
	 */
	if (!v->slot[0].good && !v->slot[1].good)
		fail_msg("%s: both slots are bad", when);
	for (int i = 0; i < BOOT_SLOTS; i++)
		if (!w->verified[i] && boot_can_start(v, i))
			fail_msg("%s: slot %d can start and was never verified", when, i);
	if (!w->verified[v->primary])
		fail_msg("%s: the primary slot was never verified", when);
}

/* Boots until a confirmed version has come up twice; nobody confirms anything. */
static void boots_end_well(struct world w, unsigned given, const char *when)
{
	unsigned before[BOOT_SLOTS] = {w.starts[0], w.starts[1]};

	for (unsigned boots = 0;; boots++) {
		int slot = start(&w.v);

		if (slot == BOOT_NO_SLOT)
			fail_msg("%s: nothing starts", when);
		if (!w.verified[slot])
			fail_msg("%s: what was never verified starts", when);
		if (w.v.slot[slot].good && boots > 0)
			return;
		if (!w.v.slot[slot].good && w.starts[slot]++ >= before[slot] + given)
			fail_msg("%s: slot %d survives its attempts", when, slot);
	}
}

enum change { TRY, GOOD, BAD, FILL };

/* One change of a world, cut before each write and after the last one. */
static void cut_everywhere(const struct world *from, enum change change, int slot,
			   uint32_t attempts)
{
	static const char *const NAMES[] = {"try", "good", "bad", "fill"};
	struct boot_plan plan;
	int r = 0;

	if (change == TRY)
		r = boot_plan_try(&from->v, slot, attempts, &plan);
	else if (change == GOOD)
		boot_plan_good(&from->v, slot, &plan);
	else
		r = boot_plan_bad(&from->v, slot, &plan);
	if (r < 0) {
		assert_int_equal(r, -EPERM);
		/* It is refused for one reason only. */
		assert_false(from->v.slot[1 - slot].good);
		return;
	}
	assert_true(plan.n <= BOOT_WRITES_MAX);
	for (size_t n = 0; n <= plan.n; n++) {
		struct world w = *from;
		char when[96];

		for (size_t i = 0; i < n; i++)
			apply(&w.v, &plan.writes[i]);
		(void)snprintf(when, sizeof(when), "%s slot %d x%u cut %zu", NAMES[change], slot,
			       attempts, n);
		if (change == FILL && n == plan.n)
			w.verified[slot] = false; /* its content goes now */
		check_world(&w, when);
		boots_end_well(w, LEFT_MAX, when);
		cuts++;
	}
}

static void change_everything(const struct world *w)
{
	for (int slot = 0; slot < BOOT_SLOTS; slot++) {
		/* What the slot holds was verified just now: not the running one. */
		for (uint32_t attempts = 0; attempts <= LEFT_MAX; attempts++)
			if (w->verified[slot])
				cut_everywhere(w, TRY, slot, attempts);
		if (w->verified[slot] && boot_can_start(&w->v, slot))
			cut_everywhere(w, GOOD, slot, 0);
		cut_everywhere(w, BAD, slot, 0);
		cut_everywhere(w, FILL, slot, 0);
	}
}

static bool is_possible(const struct world *w)
{
	const struct boot_vars *v = &w->v;

	for (int i = 0; i < BOOT_SLOTS; i++)
		if ((v->slot[i].good && v->slot[i].left > 0) ||
		    (boot_can_start(v, i) && !w->verified[i]))
			return false;
	/* One slot is good: the device was made with one, and no change takes the last one. */
	return (v->slot[0].good || v->slot[1].good) && w->verified[v->primary];
}

static void boot_plan__is_safe_in_every_state_at_every_cut(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		for (uint32_t left = 0; left < (LEFT_MAX + 1) * (LEFT_MAX + 1); left++) {
			struct world w = {
				.v = {.primary = (bits & 1) != 0,
				      .slot = {{(bits & 2) != 0, left % (LEFT_MAX + 1)},
					       {(bits & 4) != 0, left / (LEFT_MAX + 1)}}},
				.verified = {(bits & 8) != 0,            (bits & 16) != 0      },
			};

			if (!is_possible(&w))
				continue;
			worlds++;
			check_world(&w, "before");
			boots_end_well(w, LEFT_MAX, "before");
			change_everything(&w);
		}
	}
	print_message("%u states, %u cuts\n", worlds, cuts);
	assert_int_equal(worlds, 20); /* 2 with both good, 2 x 9 with one */
	assert_true(cuts > 400);
}

static void boot_plan__never_takes_the_last_good_slot(void **state)
{
	struct boot_vars only = {
		.primary = 1, .slot = {{true, 0}, {false, 2}}
        };
	struct boot_plan p;

	(void)state;
	assert_int_equal(boot_plan_bad(&only, 0, &p), -EPERM);
	assert_int_equal(boot_plan_try(&only, 0, 3, &p), -EPERM);
	assert_int_equal(boot_plan_bad(&only, 1, &p), 0);
	assert_int_equal(boot_plan_try(&only, 1, 3, &p), 0);
}

static void boot_plan__goes_the_whole_way(void **state)
{
	struct boot_vars v = {
		.primary = 0, .slot = {{true, 0}, {false, 0}}
        };
	struct boot_plan p;

	(void)state;
	assert_int_equal(boot_plan_try(&v, 1, 2, &p), 0);
	for (size_t i = 0; i < p.n; i++)
		apply(&v, &p.writes[i]);
	assert_int_equal(start(&v), 1);
	assert_int_equal(v.slot[1].left, 1);
	assert_int_equal(start(&v), 1);
	assert_int_equal(start(&v), 0); /* used up */
	boot_plan_good(&v, 1, &p);
	for (size_t i = 0; i < p.n; i++)
		apply(&v, &p.writes[i]);
	assert_int_equal(start(&v), 1);
	assert_true(v.slot[1].good && v.slot[0].good);
	boot_plan_good(&v, 1, &p);
	assert_int_equal(p.n, 0); /* said already: nothing is written */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_plan__is_safe_in_every_state_at_every_cut),
		cmocka_unit_test(boot_plan__never_takes_the_last_good_slot),
		cmocka_unit_test(boot_plan__goes_the_whole_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* fw/pace: a rate that follows, an estimate that holds, silence when nothing moves. */
#include "test.h"

#include "base/clock.h"
#include "fw/pace.h"

#define TICK_US (400 * USEC_PER_MSEC)
#define MIB     UINT64_C(1048576)

/* `ticks` in which `each` octets come; the time after them. */
static uint64_t go(struct pace *p, uint64_t now_us, unsigned ticks, uint64_t each)
{
	for (unsigned i = 0; i < ticks; i++) {
		now_us += TICK_US;
		pace_note(p, p->octets + each, now_us);
	}
	return now_us;
}

static void pace_rate__is_that_of_a_steady_flow(void **state)
{
	struct pace p = {0};

	(void)state;
	pace_note(&p, 0, 5);
	assert_int_equal(pace_rate(&p), 0);
	assert_true(pace_left_us(&p, 100 * MIB) == PACE_UNKNOWN);
	go(&p, 5, 1, MIB);
	assert_in_range(pace_rate(&p), 2.5 * MIB - 1, 2.5 * MIB + 1);
	go(&p, p.at_us, 9, MIB);
	assert_in_range(pace_rate(&p), 2.5 * MIB - 1, 2.5 * MIB + 1);
	assert_in_range(pace_left_us(&p, 35 * MIB), 9999999, 10000001);
	assert_int_equal(pace_left_us(&p, 10 * MIB), 0);
	assert_true(pace_left_us(&p, 0) == PACE_UNKNOWN);
}

static void pace_rate__follows_smoothly(void **state)
{
	struct pace p = {0};
	uint64_t now = 1, before;

	(void)state;
	pace_note(&p, 0, now);
	now = go(&p, now, 10, MIB);
	before = pace_rate(&p);
	now = go(&p, now, 1, 10 * MIB); /* one burst moves it by less than the burst */
	assert_in_range(pace_rate(&p), before + 1, 3 * before);
	(void)go(&p, now, 50, 4 * MIB);
	assert_in_range(pace_rate(&p), 9.8 * MIB, 10.2 * MIB);
}

static void pace_rate__is_zero_when_nothing_moves(void **state)
{
	struct pace p = {0};
	uint64_t now = 1;

	(void)state;
	pace_note(&p, 0, now);
	now = go(&p, now, 10, MIB);
	now = go(&p, now, 4, 0);
	assert_true(pace_rate(&p) > 0);
	now = go(&p, now, 1, 0);
	assert_int_equal(pace_rate(&p), 0);
	assert_true(pace_left_us(&p, 100 * MIB) == PACE_UNKNOWN);
	go(&p, now, 1, MIB);
	assert_true(pace_rate(&p) > 0);
}

static void pace_note__begins_again(void **state)
{
	struct pace p = {0};

	(void)state;
	pace_note(&p, 0, 1);
	go(&p, 1, 10, MIB);
	pace_note(&p, 5, p.at_us + 1); /* another server, from the start */
	assert_int_equal(pace_rate(&p), 0);
	pace_note(&p, 6, p.at_us);
	assert_int_equal(p.octets, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pace_rate__is_that_of_a_steady_flow),
		cmocka_unit_test(pace_rate__follows_smoothly),
		cmocka_unit_test(pace_rate__is_zero_when_nothing_moves),
		cmocka_unit_test(pace_note__begins_again),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}

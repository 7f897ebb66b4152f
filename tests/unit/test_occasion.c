/* fw/occasion: at once, but not again and again. */
#include "test.h"

#include "fw/occasion.h"

#define S     UINT64_C(1000000)
#define LATER (UINT64_C(86400) * S)

static void occasion_take__is_soon_after_the_change(void **state)
{
	struct occasion o = {0};

	(void)state;
	assert_int_equal(occasion_take(&o, 100 * S, LATER), 100 * S + OCCASION_SETTLE_US);
}

static void occasion_take__never_delays_what_is_planned(void **state)
{
	struct occasion o = {0};

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(occasion_take(&o, 100 * S, 101 * S), 101 * S);
	assert_int_equal(occasion_take(&o, 100 * S, LATER), 102 * S); /* and that costs nothing */
}

/* A link that flaps each second for an hour, with checks that fail at once. */
static void occasion_take__bounds_a_storm(void **state)
{
	uint64_t planned_us = LATER, checks[100];
	struct occasion o = {0};
	size_t n = 0;

	(void)state;
	for (uint64_t now_us = S; now_us <= 3600 * S; now_us += S) {
		if (now_us >= planned_us) {
			assert_true(n < ARRAY_SIZE(checks));
			checks[n++] = now_us;
			planned_us = LATER;
		}
		planned_us = occasion_take(&o, now_us, planned_us);
	}
	assert_int_equal(n, OCCASIONS_MAX * 6);
	for (size_t i = OCCASIONS_MAX; i < n; i++)
		assert_true(checks[i] - checks[i - OCCASIONS_MAX] >= OCCASION_PERIOD_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(occasion_take__is_soon_after_the_change),
		cmocka_unit_test(occasion_take__never_delays_what_is_planned),
		cmocka_unit_test(occasion_take__bounds_a_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

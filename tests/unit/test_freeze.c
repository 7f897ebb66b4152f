/* fw/freeze: who shows nothing newer for too long is suspected, whatever else it does. */
#include "test.h"

#include "fw/freeze.h"

#define DAY   UINT64_C(86400)
#define MAX   (30 * DAY)
#define T0    UINT64_C(1780000000)
#define US(s) ((s)*UINT64_C(1000000))

static void freeze_note__waits_for_its_time(void **state)
{
	static const struct {
		const char *name;
		uint64_t age_day; /* after T0 */
		int64_t timestamp_day;
		enum freeze_verdict want;
	} ROWS[] = {
		{"first seen",                           0,   0,  FREEZE_NONE },
		{"the same",			     29,  0,  FREEZE_NONE },
		{"at the limit",                         30,  0,  FREEZE_NONE },
		{"beyond it",                            31,  0,  FREEZE_NEWS },
		{"again",				32,  0,  FREEZE_KNOWN},
		{"an older one does not help",           33,  -1, FREEZE_KNOWN},
		{"told again after the same time",       62,  0,  FREEZE_NEWS },
		{"a newer one does",                     63,  60, FREEZE_NONE },
		{"the old one again, of another server", 90,  0,  FREEZE_NONE },
		{"and that is too long without a newer", 94,  0,  FREEZE_NEWS },
		{"a newer one once more",                100, 99, FREEZE_NONE },
	};
	struct freeze f = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		uint64_t timestamp_us =
			US((uint64_t)((int64_t)T0 + ROWS[i].timestamp_day * (int64_t)DAY));
		enum freeze_verdict got =
			freeze_note(&f, timestamp_us, T0 + ROWS[i].age_day * DAY, MAX);

		if (got != ROWS[i].want)
			fail_msg("%s: %d", ROWS[i].name, got);
	}
}

static void freeze_note__does_not_believe_a_wrong_clock(void **state)
{
	struct freeze f = {0};

	(void)state;
	assert_int_equal(freeze_note(&f, US(T0), 100, MAX), FREEZE_NONE); /* in 1970 */
	assert_int_equal(f.since_s, 0);
	assert_int_equal(freeze_note(&f, US(T0), T0 + DAY, MAX), FREEZE_NONE);
	assert_int_equal(freeze_note(&f, US(T0), T0 + DAY + MAX, MAX), FREEZE_NONE);
	/* The clock was ahead and is put back: the time begins anew. */
	assert_int_equal(freeze_note(&f, US(T0), T0, MAX), FREEZE_NONE);
	assert_int_equal(f.since_s, T0);
	assert_int_equal(freeze_note(&f, US(T0 - DAY), T0 - 1, MAX), FREEZE_NONE);
	assert_int_equal(f.newest_us, US(T0)); /* still */
}

/* The date of its manifest is the first there is. */
static void freeze_note__begins_with_the_first_sight(void **state)
{
	struct freeze f = {0};

	(void)state;
	assert_int_equal(freeze_note(&f, 0, T0, MAX), FREEZE_NONE);
	assert_int_equal(freeze_note(&f, 0, T0 + MAX + 1, MAX), FREEZE_NEWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freeze_note__waits_for_its_time),
		cmocka_unit_test(freeze_note__does_not_believe_a_wrong_clock),
		cmocka_unit_test(freeze_note__begins_with_the_first_sight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

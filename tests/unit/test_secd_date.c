/* ocf-secd: date.c. */
#include "test.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "date.h"

#define HOUR_US (3600 * USEC_PER_SEC)

static struct store *store;
static char dir[] = "/tmp/test_secd_date.XXXXXX";

static int open_store(void **state)
{
	(void)state;
	return mkdtemp(dir) && store_open(&store, dir) == 0 ? 0 : -1;
}

static int close_store(void **state)
{
	char path[64];

	(void)state;
	store = store_free(store);
	(void)snprintf(path, sizeof(path), "%s/clock", dir);
	(void)unlink(path);
	return rmdir(dir);
}

static void date_judge__believes_a_kept_clock_only(void **state)
{
	struct date d = {.bound_us = 50 * HOUR_US};
	struct svr_wall w;

	(void)state;
	w = date_judge(&d, HOUR_US, false); /* 1970 */
	assert_false(w.trusted);
	assert_int_equal(w.us, 50 * HOUR_US);
	w = date_judge(&d, 60 * HOUR_US, false); /* it may be right, who knows */
	assert_int_equal(w.us, 50 * HOUR_US);
	w = date_judge(&d, 60 * HOUR_US, true);
	assert_true(w.trusted);
	assert_int_equal(w.us, 60 * HOUR_US);
	w = date_judge(&d, HOUR_US, false); /* what was believed once stays the bound */
	assert_int_equal(w.us, 60 * HOUR_US);
	w = date_judge(&d, 55 * HOUR_US, true); /* set back by whoever keeps it */
	assert_int_equal(w.us, 55 * HOUR_US);
	assert_int_equal(d.bound_us, 60 * HOUR_US);
}

static void date_start__is_bound_by_the_program_and_the_last_belief(void **state)
{
	struct stat st;
	struct date d, again;

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	assert_int_equal(date_start(&d, store, DATE_NO), 0);
	assert_int_equal(d.bound_us, (uint64_t)st.st_mtime * USEC_PER_SEC);
	assert_false(date_now(&d, 1).trusted);
	d.bound_us += HOUR_US;
	date_save(&d);
	assert_int_equal(date_start(&again, store, DATE_NO), 0);
	assert_int_equal(again.bound_us, d.bound_us);
	assert_int_equal(date_now(&again, 1).us, d.bound_us);
}

static void date_start__survives_a_damaged_record(void **state)
{
	struct date d;

	(void)state;
	assert_int_equal(store_put(store, "clock", SPAN_LIT("123")), 0);
	assert_int_equal(date_start(&d, store, DATE_NO), 0);
	assert_true(d.bound_us > 0);
	assert_int_equal(store_put(store, "clock", SPAN_LIT("123456789")), 0);
	assert_int_equal(date_start(&d, store, DATE_NO), 0);
}

static void date_now__stores_once_an_hour(void **state)
{
	struct date d, stored;

	(void)state;
	assert_int_equal(date_start(&d, store, DATE_YES), 0);
	d.bound_us = d.saved_us = clock_real_us() - HOUR_US / 2;
	assert_true(date_now(&d, 1).trusted);
	assert_true(d.saved_us < d.bound_us);
	d.bound_us = d.saved_us = clock_real_us() - 2 * HOUR_US;
	assert_true(date_now(&d, 1).trusted);
	assert_int_equal(d.saved_us, d.bound_us);
	assert_int_equal(date_start(&stored, store, DATE_NO), 0);
	assert_int_equal(stored.saved_us, d.saved_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(date_judge__believes_a_kept_clock_only),
		cmocka_unit_test(date_start__is_bound_by_the_program_and_the_last_belief),
		cmocka_unit_test(date_start__survives_a_damaged_record),
		cmocka_unit_test(date_now__stores_once_an_hour),
	};

	return cmocka_run_group_tests(tests, open_store, close_store);
}

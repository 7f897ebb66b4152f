/* ocfctl: advice.c, what to do about each error. */
#include "test.h"

#include "advice.h"

static void advice_for__has_a_next_step_for_each_error(void **state)
{
	(void)state;
	assert_string_equal(advice_for(FWE_OK), "");
	for (unsigned i = 1; i < FWE_COUNT; i++) {
		const char *advice = advice_for((enum fw_error)i);
		const char *name = fw_error_name((enum fw_error)i);

		if (!advice || strlen(advice) < 20 || advice[strlen(advice) - 1] != '.' ||
		    strstr(advice, "  ") || advice[0] < '@')
			fail_msg("%s: %s", name, advice ? advice : "none");
	}
}

static void advice_exit__is_one_for_each_group(void **state)
{
	static const struct {
		enum fw_error error;
		int status;
	} ROWS[] = {
		{FWE_OK,			  0 },
		{FWE_MANIFEST_EMPTY,              10},
		{FWE_MANIFEST_PRECURSOR_MISMATCH, 10},
		{FWE_KEY_ROTATION_STALE,          11},
		{FWE_IMAGE_TRUNCATED,             12},
		{FWE_DISCOVERY_NO_SERVER,         13},
		{FWE_FETCH_COAP_BLOCK,            14},
		{FWE_INSTALL_CANCELLED,           15},
		{FWE_POLICY_DEFERRED,             16},
		{FWE_INTERNAL,                    17},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		assert_int_equal(advice_exit(ROWS[i].error), ROWS[i].status);
	for (unsigned i = 1; i < FWE_COUNT; i++)
		assert_in_range(advice_exit((enum fw_error)i), 10, 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(advice_for__has_a_next_step_for_each_error),
		cmocka_unit_test(advice_exit__is_one_for_each_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

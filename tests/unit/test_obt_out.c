/* ocf-obt/out: nothing that a device says may steer a terminal. */
#include "test.h"

#include "out.h"

static void assert_printed(const char *text, const char *want)
{
	char *got = NULL;
	size_t len;
	FILE *f = open_memstream(&got, &len);

	assert_non_null(f);
	out_text(f, text);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(got, want);
	free(got);
}

static void out_text__disarms_control_characters(void **state)
{
	(void)state;
	assert_printed("Lamp in the caf\xc3\xa9", "Lamp in the caf\xc3\xa9");
	assert_printed("\x1b[2Jgone", "\\x1b[2Jgone");
	assert_printed("a\nb\rc\x7f", "a\\x0ab\\x0dc\\x7f");
	assert_printed("\xc2\x9b"
		       "31m",
		       "\\x9b31m"); /* the one-character CSI */
	assert_printed("\xc2\xa0", "\xc2\xa0");
	assert_printed("\xc2", "\xc2");
	assert_printed("", "");
}

static void out_code__writes_class_and_detail(void **state)
{
	char text[OUT_CODE];

	(void)state;
	out_code(404, text);
	assert_string_equal(text, "4.04");
	out_code(205, text);
	assert_string_equal(text, "2.05");
}

static void trouble_set__cuts_what_is_too_long(void **state)
{
	struct trouble t;
	char text[400];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	trouble_set(&t, OUT_REFUSED, "%s", text);
	assert_int_equal(strlen(t.text), sizeof(t.text) - 1);
	assert_int_equal(t.outcome, OUT_REFUSED);
	assert_null(t.step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_text__disarms_control_characters),
		cmocka_unit_test(out_code__writes_class_and_detail),
		cmocka_unit_test(trouble_set__cuts_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

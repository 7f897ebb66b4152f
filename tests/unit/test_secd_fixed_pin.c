/* ocf-secd: fixed_pin.c. */
#include "test.h"

#include <sys/stat.h>

#include "fixed_pin.h"

static int load(const char *text, mode_t mode, char ret[SVR_PIN_MAX + 1])
{
	char path[] = "/tmp/test_secd_fixed_pin.XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
	r = fixed_pin_load(path, ret);
	(void)unlink(path);
	return r;
}

static void fixed_pin_load__takes_one_line_of_8_to_32(void **state)
{
	static const struct {
		const char *text;
		int want;
	} ROWS[] = {
		{"12345678",			       0      },
		{"aZ09aZ09\n",                             0      },
		{"12345678901234567890123456789012\n",     0      },
		{"1234567\n",			      -EINVAL},
		{"123456789012345678901234567890123",      -EINVAL},
		{"123456789012345678901234567890123\n",    -EINVAL},
		{"12345678901234567890123456789012\nmore", -EINVAL},
		{"12345678\n\n",                           -EINVAL},
		{"1234 5678\n",                            -EINVAL},
		{"12345678\r\n",                           -EINVAL},
		{"",				       -EINVAL},
	};
	char pin[SVR_PIN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (load(ROWS[i].text, 0600, pin) != ROWS[i].want)
			fail_msg("%s", ROWS[i].text);
	assert_int_equal(load("aZ09aZ09\n", 0640, pin), 0);
	assert_string_equal(pin, "aZ09aZ09");
}

static void fixed_pin_load__refuses_a_file_open_to_others(void **state)
{
	char pin[SVR_PIN_MAX + 1];

	(void)state;
	assert_int_equal(load("12345678\n", 0644, pin), -EACCES);
	assert_int_equal(load("12345678\n", 0602, pin), -EACCES);
	assert_int_equal(fixed_pin_load("/nonexistent", pin), -ENOENT);
	assert_int_equal(fixed_pin_load("/dev/zero", pin), -EINVAL);
	assert_int_equal(fixed_pin_load("/tmp", pin), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_pin_load__takes_one_line_of_8_to_32),
		cmocka_unit_test(fixed_pin_load__refuses_a_file_open_to_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

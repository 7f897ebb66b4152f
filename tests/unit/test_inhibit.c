/* ocf-fwupd/inhibit: as long as any copy of the descriptor is open, and no longer. */
#include "test.h"

#include <string.h>

#include "bus/loop.h"
#include "daemons/ocf-fwupd/inhibit.h"

static unsigned changes;

static void on_change(void *arg)
{
	(void)arg;
	changes++;
}

static struct inhibitors all;

static int set_up(void **state)
{
	struct loop *loop = NULL;

	changes = 0;
	if (loop_new(&loop) < 0)
		return -1;
	all = (struct inhibitors){.loop = loop, .fn = on_change};
	*state = loop;
	return 0;
}

static int tear_down(void **state)
{
	inhibit_done(&all);
	(void)loop_free(*state);
	return 0;
}

static int add(const char *what, const char *why)
{
	int fd = -1;
	int r = inhibit_add(&all, what, "uid 0 pid 1", why, &fd);

	return r < 0 ? r : fd;
}

static void inhibit_add__holds_until_the_last_copy_is_closed(void **state)
{
	int fd = add("install:reboot", "lamps are being flashed"), copy = dup(fd);
	const struct inhibitor *x;

	assert_true(fd >= 0 && copy >= 0);
	assert_int_equal(changes, 1);
	x = inhibit_find(&all, POLICY_REBOOT);
	assert_non_null(x);
	assert_string_equal(x->names, "install:reboot");
	assert_string_equal(x->why, "lamps are being flashed");
	assert_null(inhibit_find(&all, POLICY_CHECK));
	assert_int_equal(write(fd, "x", 1), 1); /* means nothing */
	(void)close(fd);
	(void)close(copy);
	while (changes == 1)
		assert_int_equal(loop_turn(*state), 1);
	assert_null(inhibit_find(&all, POLICY_REBOOT));
	assert_null(inhibit_at(&all, 0));
}

static void inhibit_add__refuses(void **state)
{
	char long_why[INHIBIT_TEXT + 1];

	(void)state;
	memset(long_why, 'x', INHIBIT_TEXT);
	long_why[INHIBIT_TEXT] = '\0';
	assert_int_equal(add("sleep", "why"), -EINVAL);
	assert_int_equal(add("install", ""), -EINVAL);
	assert_int_equal(add("install", "a\nb"), -EINVAL);
	assert_int_equal(add("install", long_why), -EINVAL);
	assert_int_equal(changes, 0);
}

static void inhibit_add__has_a_bound_and_frees_places(void **state)
{
	int fds[INHIBIT_MAX], fd;

	for (size_t i = 0; i < INHIBIT_MAX; i++)
		assert_true((fds[i] = add(i % 2 ? "check" : "install", "why")) >= 0);
	assert_int_equal(add("install", "why"), -EMFILE);
	(void)close(fds[3]);
	while (changes == INHIBIT_MAX)
		assert_int_equal(loop_turn(*state), 1);
	assert_non_null(inhibit_at(&all, INHIBIT_MAX - 2));
	assert_null(inhibit_at(&all, INHIBIT_MAX - 1));
	fd = add("install", "why");
	assert_true(fd >= 0);
	(void)close(fd);
	for (size_t i = 0; i < INHIBIT_MAX; i++)
		if (i != 3)
			(void)close(fds[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(inhibit_add__holds_until_the_last_copy_is_closed),
		TEST(inhibit_add__refuses),
		TEST(inhibit_add__has_a_bound_and_frees_places),
	};

	return cmocka_run_group_tests_name("inhibit", tests, NULL, NULL);
}

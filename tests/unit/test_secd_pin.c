/* ocf-secd: pin.c with real programs. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "bus/loop.h"
#include "pin.h"

#define PIN         "31415926"
#define DEADLINE_US (10 * USEC_PER_SEC)
#define LONG_US     (60 * USEC_PER_SEC)

struct fixture {
	char dir[32], script[64], out[64];
	char *argv[3];
	struct loop *loop;
	struct loop_timer *tick;
	struct pin_display *display;
	bool (*done)(struct fixture *f);
	uint64_t until_us;
	int first; /* process id that a test remembers */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_pin.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	(void)snprintf(f->script, sizeof(f->script), "%s/show", f->dir);
	(void)snprintf(f->out, sizeof(f->out), "%s/out", f->dir);
	f->argv[0] = f->script;
	f->argv[1] = f->out;
	return loop_new(&f->loop);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	(void)pin_display_free(f->display);
	(void)loop_timer_free(f->tick);
	(void)loop_free(f->loop);
	(void)unlink(f->script);
	(void)unlink(f->out);
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

static void show(struct fixture *f, const char *body, uint64_t limit_us)
{
	FILE *s = fopen(f->script, "we");

	assert_non_null(s);
	(void)fprintf(s, "#!/bin/sh\n%s\n", body);
	assert_int_equal(fchmod(fileno(s), 0700), 0);
	assert_int_equal(fclose(s), 0);
	assert_int_equal(pin_display_new(&f->display, f->loop, f->argv, limit_us), 0);
	assert_int_equal(pin_display_show(f->display, PIN), 0);
}

static int on_tick(void *arg)
{
	struct fixture *f = arg;
	bool done = f->done(f);

	if (done || clock_monotonic_us() > f->until_us)
		loop_exit(f->loop, done ? 0 : 1);
	else
		loop_timer_set(f->tick, clock_monotonic_us() + 5 * USEC_PER_MSEC);
	return 0;
}

/* Turns the loop until done(); fails at the deadline. */
static void turn(struct fixture *f, bool (*done)(struct fixture *f))
{
	f->done = done;
	f->until_us = clock_monotonic_us() + DEADLINE_US;
	assert_int_equal(loop_timer_new(&f->tick, f->loop, on_tick, f), 0);
	loop_timer_set(f->tick, 0);
	assert_int_equal(loop_run(f->loop), 0);
}

static void read_out(const struct fixture *f, char *room, size_t size)
{
	int fd = open(f->out, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, room, size - 1);

	if (fd >= 0)
		(void)close(fd);
	room[n > 0 ? n : 0] = '\0';
}

/* The number in the output file, when its line is complete. */
static int pid_in_out(const struct fixture *f)
{
	char text[64];

	read_out(f, text, sizeof(text));
	return strchr(text, '\n') ? (int)strtol(text, NULL, 10) : 0;
}

static bool has_ended(struct fixture *f)
{
	char text[512];

	read_out(f, text, sizeof(text));
	return strstr(text, "end\n") != NULL;
}

static void pin_display_show__gives_the_pin_on_stdin_only(void **state)
{
	struct fixture *f = *state;
	char text[512];

	show(f, "cat >$1; env >>$1; tr '\\0' ' ' </proc/$$/cmdline >>$1; echo lost; echo end >>$1",
	     LONG_US);
	turn(f, has_ended);
	read_out(f, text, sizeof(text));
	assert_memory_equal(text, PIN "\n", sizeof(PIN));
	assert_null(strstr(text + 1, PIN)); /* neither environment nor arguments */
	assert_non_null(strstr(text, "PATH="));
	assert_null(strstr(text, "HOME="));
	assert_null(strstr(text, "lost"));
}

static void pin_display_show__keeps_our_files_to_itself(void **state)
{
	int ours = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
	struct fixture *f = *state;
	char text[512], body[128];

	assert_in_range(ours, STDERR_FILENO + 1, 1000);
	(void)snprintf(body, sizeof(body), "[ -e /proc/$$/fd/%d ] && echo open >$1; echo end >>$1",
		       ours);
	show(f, body, LONG_US);
	assert_int_equal(close(ours), 0);
	turn(f, has_ended);
	read_out(f, text, sizeof(text));
	assert_string_equal(text, "end\n");
}

/* Gone and reaped: a zombie would still be there. */
static bool is_gone(struct fixture *f)
{
	int pid = pid_in_out(f);

	return pid > 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

static void pin_display_show__ends_a_command_at_its_limit(void **state)
{
	show(*state, "echo $$ >$1; exec sleep 1000", 200 * USEC_PER_MSEC);
	turn(*state, is_gone);
}

static bool hide_once_it_runs(struct fixture *f)
{
	if (pid_in_out(f) > 0)
		pin_display_hide(f->display);
	return is_gone(f);
}

static void pin_display_hide__ends_a_running_command(void **state)
{
	show(*state, "echo $$ >$1; sleep 1000; true", LONG_US);
	turn(*state, hide_once_it_runs);
}

static bool show_again_once_it_runs(struct fixture *f)
{
	int pid = pid_in_out(f);

	if (pid > 0 && f->first == 0) {
		f->first = pid;
		assert_int_equal(pin_display_show(f->display, "27182818"), 0);
	}
	return pid > 0 && pid != f->first && kill(f->first, 0) < 0 && kill(pid, 0) == 0;
}

static void pin_display_show__replaces_a_running_command(void **state)
{
	show(*state, "echo $$ >$1; exec sleep 1000", LONG_US);
	turn(*state, show_again_once_it_runs);
}

static void pin_display_show__says_that_there_is_no_program(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pin_display_new(&f->display, f->loop, f->argv, LONG_US), 0);
	assert_int_equal(pin_display_show(f->display, PIN), -ENOENT);
	pin_display_hide(f->display);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pin_display_show__gives_the_pin_on_stdin_only),
		TEST(pin_display_show__keeps_our_files_to_itself),
		TEST(pin_display_show__ends_a_command_at_its_limit),
		TEST(pin_display_hide__ends_a_running_command),
		TEST(pin_display_show__replaces_a_running_command),
		TEST(pin_display_show__says_that_there_is_no_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ocf-fw-write/runner and program: what is run, how, and for how long. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "daemons/ocf-fw-write/program.h"
#include "daemons/ocf-fw-write/runner_process.h"

enum { SHELL, SLOW, ENV, MISSING, NONE };

static const char *const SHELL_ARGS[] = {"-c", "eval \"$1\"", "shell", NULL};
static const struct runner_program PROGRAMS[] = {
	[SHELL] = {"shell",   "/bin/sh",         SHELL_ARGS, 10000},
	[SLOW] = {"slow",    "/bin/sh",         SHELL_ARGS, 200  },
	[ENV] = {"env",     "/usr/bin/env",    NULL,       10000},
	[MISSING] = {"missing", "/nowhere/at/all", NULL,       10000},
	[NONE] = {"none",    "",                NULL,       10000},
};

static struct runner *runner;
static struct runner_result result;

static int fork_runner(void **state)
{
	(void)state;
	return runner_new(&runner, PROGRAMS, ARRAY_SIZE(PROGRAMS));
}

static int end_runner(void **state)
{
	(void)state;
	runner = runner_free(runner);
	return 0;
}

static int shell(size_t program, const char *script)
{
	const char *const args[] = {script, NULL};

	return runner_run(runner, &(struct runner_call){.program = program, .args = args, .fd = -1},
			  -1, &result);
}

static void assert_output(const char *want)
{
	assert_int_equal(result.len, strlen(want));
	assert_memory_equal(result.output, want, result.len);
}

static void runner__tells_status_output_and_last_line(void **state)
{
	(void)state;
	if (!files_are_roots())
		skip();
	assert_int_equal(shell(SHELL, "echo one; echo two"), 0);
	assert_output("one\ntwo\n");
	assert_string_equal(result.text, "");
	assert_int_equal(shell(SHELL, "echo first >&2; printf 'last\\033 one' >&2; exit 7"),
			 -EREMOTEIO);
	assert_int_equal(result.status, 7);
	assert_string_equal(result.text, "last? one");
	assert_int_equal(shell(SHELL, "exit 3"), -EREMOTEIO);
	assert_string_equal(result.text, "shell: exit status 3");
	assert_int_equal(shell(SHELL, "kill -SEGV $$"), -EREMOTEIO);
	assert_int_equal(result.status, 128 + SIGSEGV);
	assert_int_equal(shell(SHELL, "head -c 100000 /dev/zero"), 0);
	assert_int_equal(result.len, RUNNER_OUTPUT);
}

static void runner__gives_no_more_than_is_meant(void **state)
{
	static const char *const ENVIRONMENT[] = {"OCFGW_SLOT=b", "OCFGW_VERSION=1.2.3", NULL};
	struct runner_call c = {.program = ENV, .env = ENVIRONMENT, .fd = -1};

	(void)state;
	if (!files_are_roots())
		skip();
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(runner_run(runner, &c, -1, &result), 0);
	assert_output("OCFGW_SLOT=b\nOCFGW_VERSION=1.2.3\n");
	/* Three descriptors, and that of the folder that is read. */
	assert_int_equal(shell(SHELL, "ls /proc/self/fd | wc -l; readlink /proc/self/fd/0"), 0);
	assert_output("4\n/dev/null\n");
	c = (struct runner_call){.program = SHELL, .input = SPAN_LIT("a b\n"), .fd = -1};
	c.args = (const char *const[]){"read x y; echo $y; cat /proc/self/fd/0", NULL};
	assert_int_equal(runner_run(runner, &c, -1, &result), 0);
	assert_output("b\na b\n"); /* it can be opened by its name, too */
}

/* Our end of the connection to the process. */
static int connection(void)
{
	for (int fd = 0; fd < 64; fd++) {
		int type = 0;
		socklen_t len = sizeof(type);

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET)
			return fd;
	}
	return -1;
}

/* The padding behind a control message has room for a second descriptor. */
static void runner__keeps_no_descriptor(void **state)
{
	/* Once it waits for us, it has closed what was ours alone. */
	static const char COUNT[] = "until grep -q '^State:.S' /proc/$PPID/status; do :; done; "
				    "ls /proc/$PPID/fd | wc -l";
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} two = {
		.head = {.cmsg_len = CMSG_LEN(2 * sizeof(int)),
			 .cmsg_level = SOL_SOCKET,
			 .cmsg_type = SCM_RIGHTS}
        };
	struct iovec iov = {(char[]){1}, 1};
	const struct msghdr h = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &two,
				 .msg_controllen = sizeof(two.room)};
	char before[RUNNER_OUTPUT];

	(void)state;
	if (!files_are_roots())
		skip();
	memcpy(CMSG_DATA(&two.head), (const int[]){0, 1}, 2 * sizeof(int));
	assert_int_equal(shell(SHELL, COUNT), 0);
	memcpy(before, result.output, sizeof(before));
	for (int i = 0; i < 3; i++)
		assert_int_equal(sendmsg(connection(), &h, 0), 1);
	assert_int_equal(shell(SHELL, COUNT), 0);
	assert_string_equal(result.output, before);
}

static void runner__passes_a_pipe(void **state)
{
	const char *const args[] = {"cat <&3; ls /proc/self/fd | wc -l", NULL};
	struct runner_call c = {.program = SHELL, .args = args};
	int ends[2];

	(void)state;
	if (!files_are_roots())
		skip();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	c.fd = ends[0];
	assert_int_equal(runner_start(runner, &c), 0);
	(void)close(ends[0]);
	assert_int_equal(write(ends[1], "image\n", 6), 6);
	(void)close(ends[1]);
	assert_int_equal(runner_wait(runner, -1, &result), 0);
	assert_output("image\n5\n");
}

static void runner__kills_what_takes_too_long(void **state)
{
	uint64_t start_us = clock_monotonic_us();
	pid_t left;

	(void)state;
	if (!files_are_roots())
		skip();
	/* Its children, too. */
	assert_int_equal(shell(SLOW, "sleep 60 & echo $!; wait"), -ETIMEDOUT);
	assert_string_equal(result.text, "slow: Connection timed out");
	assert_true(clock_monotonic_us() - start_us < 5 * USEC_PER_SEC);
	assert_true(result.len > 1);
	left = (pid_t)strtol(result.output, NULL, 10);
	assert_true(left > 1);
	while (kill(left, 0) == 0 && clock_monotonic_us() - start_us < 5 * USEC_PER_SEC)
		assert_int_equal(shell(SHELL, ":"), 0);
	assert_int_equal(kill(left, 0), -1);
}

static void runner__gives_time_when_asked(void **state)
{
	uint64_t start_us = clock_monotonic_us();
	const char *const args[] = {"cat <&3 >/dev/null; sleep 60", NULL};
	struct runner_call c = {.program = SLOW, .args = args, .time = RUNNER_WAITS};
	int ends[2];

	(void)state;
	if (!files_are_roots())
		skip();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	c.fd = ends[0];
	assert_int_equal(runner_start(runner, &c), 0);
	(void)close(ends[0]);
	/* Longer than its limit, which does not count yet. */
	while (clock_monotonic_us() - start_us < 500 * USEC_PER_MSEC)
		assert_int_equal(write(ends[1], "x", 1), 1);
	(void)close(ends[1]);
	runner_limit(runner);
	assert_int_equal(runner_wait(runner, -1, &result), -ETIMEDOUT);
	/* And one that is given up leaves nothing behind for the next. */
	assert_int_equal(
		runner_start(runner,
			     &(struct runner_call){.program = SHELL, .args = args, .fd = -1}),
		0);
	runner_cancel(runner);
	assert_int_equal(shell(SHELL, "echo on"), 0);
	assert_output("on\n");
}

/* What still runs does not answer for the next. */
static void runner__runs_one_at_a_time(void **state)
{
	const char *const args[] = {"echo of the first; sleep 60", NULL};
	const struct runner_call c = {.program = SHELL, .args = args, .fd = -1};

	(void)state;
	if (!files_are_roots())
		skip();
	runner_cancel(runner); /* nothing runs */
	assert_int_equal(runner_start(runner, &c), 0);
	assert_int_equal(shell(SHELL, "echo second"), 0);
	assert_output("second\n");
	runner_cancel(runner);
	assert_int_equal(shell(SHELL, "echo third"), 0);
	assert_output("third\n");
}

static unsigned waited;

static void on_wait(void)
{
	waited++;
}

static void runner__gives_time_for_signs_of_life(void **state)
{
	const char *const args[] = {"for i in 1 2 3 4 5 6; do sleep 0.1; echo >&2; done", NULL};
	struct runner_call c = {.program = SLOW, .args = args, .fd = -1, .time = RUNNER_REPORTS};

	(void)state;
	if (!files_are_roots())
		skip();
	waited = 0;
	runner_on_wait(runner, on_wait);
	assert_int_equal(runner_run(runner, &c, -1, &result), 0);
	assert_int_equal(waited, 1);
	c.time = RUNNER_COUNTS;
	assert_int_equal(runner_run(runner, &c, -1, &result), -ETIMEDOUT);
}

static void runner__stops_with_the_connection(void **state)
{
	uint64_t start_us = clock_monotonic_us();
	const char *const args[] = {"sleep 60", NULL};
	const struct runner_call c = {.program = SHELL, .args = args, .fd = -1};
	int control[2];

	(void)state;
	if (!files_are_roots())
		skip();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	(void)close(control[1]);
	assert_int_equal(runner_run(runner, &c, control[0], &result), -ECANCELED);
	assert_true(clock_monotonic_us() - start_us < 2 * USEC_PER_SEC);
	(void)close(control[0]);
	assert_int_equal(shell(SHELL, "echo on"), 0);
	assert_output("on\n");
}

static void runner__does_not_start(void **state)
{
	const struct {
		const char *name;
		struct runner_call call;
		int want;
	} ROWS[] = {
		{"missing",            {.program = MISSING, .fd = -1},                            -ENOENT},
		{"not configured",     {.program = NONE, .fd = -1},                               -ENOENT},
		{"beyond the table",   {.program = NONE + 1, .fd = -1},                           -EINVAL},
		{"an option",
		 {.program = ENV, .args = (const char *const[]){"-i", NULL}, .fd = -1},
		 -EINVAL										 },
		{"a strange variable",
		 {.program = ENV, .env = (const char *const[]){"LD_PRELOAD=/x", NULL}, .fd = -1},
		 -EINVAL										 },
		{"no variable",
		 {.program = ENV, .env = (const char *const[]){"OCFGW_X", NULL}, .fd = -1},
		 -EINVAL										 },
	};

	(void)state;
	if (!files_are_roots())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		int r = runner_run(runner, &ROWS[i].call, -1, &result);

		if (r != ROWS[i].want)
			fail_msg("%s: %d", ROWS[i].name, r);
	}
}

static void runner_start__refuses_what_is_too_much(void **state)
{
	static char big[RUNNER_TEXT + 1];
	const char *many[RUNNER_WORDS + 2] = {0};
	struct runner_call c = {
		.program = ENV, .args = (const char *const[]){big, NULL},
                       .fd = -1
        };

	(void)state;
	if (!files_are_roots())
		skip();
	memset(big, 'x', RUNNER_TEXT);
	assert_int_equal(runner_start(runner, &c), -E2BIG);
	big[10] = '\0';
	for (size_t i = 0; i <= RUNNER_WORDS; i++)
		many[i] = "x";
	c.args = many;
	assert_int_equal(runner_start(runner, &c), -E2BIG);
	c = (struct runner_call){.program = ENV, .input = span_of(big, RUNNER_TEXT + 1), .fd = -1};
	assert_int_equal(runner_start(runner, &c), -E2BIG);
}

/* What a parent that was broken into might send. */
static void runner_read__takes_nothing_else(void **state)
{
	static const struct {
		const char *name;
		uint32_t program, args, env, len;
		size_t extra;
		char text[16];
		bool want;
	} ROWS[] = {
		{"sound",                 0, 1,  1,  12, 0, "a\0OCFGW_X=1", true },
		{"nothing",               0, 0,  0,  0,  0, "",             true },
		{"input",                 0, 0,  0,  3,  0, "-x\n",         true },
		{"beyond the table",      2, 0,  0,  0,  0, "",             false},
		{"shorter than it says",  0, 0,  0,  9,  1, "",             false},
		{"more words than text",  0, 2,  0,  2,  0, "a",            false},
		{"a word without an end", 0, 1,  0,  1,  0, "a",            false},
		{"too many words",        0, 99, 0,  99, 0, "",             false},
		{"too many variables",    0, 0,  99, 99, 0, "",             false},
		{"an option",             0, 1,  0,  3,  0, "-x",           false},
		{"a variable of others",  0, 0,  1,  7,  0, "PATH=x",       false},
		{"a name that goes on",   0, 0,  1,  12, 0, "OCFGW_x y=1",  false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct runner_request q = {ROWS[i].program, 0,           ROWS[i].args,
					   ROWS[i].env,     ROWS[i].len, ""};
		size_t len = offsetof(struct runner_request, text) + ROWS[i].len - ROWS[i].extra;
		struct runner_words words;

		memcpy(q.text, ROWS[i].text, sizeof(ROWS[i].text));
		if (runner_read(&q, len, 2, &words) != ROWS[i].want)
			fail_msg("%s", ROWS[i].name);
	}
}

static void program_find__wants_what_only_root_can_change(void **state)
{
	char dir[] = "/tmp/ocf-program-XXXXXX", path[64], found[PROGRAM_PATH_MAX];
	int fd;

	(void)state;
	if (!files_are_roots())
		skip();
	assert_int_equal(program_find("/bin/sh", found), 0);
	assert_int_equal(strncmp(found, "/", 1), 0);
	assert_null(strstr(found, "/../"));
	assert_int_equal(program_find("/usr/../bin/./sh", found), 0);
	assert_int_equal(program_find("bin/sh", found), -EINVAL);
	assert_int_equal(program_find("/", found), -EACCES);
	assert_int_equal(program_find("/usr", found), -EACCES);
	assert_int_equal(program_find("/etc/passwd", found), -EACCES);
	assert_int_equal(program_find("/etc/passwd/x", found), -ENOTDIR);
	assert_int_equal(program_find("/nowhere", found), -ENOENT);
	/* Others may write to /tmp, and so may put something else there. */
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/run", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(program_find(path, found), -EPERM);
	(void)unlink(path);
	assert_int_equal(symlink("/bin/sh", path), 0);
	assert_int_equal(program_find(path, found), -EPERM);
	(void)unlink(path);
	(void)rmdir(dir);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fork_runner, end_runner)
	const struct CMUnitTest tests[] = {
		TEST(runner__tells_status_output_and_last_line),
		TEST(runner__gives_no_more_than_is_meant),
		TEST(runner__keeps_no_descriptor),
		TEST(runner__passes_a_pipe),
		TEST(runner__kills_what_takes_too_long),
		TEST(runner__gives_time_when_asked),
		TEST(runner__gives_time_for_signs_of_life),
		TEST(runner__runs_one_at_a_time),
		TEST(runner__stops_with_the_connection),
		TEST(runner__does_not_start),
		TEST(runner_start__refuses_what_is_too_much),
		cmocka_unit_test(runner_read__takes_nothing_else),
		cmocka_unit_test(program_find__wants_what_only_root_can_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

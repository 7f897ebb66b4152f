#include "bus/loop.h"

#include <sys/epoll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "test.h"

struct seen {
	struct loop *loop;
	int status, pid;
	unsigned ticks;
	uint64_t at_us;
};

static int on_time(void *arg)
{
	struct seen *s = arg;

	s->ticks++;
	s->at_us = clock_monotonic_us();
	loop_exit(s->loop, 7);
	return 0;
}

static void loop_timer__fires_once_and_not_early(void **state)
{
	struct loop *l CLEANUP(loop_freep) = NULL;
	struct loop_timer *t CLEANUP(loop_timer_freep) = NULL,
			     *off CLEANUP(loop_timer_freep) = NULL;
	struct seen s = {0};
	uint64_t when;

	(void)state;
	assert_int_equal(loop_new(&l), 0);
	s.loop = l;
	assert_int_equal(loop_timer_new(&t, l, on_time, &s), 0);
	assert_int_equal(loop_timer_new(&off, l, on_time, &s), 0);
	loop_timer_set(off, 1);
	loop_timer_set(off, NEVER_US);
	when = clock_monotonic_us() + 3000;
	loop_timer_set(t, when);
	assert_int_equal(loop_run(l), 7);
	assert_int_equal(s.ticks, 1);
	assert_true(s.at_us >= when);
}

static int on_pipe(void *arg, uint32_t revents)
{
	struct seen *s = arg;

	assert_true(revents & EPOLLIN);
	s->ticks++;
	return -EPROTO;
}

static void loop_add_fd__ends_the_loop_with_the_error_of_its_callback(void **state)
{
	struct loop *l CLEANUP(loop_freep) = NULL;
	struct seen s = {0};
	int p[2];

	(void)state;
	assert_int_equal(loop_new(&l), 0);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(loop_add_fd(l, p[0], EPOLLIN, on_pipe, &s), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(loop_run(l), -EPROTO);
	assert_int_equal(s.ticks, 1);
	loop_del_fd(l, p[0]);
	(void)close(p[0]);
	(void)close(p[1]);
}

static int on_end(void *arg, int pid, int status)
{
	struct seen *s = arg;

	s->pid = pid;
	s->status = status;
	loop_exit(s->loop, 0);
	return 0;
}

static void loop_add_child__gives_the_wait_status(void **state)
{
	struct seen s = {0};

	(void)state;
	for (int killed = 0; killed < 2; killed++) {
		struct loop *l CLEANUP(loop_freep) = NULL;
		pid_t pid;

		assert_int_equal(loop_new(&l), 0);
		s.loop = l;
		pid = fork();
		if (pid == 0) {
			if (killed)
				(void)raise(SIGKILL);
			_exit(3);
		}
		assert_int_equal(loop_add_child(l, pid, on_end, &s), 0);
		assert_int_equal(loop_run(l), 0);
		assert_int_equal(s.pid, pid);
		if (killed)
			assert_true(WIFSIGNALED(s.status) && WTERMSIG(s.status) == SIGKILL);
		else
			assert_true(WIFEXITED(s.status) && WEXITSTATUS(s.status) == 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loop_timer__fires_once_and_not_early),
		cmocka_unit_test(loop_add_fd__ends_the_loop_with_the_error_of_its_callback),
		cmocka_unit_test(loop_add_child__gives_the_wait_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

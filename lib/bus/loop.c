#include "bus/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/clock.h"

#define PASSED_FD 10 /* or above */

/* Every source hangs in a list: the descriptor's by number, the children's until they end. */
struct source {
	struct source *next;
	struct loop *loop;
	sd_event_source *sd;
	int fd; /* or -1 for a child */
	union {
		loop_io_fn io;
		loop_child_fn child;
	} fn;
	void *arg;
};

struct loop {
	sd_event *sd;
	struct source *sources;
};

struct loop_timer {
	sd_event_source *sd;
	loop_timer_fn fn;
	void *arg;
};

int loop_new(struct loop **ret)
{
	struct loop *l CLEANUP(loop_freep) = calloc(1, sizeof(*l));
	sigset_t quit;
	int r;

	if (!l)
		return -ENOMEM;
	r = sd_event_new(&l->sd);
	if (r < 0)
		return r;
	(void)sigemptyset(&quit);
	(void)sigaddset(&quit, SIGTERM);
	(void)sigaddset(&quit, SIGINT);
	(void)sigaddset(&quit, SIGCHLD); /* for loop_add_child */
	if (sigprocmask(SIG_BLOCK, &quit, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(l->sd, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(l->sd, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_set_watchdog(l->sd, true);
	if (r < 0)
		return r;
	*ret = l;
	l = NULL;
	return 0;
}

static void source_free(struct source *s)
{
	(void)sd_event_source_disable_unref(s->sd);
	free(s);
}

static void source_drop(struct loop *l, struct source *s)
{
	for (struct source **at = &l->sources; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			source_free(s);
			return;
		}
}

struct loop *loop_free(struct loop *l)
{
	if (!l)
		return NULL;
	while (l->sources)
		source_drop(l, l->sources);
	(void)sd_event_unref(l->sd);
	free(l);
	return NULL;
}

int loop_run(struct loop *l)
{
	return sd_event_loop(l->sd);
}

int loop_turn(struct loop *l)
{
	int r = 0;

	if (sd_event_get_state(l->sd) != SD_EVENT_FINISHED)
		r = sd_event_run(l->sd, UINT64_MAX);
	return r < 0 ? r : sd_event_get_state(l->sd) != SD_EVENT_FINISHED;
}

void loop_exit(struct loop *l, int code)
{
	(void)sd_event_exit(l->sd, code);
}

/* A broken callback ends the loop: sd-event would only switch the source off. */
static int checked(sd_event_source *sd, int r)
{
	if (r < 0)
		(void)sd_event_exit(sd_event_source_get_event(sd), r);
	return 0;
}

static int on_io(sd_event_source *sd, int fd, uint32_t revents, void *arg)
{
	struct source *s = arg;

	(void)fd;
	return checked(sd, s->fn.io(s->arg, revents));
}

static int source_new(struct source **ret, struct loop *l, int fd, void *arg)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct source){.next = l->sources, .loop = l, .fd = fd, .arg = arg};
	l->sources = s;
	*ret = s;
	return 0;
}

int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_io_fn fn, void *arg)
{
	struct source *s;
	int r = source_new(&s, l, fd, arg);

	if (r < 0)
		return r;
	s->fn.io = fn;
	r = sd_event_add_io(l->sd, &s->sd, fd, events, on_io, s);
	if (r < 0)
		source_drop(l, s);
	return r < 0 ? r : 0;
}

void loop_del_fd(struct loop *l, int fd)
{
	for (struct source *s = l->sources; s; s = s->next)
		if (s->fd == fd) {
			source_drop(l, s);
			return;
		}
}

static int on_child(sd_event_source *sd, const siginfo_t *si, void *arg)
{
	struct source *s = arg;
	loop_child_fn fn = s->fn.child;
	void *fn_arg = s->arg;
	int status = si->si_code == CLD_EXITED ? W_EXITCODE(si->si_status, 0)
					       : W_EXITCODE(0, si->si_status);
	int pid = si->si_pid, r;

	(void)sd_event_source_ref(sd);
	source_drop(s->loop, s);
	r = checked(sd, fn(fn_arg, pid, status));
	(void)sd_event_source_unref(sd);
	return r;
}

int loop_add_child(struct loop *l, int pid, loop_child_fn fn, void *arg)
{
	struct source *s;
	int r = source_new(&s, l, -1, arg);

	if (r < 0)
		return r;
	s->fn.child = fn;
	r = sd_event_add_child(l->sd, &s->sd, pid, WEXITED, on_child, s);
	if (r < 0)
		source_drop(l, s);
	return r < 0 ? r : 0;
}

static int on_time(sd_event_source *sd, uint64_t usec, void *arg)
{
	struct loop_timer *t = arg;

	(void)usec;
	return checked(sd, t->fn(t->arg));
}

static int timer_new(struct loop_timer **ret, struct loop *l, clockid_t clock, loop_timer_fn fn,
		     void *arg)
{
	struct loop_timer *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	*t = (struct loop_timer){.fn = fn, .arg = arg};
	r = sd_event_add_time(l->sd, &t->sd, clock, 0, 1, on_time, t);
	if (r >= 0)
		r = sd_event_source_set_enabled(t->sd, SD_EVENT_OFF);
	if (r < 0) {
		(void)loop_timer_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

int loop_timer_new(struct loop_timer **ret, struct loop *l, loop_timer_fn fn, void *arg)
{
	return timer_new(ret, l, CLOCK_MONOTONIC, fn, arg);
}

int loop_timer_new_boottime(struct loop_timer **ret, struct loop *l, loop_timer_fn fn, void *arg)
{
	return timer_new(ret, l, CLOCK_BOOTTIME, fn, arg);
}

struct loop_timer *loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return NULL;
	(void)sd_event_source_disable_unref(t->sd);
	free(t);
	return NULL;
}

void loop_timer_set(struct loop_timer *t, uint64_t when_us)
{
	(void)sd_event_source_set_time(t->sd, when_us);
	(void)sd_event_source_set_enabled(t->sd,
					  when_us == NEVER_US ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

void loop_notify(struct loop *l, const char *state)
{
	(void)l;
	(void)sd_notify(0, state);
}

int loop_passed_fd(void)
{
	CLEANUP(closep) int passed = -1;

	if (sd_listen_fds(true) != 1)
		return -1;
	passed = SD_LISTEN_FDS_START;
	return fcntl(passed, F_DUPFD_CLOEXEC, PASSED_FD);
}

struct sd_event *loop_sd_event(struct loop *l)
{
	return l->sd;
}

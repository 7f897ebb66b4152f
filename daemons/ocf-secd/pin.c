#include "pin.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"

struct pin_display {
	struct loop *loop;
	char *const *argv;
	uint64_t limit_us;
	struct loop_timer *limit;
	int pid; /* 0: none runs */
};

static int on_limit(void *arg)
{
	struct pin_display *d = arg;

	log_warning("pin: display command ran too long and was ended pid=%d", d->pid);
	pin_display_hide(d);
	return 0;
}

int pin_display_new(struct pin_display **ret, struct loop *loop, char *const *argv,
		    uint64_t limit_us)
{
	CLEANUP(pin_display_freep) struct pin_display *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	*d = (struct pin_display){.loop = loop, .argv = argv, .limit_us = limit_us};
	r = loop_timer_new(&d->limit, loop, on_limit, d);
	if (r < 0)
		return r;
	*ret = d;
	d = NULL;
	return 0;
}

struct pin_display *pin_display_free(struct pin_display *d)
{
	if (!d)
		return NULL;
	pin_display_hide(d);
	loop_timer_free(d->limit);
	free(d);
	return NULL;
}

static int on_exit_status(void *arg, int pid, int status)
{
	struct pin_display *d = arg;

	if (pid == d->pid) {
		d->pid = 0;
		loop_timer_set(d->limit, NEVER_US);
		if (status != 0)
			log_warning("pin: PinDisplayCommand= failed, ocfctl pin shows the PIN "
				    "status=%#x",
				    (unsigned)status);
	}
	return 0;
}

void pin_display_hide(struct pin_display *d)
{
	if (d->pid == 0)
		return;
	(void)kill(-d->pid, SIGKILL); /* its process group; the loop reaps it */
	d->pid = 0;
	loop_timer_set(d->limit, NEVER_US);
}

/* Own process group, no signal blocked or ignored, standard input from `in`, and no way into the
 * log. Our sockets are closed before we go on, not by execve(), which lets us go on first: somebody
 * who starts us anew at once would find the ports taken. */
static int spawn(const struct pin_display *d, int in, pid_t *ret)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char *const ENVIRONMENT[] = {path, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, ignored;
	int r;

	(void)sigemptyset(&none);
	(void)sigemptyset(&ignored);
	(void)sigaddset(&ignored, SIGPIPE); /* by main() */
	r = posix_spawn_file_actions_init(&files);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r) {
		(void)posix_spawn_file_actions_destroy(&files);
		return -r;
	}
	r = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && r == 0; fd++)
		r = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attr, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attr, &ignored);
	if (r == 0)
		r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawn(ret, d->argv[0], &files, &attr, d->argv, ENVIRONMENT);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

int pin_display_show(struct pin_display *d, const char *pin)
{
	CLEANUP(closep) int in = -1;
	CLEANUP(closep) int out = -1;
	int p[2], r;
	pid_t pid = -1;

	pin_display_hide(d);
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	in = p[0];
	out = p[1];
	/* Fits the empty pipe, and before there is a child that could close it: no SIGPIPE. */
	if (write(out, pin, strlen(pin)) < 0 || write(out, "\n", 1) < 0)
		return -errno;
	r = spawn(d, in, &pid);
	if (r < 0)
		return r;
	r = loop_add_child(d->loop, pid, on_exit_status, d);
	if (r < 0) {
		(void)kill(-pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return r;
	}
	d->pid = pid;
	loop_timer_set(d->limit, clock_monotonic_us() + d->limit_us);
	return 0;
}

/* ocf-fw-health - runs the scripts that say whether this machine is well.
 *
 * Started with a connection to ocf-fwupd (lib/child/proto.h) as descriptor 3, as a user of its own
 * that may do no more than anybody: what a script needs beyond that its unit has to give. Scripts
 * are the files of one folder, run by name in their order, each alone and for a bounded time:
 * status 0 is well, 75 (EX_TEMPFAIL) is not yet, everything else is not well. */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "child/proto.h"

#define FOLDER    "/etc/ocfgw/health.d"
#define LIMIT_MS  30000 /* for one script */
#define PATH_ROOM ((size_t)512)

/* Nobody but root may have had a hand in it. */
static bool is_roots(const char *path, bool folder)
{
	struct stat st;

	if (stat(path, &st) < 0 || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return false;
	return folder ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode);
}

static int is_named(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Standard input is empty, what it prints goes to our log. */
static void become_script(const char *path)
{
	char *const argv[] = {(char *)(uintptr_t)path, NULL};
	char *const env[] = {(char *)(uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
			     (char *)(uintptr_t) "LANG=C.UTF-8", NULL};

	(void)signal(SIGPIPE, SIG_DFL);
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
	    syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U, 0U) < 0)
		_exit(EX_OSERR);
	(void)execve(path, argv, env);
	_exit(EX_UNAVAILABLE);
}

/* 0: it has ended; -ETIMEDOUT; -ECANCELED: nobody wants to know any more. */
static int wait_for(int pidfd)
{
	struct pollfd p[] = {
		{.fd = pidfd,    .events = POLLIN},
                {.fd = PROTO_FD, .events = POLLIN}
        };
	uint64_t until_us = clock_monotonic_us() + LIMIT_MS * USEC_PER_MSEC;

	for (;;) {
		uint64_t now_us = clock_monotonic_us();
		int n = now_us < until_us
				? poll(p, ARRAY_SIZE(p), (int)((until_us - now_us) / USEC_PER_MSEC))
				: 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (p[0].revents != 0)
			return 0;
		if (p[1].revents != 0)
			return -ECANCELED;
		if (n == 0)
			return -ETIMEDOUT;
	}
}

static void judge(int r, int status, const char *name, struct proto_done *ret)
{
	char text[PROTO_TEXT];

	ret->error = FWE_INSTALL_FAILED;
	if (r == -ETIMEDOUT)
		(void)snprintf(text, sizeof(text), "%.64s: no end in %d s", name, LIMIT_MS / 1000);
	else if (r < 0)
		(void)snprintf(text, sizeof(text), "%.64s: %s", name, strerror(-r));
	else if (WIFSIGNALED(status))
		(void)snprintf(text, sizeof(text), "%.64s: signal %d", name, WTERMSIG(status));
	else
		(void)snprintf(text, sizeof(text), "%.64s: status %d", name, WEXITSTATUS(status));
	if (r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		ret->error = FWE_OK;
	else if (r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL)
		ret->error = FWE_POLICY_DEFERRED;
	proto_text(ret->text, sizeof(ret->text), ret->error == FWE_OK ? "" : text);
}

static void run_script(const char *folder, const char *name, struct proto_done *ret)
{
	char path[PATH_ROOM];
	CLEANUP(closep) int pidfd = -1;
	int status = 0, r;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!is_roots(path, false)) {
		judge(-EPERM, 0, name, ret);
		return;
	}
	pid = fork();
	if (pid == 0)
		become_script(path);
	r = pid < 0 ? -errno : 0;
	if (r == 0)
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);
	if (r == 0)
		r = pidfd < 0 ? -errno : wait_for(pidfd);
	if (pid > 0) {
		(void)kill(-pid, SIGKILL); /* what it has left behind, or all of it */
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
	}
	judge(r, status, name, ret);
}

/* Up to the first that is not well; one that is not ready yet does not hide a later one. */
static void run_scripts(const char *folder, struct proto_done *ret)
{
	struct dirent **names = NULL;
	int n = is_roots(folder, true) ? scandir(folder, &names, is_named, alphasort) : -1;

	*ret = (struct proto_done){0};
	if (n < 0)
		judge(-EPERM, 0, folder, ret);
	for (int i = 0; i < n; i++) {
		struct proto_done one = {0};

		if (ret->error == FWE_OK || ret->error == FWE_POLICY_DEFERRED)
			run_script(folder, names[i]->d_name, &one);
		if (one.error != FWE_OK &&
		    (one.error != FWE_POLICY_DEFERRED || ret->error == FWE_OK))
			*ret = one;
		free(names[i]);
	}
	free(names);
	if (ret->error != FWE_OK)
		log_warning("health: %s", ret->text);
}

int main(int argc, char **argv)
{
	const char *folder = argc == 2 ? argv[1] : FOLDER;
	struct proto_msg m, answer = {.type = PROTO_DONE};
	struct stat st;
	int fd = -1;

	if (argc > 2 || fstat(PROTO_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		(void)fputs("ocf-fw-health is started by ocf-fwupd, not by hand\n", stderr);
		return EXIT_FAILURE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (proto_recv(PROTO_FD, &m, &fd, true) <= 0 || m.type != PROTO_HEALTH)
		return EXIT_FAILURE;
	run_scripts(folder, &answer.done);
	return proto_send(PROTO_FD, &answer, -1) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

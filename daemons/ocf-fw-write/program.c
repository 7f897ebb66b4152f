#include "program.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LINKS_MAX        16
#define FIRST_FREE       4 /* descriptor behind those that a program gets */
#define EXIT_NOT_STARTED 127

/* A path on its way from what was configured to what lies there. */
struct walk {
	char done[PROGRAM_PATH_MAX]; /* checked, without links; empty: the root folder */
	char rest[PROGRAM_PATH_MAX]; /* to go */
	unsigned links;
};

/* The next name of the rest, which is cut off; empty at the end. */
static int take_name(struct walk *w, char ret[PROGRAM_PATH_MAX])
{
	struct span rest = span_str(w->rest), name;
	char left[PROGRAM_PATH_MAX];
	int r;

	do
		name = span_cut(&rest, '/');
	while (name.len == 0 && rest.ptr);
	r = span_to_str(name, ret, PROGRAM_PATH_MAX);
	if (r == 0)
		r = span_to_str(rest, left, sizeof(left));
	if (r == 0)
		memcpy(w->rest, left, sizeof(left));
	return r;
}

static int follow(struct walk *w, const char *link)
{
	char target[PROGRAM_PATH_MAX], rest[PROGRAM_PATH_MAX];
	ssize_t n = readlinkat(AT_FDCWD, link, target, sizeof(target) - 1);
	int len;

	if (n < 0)
		return -errno;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	target[n] = '\0';
	len = snprintf(rest, sizeof(rest), "%s/%s", target, w->rest);
	if (len < 0 || (size_t)len >= sizeof(rest))
		return -ENAMETOOLONG;
	memcpy(w->rest, rest, sizeof(rest));
	if (target[0] == '/')
		w->done[0] = '\0';
	return 0;
}

static bool is_roots_alone(const struct stat *st)
{
	return st->st_uid == 0 &&
	       (S_ISLNK(st->st_mode) || (st->st_mode & (S_IWGRP | S_IWOTH)) == 0);
}

static int step(struct walk *w, const char *name, struct stat *ret)
{
	char next[PROGRAM_PATH_MAX];
	int len;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		char *slash = strrchr(w->done, '/');

		if (slash)
			*slash = '\0';
		return 0;
	}
	len = snprintf(next, sizeof(next), "%s/%s", w->done, name);
	if (len < 0 || (size_t)len >= sizeof(next))
		return -ENAMETOOLONG;
	if (fstatat(AT_FDCWD, next, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!is_roots_alone(ret))
		return -EPERM;
	if (S_ISLNK(ret->st_mode))
		return follow(w, next);
	memcpy(w->done, next, sizeof(next));
	return 0;
}

int program_find(const char *path, char ret[PROGRAM_PATH_MAX])
{
	struct walk w = {0};
	struct stat st = {0};
	char name[PROGRAM_PATH_MAX];
	int r;

	if (path[0] != '/')
		return -EINVAL;
	r = span_to_str(span_str(path), w.rest, sizeof(w.rest));
	while (r == 0) {
		r = take_name(&w, name);
		if (r < 0 || name[0] == '\0')
			break;
		r = step(&w, name, &st);
	}
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode) || (st.st_mode & S_IXUSR) == 0)
		return -EACCES;
	memcpy(ret, w.done, sizeof(w.done));
	return 0;
}

/* `fd` as descriptor `as`, also if it is that already. */
static int place(int fd, int as)
{
	return fd == as ? fcntl(fd, F_SETFD, 0) : dup2(fd, as);
}

__attribute__((noreturn)) static void become(const struct program_run *p, int out, int err)
{
	/* Beyond the places they go to, so that none overwrites another. */
	int in = p->in >= 0 ? fcntl(p->in, F_DUPFD, FIRST_FREE)
			    : open("/dev/null", O_RDONLY | O_CLOEXEC);
	int image = p->image >= 0 ? fcntl(p->image, F_DUPFD, FIRST_FREE) : -1;
	sigset_t none;

	out = fcntl(out, F_DUPFD, FIRST_FREE);
	err = fcntl(err, F_DUPFD, FIRST_FREE);
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    place(in, STDIN_FILENO) < 0 || place(out, STDOUT_FILENO) < 0 ||
	    place(err, STDERR_FILENO) < 0 || (image >= 0 && place(image, FIRST_FREE - 1) < 0) ||
	    syscall(SYS_close_range, (unsigned)FIRST_FREE - (image < 0), ~0U, 0U) < 0)
		_exit(EXIT_NOT_STARTED);
	(void)execve(p->path, p->argv, p->env);
	_exit(EXIT_NOT_STARTED);
}

int program_start(const struct program_run *p, pid_t *ret_pid, int *ret_out, int *ret_err)
{
	int out[2], err[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	if (pipe2(err, O_CLOEXEC | O_NONBLOCK) < 0) {
		int r = -errno;

		(void)close(out[0]);
		(void)close(out[1]);
		return r;
	}
	/* Its ends wait as pipes do. */
	(void)fcntl(out[1], F_SETFL, 0);
	(void)fcntl(err[1], F_SETFL, 0);
	pid = fork();
	if (pid == 0)
		become(p, out[1], err[1]);
	*ret_pid = pid;
	(void)close(out[1]);
	(void)close(err[1]);
	if (pid < 0) {
		(void)close(out[0]);
		(void)close(err[0]);
		return -EAGAIN;
	}
	(void)setpgid(pid, pid); /* both of us, whoever comes first */
	*ret_out = out[0];
	*ret_err = err[0];
	return 0;
}

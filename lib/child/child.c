#include "child/child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "child/proto.h"

#define EXIT_NOT_STARTED 127

struct child_starter {
	const struct child_program *programs;
	size_t n;
	int control; /* to the starting process; -1: systemd has all sockets */
	pid_t pid;
};

int child_become(const char *user)
{
	const struct passwd *pw;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (geteuid() != 0 || !user)
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		return errno ? -errno : -ENOENT;
	/* Leaving uid 0 in all three ids clears every capability set (capabilities(7)). */
	if (setgroups(0, NULL) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return -errno;
	return 0;
}

int child_become_owner(const char *path)
{
	struct stat st;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || stat(path, &st) < 0)
		return -errno;
	if (geteuid() != 0 || st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
		return -errno;
	return 0;
}

/* Becomes the helper: standard input is empty, standard error stays for the log. */
static void become_helper(const struct child_program *p, int connection)
{
	char *const argv[] = {(char *)(uintptr_t)p->path, (char *)(uintptr_t)p->argument, NULL};
	const char *journal = getenv("JOURNAL_STREAM");
	char keep[64] = "";
	char *const env[] = {journal ? keep : NULL, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (journal)
		(void)snprintf(keep, sizeof(keep), "JOURNAL_STREAM=%s", journal);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    (connection == PROTO_FD ? fcntl(connection, F_SETFD, 0) : dup2(connection, PROTO_FD)) <
		    0 ||
	    syscall(SYS_close_range, PROTO_FD + 1U, ~0U, 0U) < 0 || child_become(p->user) < 0)
		_exit(EXIT_NOT_STARTED);
	(void)execve(p->path, argv, env);
	_exit(EXIT_NOT_STARTED);
}

/* 0 and the caller's end of the connection, or -errno. */
static int start(const struct child_program *p, int *ret_fd)
{
	int ends[2];
	pid_t pid;
	int r = 0;

	if (access(p->path, X_OK) < 0 || (geteuid() == 0 && p->user && !getpwnam(p->user)))
		return -ENOENT;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become_helper(p, ends[1]);
	if (pid < 0)
		r = -errno;
	(void)close(ends[1]);
	if (r < 0)
		(void)close(ends[0]);
	else
		*ret_fd = ends[0];
	return r;
}

union answer {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static void answer(int control, int r, int fd)
{
	union answer room = {0};
	struct iovec iov = {&r, sizeof(r)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (r == 0) {
		room.head = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(&room.head), &fd, sizeof(fd));
		h.msg_control = &room;
		h.msg_controllen = sizeof(room.room);
	}
	(void)!sendmsg(control, &h, MSG_NOSIGNAL);
	if (r == 0)
		(void)close(fd);
}

/* One octet asks for a program by its number; the end of the connection ends us. */
static void serve(const struct child_starter *s, int control)
{
	uint8_t which;

	(void)signal(SIGCHLD, SIG_IGN); /* nobody to reap */
	(void)signal(SIGINT, SIG_IGN);  /* of a terminal: our end is that of the connection */
	(void)signal(SIGTERM, SIG_IGN);
	(void)prctl(PR_SET_NAME, "ocf-fw-starter");
	while (recv(control, &which, sizeof(which), 0) == sizeof(which)) {
		int fd = -1, r = which < s->n ? start(&s->programs[which], &fd) : -EINVAL;

		answer(control, r, fd);
	}
	_exit(EXIT_SUCCESS);
}

static int connect_to(const char *path, int *ret_fd)
{
	CLEANUP(closep) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

int child_starter_new(struct child_starter **ret, const struct child_program *programs, size_t n)
{
	CLEANUP(child_starter_freep) struct child_starter *s = calloc(1, sizeof(*s));
	bool needed = false;
	int ends[2];

	if (!s)
		return -ENOMEM;
	*s = (struct child_starter){.programs = programs, .n = n, .control = -1};
	for (size_t i = 0; i < n; i++)
		needed |= access(programs[i].socket, F_OK) < 0;
	if (needed) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
			return -errno;
		s->control = ends[0];
		s->pid = fork();
		if (s->pid == 0) {
			(void)close(ends[0]);
			serve(s, ends[1]);
		}
		(void)close(ends[1]);
		if (s->pid < 0)
			return -errno;
	}
	*ret = s;
	s = NULL;
	return 0;
}

struct child_starter *child_starter_free(struct child_starter *s)
{
	if (!s)
		return NULL;
	if (s->control >= 0)
		(void)close(s->control);
	if (s->pid > 0)
		(void)waitpid(s->pid, NULL, 0);
	free(s);
	return NULL;
}

static int ask(int control, uint8_t which, int *ret_fd)
{
	union answer room;
	int r = -EPIPE;
	struct iovec iov = {&r, sizeof(r)};
	struct msghdr h = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &room,
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	const struct cmsghdr *c;

	if (send(control, &which, sizeof(which), MSG_NOSIGNAL) < 0)
		return -errno;
	if (recvmsg(control, &h, MSG_CMSG_CLOEXEC) != sizeof(r))
		return -EPIPE;
	c = CMSG_FIRSTHDR(&h);
	if (r < 0)
		return r;
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -EPIPE;
	memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return 0;
}

int child_open(struct child_starter *s, size_t program, int *ret_fd)
{
	int r = connect_to(s->programs[program].socket, ret_fd);

	if (r == -ENOENT && s->control >= 0)
		return ask(s->control, (uint8_t)program, ret_fd);
	return r;
}

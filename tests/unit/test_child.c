/* child/child: a helper starts with its connection and nothing else. This program is the helper
 * when it finds a connection at PROTO_FD. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "child/child.h"
#include "child/proto.h"

extern char **environ;

static const char *failure(void)
{
	struct sigaction term;
	sigset_t blocked;

	for (int fd = PROTO_FD + 1; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return "a descriptor was left open";
	if (environ[0])
		return "the environment is not empty";
	if (sigaction(SIGTERM, NULL, &term) < 0 || term.sa_handler != SIG_DFL ||
	    sigprocmask(SIG_SETMASK, NULL, &blocked) < 0 || sigismember(&blocked, SIGTERM))
		return "SIGTERM is not free";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return "new privileges are possible";
	if (getuid() == 0 || geteuid() == 0)
		return "still root";
	return NULL;
}

static int help(int argc, char **argv)
{
	struct proto_msg m = {.type = PROTO_DONE};
	const char *why = argc == 2 && !strcmp(argv[1], "argument") ? failure() : "argument";
	int fd = -1;

	(void)snprintf(m.done.text, sizeof(m.done.text), "%s", why ? why : "");
	m.done.octets = getuid();
	return proto_send(PROTO_FD, &m, -1) < 0 || proto_recv(PROTO_FD, &m, &fd, true) != 0;
}

static bool is_helper(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(PROTO_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

static struct child_program programs[] = {
	{"/nowhere/one.sock",   "/proc/self/exe",   "nobody",       "argument"},
	{"/nowhere/two.sock",   "/nowhere/program", "nobody",       NULL      },
	{"/nowhere/three.sock", "/proc/self/exe",   "no-such-user", NULL      },
};

static void child_open__starts_a_bare_helper(void **state)
{
	struct child_starter *s = NULL;
	struct proto_msg m;
	int fd[2] = {-1, -1}, none = -1;

	(void)state;
	assert_int_equal(child_starter_new(&s, programs, ARRAY_SIZE(programs)), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(child_open(s, 0, &fd[i]), 0);
		assert_int_equal(proto_recv(fd[i], &m, &none, true), 1);
		assert_string_equal(m.done.text, "");
		assert_true(getuid() == 0 ? m.done.octets != 0 : m.done.octets == getuid());
	}
	assert_int_equal(child_open(s, 1, &none), -ENOENT);
	if (getuid() == 0)
		assert_int_equal(child_open(s, 2, &none), -ENOENT);
	s = child_starter_free(s);
	/* Helpers outlive the starter, and end with their connection. */
	assert_int_equal(proto_recv(fd[0], &m, &none, false), -EAGAIN);
	assert_int_equal(shutdown(fd[0], SHUT_WR), 0);
	assert_int_equal(proto_recv(fd[0], &m, &none, true), 0);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void child_open__prefers_the_socket(void **state)
{
	char dir[] = "/tmp/ocf-child-XXXXXX", path[sizeof(dir) + 8];
	struct child_program p = {path, "/proc/self/exe", "nobody", NULL};
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct child_starter *s = NULL;
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), fd = -1, peer;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	memcpy(a.sun_path, path, sizeof(path));
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(child_starter_new(&s, &p, 1), 0);
	assert_int_equal(child_open(s, 0, &fd), 0);
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	assert_int_equal(proto_send(peer, &(struct proto_msg){.type = PROTO_SLOTS}, -1), 0);
	assert_int_equal(proto_recv(fd, &(struct proto_msg){0}, &(int){-1}, true), 1);
	(void)close(fd);
	(void)close(peer);
	(void)unlink(path);
	assert_int_equal(child_open(s, 0, &fd), -ENOENT); /* nothing was forked at the start */
	child_starter_free(s);
	(void)close(listener);
	(void)rmdir(dir);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(child_open__starts_a_bare_helper),
		cmocka_unit_test(child_open__prefers_the_socket),
	};

	return is_helper() ? help(argc, argv) : cmocka_run_group_tests(tests, NULL, NULL);
}

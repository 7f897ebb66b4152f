/* child/confine: what was not granted fails, what was granted works; each case in a process. */
#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "child/confine.h"

static char dir[] = "/tmp/ocf-confine-XXXXXX";

/* Runs fn in a process of its own; its return value is the exit status. */
static int in_child(int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool opens(const char *name, int flags)
{
	CLEANUP(closep) int fd = open(name, flags | O_CLOEXEC, 0600);

	return fd >= 0;
}

static const char *below(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int files_write(void)
{
	const struct confine_path paths[] = {
		{dir,        CONFINE_WRITE},
                {"/nowhere", CONFINE_READ }
        };
	int r = confine_files(paths, ARRAY_SIZE(paths));

	if (r == -EOPNOTSUPP)
		return 77;
	return r < 0 || !opens(below("new"), O_RDWR | O_CREAT) || !opens(below("new"), O_RDONLY) ||
	       unlink(below("new")) < 0 || symlink("x", below("link")) < 0 ||
	       unlink(below("link")) < 0 || mkdir(below("sub"), 0700) == 0 ||
	       mkfifo(below("fifo"), 0600) == 0 || opens("/etc/passwd", O_RDONLY) ||
	       opens("/dev/null", O_WRONLY);
}

static int files_read(void)
{
	const struct confine_path paths[] = {
		{"/etc/passwd", CONFINE_READ},
                {dir,           CONFINE_READ}
        };
	int r = confine_files(paths, ARRAY_SIZE(paths));

	if (r == -EOPNOTSUPP)
		return 77;
	return r < 0 || !opens("/etc/passwd", O_RDONLY) || opens("/etc/group", O_RDONLY) ||
	       !opens(dir, O_RDONLY | O_DIRECTORY) || opens(below("new"), O_WRONLY | O_CREAT) ||
	       !opens(below("old"), O_RDONLY) || opens(below("old"), O_WRONLY);
}

static bool refused(long r)
{
	return r < 0 && errno == EPERM;
}

static int calls_default(void)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char c;

	if (confine_calls(NULL, 0) < 0)
		return 1;
	return !refused(socket(AF_INET, SOCK_STREAM, 0)) || !refused(open("/dev/null", O_RDONLY)) ||
	       !refused(fork()) || !refused(execve("/bin/true", (char *[]){NULL}, NULL)) ||
	       !refused(unlink("/nowhere")) || !refused(kill(getpid(), 0)) ||
	       !refused(syscall(SYS_ptrace, 0, 0, 0, 0)) || read(fd, &c, 1) != 1;
}

static int calls_by_argument(void)
{
	static const struct confine_call CALLS[] = {
		{__NR_socket, 0,                   UINT32_MAX,          AF_INET     },
		{__NR_openat, 2,                   O_ACCMODE | O_CREAT, O_RDONLY    },
		{__NR_clone,  CONFINE_CLONE_FLAGS, CLONE_THREAD,        CLONE_THREAD},
	};

	if (confine_calls(CALLS, ARRAY_SIZE(CALLS)) < 0)
		return 1;
	return socket(AF_INET, SOCK_STREAM, 0) < 0 || !refused(socket(AF_INET6, SOCK_STREAM, 0)) ||
	       !refused(socket(AF_PACKET, SOCK_RAW, 0)) || !opens("/dev/null", O_RDONLY) ||
	       !refused(open("/dev/null", O_WRONLY)) || !refused(open("/dev/null", O_RDWR)) ||
	       !refused(open("/tmp/none", O_RDONLY | O_CREAT, 0600)) || !refused(fork());
}

static void confine_files__grants_only_what_is_listed(void **state)
{
	int w = in_child(files_write), r = in_child(files_read);

	(void)state;
	if (w == 77)
		skip(); /* a kernel without Landlock */
	assert_int_equal(w, 0);
	assert_int_equal(r, 0);
}

static void confine_calls__grants_only_what_is_listed(void **state)
{
	(void)state;
	assert_int_equal(in_child(calls_default), 0);
	assert_int_equal(in_child(calls_by_argument), 0);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) && opens(below("old"), O_WRONLY | O_CREAT) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlink(below("old"));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(confine_files__grants_only_what_is_listed),
		cmocka_unit_test(confine_calls__grants_only_what_is_listed),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

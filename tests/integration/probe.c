/* Loaded before the C library into a helper: when the helper waits for its first message, it is as
 * confined as it will ever be. Tries what a broken-in parser would try, and prints a line each. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *what, long r)
{
	(void)fprintf(stderr, "probe: %s %s\n", what,
		      r >= 0                              ? "OK"
		      : errno == EPERM || errno == EACCES ? "refused"
							  : "other");
	if (r > STDERR_FILENO + 1)
		(void)close((int)r);
}

static const char *below(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", getenv("PROBE_DIR"), name);
	return path;
}

static long child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : waitpid(pid, NULL, 0) < 0;
}

static void probe(void)
{
	tell("read-passwd", open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	tell("read-resolv", open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC));
	tell("write-tmp", open("/tmp/ocf-probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	tell("write-null", open("/dev/null", O_WRONLY | O_CLOEXEC));
	tell("read-dir", open(below("file"), O_RDONLY | O_CLOEXEC));
	tell("write-dir", open(below("new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	tell("unlink-dir", unlinkat(AT_FDCWD, below("new"), 0));
	tell("link", linkat(AT_FDCWD, below("file"), AT_FDCWD, below("hard"), 0));
	tell("chmod", fchmodat(AT_FDCWD, below("file"), 0777, 0));
	tell("chown", fchownat(AT_FDCWD, below("file"), 12345, 12345, 0));
	tell("socket-inet", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	tell("socket-inet6", socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	tell("socket-unix", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	tell("socket-packet", socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	tell("listen", listen(0, 1));
	tell("fork", child());
	tell("exec", execve("/bin/true", (char *[]){NULL}, NULL));
	tell("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	tell("kill", kill(getppid(), 0));
	tell("setuid", setuid(0));
	tell("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
	tell("chroot", chroot("/"));
}

__attribute__((visibility("default"))) ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	static ssize_t (*real)(int, struct msghdr *, int);

	if (!real) {
		*(void **)&real = dlsym(RTLD_NEXT, "recvmsg");
		probe();
	}
	return real(fd, m, flags);
}

/* Loaded into a daemon: its wall clock is ahead by the seconds in the file $CLOCK_AHEAD. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ret)
{
	const char *file = getenv("CLOCK_AHEAD");
	int fd = id == CLOCK_REALTIME && file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	char text[24] = "";

	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text) - 1);
		(void)close(fd);
	}
	if (syscall(SYS_clock_gettime, id, ret) < 0)
		return -1;
	ret->tv_sec += strtol(text, NULL, 10);
	return 0;
}

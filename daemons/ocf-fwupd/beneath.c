#include "beneath.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)

/* Before Linux 5.6, one step after the other. */
static int walk(int folder, char *path)
{
	CLEANUP(closep) int at = openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *save = NULL, *part = strtok_r(path, "/", &save), *next;

	for (; part && at >= 0; part = next) {
		int fd;

		next = strtok_r(NULL, "/", &save);
		if (!strcmp(part, "..") || !strcmp(part, "."))
			return -EINVAL;
		fd = openat(at, part, next ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC : FLAGS);
		if (fd < 0)
			return errno == ENOTDIR ? -ELOOP : -errno;
		if (!next)
			return fd;
		(void)close(at);
		at = fd;
	}
	return at < 0 ? -errno : -EINVAL;
}

static int open_path(int folder, const char *path)
{
	struct open_how how = {
		.flags = FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	char copy[PATH_MAX];
	int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd < 0 ? -errno : fd;
	if (strlen(path) >= sizeof(copy))
		return -ENAMETOOLONG;
	(void)snprintf(copy, sizeof(copy), "%s", path);
	return walk(folder, copy);
}

int beneath_open(int folder, const char *path, int *ret)
{
	CLEANUP(closep) int fd = -1;
	struct stat st;

	while (*path == '/')
		path++;
	fd = open_path(folder, path);
	if (fd < 0)
		return fd_take(&fd);
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EPERM;
	*ret = fd_take(&fd);
	return 0;
}

#include "files.h"

#include <fcntl.h>
#include <stdio.h>

#define NAME_ROOM ((size_t)96)

int files_read(int dir, const char *name, struct buf *out)
{
	CLEANUP(closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : buf_put_file(out, fd);
}

int files_load(const char *path, struct buf *out)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : buf_put_file(out, fd);
}

int files_put(int dir, const char *name, struct span data)
{
	CLEANUP(closep) int fd = -1;
	char tmp[NAME_ROOM];
	int r = snprintf(tmp, sizeof(tmp), "%s.tmp", name);

	if (r < 0 || (size_t)r >= sizeof(tmp))
		return -ENAMETOOLONG;
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = span_put_file(data, fd);
	if (r < 0)
		return r;
	if (fsync(fd) < 0 || renameat(dir, tmp, dir, name) < 0 || fsync(dir) < 0)
		return -errno;
	return 0;
}

#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#define NAME_ROOM     ((size_t)96)
#define LINE_FILE_MAX ((size_t)4096)

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

int files_load_line(const char *path, char *ret, size_t room)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(LINE_FILE_MAX);
	int r = files_load(path, &text);
	struct span rest = buf_span(&text);

	return r < 0 ? r : span_to_str(span_cut(&rest, '\n'), ret, room);
}

int files_lock(int dir)
{
	while (flock(dir, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
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

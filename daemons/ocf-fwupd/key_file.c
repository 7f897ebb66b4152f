#include "key_file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

static int check_directory(int fd, uid_t owner, const char **ret_why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_why = "a directory on the way belongs to somebody else";
	if (st.st_uid != 0 && st.st_uid != owner)
		return -EPERM;
	*ret_why = "others may write a directory on the way";
	return (st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0 ? -EPERM : 0;
}

static int check_file(int fd, enum key_file kind, uid_t owner, const char **ret_why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_why = "it is no file";
	if (!S_ISREG(st.st_mode))
		return -EPERM;
	*ret_why = "it belongs to somebody else";
	if (st.st_uid != owner && !(kind == KEY_FILE_SECRET && st.st_uid == 0))
		return -EPERM;
	*ret_why = "others may write it";
	if ((st.st_mode & 022) != 0)
		return -EPERM;
	*ret_why = "others may read it";
	return kind == KEY_FILE_SECRET && (st.st_mode & 007) != 0 ? -EPERM : 0;
}

/* One step down; the last one is the file. */
static int open_at(int dir, const char *name, bool last)
{
	const int flags = last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY;
	int fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Through every directory on the way: whoever could change one could exchange the file. */
static int open_path(const char *path, uid_t owner, const char **ret_why)
{
	CLEANUP(closep)
	int dir = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct span rest = span_str(path);
	int r = dir < 0 ? -errno : 0;

	if (r == 0 && path[0] == '/')
		r = check_directory(dir, owner, ret_why);
	while (r == 0) {
		struct span part = span_cut(&rest, '/');
		char name[NAME_MAX + 1];
		int fd;

		if (part.len == 0 && rest.ptr)
			continue;
		if (span_to_str(part, name, sizeof(name)) < 0)
			return -ENAMETOOLONG;
		fd = open_at(dir, name, !rest.ptr);
		if (fd < 0 || !rest.ptr) {
			*ret_why = "a part of the path is no directory, or a symbolic link";
			return fd == -ELOOP || (fd == -ENOTDIR && rest.ptr) ? -EPERM : fd;
		}
		closep(&dir);
		dir = fd;
		r = check_directory(dir, owner, ret_why);
	}
	return r;
}

int key_file_read(const char *path, enum key_file kind, uid_t owner, struct buf *out,
		  const char **ret_why)
{
	CLEANUP(closep) int fd = open_path(path, owner, ret_why);
	int r = fd < 0 ? fd : check_file(fd, kind, owner, ret_why);

	return r < 0 ? r : buf_put_file(out, fd);
}

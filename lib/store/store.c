#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

/* No record name starts with a dot, so it cannot be one; a single writer needs only one. */
#define TMP_NAME ".tmp"

struct store {
	int dirfd; /* also holds the lock */
};

/* A temporary file that goes unless it has become a record. */
struct tmpfile {
	int dirfd;
	bool named;
};

static void tmpfile_dropp(const struct tmpfile *t)
{
	if (t->named)
		(void)unlinkat(t->dirfd, TMP_NAME, 0); /* else store_open() removes it */
}

static void closedirp(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static bool name_is_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-");

	return n > 0 && n <= STORE_NAME_MAX && name[n] == '\0' && name[0] != '.';
}

int store_open(struct store **ret, const char *dir)
{
	CLEANUP(closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct store *s;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return -EPERM;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (unlinkat(fd, TMP_NAME, 0) < 0 && errno != ENOENT)
		return -errno;

	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->dirfd = fd_take(&fd);
	*ret = s;
	return 0;
}

struct store *store_free(struct store *s)
{
	if (s)
		(void)close(s->dirfd);
	free(s);
	return NULL;
}

int store_put(struct store *s, const char *name, struct span data)
{
	CLEANUP(tmpfile_dropp) struct tmpfile tmp = {.dirfd = s->dirfd};
	CLEANUP(closep) int fd = -1;
	int r;

	if (!name_is_valid(name))
		return -EINVAL;
	if (data.len > STORE_RECORD_MAX)
		return -EFBIG;

	fd = openat(s->dirfd, TMP_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return -errno;
	tmp.named = true;

	r = span_put_file(data, fd);
	if (r < 0)
		return r;
	if (fsync(fd) < 0)
		return -errno;
	if (renameat(s->dirfd, TMP_NAME, s->dirfd, name) < 0)
		return -errno;
	tmp.named = false;

	return fsync(s->dirfd) < 0 ? -errno : 0; /* the rename itself must reach the disk too */
}

static int read_all(int fd, uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EIO; /* shorter than a moment ago */
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int store_get(struct store *s, const char *name, struct buf *out)
{
	CLEANUP(closep) int fd = -1;
	struct stat st;
	uint8_t *room;
	size_t len;
	int r;

	if (!name_is_valid(name))
		return -EINVAL;
	fd = openat(s->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EIO;
	len = (size_t)st.st_size;
	if (len > STORE_RECORD_MAX || len > out->max - out->len)
		return -EFBIG;

	if (len == 0)
		return 0;
	room = buf_room(out, len);
	if (!room)
		return -ENOMEM;
	r = read_all(fd, room, len);
	if (r == 0)
		out->len += len;
	return r;
}

int store_del(struct store *s, const char *name)
{
	if (!name_is_valid(name))
		return -EINVAL;
	if (unlinkat(s->dirfd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(s->dirfd) < 0 ? -errno : 0;
}

int store_each(struct store *s, int (*fn)(void *arg, const char *name), void *arg)
{
	CLEANUP(closedirp) DIR *dir = NULL;
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	while (r == 0) {
		const struct dirent *e;

		errno = 0;
		e = readdir(dir);
		if (!e)
			return -errno;
		if (name_is_valid(e->d_name))
			r = fn(arg, e->d_name);
	}
	return r;
}

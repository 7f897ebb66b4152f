#include "files.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fw/direct.h"

#define BLOCK ((size_t)64 * 1024)

void files_drop(struct files_draft *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	if (d->path[0] != '\0')
		(void)unlink(d->path);
}

int files_begin(struct files_draft *d, const char *target, unsigned mode)
{
	int n = snprintf(d->path, sizeof(d->path), "%s.XXXXXX", target);

	if (n < 0 || (size_t)n >= sizeof(d->path)) {
		d->path[0] = '\0';
		return -ENAMETOOLONG;
	}
	d->fd = mkostemp(d->path, O_CLOEXEC);
	if (d->fd < 0) {
		d->path[0] = '\0';
		return -errno;
	}
	return fchmod(d->fd, mode) < 0 ? -errno : 0;
}

int files_put(struct files_draft *d, struct span data)
{
	return span_put_file(data, d->fd);
}

int files_each(const char *path, int (*take)(void *arg, struct span piece), void *arg)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(freep) uint8_t *block = malloc(BLOCK);
	int r = 0;

	if (fd < 0)
		return -errno;
	while (block && r == 0) {
		ssize_t n = read(fd, block, BLOCK);

		if (n == 0)
			return 0;
		if (n > 0)
			r = take(arg, span_of(block, (size_t)n));
		else if (errno != EINTR)
			r = -errno;
	}
	return block ? r : -ENOMEM;
}

/* Makes a rename or link in the folder of `path` durable. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(closep) int fd = -1;
	char folder[PATH_MAX] = ".";

	if (slash &&
	    span_to_str(span_of(path, (size_t)(slash - path) + 1), folder, sizeof(folder)) < 0)
		return -ENAMETOOLONG;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int files_place(struct files_draft *d, const char *target)
{
	if (fsync(d->fd) < 0 || rename(d->path, target) < 0)
		return -errno;
	d->path[0] = '\0';
	return sync_folder(target);
}

int files_read(const char *path, struct buf *out)
{
	CLEANUP(closep) int fd = -1;

	if (strcmp(path, "-") == 0)
		return buf_put_file(out, STDIN_FILENO);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : buf_put_file(out, fd);
}

int files_read_secret(const char *path, struct buf *out)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & 077) != 0)
		return -EPERM;
	return buf_put_file(out, fd);
}

int files_write(const char *path, struct span data, unsigned mode)
{
	CLEANUP(files_drop) struct files_draft d = {.fd = -1};
	int r;

	if (strcmp(path, "-") == 0)
		return fwrite(data.ptr, 1, data.len, stdout) == data.len ? 0 : -EIO;
	r = files_begin(&d, path, mode);
	if (r == 0)
		r = span_put_file(data, d.fd);
	return r < 0 ? r : files_place(&d, path);
}

int files_create(const char *path, struct span data, unsigned mode)
{
	CLEANUP(files_drop) struct files_draft d = {.fd = -1};
	int r = files_begin(&d, path, mode);

	if (r == 0)
		r = span_put_file(data, d.fd);
	if (r < 0)
		return r;
	if (fsync(d.fd) < 0 || link(d.path, path) < 0) /* does not replace */
		return -errno;
	return sync_folder(path);
}

/* Reads up to limit + 1 octets; `to` and `also` may be -1 and NULL. */
static int pump(int from, int to, struct hash_set *hashes, struct hash_set *also, uint64_t limit,
		uint64_t *ret_size)
{
	CLEANUP(freep) uint8_t *block = malloc(BLOCK);
	uint64_t size = 0;
	int r = block ? 0 : -ENOMEM;

	while (r == 0 && size <= limit) {
		uint64_t room = limit - size < BLOCK ? limit - size + 1 : BLOCK;
		ssize_t n = read(from, block, (size_t)room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (uint64_t)n;
		r = hash_set_update(hashes, span_of(block, (size_t)n));
		if (r == 0 && also)
			r = hash_set_update(also, span_of(block, (size_t)n));
		if (r == 0 && to >= 0)
			r = span_put_file(span_of(block, (size_t)n), to);
	}
	*ret_size = size;
	return r;
}

int files_read_manifest(const char *path, struct buf *out, uint64_t *ret_image)
{
	CLEANUP(closep) int fd = strcmp(path, "-") == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	uint8_t head[DIRECT_HEAD];
	ssize_t n = fd < 0 ? 0 : pread(fd, head, sizeof(head), 0);
	size_t len;

	*ret_image = 0;
	if (n < 0 || !direct_is(span_of(head, (size_t)n)))
		return files_read(path, out);
	if (direct_head(span_of(head, (size_t)n), &len) != FWE_OK)
		return -EBADMSG;
	if (len > out->max)
		return -EFBIG;
	if (!buf_room(out, len))
		return -ENOMEM;
	if (pread(fd, out->ptr + out->len, len, DIRECT_HEAD) != (ssize_t)len)
		return -EBADMSG;
	out->len += len;
	*ret_image = DIRECT_HEAD + len;
	return 0;
}

int files_digest(const char *path, uint64_t from, unsigned algs, uint64_t limit,
		 struct hash_set *also, struct digests *ret, uint64_t *ret_size)
{
	CLEANUP(hash_set_freep) struct hash_set *hashes = NULL;
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0 || (from > 0 && lseek(fd, (off_t)from, SEEK_SET) < 0))
		return -errno;
	r = hash_set_new(&hashes, algs);
	if (r == 0)
		r = pump(fd, -1, hashes, also, limit, ret_size);
	if (r == 0)
		hash_set_final(hashes, ret);
	return r;
}

int files_copy(struct span before, const char *from, const char *to, const struct digests *want)
{
	CLEANUP(hash_set_freep) struct hash_set *hashes = NULL;
	CLEANUP(files_drop) struct files_draft d = {.fd = -1};
	CLEANUP(closep) int fd = open(from, O_RDONLY | O_CLOEXEC);
	struct digests got;
	uint64_t size;
	int r;

	if (fd < 0)
		return -errno;
	r = hash_set_new(&hashes, want->algs);
	if (r == 0)
		r = files_begin(&d, to, FILES_PUBLIC);
	if (r == 0)
		r = span_put_file(before, d.fd);
	if (r == 0)
		r = pump(fd, d.fd, hashes, NULL, UINT64_MAX - 1, &size);
	if (r < 0)
		return r;
	hash_set_final(hashes, &got);
	if (want->algs != 0 && !digests_match(want, &got))
		return -EBADMSG;
	return files_place(&d, to);
}

int files_link(const char *from, const char *to)
{
	CLEANUP(files_drop) struct files_draft d = {.fd = -1};
	int r = files_begin(&d, to, FILES_PUBLIC);

	if (r < 0)
		return r;
	if (unlink(d.path) < 0)
		return -errno;
	if (link(from, d.path) < 0) {
		d.path[0] = '\0'; /* the name is gone already */
		return files_copy(span_of(NULL, 0), from, to, &(struct digests){0});
	}
	/* Renaming over another name of the same file does nothing and leaves ours behind: the
	 * draft is dropped then. */
	return rename(d.path, to) < 0 ? -errno : sync_folder(to);
}

int files_make_parents(const char *path)
{
	char part[PATH_MAX];

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		if (span_to_str(span_of(path, (size_t)(p - path)), part, sizeof(part)) < 0)
			return -ENAMETOOLONG;
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

#include "files.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fw/direct.h"

#define BLOCK ((size_t)64 * 1024)

/* The draft, which a signal must not leave behind. */
static char draft_path[PATH_MAX];
static volatile sig_atomic_t has_draft;

static void remove_draft(int sig)
{
	if (has_draft)
		(void)unlink(draft_path);
	(void)raise(sig); /* what it does by itself */
}

void files_guard_drafts(void)
{
	static const int SIGNALS[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
	const struct sigaction guard = {.sa_handler = remove_draft, .sa_flags = (int)SA_RESETHAND};
	struct sigaction old;

	for (size_t i = 0; i < ARRAY_SIZE(SIGNALS); i++) {
		if (sigaction(SIGNALS[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(SIGNALS[i], &guard, NULL);
	}
}

static void forget(struct files_draft *d)
{
	has_draft = false;
	d->named = false;
}

void files_drop(struct files_draft *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	if (d->named) {
		(void)unlink(draft_path);
		forget(d);
	}
}

static mode_t allowed(mode_t mode)
{
	mode_t mask = umask(077);

	(void)umask(mask);
	return mode & ~mask;
}

int files_begin(struct files_draft *d, const char *target, unsigned mode)
{
	struct stat st;
	int n;

	if (stat(target, &st) == 0 && !S_ISREG(st.st_mode)) { /* a device, a FIFO */
		d->fd = open(target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return d->fd < 0 ? -errno : 0;
	}
	n = snprintf(draft_path, sizeof(draft_path), "%s.XXXXXX", target);
	if (n < 0 || (size_t)n >= sizeof(draft_path))
		return -ENAMETOOLONG;
	has_draft = d->named = true;
	d->fd = mkostemp(draft_path, O_CLOEXEC);
	if (d->fd < 0) {
		forget(d);
		return -errno;
	}
	return fchmod(d->fd, allowed(mode)) < 0 ? -errno : 0;
}

int files_put(struct files_draft *d, struct span data)
{
	return span_put_file(data, d->fd);
}

int files_each(const char *path, uint64_t from, uint64_t limit,
	       int (*take)(void *arg, struct span piece), void *arg)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(freep) uint8_t *block = malloc(BLOCK);
	int r = block ? 0 : -ENOMEM;

	if (fd < 0 || (r == 0 && from > 0 && lseek(fd, (off_t)from, SEEK_SET) < 0))
		r = -errno;
	for (uint64_t size = 0; r == 0 && size <= limit;) {
		ssize_t n = read(fd, block, limit - size < BLOCK ? limit - size + 1 : BLOCK);

		if (n == 0)
			break;
		size += n > 0 ? (uint64_t)n : 0;
		if (n > 0)
			r = take(arg, span_of(block, (size_t)n));
		else if (errno != EINTR)
			r = -errno;
	}
	return r;
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
	if (!d->named)
		return 0;
	if (fsync(d->fd) < 0 || rename(draft_path, target) < 0)
		return -errno;
	forget(d);
	return sync_folder(target);
}

static int open_input(const char *path)
{
	return strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
				      : open(path, O_RDONLY | O_CLOEXEC);
}

int files_read(const char *path, struct buf *out)
{
	CLEANUP(closep) int fd = open_input(path);

	return fd < 0 ? -errno : buf_put_file(out, fd);
}

int files_read_key(const char *path, struct buf *out, bool *ret_open)
{
	CLEANUP(closep) int fd = open_input(path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret_open = !S_ISCHR(st.st_mode) && (st.st_mode & 077) != 0;
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
	struct stat st;
	int r = lstat(path, &st) == 0 ? -EEXIST : files_begin(&d, path, mode);

	if (r == 0)
		r = span_put_file(data, d.fd);
	if (r < 0)
		return r;
	if (fsync(d.fd) < 0 || link(draft_path, path) < 0) /* does not replace */
		return -errno;
	return sync_folder(path);
}

int files_read_manifest(const char *path, struct buf *out, uint64_t *ret_image,
			enum fw_error *ret_fault)
{
	CLEANUP(closep) int fd = strcmp(path, "-") == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	uint8_t head[DIRECT_HEAD];
	ssize_t n = fd < 0 ? 0 : pread(fd, head, sizeof(head), 0);
	size_t len;

	*ret_image = 0;
	*ret_fault = FWE_OK;
	if (n < 0 || !direct_is(span_of(head, (size_t)n)))
		return files_read(path, out);
	*ret_fault = direct_head(span_of(head, (size_t)n), &len);
	if (*ret_fault != FWE_OK)
		return -EBADMSG;
	if (len > out->max)
		return -EFBIG;
	if (!buf_room(out, len))
		return -ENOMEM;
	if (pread(fd, out->ptr + out->len, len, DIRECT_HEAD) != (ssize_t)len) {
		*ret_fault = FWE_IMAGE_TRUNCATED;
		return -EBADMSG;
	}
	out->len += len;
	*ret_image = DIRECT_HEAD + len;
	return 0;
}

/* Where the octets of a file go; `also` may be NULL, `to` -1. */
struct pump {
	struct hash_set *hashes, *also;
	int to;
	uint64_t size;
};

static int take(void *arg, struct span piece)
{
	struct pump *p = arg;
	int r = hash_set_update(p->hashes, piece);

	p->size += piece.len;
	if (r == 0 && p->also)
		r = hash_set_update(p->also, piece);
	return r == 0 && p->to >= 0 ? span_put_file(piece, p->to) : r;
}

int files_digest(const char *path, uint64_t from, unsigned algs, uint64_t limit,
		 struct hash_set *also, struct digests *ret, uint64_t *ret_size)
{
	struct pump p = {.also = also, .to = -1};
	int r = hash_set_new(&p.hashes, algs);

	if (r == 0)
		r = files_each(path, from, limit, take, &p);
	if (r == 0)
		hash_set_final(p.hashes, ret);
	hash_set_free(p.hashes);
	*ret_size = p.size;
	return r;
}

int files_copy(struct span before, const char *from, const char *to, const struct digests *want)
{
	CLEANUP(files_drop) struct files_draft d = {.fd = -1};
	struct pump p = {0};
	struct digests got;
	int r = files_begin(&d, to, FILES_PUBLIC);

	if (r == 0)
		r = files_put(&d, before);
	p.to = d.fd;
	if (r == 0)
		r = hash_set_new(&p.hashes, want->algs);
	if (r == 0)
		r = files_each(from, 0, FILES_WHOLE, take, &p);
	if (r == 0)
		hash_set_final(p.hashes, &got);
	hash_set_free(p.hashes);
	if (r == 0 && want->algs != 0 && !digests_match(want, &got))
		r = -EBADMSG;
	return r < 0 ? r : files_place(&d, to);
}

const char *files_error(int r)
{
	return r == -EBADMSG ? "it changed while it was read; try again" : strerror(-r);
}

int files_link(const char *from, const char *to)
{
	CLEANUP(files_drop) struct files_draft d = {.fd = -1};
	int r = files_begin(&d, to, FILES_PUBLIC);

	if (r < 0)
		return r;
	if (unlink(draft_path) < 0)
		return -errno;
	if (link(from, draft_path) < 0) {
		forget(&d); /* the name is gone already */
		return files_copy(span_of(NULL, 0), from, to, &(struct digests){0});
	}
	/* Renaming over another name of the same file does nothing and leaves ours behind: the
	 * draft is dropped then. */
	return rename(draft_path, to) < 0 ? -errno : sync_folder(to);
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

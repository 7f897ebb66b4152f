#include "slots.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "fw/release.h"
#include "sealed.h"

#define PIECE       ((size_t)1024 * 1024) /* octets read at once */
#define READ_STEP   ((size_t)512)         /* of a small file */
#define FLUSH_EVERY ((uint64_t)8 * 1024 * 1024)
#define PROGRESS_US (250 * USEC_PER_MSEC)
#define CURRENT     "current"
#define BOOTED      ".booted"
#define RELEASE     "os-release"
#define BOOT_ID     "/proc/sys/kernel/random/boot_id"
#define NO_SLOT     (-1)

static const char *const NAMES[] = {"a", "b"};

enum step { STEP_NONE, STEP_BEGUN, STEP_VERIFIED };

struct slots {
	const struct slots_config *config;
	int control; /* borrowed */
	int dir;
	int slot_dirs[ARRAY_SIZE(NAMES)];
	char boot_id[48];
	uint8_t *piece;
	/* The installation under way. */
	enum step step;
	int target;
	struct proto_begin plan;
	uint32_t images;      /* done */
	uint32_t seen;        /* components written, by place in the table */
	uint64_t octets;      /* of all images */
	struct hash_set *all; /* over all images */
};

/* ---- small files and links ---- */

static int read_file(int dir, const char *name, struct buf *out)
{
	CLEANUP(closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		uint8_t *at = buf_room(out, READ_STEP);

		if (!at)
			return -EFBIG;
		n = read(fd, at, READ_STEP);
		out->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n < 0 ? -errno : 0;
}

static int write_all(int fd, const uint8_t *data, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, data, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		data += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Replaces a small file as a whole, durably. */
static int put_file(int dir, const char *name, struct span data)
{
	CLEANUP(closep) int fd = -1;
	char tmp[64];
	int r;

	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", name);
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = write_all(fd, data.ptr, data.len);
	if (r < 0)
		return r;
	if (fsync(fd) < 0 || renameat(dir, tmp, dir, name) < 0 || fsync(dir) < 0)
		return -errno;
	return 0;
}

static int slot_by_name(struct span name)
{
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (span_is(name, NAMES[i]))
			return (int)i;
	return NO_SLOT;
}

/* Where `current` points; NO_SLOT: there is none yet. -EUCLEAN: it is not ours. */
static int read_current(struct slots *s, int *ret)
{
	char target[8];
	ssize_t n = readlinkat(s->dir, CURRENT, target, sizeof(target));

	*ret = NO_SLOT;
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	*ret = slot_by_name(span_of(target, (size_t)n));
	return *ret == NO_SLOT ? -EUCLEAN : 0;
}

/* The one step that decides which version is current. */
static int point_current(struct slots *s, int slot)
{
	static const char TMP[] = CURRENT ".tmp";

	if (unlinkat(s->dir, TMP, 0) < 0 && errno != ENOENT)
		return -errno;
	if (symlinkat(NAMES[slot], s->dir, TMP) < 0 || renameat(s->dir, TMP, s->dir, CURRENT) < 0 ||
	    fsync(s->dir) < 0)
		return -errno;
	return 0;
}

/* The slot that this boot started with: what was current when we first looked after the boot. */
static int read_booted(struct slots *s, int current, int *ret)
{
	struct buf b = BUF_INIT(4096);
	struct span rest, id;
	char record[64];
	int r = read_file(s->dir, BOOTED, &b);

	rest = buf_span(&b);
	id = span_cut(&rest, ' ');
	*ret = r == 0 && span_is(id, s->boot_id) ? slot_by_name(span_cut(&rest, '\n')) : NO_SLOT;
	buf_done(&b);
	if (*ret != NO_SLOT || current == NO_SLOT)
		return 0;
	*ret = current;
	(void)snprintf(record, sizeof(record), "%s %s\n", s->boot_id, NAMES[current]);
	return put_file(s->dir, BOOTED, span_str(record));
}

static int read_places(struct slots *s, int *ret_running, int *ret_current)
{
	int r = read_current(s, ret_current);

	*ret_running = *ret_current;
	if (r == 0 && s->config->activation == SLOTS_REBOOT)
		r = read_booted(s, *ret_current, ret_running);
	return r;
}

static void read_version(struct slots *s, int slot, char ret[PROTO_VERSION])
{
	struct buf b = BUF_INIT(RELEASE_FILE_MAX);
	struct fw_version v;

	if (slot != NO_SLOT && read_file(s->slot_dirs[slot], RELEASE, &b) == 0 &&
	    release_version(buf_span(&b), &v))
		fw_version_format(&v, ret);
	buf_done(&b);
}

/* ---- opening ---- */

static int read_boot_id(struct slots *s)
{
	struct buf b = BUF_INIT(4096);
	struct span rest;
	int r = read_file(AT_FDCWD, BOOT_ID, &b);

	rest = buf_span(&b);
	if (r == 0)
		r = span_to_str(span_cut(&rest, '\n'), s->boot_id, sizeof(s->boot_id));
	buf_done(&b);
	return r;
}

int slots_open(struct slots **ret, const struct slots_config *config, int control)
{
	CLEANUP(slots_freep) struct slots *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct slots){
		.config = config, .control = control, .dir = -1, .slot_dirs = {-1, -1}
        };
	s->piece = malloc(PIECE);
	if (!s->piece)
		return -ENOMEM;
	s->dir = open(config->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		if (mkdirat(s->dir, NAMES[i], 0755) < 0 && errno != EEXIST)
			return -errno;
		s->slot_dirs[i] =
			openat(s->dir, NAMES[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (s->slot_dirs[i] < 0)
			return -errno;
	}
	if (config->activation == SLOTS_REBOOT && read_boot_id(s) < 0)
		return -ENODATA;
	*ret = s;
	s = NULL;
	return 0;
}

struct slots *slots_free(struct slots *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		closep(&s->slot_dirs[i]);
	closep(&s->dir);
	hash_set_free(s->all);
	free(s->piece);
	free(s);
	return NULL;
}

void slots_state(struct slots *s, struct proto_slots_are *ret)
{
	int running, current;

	*ret = (struct proto_slots_are){0};
	if (read_places(s, &running, &current) < 0) {
		ret->error = FWE_INSTALL_FAILED;
		return;
	}
	read_version(s, running, ret->running);
	if (running != NO_SLOT)
		(void)snprintf(ret->slot, sizeof(ret->slot), "%s", NAMES[running]);
	if (current != running)
		read_version(s, current, ret->pending);
}

/* ---- installing ---- */

static void answer(struct proto_done *ret, enum fw_error e, const char *text)
{
	ret->error = e;
	proto_text(ret->text, sizeof(ret->text), text);
}

static void answer_errno(struct proto_done *ret, int r, const char *what)
{
	char text[PROTO_TEXT];
	bool full = r == -ENOSPC || r == -EDQUOT;

	(void)snprintf(text, sizeof(text), "%s: %s", what, strerror(-r));
	answer(ret, full ? FWE_INSTALL_NO_SPACE : FWE_INSTALL_FAILED, text);
}

/* os-release first: from then on the slot counts as empty, whatever else is still there. */
static int empty_slot(int slot_dir)
{
	DIR *d;
	const struct dirent *e;
	int fd, r = 0;

	if ((unlinkat(slot_dir, RELEASE, 0) < 0 && errno != ENOENT) || fsync(slot_dir) < 0)
		return -errno;
	fd = openat(slot_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		r = -errno;
		closep(&fd);
		return r;
	}
	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    unlinkat(slot_dir, e->d_name, 0) < 0)
			r = -errno;
	(void)closedir(d);
	return r;
}

/* Octets in a slot that never became complete; 0: none, or it is complete. */
static uint64_t count_staged(int slot_dir, const char *components)
{
	struct span rest = span_str(components);
	uint64_t octets = 0;
	struct stat st;

	if (fstatat(slot_dir, RELEASE, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		return 0;
	while (rest.ptr) {
		char name[PROTO_LABEL];

		if (span_to_str(span_cut(&rest, ' '), name, sizeof(name)) == 0 && name[0] &&
		    fstatat(slot_dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			octets += (uint64_t)st.st_size;
	}
	return octets;
}

static int choose_target(struct slots *s)
{
	int running, current, r = read_places(s, &running, &current);

	if (r < 0)
		return r;
	s->target = running == 0 ? 1 : 0;
	/* A version that waits for the next boot is given up before its slot is. */
	return current == s->target ? point_current(s, running) : 0;
}

static bool is_alone(const struct slots *s)
{
	struct pollfd p = {.fd = s->control}; /* which tells of its end without being asked */

	return poll(&p, 1, 0) > 0;
}

/* One writer at a time: an earlier one that was cancelled may still be at work. The lock lasts as
 * long as `s`. */
static int lock(struct slots *s)
{
	while (flock(s->dir, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return is_alone(s) ? -ECANCELED : 0;
}

static int make_room(struct slots *s, const struct proto_begin *b)
{
	struct statvfs fs;
	int r = empty_slot(s->slot_dirs[s->target]);

	if (r == 0 && fstatvfs(s->dir, &fs) < 0)
		r = -errno;
	if (r == 0 && b->size != PROTO_SIZE_ANY && b->size / fs.f_frsize >= fs.f_bavail)
		r = -ENOSPC;
	return r;
}

void slots_begin(struct slots *s, const struct proto_begin *b, struct proto_done *ret)
{
	int r;

	*ret = (struct proto_done){0};
	s->step = STEP_NONE;
	s->plan = *b;
	s->images = 0;
	s->seen = 0;
	s->octets = 0;
	s->all = hash_set_free(s->all);
	if (b->images == 0 || b->digests.algs == 0) {
		answer(ret, FWE_INTERNAL, "an installation without image or digest");
		return;
	}
	r = hash_set_new(&s->all, b->digests.algs);
	if (r == 0)
		r = lock(s);
	if (r == 0)
		r = choose_target(s);
	if (r == 0 && b->keep)
		ret->octets = count_staged(s->slot_dirs[s->target], s->config->components);
	if (r == 0 && ret->octets == 0)
		r = make_room(s, b);
	if (r < 0) {
		answer_errno(ret, r, "the slot cannot be emptied");
		return;
	}
	s->step = STEP_BEGUN;
}

/* The place of `name` in our own list, and our own spelling of it. */
static bool find_component(const struct slots *s, const char *name, uint32_t *ret_bit,
			   char ret_name[PROTO_LABEL])
{
	struct span rest = span_str(s->config->components);
	uint32_t bit = 1;

	while (rest.ptr && bit) {
		struct span word = span_cut(&rest, ' ');

		if (word.len > 0 && span_is(word, name)) {
			*ret_bit = bit;
			return span_to_str(word, ret_name, PROTO_LABEL) == 0;
		}
		bit <<= 1;
	}
	return false;
}

static uint64_t image_limit(const struct slots *s, const struct proto_image *i)
{
	uint64_t max = (uint64_t)s->config->size_max_mib * 1024 * 1024;

	if (i->size != PROTO_SIZE_ANY)
		return i->size;
	return max > 0 ? max : UINT64_MAX - 1;
}

struct sink {
	int fd;                /* -1: what is read is there already */
	struct sealed *sealed; /* what is read goes through it first; NULL: it is the image */
	enum fw_error sealed_error;
	uint64_t received, limit; /* what is read, and may be written */
	uint64_t octets, flushed;
	struct hash_set *own, *all;
	void (*progress)(uint64_t octets);
	uint64_t told_us;
};

/* A piece of the image. -EOVERFLOW: it has more octets than it may; k->octets tells. */
static int sink_piece(void *sink, struct span data)
{
	struct sink *k = sink;
	const size_t n = data.len;
	uint64_t now_us;
	int r;

	if (n > k->limit - k->octets) {
		k->octets += n;
		return -EOVERFLOW;
	}
	r = k->fd < 0 ? 0 : write_all(k->fd, data.ptr, n);

	if (r == 0 && k->own)
		r = hash_set_update(k->own, data);
	if (r == 0)
		r = hash_set_update(k->all, data);
	if (r < 0)
		return r;
	k->octets += n;
	if (k->fd >= 0 && k->octets - k->flushed >= FLUSH_EVERY) {
		/* Starts the disk while we go on, so that the fsync at the end is short. */
		(void)sync_file_range(k->fd, (off_t)k->flushed, (off_t)(k->octets - k->flushed),
				      SYNC_FILE_RANGE_WRITE);
		k->flushed = k->octets;
	}
	now_us = clock_monotonic_us();
	if (now_us - k->told_us >= PROGRESS_US) {
		k->told_us = now_us;
		k->progress(k->octets);
	}
	return 0;
}

/* Until the pipe has something, or its end. Whoever holds its other end may keep silent for ever,
 * so the end of the connection ends this, too: -ECANCELED. */
static int wait_for(const struct slots *s, int pipe)
{
	struct pollfd p[] = {
		{.fd = pipe, .events = POLLIN},
                {.fd = s->control         }
        };

	while (poll(p, ARRAY_SIZE(p), -1) < 0)
		if (errno != EINTR)
			return -errno;
	return p[1].revents != 0 ? -ECANCELED : 0;
}

/* What was read. -EOVERFLOW: more than there is to be. */
static int take_piece(struct sink *k, struct span data, uint64_t limit)
{
	k->received += data.len;
	if (!k->sealed)
		return sink_piece(k, data);
	return k->received > limit ? -EOVERFLOW : sealed_feed(k->sealed, data);
}

/* Everything the pipe gives, but no more than one piece beyond `limit`. */
static int copy(struct slots *s, struct sink *k, int pipe, uint64_t limit)
{
	while (k->received <= limit) {
		int r = wait_for(s, pipe);
		ssize_t n;

		if (r < 0)
			return r;
		n = read(pipe, s->piece, PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		r = take_piece(k, span_of(s->piece, (size_t)n), limit);
		if (r < 0)
			return r == -EOVERFLOW ? 0 : r;
	}
	return 0;
}

static int copy_sealed(struct slots *s, struct sink *k, int pipe, uint64_t limit)
{
	int r = copy(s, k, pipe, limit);

	if (r == 0 && k->octets <= k->limit)
		r = sealed_end(k->sealed, k->received, &k->sealed_error);
	if (r == -EBADMSG) {
		k->sealed_error = FWE_IMAGE_DECRYPT_FAILED;
		return 0;
	}
	return r == -EOVERFLOW ? 0 : r;
}

static bool match(const struct proto_digests *want, struct hash_set *set)
{
	struct digests a = {.algs = want->algs}, b;

	_Static_assert(sizeof(a.b) == sizeof(want->b), "the same digests on both sides");
	memcpy(a.b, want->b, sizeof(a.b));
	hash_set_final(set, &b);
	return digests_match(&a, &b);
}

static void judge_image(struct slots *s, const struct proto_image *i, struct sink *k,
			struct proto_done *ret)
{
	bool last = s->images + 1 == s->plan.images;

	if (k->sealed_error != FWE_OK && k->octets <= k->limit)
		answer(ret, k->sealed_error,
		       "what was delivered is not the encrypted image that was signed");
	else if (i->size == PROTO_SIZE_ANY && k->octets > image_limit(s, i))
		answer(ret, FWE_IMAGE_TOO_LARGE, "the image is larger than the slot");
	else if (i->size != PROTO_SIZE_ANY && k->octets != i->size)
		answer(ret, FWE_IMAGE_SIZE_MISMATCH,
		       k->octets < i->size ? "the image is shorter than signed"
					   : "the image is longer than signed");
	else if (k->own && !match(&i->digests, k->own))
		answer(ret, FWE_IMAGE_DIGEST_MISMATCH, "the image is not what was signed");
	else if (last && !match(&s->plan.digests, s->all))
		answer(ret, FWE_IMAGE_DIGEST_MISMATCH, "the images are not what was signed");
	else if (last && s->plan.size != PROTO_SIZE_ANY && s->octets + k->octets != s->plan.size)
		answer(ret, FWE_IMAGE_SIZE_MISMATCH, "the images are not as long as signed");
}

static int reserve(int fd, uint64_t size)
{
	if (size == 0 || size == PROTO_SIZE_ANY)
		return 0;
	if (size > INT64_MAX)
		return -EFBIG;
	if (fallocate(fd, 0, 0, (off_t)size) < 0 && errno != EOPNOTSUPP && errno != ENOSYS)
		return -errno;
	return 0;
}

static void write_image(struct slots *s, const struct proto_image *i, const char *name, int pipe,
			struct sink *k, struct proto_done *ret)
{
	int r = 0;

	k->fd = openat(s->slot_dirs[s->target], name,
		       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (k->fd < 0)
		r = -errno;
	if (r == 0)
		r = reserve(k->fd, i->size);
	if (r == 0)
		r = k->sealed ? copy_sealed(s, k, pipe, i->sealed_size)
			      : copy(s, k, pipe, k->limit);
	if (r == 0 && fsync(k->fd) < 0)
		r = -errno;
	closep(&k->fd);
	ret->octets = k->octets;
	if (r < 0)
		answer_errno(ret, r, "the image cannot be written");
	else
		judge_image(s, i, k, ret);
}

static void verify_image(struct slots *s, const struct proto_image *i, const char *name,
			 struct sink *k, struct proto_done *ret)
{
	CLEANUP(closep)
	int in = openat(s->slot_dirs[s->target], name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = in < 0 ? -errno : copy(s, k, in, k->limit);

	ret->octets = k->octets;
	if (r < 0)
		answer_errno(ret, r, "the image cannot be read");
	else
		judge_image(s, i, k, ret);
}

/* pipe -1: the image is there already. */
static void take_image(struct slots *s, const struct proto_image *i, int pipe,
		       void (*progress)(uint64_t octets), struct proto_done *ret)
{
	CLEANUP(hash_set_freep) struct hash_set *own = NULL;
	CLEANUP(sealed_freep) struct sealed *sealed = NULL;
	struct sink k = {.fd = -1, .limit = image_limit(s, i), .all = s->all, .progress = progress};
	const struct ece_sink image = {sink_piece, &k};
	uint64_t max = (uint64_t)s->config->size_max_mib * 1024 * 1024;
	char name[PROTO_LABEL];
	uint32_t bit = 0;

	*ret = (struct proto_done){0};
	if (s->step != STEP_BEGUN)
		answer(ret, FWE_INTERNAL, "an image outside an installation");
	else if (!find_component(s, i->component, &bit, name) || (s->seen & bit) != 0)
		answer(ret, FWE_INSTALL_FAILED, "no such component, or twice");
	else if (i->size != PROTO_SIZE_ANY && max > 0 && i->size > max)
		answer(ret, FWE_IMAGE_TOO_LARGE, "the image is larger than the slot");
	else if (i->digests.algs != 0 && hash_set_new(&own, i->digests.algs) < 0)
		answer(ret, FWE_INTERNAL, "no digests");
	else if (i->is_sealed && pipe >= 0 && sealed_new(&sealed, i, &image) < 0)
		answer(ret, FWE_INTERNAL, "no decryption");
	if (ret->error == FWE_OK) {
		k.own = own;
		k.sealed = sealed;
		if (pipe < 0)
			verify_image(s, i, name, &k, ret);
		else
			write_image(s, i, name, pipe, &k, ret);
	}
	s->step = STEP_NONE;
	if (ret->error != FWE_OK)
		return;
	s->seen |= bit;
	s->octets += k.octets;
	s->images++;
	s->step = s->images == s->plan.images ? STEP_VERIFIED : STEP_BEGUN;
}

void slots_image(struct slots *s, const struct proto_image *i, int pipe,
		 void (*progress)(uint64_t octets), struct proto_done *ret)
{
	take_image(s, i, pipe, progress, ret);
}

void slots_staged(struct slots *s, const struct proto_image *i, void (*progress)(uint64_t octets),
		  struct proto_done *ret)
{
	take_image(s, i, -1, progress, ret);
}

void slots_commit(struct slots *s, struct proto_done *ret)
{
	struct buf release = BUF_INIT(RELEASE_FILE_MAX);
	struct fw_version v;
	int r;

	*ret = (struct proto_done){.octets = s->octets};
	if (s->step != STEP_VERIFIED || !fw_version_parse(span_str(s->plan.version), &v)) {
		answer(ret, FWE_INTERNAL, "nothing verified to make current");
		return;
	}
	s->step = STEP_NONE;
	release_write(s->plan.model, &v, &release);
	r = buf_ok(&release) ? put_file(s->slot_dirs[s->target], RELEASE, buf_span(&release))
			     : -ENOMEM;
	buf_done(&release);
	if (r == 0)
		r = point_current(s, s->target);
	if (r < 0)
		answer_errno(ret, r, "the slot cannot be made current");
}

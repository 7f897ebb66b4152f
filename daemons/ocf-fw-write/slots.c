#include "slots.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "files.h"
#include "fw/release.h"

#define CURRENT "current"
#define BOOTED  ".booted"
#define RELEASE "os-release"
#define NOTE    ".plan"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define NO_SLOT (-1)

static const char *const NAMES[] = {"a", "b"};

struct slots {
	struct backend backend; /* the first member */
	const struct slots_config *config;
	int dir;
	int slot_dirs[ARRAY_SIZE(NAMES)];
	char boot_id[48];
	int target, running; /* after choose() */
};

static struct slots *slots_of(struct backend *b)
{
	return (struct slots *)(void *)b;
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
	int r = files_read(s->dir, BOOTED, &b);

	rest = buf_span(&b);
	id = span_cut(&rest, ' ');
	*ret = r == 0 && span_is(id, s->boot_id) ? slot_by_name(span_cut(&rest, '\n')) : NO_SLOT;
	buf_done(&b);
	if (*ret != NO_SLOT || current == NO_SLOT)
		return 0;
	*ret = current;
	(void)snprintf(record, sizeof(record), "%s %s\n", s->boot_id, NAMES[current]);
	return files_put(s->dir, BOOTED, span_str(record));
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

	if (slot != NO_SLOT && files_read(s->slot_dirs[slot], RELEASE, &b) == 0 &&
	    release_version(buf_span(&b), &v))
		fw_version_format(&v, ret);
	buf_done(&b);
}

static int read_boot_id(struct slots *s)
{
	struct buf b = BUF_INIT(4096);
	struct span rest;
	int r = files_read(AT_FDCWD, BOOT_ID, &b);

	rest = buf_span(&b);
	if (r == 0)
		r = span_to_str(span_cut(&rest, '\n'), s->boot_id, sizeof(s->boot_id));
	buf_done(&b);
	return r;
}

static void slots_free(struct backend *b)
{
	struct slots *s = slots_of(b);

	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		closep(&s->slot_dirs[i]);
	closep(&s->dir);
	free(s);
}

static void slots_state(struct backend *b, struct proto_slots_are *ret)
{
	struct slots *s = slots_of(b);
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

static int slots_lock(struct backend *b)
{
	while (flock(slots_of(b)->dir, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int slots_choose(struct backend *b)
{
	struct slots *s = slots_of(b);
	int current, r = read_places(s, &s->running, &current);

	if (r < 0)
		return r;
	s->target = s->running == 0 ? 1 : 0;
	/* A version that waits for the next boot is given up before its slot is. */
	return current == s->target ? point_current(s, s->running) : 0;
}

static uint64_t slots_kept(struct backend *b, const char *component)
{
	struct slots *s = slots_of(b);
	int dir = s->slot_dirs[s->target];
	struct stat st;

	if (fstatat(dir, RELEASE, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT ||
	    fstatat(dir, component, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return (uint64_t)st.st_size;
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

static int slots_clear(struct backend *b, uint64_t size)
{
	struct slots *s = slots_of(b);
	struct statvfs fs;
	int r = empty_slot(s->slot_dirs[s->target]);

	if (r == 0 && fstatvfs(s->dir, &fs) < 0)
		r = -errno;
	if (r == 0 && size != PROTO_SIZE_ANY && size / fs.f_frsize >= fs.f_bavail)
		r = -ENOSPC;
	return r;
}

static int slots_note(struct backend *b, struct span text)
{
	struct slots *s = slots_of(b);

	return files_put(s->slot_dirs[s->target], NOTE, text);
}

static int slots_noted(struct backend *b, struct buf *ret)
{
	struct slots *s = slots_of(b);

	return files_read(s->slot_dirs[s->target], NOTE, ret);
}

/* The file keeps its length, which tells how much of an image is there. */
static int reserve(int fd, uint64_t size)
{
	if (size == 0 || size == PROTO_SIZE_ANY)
		return 0;
	if (size > INT64_MAX)
		return -EFBIG;
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) < 0 && errno != EOPNOTSUPP &&
	    errno != ENOSYS)
		return -errno;
	return 0;
}

static int slots_open_component(struct backend *b, const char *component, enum backend_how how,
				uint64_t size, int *ret_fd)
{
	static const int FLAGS[] = {
		[BACKEND_NEW] = O_RDWR | O_CREAT | O_TRUNC,
		[BACKEND_KEPT] = O_RDWR,
		[BACKEND_RUNNING] = O_RDONLY,
	};
	struct slots *s = slots_of(b);
	int slot = how == BACKEND_RUNNING ? s->running : s->target, r = 0;
	CLEANUP(closep) int fd = -1;

	if (slot == NO_SLOT)
		return -ENOENT;
	fd = openat(s->slot_dirs[slot], component, FLAGS[how] | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		    0644);
	if (fd < 0)
		return -errno;
	if (how != BACKEND_RUNNING)
		r = reserve(fd, size);
	if (r == 0 && how == BACKEND_NEW && fsync(s->slot_dirs[slot]) < 0)
		r = -errno;
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

static int slots_sync(struct backend *b, const char *component, int fd, uint64_t octets)
{
	(void)b, (void)component, (void)octets; /* the length of the file says it */
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int slots_finish(struct backend *b, int fd)
{
	(void)b;
	return fsync(fd) < 0 ? -errno : 0;
}

static int slots_commit(struct backend *b, const struct proto_begin *plan)
{
	CLEANUP(buf_done) struct buf release = BUF_INIT(RELEASE_FILE_MAX);
	struct slots *s = slots_of(b);
	struct fw_version v;
	int r;

	if (!fw_version_parse(span_str(plan->version), &v))
		return -EINVAL;
	release_write(plan->model, &v, &release);
	r = buf_ok(&release) ? files_put(s->slot_dirs[s->target], RELEASE, buf_span(&release))
			     : -ENOMEM;
	if (r == 0)
		r = point_current(s, s->target);
	if (r == 0)
		(void)unlinkat(s->slot_dirs[s->target], NOTE, 0);
	return r;
}

static const struct backend_ops SLOTS = {
	.free = slots_free,
	.state = slots_state,
	.lock = slots_lock,
	.choose = slots_choose,
	.kept = slots_kept,
	.clear = slots_clear,
	.open = slots_open_component,
	.note = slots_note,
	.noted = slots_noted,
	.sync = slots_sync,
	.finish = slots_finish,
	.commit = slots_commit,
};

static int open_dirs(struct slots *s)
{
	s->dir = open(s->config->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
	return 0;
}

int slots_open(struct backend **ret, const struct slots_config *config)
{
	struct slots *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	*s = (struct slots){
		.backend = {&SLOTS},
		.config = config,
		.dir = -1,
		.slot_dirs = { -1,    -1},
	};
	r = open_dirs(s);
	if (r == 0 && config->activation == SLOTS_REBOOT && read_boot_id(s) < 0)
		r = -ENODATA;
	if (r < 0) {
		slots_free(&s->backend);
		return r;
	}
	*ret = &s->backend;
	return 0;
}

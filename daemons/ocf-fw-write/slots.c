#include "slots.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "boot_file.h"
#include "files.h"
#include "fw/release.h"
#include "probe.h"
#include "trial.h"

#define RELEASE "os-release"
#define NOTE    ".plan"

#define NAMES BOOT_FILE_NAMES

struct slots {
	struct backend backend; /* the first member */
	const struct slots_config *config;
	int dir;
	int slot_dirs[BOOT_SLOTS];
	char boot_id[BOOT_FILE_ID];
	struct boot *boot;
	int target, running; /* after choose() */
};

static struct slots *slots_of(struct backend *b)
{
	return (struct slots *)(void *)b;
}

static void read_version(struct slots *s, int slot, char ret[PROTO_VERSION])
{
	struct buf b = BUF_INIT(RELEASE_FILE_MAX);
	struct fw_version v;

	if (slot != BOOT_NO_SLOT && files_read(s->slot_dirs[slot], RELEASE, &b) == 0 &&
	    release_version(buf_span(&b), &v))
		fw_version_format(&v, ret);
	buf_done(&b);
}

static int read_boot_id(struct slots *s)
{
	int r = files_load_line(s->config->boot_id_file, s->boot_id, sizeof(s->boot_id));

	return r == 0 && (!s->boot_id[0] || strchr(s->boot_id, ' ')) ? -EINVAL : r;
}

static void slots_free(struct backend *b)
{
	struct slots *s = slots_of(b);

	for (size_t i = 0; i < BOOT_SLOTS; i++)
		closep(&s->slot_dirs[i]);
	closep(&s->dir);
	boot_free(s->boot);
	free(s);
}

static void slots_state(struct backend *b, struct proto_slots_are *ret)
{
	struct slots *s = slots_of(b);
	struct boot_vars now;
	int booted;

	*ret = (struct proto_slots_are){.immediate = s->config->activation == SLOTS_IMMEDIATE};
	if (s->boot->ops->read(s->boot, &now) < 0) {
		ret->error = FWE_INSTALL_FAILED;
		return;
	}
	booted = boot_file_booted(s->boot);
	trial_describe(&now, booted, true, NAMES, ret);
	proto_text(ret->boot, sizeof(ret->boot), s->boot_id);
	read_version(s, booted, ret->running);
	if (now.primary != booted)
		read_version(s, now.primary, ret->pending);
	read_version(s, boot_file_failed(s->boot), ret->failed);
}

static int slots_lock(struct backend *b)
{
	return files_lock(slots_of(b)->dir);
}

static int slots_choose(struct backend *b)
{
	struct slots *s = slots_of(b);
	struct boot_vars now;
	int r = s->boot->ops->read(s->boot, &now);

	if (r < 0)
		return r;
	s->running = boot_file_booted(s->boot);
	if (s->config->single) {
		s->running = BOOT_NO_SLOT;
		s->target = 0;
		return 0;
	}
	s->target = s->running == 0 ? 1 : 0;
	/* What runs is on trial: the other slot is its way back. */
	if (s->running != BOOT_NO_SLOT && !now.slot[s->running].good)
		return -EPERM;
	/* A version that waits for the next boot, or has failed, is given up before its slot is. */
	return now.primary == s->target || boot_file_failed(s->boot) == s->target
		       ? boot_bad(s->boot, s->target)
		       : 0;
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

/* For reading its names; NULL: errno says why not. */
static DIR *open_again(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		closep(&fd);
	return d;
}

/* os-release first: from then on the slot counts as empty, whatever else is still there. */
static int empty_slot(int slot_dir)
{
	DIR *d;
	const struct dirent *e;
	int r = 0;

	if ((unlinkat(slot_dir, RELEASE, 0) < 0 && errno != ENOENT) || fsync(slot_dir) < 0)
		return -errno;
	d = open_again(slot_dir);
	if (!d)
		return -errno;
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

	if (slot == BOOT_NO_SLOT)
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

static int slots_finish(struct backend *b, int *fd)
{
	(void)b;
	return fsync(*fd) < 0 ? -errno : 0;
}

static int slots_commit(struct backend *b, const struct proto_begin *plan, uint32_t attempts)
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
		r = boot_try(s->boot, s->target, s->running == BOOT_NO_SLOT ? 0 : attempts);
	if (r == 0)
		(void)unlinkat(s->slot_dirs[s->target], NOTE, 0);
	return r;
}

static int slots_confirm(struct backend *b, const char *slot)
{
	struct boot *boot = slots_of(b)->boot;
	struct boot_vars now;
	int r = boot->ops->read(boot, &now);

	return r < 0 ? r : trial_confirm(boot, boot_file_booted(boot), NAMES, slot);
}

static int slots_reject(struct backend *b, const char *slot)
{
	return trial_reject(slots_of(b)->boot, NAMES, slot);
}

static uint64_t slots_limit(struct backend *b, const char *component)
{
	(void)b, (void)component;
	return PROTO_SIZE_ANY;
}

/* What the files of a slot take, which clear() will give back. */
static uint64_t octets_in(int slot_dir)
{
	uint64_t octets = 0;
	const struct dirent *e;
	DIR *d = open_again(slot_dir);

	while (d && (e = readdir(d))) {
		struct stat st;

		if (fstatat(slot_dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			octets += (uint64_t)st.st_blocks * 512;
	}
	if (d)
		(void)closedir(d);
	return octets;
}

static void slots_probe(struct backend *b, struct proto_probed *ret)
{
	struct slots *s = slots_of(b);
	const char *directory = s->config->directory;
	struct boot_vars now;
	struct statvfs fs;
	struct stat st;
	int running, target;

	if (s->boot->ops->read(s->boot, &now) < 0) {
		probe_add(ret, "running-unknown", directory, "its link `current` leads elsewhere");
		return;
	}
	running = boot_file_booted(s->boot);
	target = running == 0 ? 1 : 0;
	if (running != BOOT_NO_SLOT && !now.slot[running].good)
		probe_add(ret, "not-confirmed", NAMES[running], "the running version is on trial");
	if (fstatvfs(s->dir, &fs) < 0 || fstat(s->slot_dirs[target], &st) < 0)
		return;
	if ((fs.f_flag & ST_RDONLY) != 0)
		probe_add(ret, "not-writable", directory, "read-only file system");
	else if (geteuid() != 0 && st.st_uid != geteuid())
		probe_add(ret, "not-writable", directory, "a slot belongs to another user");
	ret->room = (uint64_t)fs.f_bavail * fs.f_frsize + octets_in(s->slot_dirs[target]);
}

static size_t slots_paths(struct backend *b, struct confine_path *ret, size_t max)
{
	if (max > 0)
		ret[0] = (struct confine_path){slots_of(b)->config->directory, CONFINE_WRITE};
	return max > 0;
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
	.confirm = slots_confirm,
	.reject = slots_reject,
	.limit = slots_limit,
	.probe = slots_probe,
	.paths = slots_paths,
};

static int open_dirs(struct slots *s)
{
	s->dir = open(s->config->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return -errno;
	for (size_t i = 0; i < BOOT_SLOTS; i++) {
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
		.backend = {.ops = &SLOTS},
		.config = config,
		.dir = -1,
		.slot_dirs = { -1,           -1},
	};
	r = open_dirs(s);
	if (r == 0 && read_boot_id(s) < 0)
		r = -ENODATA;
	if (r == 0)
		r = boot_file_open(&s->boot,
				   &(struct boot_file_config){
					   .dir = s->dir,
					   .immediate = config->activation == SLOTS_IMMEDIATE,
					   .id = s->boot_id,
				   });
	if (r < 0) {
		slots_free(&s->backend);
		return r;
	}
	*ret = &s->backend;
	return 0;
}

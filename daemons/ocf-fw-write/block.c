#include "block.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "crypto/hash.h"
#include "files.h"
#include "fw/release.h"
#include "probe.h"
#include "trial.h"

#define COMMAND_LINE_MAX ((size_t)64 * 1024)
#define RECORD_MAX       ((size_t)8 * 1024)

#define PART_NAME (PROTO_LABEL + 8)
#define PART_MAX  ((size_t)64)

static const char *const NAMES[] = {"a", "b"};
static const char *const NOTES[] = {"a.note", "b.note"};
static const char *const RECORDS[] = {"a.slot", "b.slot"};

struct block {
	struct backend backend; /* the first member */
	const struct block_config *config;
	struct boot *boot;
	int dir;
	int booted; /* BOOT_NO_SLOT: not known */
	char boot_id[PROTO_LABEL];
	char running[PROTO_VERSION];  /* of the system's os-release; empty: unknown */
	uint64_t octets[DEVICES_MAX]; /* written, by place in the table */
	size_t open;                  /* the place of the component that is open */
};

static struct block *block_of(struct backend *b)
{
	return (struct block *)(void *)b;
}

static int target_of(const struct block *k)
{
	return 1 - k->booted;
}

static void block_free(struct backend *b)
{
	struct block *k = block_of(b);

	closep(&k->dir);
	free(k);
}

static bool get_version(struct span release, char ret[PROTO_VERSION])
{
	struct fw_version v;

	if (!release_version(release, &v))
		return false;
	fw_version_format(&v, ret);
	return true;
}

static bool read_record(const struct block *k, int slot, char ret[PROTO_VERSION])
{
	CLEANUP(buf_done) struct buf b = BUF_INIT(RECORD_MAX);

	return files_read(k->dir, RECORDS[slot], &b) == 0 && get_version(buf_span(&b), ret);
}

static void block_state(struct backend *b, struct proto_slots_are *ret)
{
	struct block *k = block_of(b);
	struct boot_vars now;

	*ret = (struct proto_slots_are){0};
	if (k->booted == BOOT_NO_SLOT || k->boot->ops->read(k->boot, &now) < 0) {
		ret->error = FWE_INSTALL_FAILED;
		return;
	}
	trial_describe(&now, k->booted, k->config->tells_trial, NAMES, ret);
	memcpy(ret->boot, k->boot_id, sizeof(ret->boot));
	if (!read_record(k, k->booted, ret->running))
		memcpy(ret->running, k->running, sizeof(ret->running));
	/* A rejected slot is not the primary one any more. */
	if (now.primary == target_of(k))
		(void)read_record(k, now.primary,
				  boot_can_start(&now, now.primary) ? ret->pending : ret->failed);
}

static int block_lock(struct backend *b)
{
	return files_lock(block_of(b)->dir);
}

/* What the boot loader's side says is what we say. */
static int boot_said(struct backend *b, int r)
{
	if (r < 0)
		proto_text(b->why, sizeof(b->why), block_of(b)->boot->why);
	return r;
}

static const char *device_error(int r)
{
	return r == -EBUSY    ? "in use"
	       : r == -EEXIST ? "has two places in DevicesA= and DevicesB="
	       : r == -EFBIG  ? "smaller than the image"
			      : strerror(-r);
}

static void tell_device(struct backend *b, const struct device *d, int r)
{
	char text[DEVICES_PATH_MAX + 64];

	(void)snprintf(text, sizeof(text), "%s: %s", d->path, device_error(r));
	proto_text(b->why, sizeof(b->why), text);
}

/* The loader leaves the slot alone from now on, also if the running one should fail. */
static int block_choose(struct backend *b)
{
	struct block *k = block_of(b);
	const struct device *twin;

	memset(k->octets, 0, sizeof(k->octets));
	if (k->booted == BOOT_NO_SLOT) {
		proto_text(b->why, sizeof(b->why),
			   "the kernel's command line does not tell which slot runs");
		return -ENODATA;
	}
	twin = devices_twin(&k->config->devices, target_of(k));
	if (twin) {
		tell_device(b, twin, -EEXIST);
		return -EEXIST;
	}
	return boot_said(b, boot_bad(k->boot, target_of(k)));
}

/* The file that says how much of a component is there. */
static void part_name(const struct block *k, const char *component, char ret[PART_NAME])
{
	(void)snprintf(ret, PART_NAME, "%s.%s.part", NAMES[target_of(k)], component);
}

static uint64_t block_kept(struct backend *b, const char *component)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(RECORD_MAX);
	const struct block *k = block_of(b);
	char name[PART_NAME];
	struct span rest;
	struct stat st;
	uint64_t octets;

	if (fstatat(k->dir, RECORDS[target_of(k)], &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT)
		return 0;
	part_name(k, component, name);
	if (files_read(k->dir, name, &text) < 0)
		return 0;
	rest = buf_span(&text);
	return parse_u64(span_cut(&rest, '\n'), &octets) ? octets : 0;
}

static int remove_file(int dir, const char *name)
{
	return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int block_clear(struct backend *b, uint64_t size)
{
	struct block *k = block_of(b);
	const struct devices *d = &k->config->devices;
	int r = remove_file(k->dir, RECORDS[target_of(k)]);

	(void)size; /* open() knows how much a device takes */
	if (r == 0)
		r = remove_file(k->dir, NOTES[target_of(k)]);
	for (size_t i = 0; i < d->n && r == 0; i++) {
		char name[PART_NAME];

		part_name(k, d->slot[0][i].component, name);
		r = remove_file(k->dir, name);
	}
	return r == 0 && fsync(k->dir) < 0 ? -errno : r;
}

static int block_note(struct backend *b, struct span text)
{
	struct block *k = block_of(b);

	return files_put(k->dir, NOTES[target_of(k)], text);
}

static int block_noted(struct backend *b, struct buf *ret)
{
	struct block *k = block_of(b);

	return files_read(k->dir, NOTES[target_of(k)], ret);
}

/* In place, within one sector: it is the old number or the new one. */
static int block_sync(struct backend *b, const char *component, int fd, uint64_t octets)
{
	struct block *k = block_of(b);
	CLEANUP(closep) int part = -1;
	char name[PART_NAME], text[PART_MAX];
	int n = snprintf(text, sizeof(text), "%llu\n%*s", (unsigned long long)octets, 20, "");

	if (fdatasync(fd) < 0)
		return -errno;
	part_name(k, component, name);
	part = openat(k->dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (part < 0 || pwrite(part, text, (size_t)n, 0) != n || fdatasync(part) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

static int block_open_component(struct backend *b, const char *component, enum backend_how how,
				uint64_t size, int *ret_fd)
{
	struct block *k = block_of(b);
	bool running = how == BACKEND_RUNNING;
	int slot = running ? k->booted : target_of(k), r;
	const struct device *d = devices_find(&k->config->devices, slot, component);

	if (!d || k->booted == BOOT_NO_SLOT)
		return -ENOENT;
	r = devices_open(&k->config->devices, d, !running, running ? PROTO_SIZE_ANY : size, ret_fd);
	if (r < 0)
		tell_device(b, d, r);
	else if (!running)
		k->open = (size_t)(d - k->config->devices.slot[slot]);
	return r;
}

static int block_finish(struct backend *b, int *fd)
{
	struct block *k = block_of(b);
	off_t end = lseek(*fd, 0, SEEK_CUR);

	if (end < 0 || fsync(*fd) < 0)
		return -errno;
	k->octets[k->open] = (uint64_t)end;
	return 0;
}

static void write_record(const struct block *k, const struct proto_begin *plan,
			 const struct fw_version *v, struct buf *out)
{
	const struct devices *d = &k->config->devices;
	char hex[2 * HASH_MAX + 1];

	release_write(plan->model, v, out);
	buf_put_str(out, "OCFGW_FORMAT=1\n");
	for (unsigned alg = 0; alg < HASH_COUNT; alg++) {
		if ((plan->digests.algs & HASH_BIT(alg)) == 0)
			continue;
		hex_encode(span_of(plan->digests.b[alg], hash_len((enum hash_alg)alg)), hex);
		buf_printf(out, "OCFGW_DIGEST_%s=%s\n", hash_name((enum hash_alg)alg), hex);
	}
	for (size_t i = 0; i < d->n; i++)
		if (k->octets[i] > 0)
			buf_printf(out, "OCFGW_SIZE_%s=%llu\n", d->slot[0][i].component,
				   (unsigned long long)k->octets[i]);
}

static int block_commit(struct backend *b, const struct proto_begin *plan, uint32_t attempts)
{
	CLEANUP(buf_done) struct buf record = BUF_INIT(RECORD_MAX);
	struct block *k = block_of(b);
	struct fw_version v;
	int r;

	if (!fw_version_parse(span_str(plan->version), &v))
		return -EINVAL;
	write_record(k, plan, &v, &record);
	r = buf_ok(&record) ? files_put(k->dir, RECORDS[target_of(k)], buf_span(&record)) : -ENOMEM;
	if (r < 0)
		return r;
	return boot_said(b, boot_try(k->boot, target_of(k), attempts));
}

static int block_confirm(struct backend *b, const char *slot)
{
	struct block *k = block_of(b);

	return boot_said(b, trial_confirm(k->boot, k->booted, NAMES, slot));
}

static int block_reject(struct backend *b, const char *slot)
{
	return boot_said(b, trial_reject(block_of(b)->boot, NAMES, slot));
}

static uint64_t block_limit(struct backend *b, const char *component)
{
	const struct block *k = block_of(b);
	const struct device *d;

	if (k->booted == BOOT_NO_SLOT)
		return PROTO_SIZE_ANY; /* there is a greater problem */
	d = devices_find(&k->config->devices, target_of(k), component);
	return d ? devices_size(d) : 0;
}

static void probe_device(const struct devices *all, const struct device *d,
			 struct proto_probed *ret)
{
	CLEANUP(closep) int fd = -1;
	int r = devices_open(all, d, true, PROTO_SIZE_ANY, &fd);

	if (r == -EBUSY || r == -EEXIST)
		probe_add(ret, "device-in-use", d->path, device_error(r));
	else if (r == -EACCES || r == -EPERM || r == -EROFS)
		probe_add(ret, "not-writable", d->path, device_error(r));
	else if (r < 0)
		probe_add(ret, "device-missing", d->path, device_error(r));
}

static void block_probe(struct backend *b, struct proto_probed *ret)
{
	struct block *k = block_of(b);
	const struct devices *d = &k->config->devices;
	struct boot_vars now;

	if (k->booted == BOOT_NO_SLOT) {
		probe_add(ret, "running-unknown", k->config->command_line, "tells no slot");
		return;
	}
	if (k->boot->ops->read(k->boot, &now) < 0)
		probe_add(ret, "boot-loader", "its variables", k->boot->why);
	else if (!now.slot[k->booted].good)
		probe_add(ret, "not-confirmed", NAMES[k->booted],
			  "the running version is on trial");
	for (size_t i = 0; i < d->n; i++)
		probe_device(d, &d->slot[target_of(k)][i], ret);
}

static size_t block_paths(struct backend *b, struct confine_path *ret, size_t max)
{
	struct block *k = block_of(b);
	const struct devices *d = &k->config->devices;
	size_t n = 0;

	ret[n++] = (struct confine_path){k->config->directory, CONFINE_WRITE};
	if (k->booted == BOOT_NO_SLOT)
		return n;
	for (size_t i = 0; i < d->n && n + 1 < max; i++) {
		ret[n++] = (struct confine_path){d->slot[k->booted][i].path, CONFINE_READ};
		ret[n++] = (struct confine_path){d->slot[target_of(k)][i].path, CONFINE_WRITE};
	}
	return n;
}

static const struct backend_ops BLOCK = {
	.free = block_free,
	.state = block_state,
	.lock = block_lock,
	.choose = block_choose,
	.kept = block_kept,
	.clear = block_clear,
	.open = block_open_component,
	.note = block_note,
	.noted = block_noted,
	.sync = block_sync,
	.finish = block_finish,
	.commit = block_commit,
	.confirm = block_confirm,
	.reject = block_reject,
	.limit = block_limit,
	.probe = block_probe,
	.paths = block_paths,
};

static int read_facts(struct block *k)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT(COMMAND_LINE_MAX);
	CLEANUP(buf_done) struct buf release = BUF_INIT(RELEASE_FILE_MAX);
	const struct block_config *c = k->config;
	int r = files_load(c->command_line, &line);

	if (r < 0)
		return r;
	k->booted = devices_booted(&c->devices, buf_span(&line), &c->env);
	if (files_load(c->release, &release) == 0)
		(void)get_version(buf_span(&release), k->running);
	return files_load_line(c->boot_id_file, k->boot_id, sizeof(k->boot_id));
}

int block_open(struct backend **ret, const struct block_config *config, struct boot *boot)
{
	struct block *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return -ENOMEM;
	*k = (struct block){.backend = {.ops = &BLOCK}, .config = config, .boot = boot};
	k->dir = open(config->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = k->dir < 0 ? -errno : read_facts(k);
	if (r < 0) {
		block_free(&k->backend);
		return r;
	}
	*ret = &k->backend;
	return 0;
}

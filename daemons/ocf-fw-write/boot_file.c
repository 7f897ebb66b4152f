#include "boot_file.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "fw/bootvars.h"

#define CURRENT "current"
#define BOOTED  ".booted"

const char *const BOOT_FILE_NAMES[BOOT_SLOTS] = {"a", "b"};

/* What .booted says. */
struct record {
	bool this_boot;
	int booted, trial; /* BOOT_NO_SLOT: none */
	uint32_t left;     /* of `trial` */
	bool used;         /* its starts took them */
};

struct boot_file {
	struct boot boot; /* the first member */
	struct boot_file_config config;
	struct record now; /* as of the last read */
};

static struct boot_file *boot_file_of(struct boot *b)
{
	return (struct boot_file *)(void *)b;
}

int boot_file_booted(const struct boot *b)
{
	return ((const struct boot_file *)(const void *)b)->now.booted;
}

int boot_file_failed(const struct boot *b)
{
	const struct record *now = &((const struct boot_file *)(const void *)b)->now;

	return now->used && now->booted != now->trial ? now->trial : BOOT_NO_SLOT;
}

static int other(int slot)
{
	return 1 - slot;
}

static int slot_by_name(struct span name)
{
	for (int i = 0; i < BOOT_SLOTS; i++)
		if (span_is(name, BOOT_FILE_NAMES[i]))
			return i;
	return BOOT_NO_SLOT;
}

/* Where `current` points; BOOT_NO_SLOT: there is none yet. -EUCLEAN: it is not ours. */
static int read_current(const struct boot_file *f, int *ret)
{
	char target[8];
	ssize_t n = readlinkat(f->config.dir, CURRENT, target, sizeof(target));

	*ret = BOOT_NO_SLOT;
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	*ret = slot_by_name(span_of(target, (size_t)n));
	return *ret == BOOT_NO_SLOT ? -EUCLEAN : 0;
}

/* The one step that decides which version starts next. */
static int point_current(const struct boot_file *f, int slot)
{
	static const char TMP[] = CURRENT ".tmp";
	int dir = f->config.dir;

	if (unlinkat(dir, TMP, 0) < 0 && errno != ENOENT)
		return -errno;
	if (symlinkat(BOOT_FILE_NAMES[slot], dir, TMP) < 0 ||
	    renameat(dir, TMP, dir, CURRENT) < 0 || fsync(dir) < 0)
		return -errno;
	return 0;
}

/* A record that is not one of ours says nothing. */
static int read_record(const struct boot_file *f, struct record *ret)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT(4096);
	int r = files_read(f->config.dir, BOOTED, &b);
	struct span line, number, rest = buf_span(&b);
	uint32_t left = 0;

	*ret = (struct record){.booted = BOOT_NO_SLOT, .trial = BOOT_NO_SLOT};
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	line = span_cut(&rest, '\n');
	ret->this_boot = span_is(span_cut(&line, ' '), f->config.id);
	ret->booted = slot_by_name(span_cut(&line, ' '));
	ret->trial = slot_by_name(span_cut(&line, ' '));
	number = span_cut(&line, ' ');
	if (ret->trial != BOOT_NO_SLOT && parse_u32(number, &left) && left <= BOOT_ATTEMPTS_MAX)
		ret->left = left;
	ret->used = ret->trial != BOOT_NO_SLOT && span_is(line, "used");
	ret->this_boot = ret->this_boot && ret->booted != BOOT_NO_SLOT;
	return 0;
}

static int write_record(const struct boot_file *f, const struct record *r)
{
	char text[BOOT_FILE_ID + 32], trial[24] = "";

	assert(r->booted >= 0 && r->booted < BOOT_SLOTS && r->trial < BOOT_SLOTS);
	if (r->trial != BOOT_NO_SLOT)
		(void)snprintf(trial, sizeof(trial), " %s %u%s", BOOT_FILE_NAMES[r->trial], r->left,
			       r->used ? " used" : "");
	(void)snprintf(text, sizeof(text), "%s %s%s\n", f->config.id, BOOT_FILE_NAMES[r->booted],
		       trial);
	return files_put(f->config.dir, BOOTED, span_str(text));
}

/* ---- the first look after a boot ---- */

/* An unconfirmed slot has started: that takes an attempt. With the last one `current` turns back;
 * one that should not have started at all (power failed between the two) turns it back first. */
static int count_attempt(const struct boot_file *f, struct record *now)
{
	bool late = now->left == 0;
	int r = 0;

	now->left -= late ? 0 : 1;
	now->used = now->left == 0;
	if (late)
		r = point_current(f, other(now->trial));
	if (late && f->config.immediate)
		now->booted = other(now->trial);
	if (r == 0)
		r = write_record(f, now);
	if (r == 0 && !late && now->left == 0 && !f->config.immediate)
		r = point_current(f, other(now->trial));
	return r;
}

static int look_first(const struct boot_file *f, int current, struct record *now)
{
	now->booted = current;
	if (now->trial == current)
		return count_attempt(f, now);
	/* It had its attempts, or `current` was turned by hand. */
	now->left = 0;
	return f->config.immediate && now->trial == BOOT_NO_SLOT ? 0 : write_record(f, now);
}

/* An end between the two steps of the last attempt. */
static int mend(const struct boot_file *f, int current, const struct record *now)
{
	if (f->config.immediate || now->trial != current || now->booted != current ||
	    now->trial == BOOT_NO_SLOT || now->left > 0)
		return 0;
	return point_current(f, other(current));
}

static int look(const struct boot_file *f, struct record *ret, int *ret_current)
{
	int r = read_current(f, ret_current);

	*ret = (struct record){.booted = BOOT_NO_SLOT, .trial = BOOT_NO_SLOT};
	if (r < 0 || *ret_current == BOOT_NO_SLOT)
		return r;
	r = read_record(f, ret);
	if (r == 0)
		r = ret->this_boot ? mend(f, *ret_current, ret) : look_first(f, *ret_current, ret);
	if (r == 0)
		r = read_current(f, ret_current);
	if (f->config.immediate)
		ret->booted = *ret_current;
	return r;
}

/* ---- the variables ---- */

static bool is_complete(const struct boot_file *f, int slot)
{
	char name[16];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s/os-release", BOOT_FILE_NAMES[slot]);
	return fstatat(f->config.dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void file_free(struct boot *b)
{
	free(boot_file_of(b));
}

static int file_read(struct boot *b, struct boot_vars *ret)
{
	struct boot_file *f = boot_file_of(b);
	int current, r = look(f, &f->now, &current);

	*ret = (struct boot_vars){.primary = current};
	for (int i = 0; i < BOOT_SLOTS; i++) {
		bool doubtful = i == f->now.trial;

		ret->slot[i].good = !doubtful && (i == current || is_complete(f, i));
		ret->slot[i].left = doubtful ? f->now.left : 0;
	}
	return r;
}

static int file_write(struct boot *b, const struct boot_plan *p)
{
	struct boot_file *f = boot_file_of(b);
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n; i++) {
		const struct boot_write *w = &p->writes[i];

		if (w->is_primary) {
			r = point_current(f, w->slot);
		} else if (!w->state.good || f->now.trial == w->slot) {
			f->now.trial = w->state.good ? BOOT_NO_SLOT : w->slot;
			f->now.left = w->state.left;
			f->now.used = false;
			r = write_record(f, &f->now);
		}
	}
	return r;
}

static const struct boot_ops FILE_OPS = {
	.free = file_free,
	.read = file_read,
	.write = file_write,
};

int boot_file_open(struct boot **ret, const struct boot_file_config *config)
{
	struct boot_file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	*f = (struct boot_file){.boot = {.ops = &FILE_OPS}, .config = *config};
	*ret = &f->boot;
	return 0;
}

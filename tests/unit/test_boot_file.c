/* ocf-fw-write/boot_file, trial: every state of the folder's boot variables over boots, and a trial
 * from its begin to both of its ends. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemons/ocf-fw-write/boot_file.h"
#include "daemons/ocf-fw-write/trial.h"

enum { A, B, NO = -1 };

struct folder {
	char path[32];
	int dir;
	char id[BOOT_FILE_ID];
	unsigned boots;
	bool immediate;
	struct boot *boot;
};

static void put(const struct folder *f, const char *name, const char *text)
{
	int fd = openat(f->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void point(const struct folder *f, const char *slot)
{
	(void)unlinkat(f->dir, "current", 0);
	assert_int_equal(symlinkat(slot, f->dir, "current"), 0);
}

static int setup(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	/* Thousands of fsync() are quick there. */
	(void)snprintf(f->path, sizeof(f->path), "/dev/shm/ocf-boot-XXXXXX");
	if (!mkdtemp(f->path))
		return -1;
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)mkdirat(f->dir, "a", 0755);
	(void)mkdirat(f->dir, "b", 0755);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const FILES[] = {"a/os-release", "b/os-release", "current", ".booted"};
	struct folder *f = *state;

	f->boot = boot_free(f->boot);
	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++)
		(void)unlinkat(f->dir, FILES[i], 0);
	(void)unlinkat(f->dir, "a", AT_REMOVEDIR);
	(void)unlinkat(f->dir, "b", AT_REMOVEDIR);
	(void)close(f->dir);
	(void)rmdir(f->path);
	free(f);
	return 0;
}

/* The next boot begins: what starts is what `current` leads to. */
static void boot(struct folder *f)
{
	f->boot = boot_free(f->boot);
	(void)snprintf(f->id, sizeof(f->id), "boot-%u", ++f->boots);
	assert_int_equal(
		boot_file_open(&f->boot, &(struct boot_file_config){f->dir, f->immediate, f->id}),
		0);
}

struct sight {
	int booted, primary;
	struct boot_slot slot[BOOT_SLOTS];
};

static struct sight look(struct folder *f)
{
	struct boot_vars v;
	int r = f->boot->ops->read(f->boot, &v);

	if (r < 0)
		fail_msg("%s: %s", f->path, strerror(-r));
	return (struct sight){
		boot_file_booted(f->boot), v.primary, {v.slot[0], v.slot[1]}
        };
}

static void with_old_version(struct folder *f)
{
	put(f, "a/os-release", "IMAGE_VERSION=1.0.0\n");
	point(f, "a");
	boot(f);
	assert_int_equal(look(f).booted, A);
}

/* Version 2 lies in slot b, to be tried. */
static void install(struct folder *f, uint32_t attempts)
{
	assert_int_equal(look(f).booted, A);
	put(f, "b/os-release", "IMAGE_VERSION=2.0.0\n");
	assert_int_equal(boot_try(f->boot, B, attempts), 0);
}

static void a_trial__ends_after_its_attempts(void **state)
{
	struct folder *f = *state;

	with_old_version(f);
	install(f, 3);
	assert_int_equal(look(f).booted, A);
	assert_int_equal(look(f).primary, B);
	for (uint32_t n = 1; n <= 3; n++) {
		boot(f);
		for (int again = 0; again < 2; again++) { /* a second look counts nothing */
			struct sight s = look(f);

			assert_int_equal(s.booted, B);
			assert_false(s.slot[B].good);
			assert_int_equal(s.slot[B].left, 3 - n);
			assert_int_equal(s.primary, n < 3 ? B : A);
			assert_int_equal(boot_file_failed(f->boot), NO); /* not yet */
		}
	}
	for (int n = 0; n < 2; n++) {
		boot(f);
		assert_int_equal(look(f).booted, A);
		assert_int_equal(look(f).primary, A);
		assert_false(look(f).slot[B].good || look(f).slot[B].left);
		assert_int_equal(boot_file_failed(f->boot), B);
	}
	assert_int_equal(boot_bad(f->boot, B), 0); /* something else is written there */
	boot(f);
	assert_int_equal(look(f).booted, A);
	assert_int_equal(boot_file_failed(f->boot), NO);
}

static void a_trial__is_confirmed_in_any_attempt(void **state)
{
	struct folder *f = *state;

	with_old_version(f);
	install(f, 2);
	assert_int_equal(trial_confirm(f->boot, look(f).booted, BOOT_FILE_NAMES, "b"),
			 -EPERM); /* not yet */
	boot(f);
	(void)look(f);
	boot(f);
	assert_int_equal(look(f).primary, A); /* the last one */
	assert_int_equal(trial_confirm(f->boot, look(f).booted, BOOT_FILE_NAMES, "a"), -EPERM);
	assert_int_equal(trial_confirm(f->boot, look(f).booted, BOOT_FILE_NAMES, "c"), -EPERM);
	assert_int_equal(trial_confirm(f->boot, look(f).booted, BOOT_FILE_NAMES, "b"), 0);
	assert_int_equal(trial_confirm(f->boot, look(f).booted, BOOT_FILE_NAMES, "b"),
			 0); /* told twice */
	for (int n = 0; n < 5; n++) {
		assert_int_equal(look(f).booted, B);
		assert_int_equal(look(f).primary, B);
		assert_true(look(f).slot[B].good && look(f).slot[A].good);
		boot(f);
	}
}

static void a_trial__is_rejected_before_and_after_its_boot(void **state)
{
	struct folder *f = *state;

	with_old_version(f);
	for (int booted = 0; booted < 2; booted++) {
		install(f, 3);
		if (booted) {
			boot(f);
			assert_int_equal(look(f).booted, B);
		}
		assert_int_equal(trial_reject(f->boot, BOOT_FILE_NAMES, "b"), 0);
		assert_int_equal(trial_reject(f->boot, BOOT_FILE_NAMES, "b"), 0);
		assert_int_equal(trial_reject(f->boot, BOOT_FILE_NAMES, "a"), -EPERM);
		assert_int_equal(look(f).booted, booted ? B : A);
		assert_int_equal(look(f).primary, A);
		boot(f);
		assert_int_equal(look(f).booted, A);
		assert_int_equal(boot_file_failed(f->boot), NO); /* it had starts left */
	}
}

static void the_first_version__has_no_trial(void **state)
{
	struct folder *f = *state;

	boot(f);
	assert_int_equal(look(f).booted, NO);
	put(f, "a/os-release", "IMAGE_VERSION=1.0.0\n");
	assert_int_equal(boot_try(f->boot, A, 3), -EPERM);
	assert_int_equal(boot_try(f->boot, A, 0), 0);
	assert_true(look(f).slot[A].good);
	boot(f);
	assert_int_equal(look(f).booted, A);
}

static void without_reboot__the_link_is_turned_back(void **state)
{
	struct folder *f = *state;

	f->immediate = true;
	with_old_version(f);
	install(f, 2);
	assert_int_equal(look(f).booted, B);
	assert_false(look(f).slot[B].good);
	assert_int_equal(trial_reject(f->boot, BOOT_FILE_NAMES, "b"), 0);
	assert_int_equal(look(f).booted, A);
	install(f, 1);
	boot(f);
	assert_int_equal(look(f).booted, B);
	boot(f);
	assert_int_equal(look(f).booted, A); /* its boots are used up */
	install(f, 0);
	assert_true(look(f).slot[B].good);
}

/* ---- all states that the folder can be in, damaged ones included ---- */

struct seed {
	const char *current, *record; /* NULL: none */
	bool complete[2];
};

/* Boots five times from there without a confirmation: a version always starts, one that is not
 * confirmed at most `left` times more, and the end is a confirmed one. */
static void boots_end_well(struct folder *f, const struct seed *s, uint32_t left)
{
	uint32_t unconfirmed = 0;

	for (int n = 0; n < 5; n++) {
		struct sight v;

		boot(f);
		v = look(f);
		if (v.booted == NO || v.primary == NO || !s->complete[v.booted] ||
		    !s->complete[v.primary])
			fail_msg("%s, %s: slot %d starts, %d next", s->current, s->record, v.booted,
				 v.primary);
		if (!v.slot[0].good && !v.slot[1].good)
			fail_msg("%s, %s: both bad", s->current, s->record);
		unconfirmed += !v.slot[v.booted].good;
	}
	if (unconfirmed > left || !look(f).slot[look(f).booted].good)
		fail_msg("%s, %s: %u starts", s->current, s->record, unconfirmed);
}

static void every_state__ends_well(void **state)
{
	static const char *const SLOTS[] = {"a", "b"};
	struct folder *f = *state;
	unsigned seen = 0;

	put(f, "a/os-release", "IMAGE_VERSION=1.0.0\n");
	put(f, "b/os-release", "IMAGE_VERSION=2.0.0\n");
	for (unsigned bits = 0; bits < 2 * 2 * 2 * 2 * 5 * 2; bits++) {
		uint32_t left = bits / 16 % 5;
		bool tried = left < 4;
		char record[64];
		struct seed s = {
			SLOTS[bits & 1], record, {true, true}
                };
		int trial = (bits & 8) != 0;

		f->immediate = bits >= 80;
		if (tried)
			(void)snprintf(record, sizeof(record), "%s %s %s %u\n",
				       bits & 2 ? "boot-0" : "before", SLOTS[(bits & 4) != 0],
				       SLOTS[trial], left);
		else
			(void)snprintf(record, sizeof(record), "%s %s\n",
				       bits & 2 ? "boot-0" : "before", SLOTS[(bits & 4) != 0]);
		point(f, s.current);
		put(f, ".booted", record);
		if (bits & 2) { /* a look in the same boot mends what was cut */
			f->boots = (unsigned)-1;
			boot(f);
			(void)look(f);
		}
		f->boots = 0;
		/* A start that was not counted any more: power failed before `current` turned. */
		boots_end_well(f, &s, tried ? left + (left == 0) : 0);
		seen++;
	}
	assert_int_equal(seen, 160);
}

static void damaged_records__say_nothing(void **state)
{
	static const char *const RECORDS[] = {"",
					      "\n",
					      " ",
					      "x",
					      "boot-1 c\n",
					      "boot-1 a b\n",
					      "boot-1 a b x\n",
					      "boot-1 a b 99999999999\n",
					      "boot-1 a c 3\n",
					      "boot-1 a c 0 used\n",
					      "boot-1\na b 3\n"};
	struct folder *f = *state;

	put(f, "a/os-release", "IMAGE_VERSION=1.0.0\n");
	for (size_t i = 0; i < ARRAY_SIZE(RECORDS); i++) {
		f->boots = 0;
		point(f, "a");
		put(f, ".booted", RECORDS[i]);
		boot(f);
		if (look(f).booted != A || look(f).primary != A || !look(f).slot[A].good)
			fail_msg("%s", RECORDS[i]);
	}
	assert_int_equal(symlinkat("/etc", f->dir, "x"), 0);
	(void)unlinkat(f->dir, "x", 0);
	(void)unlinkat(f->dir, "current", 0);
	boot(f);
	assert_int_equal(look(f).booted, NO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_trial__ends_after_its_attempts),
		TEST(a_trial__is_confirmed_in_any_attempt),
		TEST(a_trial__is_rejected_before_and_after_its_boot),
		TEST(the_first_version__has_no_trial),
		TEST(without_reboot__the_link_is_turned_back),
		TEST(every_state__ends_well),
		TEST(damaged_records__say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ocf-fw-write/boot*, bootenv, grubenv: the variables of each loader, with its own tools as the
 * judge. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemons/ocf-fw-write/boot_custom.h"
#include "daemons/ocf-fw-write/boot_grub.h"
#include "daemons/ocf-fw-write/boot_uboot.h"
#include "daemons/ocf-fw-write/grubenv.h"

static const struct bootenv UBOOT = {
	BOOTENV_UBOOT, {"A", "B"},
         3
};
static const struct bootenv GRUB = {
	BOOTENV_GRUB, {"A", "B"},
         0
};

static const struct {
	const char *name;
	const struct bootenv *env;
	const char *text;
	struct boot_vars want;
} READ_ROWS[] = {
	{"fresh U-Boot",           &UBOOT, "",               {0, {{true, 0}, {true, 0}}}  },
	{"one start taken",
	 &UBOOT,
	 "BOOT_ORDER=B A\nBOOT_A_LEFT=3\nBOOT_B_LEFT=2\n",   {1, {{true, 0}, {true, 2}}}  },
	{"no start left",
	 &UBOOT,
	 "BOOT_ORDER=A B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=0\n",   {0, {{true, 0}, {false, 0}}} },
	{"hexadecimal",
	 &UBOOT,
	 "BOOT_ORDER=A B\nBOOT_A_LEFT=1\nBOOT_B_LEFT=a",     {0, {{true, 1}, {true, 0}}}  },
	{"rubbish is no start",
	 &UBOOT,
	 "BOOT_ORDER=A B\nBOOT_A_LEFT=x\nBOOT_B_LEFT=-1\n",  {0, {{false, 0}, {false, 0}}}},
	{"not in the order",
	 &UBOOT,
	 "BOOT_ORDER=B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n",     {1, {{false, 0}, {true, 0}}} },
	{"a rescue system",
	 &UBOOT,
	 "BOOT_ORDER=R B A\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n", {1, {{true, 0}, {true, 0}}}  },
	{"the last line counts",
	 &UBOOT,
	 "BOOT_ORDER=A B\nBOOT_ORDER=B A\n",		 {1, {{true, 0}, {true, 0}}}  },
	{"other variables",
	 &UBOOT,
	 "XBOOT_ORDER=B A\nBOOT_ORDER_=B A\nx\n=B A\n",      {0, {{true, 0}, {true, 0}}}  },
	{"fresh GRUB",             &GRUB,  "",               {0, {{false, 0}, {false, 0}}}},
	{"confirmed",
	 &GRUB,
	 "ORDER=B A\nA_OK=1\nA_TRY=0\nB_OK=1\nB_TRY=0\n",    {1, {{true, 0}, {true, 0}}}  },
	{"started, not confirmed",
	 &GRUB,
	 "ORDER=A B\nA_OK=1\nA_TRY=1\nB_OK=1\n",	     {0, {{false, 0}, {true, 0}}} },
	{"bad",
	 &GRUB,
	 "ORDER=A B\nA_OK=1\nA_TRY=0\nB_OK=0\nB_TRY=0\n###", {0, {{true, 0}, {false, 0}}} },
};

static bool same(const struct boot_vars *a, const struct boot_vars *b)
{
	return a->primary == b->primary && a->slot[0].good == b->slot[0].good &&
	       a->slot[1].good == b->slot[1].good && a->slot[0].left == b->slot[0].left &&
	       a->slot[1].left == b->slot[1].left;
}

static void bootenv_read__follows_the_scripts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(READ_ROWS); i++) {
		struct boot_vars got;

		bootenv_read(READ_ROWS[i].env, span_str(READ_ROWS[i].text), &got);
		if (!same(&got, &READ_ROWS[i].want))
			fail_msg("%s: primary %d good %d %d left %u %u", READ_ROWS[i].name,
				 got.primary, got.slot[0].good, got.slot[1].good, got.slot[0].left,
				 got.slot[1].left);
	}
}

static void bootenv_set_names__takes_two_words(void **state)
{
	static const struct {
		const char *names;
		bool want;
	} ROWS[] = {
		{"A B",                 true },
		{"system0 system1",     true },
		{"A",                   false},
		{"A A",                 false},
		{"A B C",               false},
		{"A=1 B",               false},
		{"A  B",                false},
		{"",                    false},
		{"A B ",                false},
		{"0123456789abcdef A",  true },
		{"0123456789abcdefg A", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct bootenv e = {0};

		if (bootenv_set_names(&e, span_str(ROWS[i].names)) != ROWS[i].want)
			fail_msg("%s", ROWS[i].names);
	}
}

static void bootenv_plan__keeps_a_rescue_system(void **state)
{
	const struct boot_plan p = {1, {{.is_primary = true, .slot = 1}}};
	struct bootenv_change c;
	char text[BOOTENV_VALUE + 32] = "BOOT_ORDER=A R B s";

	(void)state;
	assert_int_equal(bootenv_plan(&UBOOT, span_str(text), &p, &c), 0);
	assert_int_equal(c.n, 1);
	assert_string_equal(c.var[0].name, "BOOT_ORDER");
	assert_string_equal(c.var[0].value, "B A R s");
	memset(text + strlen(text), 'x', BOOTENV_VALUE);
	assert_int_equal(bootenv_plan(&UBOOT, span_of(text, sizeof(text)), &p, &c), -E2BIG);
}

/* ---- GRUB ---- */

static char dir[] = "/tmp/ocf-boot-XXXXXX";

static const char *below(const char *name)
{
	static char path[2][128];
	static unsigned turn;

	turn = 1 - turn;
	(void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static int make_dir(void **state)
{
	(void)state;
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const NAMES[] = {"grubenv", "env", "fw_env.config", "defaults", "order"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		(void)unlink(below(NAMES[i]));
	return rmdir(dir);
}

/* What a command prints, without its last end of line. */
static const char *output(const char *command, const char *argument)
{
	static char text[2048];
	char line[512];
	FILE *f;
	size_t n;

	(void)snprintf(line, sizeof(line), "%s %s 2>/dev/null", command, argument);
	f = popen(line, "r"); /* NOLINT(cert-env33-c): a test's own command */
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)pclose(f);
	text[n > 0 && text[n - 1] == '\n' ? n - 1 : n] = '\0';
	return text;
}

static void put(const char *name, const char *text)
{
	int fd = open(below(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void read_block(uint8_t ret[GRUBENV_SIZE])
{
	int fd = open(below("grubenv"), O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, ret, GRUBENV_SIZE), GRUBENV_SIZE);
	(void)close(fd);
}

static void assert_vars(struct boot *b, struct boot_vars want)
{
	struct boot_vars got;

	assert_int_equal(b->ops->read(b, &got), 0);
	if (!same(&got, &want))
		fail_msg("primary %d good %d %d left %u %u", got.primary, got.slot[0].good,
			 got.slot[1].good, got.slot[0].left, got.slot[1].left);
}

static void boot_grub__is_read_by_grub_editenv(void **state)
{
	CLEANUP(boot_freep) struct boot *b = NULL;
	uint8_t before[GRUBENV_SIZE], after[GRUBENV_SIZE];
	char command[256];

	(void)state;
	(void)snprintf(command, sizeof(command), "%s set saved_entry=0 ORDER='A B' A_OK=1 A_TRY=0",
		       below("grubenv"));
	(void)output("grub-editenv", command);
	if (access(below("grubenv"), F_OK) < 0)
		skip(); /* no grub-editenv here */
	assert_int_equal(boot_grub_new(&b, &GRUB, below("grubenv")), 0);
	assert_vars(b, (struct boot_vars){
			       0, {{true, 0}, {false, 0}}
        });
	assert_int_equal(boot_try(b, 1, 3), 0);
	(void)snprintf(command, sizeof(command), "%s list", below("grubenv"));
	assert_string_equal(output("grub-editenv", command),
			    "B_OK=1\nB_TRY=0\nORDER=B A\nsaved_entry=0\nA_OK=1\nA_TRY=0");
	/* GRUB has started it. */
	(void)snprintf(command, sizeof(command), "%s set B_TRY=1", below("grubenv"));
	(void)output("grub-editenv", command);
	read_block(before);
	assert_vars(b, (struct boot_vars){
			       1, {{true, 0}, {false, 0}}
        });
	assert_int_equal(boot_good(b, 1), 0);
	assert_vars(b, (struct boot_vars){
			       1, {{true, 0}, {true, 0}}
        });
	read_block(after);
	assert_memory_equal(before + GRUBENV_SECTOR, after + GRUBENV_SECTOR, GRUBENV_SECTOR);
	assert_int_equal(boot_bad(b, 1), 0);
	(void)snprintf(command, sizeof(command), "%s list", below("grubenv"));
	assert_string_equal(output("grub-editenv", command),
			    "ORDER=A B\nB_OK=0\nB_TRY=0\nsaved_entry=0\nA_OK=1\nA_TRY=0");
	assert_int_equal(boot_bad(b, 0), -EPERM); /* the other one cannot start */
	assert_string_equal(b->why, "the other slot is not confirmed: nothing could start");
}

static void grubenv_set__stays_in_the_first_sector(void **state)
{
	struct bootenv_change c = {1, {{"A_OK", "1"}}};
	uint8_t block[GRUBENV_SIZE], out[GRUBENV_SIZE];
	struct span lines;

	(void)state;
	memset(block, '#', sizeof(block));
	assert_int_equal(grubenv_set(span_of(block, sizeof(block)), &c, out), -EBADMSG);
	(void)snprintf((char *)block, sizeof(block),
		       "# GRUB Environment Block\nother=%0900d\nx=1\n", 7);
	block[strlen((char *)block)] = '#';
	assert_int_equal(grubenv_set(span_of(block, sizeof(block)), &c, out), 0);
	assert_memory_equal(out, "# GRUB Environment Block\nA_OK=1\nother=000", 40);
	assert_int_equal(grubenv_set(span_of(block, sizeof(block) - 1), &c, out), -EBADMSG);
	/* No room for it. */
	(void)snprintf((char *)block, sizeof(block),
		       "# GRUB Environment Block\nother=%0985d\nx=1\n", 7);
	assert_int_equal(grubenv_set(span_of(block, sizeof(block)), &c, out), -E2BIG);
	/* Comments stay where they are, and may leave no room for ours in the sector. */
	(void)snprintf((char *)block, sizeof(block), "# GRUB Environment Block\n#%0480d\nx=1\n", 7);
	assert_int_equal(grubenv_set(span_of(block, sizeof(block)), &c, out), -E2BIG);
	assert_true(grubenv_lines(span_of(block, sizeof(block)), &lines));
}

/* grub-editenv lists nothing there either. */
static void grubenv_lines__end_before_the_padding(void **state)
{
	static const char TEXT[] = "# GRUB Environment Block\nORDER=A B\nORDER=B A";
	uint8_t block[GRUBENV_SIZE];
	struct span lines;

	(void)state;
	memset(block, '#', sizeof(block));
	memcpy(block, TEXT, strlen(TEXT));
	assert_true(grubenv_lines(span_of(block, sizeof(block)), &lines));
	assert_true(span_is(lines, "ORDER=A B\n"));
}

static void boot_grub__refuses_another_file(void **state)
{
	CLEANUP(boot_freep) struct boot *b = NULL;
	struct boot_vars v;

	(void)state;
	assert_int_equal(boot_grub_new(&b, &GRUB, below("grubenv")), -ENOENT);
	put("grubenv", "ORDER=A B\n");
	assert_int_equal(boot_grub_new(&b, &GRUB, below("grubenv")), 0);
	assert_int_equal(b->ops->read(b, &v), -EBADMSG);
	assert_string_equal(b->why, "GRUB's environment block: is none");
}

/* ---- U-Boot ---- */

static struct runner_program programs[2];
static char config_path[128];
static const char *const PRINT_ARGS[] = {"-c", config_path, NULL};
static const char *const SET_ARGS[] = {"-c", config_path, "-s", "/proc/self/fd/0", NULL};

static void make_uboot(struct runner **ret)
{
	char text[512];

	(void)snprintf(config_path, sizeof(config_path), "%s", below("fw_env.config"));
	(void)snprintf(text, sizeof(text), "%s 0x0000 0x4000\n%s 0x4000 0x4000\n", below("env"),
		       below("env"));
	put("fw_env.config", text);
	put("env", "");
	assert_int_equal(truncate(below("env"), 0x8000), 0);
	put("defaults", "bootcmd=run x\n");
	programs[0] =
		(struct runner_program){"fw_printenv", "/usr/bin/fw_printenv", PRINT_ARGS, 10000};
	programs[1] = (struct runner_program){"fw_setenv", "/usr/bin/fw_setenv", SET_ARGS, 10000};
	assert_int_equal(runner_new(ret, programs, 2), 0);
}

static const char *printenv(void)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "-c %s", config_path);
	return output("fw_printenv", command);
}

static void boot_uboot__is_read_by_fw_printenv(void **state)
{
	CLEANUP(runner_freep) struct runner *r = NULL;
	CLEANUP(boot_freep) struct boot *b = NULL;
	struct boot_vars v;
	char command[512];

	(void)state;
	if (!files_are_roots())
		skip();
	if (access("/usr/bin/fw_setenv", X_OK) < 0)
		skip();
	make_uboot(&r);
	assert_int_equal(boot_uboot_new(&b, &UBOOT, r, 0, 1), 0);
	assert_int_equal(b->ops->read(b, &v), -EREMOTEIO); /* there is none yet */
	assert_string_not_equal(b->why, "");
	(void)snprintf(command, sizeof(command), "-c %s -f %s x y", config_path, below("defaults"));
	(void)output("fw_setenv", command);
	assert_vars(b, (struct boot_vars){
			       0, {{true, 0}, {true, 0}}
        });
	assert_int_equal(boot_bad(b, 1), 0);
	assert_int_equal(boot_try(b, 1, 2), 0);
	assert_string_equal(printenv(), "BOOT_B_LEFT=2\nBOOT_ORDER=B A\nbootcmd=run x\nx=y");
	assert_vars(b, (struct boot_vars){
			       1, {{true, 0}, {true, 2}}
        });
	assert_int_equal(boot_good(b, 1), 0);
	assert_string_equal(printenv(), "BOOT_B_LEFT=3\nBOOT_ORDER=B A\nbootcmd=run x\nx=y");
	assert_int_equal(boot_good(b, 1), 0); /* nothing to do */
	assert_int_equal(boot_bad(b, 1), 0);
	assert_string_equal(printenv(), "BOOT_B_LEFT=0\nBOOT_ORDER=A B\nbootcmd=run x\nx=y");
	assert_int_equal(boot_bad(b, 0), -EPERM);
}

/* One change of the environment, so that a cut leaves all of it or nothing: with one copy damaged
 * the other one is complete. */
static void boot_uboot__survives_a_damaged_copy(void **state)
{
	CLEANUP(runner_freep) struct runner *r = NULL;
	CLEANUP(boot_freep) struct boot *b = NULL;
	char command[512];

	(void)state;
	if (!files_are_roots())
		skip();
	if (access("/usr/bin/fw_setenv", X_OK) < 0)
		skip();
	make_uboot(&r);
	(void)snprintf(command, sizeof(command), "-c %s -f %s x y", config_path, below("defaults"));
	(void)output("fw_setenv", command);
	assert_int_equal(boot_uboot_new(&b, &UBOOT, r, 0, 1), 0);
	for (int copy = 0; copy < 2; copy++) {
		struct boot_vars v;
		int fd;

		assert_int_equal(boot_good(b, 0), 0);
		assert_int_equal(boot_bad(b, 1), 0);
		assert_int_equal(boot_try(b, 1, 3), 0);
		fd = open(below("env"), O_WRONLY | O_CLOEXEC);
		assert_int_equal(pwrite(fd, "cut", 3, copy * 0x4000 + 100), 3);
		(void)close(fd);
		assert_int_equal(b->ops->read(b, &v), 0);
		/* Before or after it; never B first without a start. */
		assert_true((v.primary == 1 && v.slot[1].good) ||
			    (v.primary == 0 && v.slot[0].good && !v.slot[1].good));
	}
}

static void boot_uboot__does_not_believe_the_tool(void **state)
{
	CLEANUP(runner_freep) struct runner *r = NULL;
	CLEANUP(boot_freep) struct boot *b = NULL;
	char command[512];

	(void)state;
	if (!files_are_roots())
		skip();
	if (access("/usr/bin/fw_setenv", X_OK) < 0)
		skip();
	make_uboot(&r);
	(void)snprintf(command, sizeof(command), "-c %s -f %s BOOT_A_LEFT 1", config_path,
		       below("defaults"));
	(void)output("fw_setenv", command);
	runner_free(r);
	r = NULL;
	programs[1].path = "/bin/true";
	assert_int_equal(runner_new(&r, programs, 2), 0);
	assert_int_equal(boot_uboot_new(&b, &UBOOT, r, 0, 1), 0);
	assert_int_equal(boot_bad(b, 1), -EIO);
	assert_string_equal(b->why, "the boot loader's variables are not what was written");
	assert_int_equal(boot_try(b, 1, 3), -EIO); /* B could start before, but was not primary */
	assert_int_equal(boot_good(b, 0), -EIO);   /* the starts that A has used */
}

/* ---- a script ---- */

static const char SCRIPT[] = "cd \"$0\" || exit 1\n"
			     "echo \"$*\" >>calls\n"
			     "case $1 in\n"
			     "get-primary) cat primary ;;\n"
			     "set-primary) echo \"$2\" >primary ;;\n"
			     "get-state) cat \"$2\" ;;\n"
			     "set-state) echo \"$3\" >\"$2\" ;;\n"
			     "try) echo \"try $3\" >\"$2\"; echo \"$2\" >primary ;;\n"
			     "*) echo unknown >&2; exit 1 ;;\n"
			     "esac\n";

static char script_dir[64];
static const char *const SCRIPT_ARGS[] = {"-c", SCRIPT, script_dir, NULL};

static void boot_custom__speaks_as_rauc_does(void **state)
{
	static const struct {
		bool has_try;
		const char *calls;
		struct boot_vars want;
	} ROWS[] = {
		{false, "set-state B good\nset-primary B", {1, {{true, 0}, {true, 0}}} },
		{true,  "try B 2",                         {1, {{true, 0}, {false, 2}}}},
	};
	static const struct runner_program SHELL[] = {
		{"script", "/bin/sh", SCRIPT_ARGS, 10000}
        };
	CLEANUP(runner_freep) struct runner *r = NULL;

	(void)state;
	if (!files_are_roots())
		skip();
	(void)snprintf(script_dir, sizeof(script_dir), "%s", dir);
	assert_int_equal(runner_new(&r, SHELL, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(boot_freep) struct boot *b = NULL;
		char command[128];

		put("primary", "A\n");
		put("A", "good\n");
		put("B", "bad\n");
		assert_int_equal(boot_custom_new(&b, &UBOOT, ROWS[i].has_try, r, 0), 0);
		put("calls", "");
		assert_int_equal(boot_try(b, 1, 2), 0);
		(void)snprintf(command, sizeof(command), "-v get %s", below("calls"));
		assert_string_equal(output("grep", command), ROWS[i].calls);
		assert_vars(b, ROWS[i].want);
		assert_int_equal(boot_good(b, 1), 0);
		assert_int_equal(boot_bad(b, 1), 0);
		assert_vars(b, (struct boot_vars){
				       0, {{true, 0}, {false, 0}}
                });
		put("A", "odd\n");
		assert_int_equal(boot_good(b, 0), -EBADMSG);
		assert_string_equal(b->why, "get-state: an answer that means nothing");
		(void)unlink(below("A"));
		assert_int_equal(boot_good(b, 0), -EREMOTEIO);
		assert_non_null(strstr(b->why, "No such file"));
	}
	(void)unlink(below("primary"));
	(void)unlink(below("B"));
	(void)unlink(below("calls"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bootenv_read__follows_the_scripts),
		cmocka_unit_test(bootenv_set_names__takes_two_words),
		cmocka_unit_test(bootenv_plan__keeps_a_rescue_system),
		cmocka_unit_test(grubenv_set__stays_in_the_first_sector),
		cmocka_unit_test(grubenv_lines__end_before_the_padding),
		TEST(boot_grub__is_read_by_grub_editenv),
		TEST(boot_grub__refuses_another_file),
		TEST(boot_uboot__is_read_by_fw_printenv),
		TEST(boot_uboot__survives_a_damaged_copy),
		TEST(boot_uboot__does_not_believe_the_tool),
		TEST(boot_custom__speaks_as_rauc_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

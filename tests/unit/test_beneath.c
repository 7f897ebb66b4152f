/* ocf-fwupd/beneath: a medium made by an enemy. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "daemons/ocf-fwupd/beneath.h"

static char dir[] = "/tmp/ocf-beneath-XXXXXX";
static int folder;

static void put(const char *path)
{
	int fd = openat(folder, path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

static void beneath_open__stays_below(void **state)
{
	static const struct {
		const char *path;
		int want;
	} ROWS[] = {
		{"/file",          0      },
		{"/sub/file",      0      },
		{"//sub//file",    0      },
		{"file",           0      },
		{"/none",          -ENOENT},
		{"/sub/none/file", -ENOENT},
		{"/sub",           -EPERM }, /* a folder */
		{"/pipe",          -EPERM }, /* whose other end nobody holds */
		{"/link",          -ELOOP }, /* to a file of the medium, even */
		{"/out/passwd",    -ELOOP },
		{"/proc/self/exe", -ENOENT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		int fd = -1, r = beneath_open(folder, ROWS[i].path, &fd);

		if (r != ROWS[i].want)
			fail_msg("%s: %d", ROWS[i].path, r);
		assert_int_equal(fd >= 0, r == 0);
		if (fd >= 0)
			(void)close(fd);
	}
}

static void beneath_open__does_not_lead_up(void **state)
{
	static const char *const PATHS[] = {"/..", "/../etc/passwd", "/sub/../../etc/passwd", "",
					    "/"};
	int fd = -1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PATHS); i++)
		if (beneath_open(folder, PATHS[i], &fd) >= 0)
			fail_msg("%s", PATHS[i]);
	assert_int_equal(fd, -1);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	folder = open(dir, O_PATH | O_DIRECTORY);
	put("file");
	if (mkdirat(folder, "sub", 0700) < 0)
		return -1;
	put("sub/file");
	return mkfifoat(folder, "pipe", 0600) < 0 || symlinkat("file", folder, "link") < 0 ||
			       symlinkat("/etc", folder, "out") < 0
		       ? -1
		       : 0;
}

static int tear_down(void **state)
{
	static const char *const NAMES[] = {"file", "sub/file", "pipe", "link", "out"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		(void)unlinkat(folder, NAMES[i], 0);
	(void)unlinkat(folder, "sub", AT_REMOVEDIR);
	(void)close(folder);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beneath_open__stays_below),
		cmocka_unit_test(beneath_open__does_not_lead_up),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

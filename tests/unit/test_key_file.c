/* ocf-fwupd/key_file: who may have put a key there. Paths are relative, so that the folders above
 * this one say nothing. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemons/ocf-fwupd/key_file.h"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/ocf-key-file-XXXXXX");
	if (!mkdtemp(folder) || chdir(folder) < 0 || mkdir("d", 0755) < 0 ||
	    mkdir("open", 0755) < 0 || chmod("open", 0777) < 0 || mkdir("sticky", 0755) < 0 ||
	    chmod("sticky", 01777) < 0 || symlink("d", "link") < 0 || symlink("key", "d/link") < 0)
		return -1;
	for (const char *const *name =
		     (const char *const[]){"d/key", "open/key", "sticky/key", NULL};
	     *name; name++) {
		int fd = open(*name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0 || write(fd, "text", 4) != 4 || close(fd) < 0)
			return -1;
	}
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const NAMES[] = {"d/key", "d/link", "open/key", "sticky/key", "link"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		(void)unlink(NAMES[i]);
	(void)rmdir("d");
	(void)rmdir("open");
	(void)rmdir("sticky");
	return chdir("/") < 0 ? -1 : rmdir(folder);
}

static void key_file_read__takes_what_nobody_else_could_put_there(void **state)
{
	static const struct {
		const char *name, *path;
		mode_t mode;
		enum key_file kind;
		const char *why; /* NULL: taken */
	} ROWS[] = {
		{"for all to read",           "d/key",      0644, KEY_FILE_TRUST,  NULL                 },
		{"for its owner",             "d/key",      0600, KEY_FILE_TRUST,  NULL                 },
		{"in a sticky folder",        "sticky/key", 0600, KEY_FILE_TRUST,  NULL                 },
		{"slashes",                   "d//key",     0600, KEY_FILE_TRUST,  NULL                 },
		{"secret for its owner",      "d/key",      0600, KEY_FILE_SECRET, NULL                 },
		{"secret for its group",      "d/key",      0640, KEY_FILE_SECRET, NULL                 },
		{"secret for all to read",    "d/key",      0644, KEY_FILE_SECRET, "others may read it" },
		{"for its group to write",    "d/key",      0664, KEY_FILE_TRUST,  "others may write it"},
		{"for all to write",          "d/key",      0646, KEY_FILE_TRUST,  "others may write it"},
		{"secret for group to write", "d/key",      0660, KEY_FILE_SECRET,
		 "others may write it"								  },
		{"in a folder for all",       "open/key",   0600, KEY_FILE_TRUST,
		 "others may write a directory"							 },
		{"a link",                    "d/link",     0600, KEY_FILE_TRUST,  "symbolic link"      },
		{"behind a link",             "link/key",   0600, KEY_FILE_TRUST,  "symbolic link"      },
		{"a folder",                  "d",          0755, KEY_FILE_TRUST,  "no file"            },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(buf_done) struct buf b = BUF_INIT(8192);
		const char *why = "";
		int r;

		assert_int_equal(
			chmod(strcmp(ROWS[i].path, "d") == 0 ? "d" : "d/key", ROWS[i].mode), 0);
		r = key_file_read(ROWS[i].path, ROWS[i].kind, geteuid(), &b, &why);
		if (r != (ROWS[i].why ? -EPERM : 0) || (ROWS[i].why && !strstr(why, ROWS[i].why)))
			fail_msg("%s: %d %s", ROWS[i].name, r, why);
		if (r == 0)
			assert_true(span_is(buf_span(&b), "text"));
	}
}

static void key_file_read__refuses_another_owner(void **state)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT(8192);
	const char *why = "";

	(void)state;
	assert_int_equal(chmod("d/key", 0600), 0);
	assert_int_equal(key_file_read("d/key", KEY_FILE_TRUST, geteuid() + 1, &b, &why), -EPERM);
	assert_non_null(strstr(why, "somebody else"));
	assert_int_equal(b.len, 0);
}

static void key_file_read__has_other_errors(void **state)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT(8192), small = BUF_INIT(2);
	const char *why = "";
	char name[300];

	(void)state;
	assert_int_equal(key_file_read("d/none", KEY_FILE_TRUST, geteuid(), &b, &why), -ENOENT);
	assert_int_equal(key_file_read("none/key", KEY_FILE_TRUST, geteuid(), &b, &why), -ENOENT);
	assert_int_equal(key_file_read("d/key/x", KEY_FILE_TRUST, geteuid(), &b, &why), -EPERM);
	assert_int_equal(key_file_read("d/key", KEY_FILE_TRUST, geteuid(), &small, &why), -EFBIG);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(key_file_read(name, KEY_FILE_TRUST, geteuid(), &b, &why), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_file_read__takes_what_nobody_else_could_put_there),
		cmocka_unit_test(key_file_read__refuses_another_owner),
		cmocka_unit_test(key_file_read__has_other_errors),
	};

	return cmocka_run_group_tests_name("key_file", tests, make_folder, remove_folder);
}

/* store: whole records, whatever happens. */
#include "folder.h"

#include "store/store.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PUT_LEN ((size_t)3000)

static void assert_record(struct store *s, const char *name, struct span want)
{
	struct buf b = BUF_INIT(STORE_RECORD_MAX);

	assert_int_equal(store_get(s, name, &b), 0);
	assert_true(span_eq(buf_span(&b), want));
	buf_done(&b);
}

static bool exists(const char *dir, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void store_put__replaces_a_record_with_mode_0600(void **state)
{
	CLEANUP(store_freep) struct store *s = NULL;
	char path[256];
	struct stat st;

	assert_int_equal(store_open(&s, *state), 0);
	assert_int_equal(store_put(s, "cred", SPAN_LIT("a long first version")), 0);
	assert_int_equal(store_put(s, "cred", SPAN_LIT("second")), 0);
	assert_record(s, "cred", SPAN_LIT("second"));
	assert_int_equal(store_put(s, "cred", SPAN_LIT("")), 0);
	assert_record(s, "cred", SPAN_LIT(""));
	(void)snprintf(path, sizeof(path), "%s/cred", (char *)*state);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void store_put__refuses_other_names(void **state)
{
	static const char *const NAMES[] = {
		"",     ".tmp", "..",  "a/b",
		"Cred", "a b",  "x\n", "12345678901234567890123456789012345678901",
	};
	CLEANUP(store_freep) struct store *s = NULL;
	struct buf b = BUF_INIT(64);

	assert_int_equal(store_open(&s, *state), 0);
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		if (store_put(s, NAMES[i], SPAN_LIT("x")) != -EINVAL ||
		    store_get(s, NAMES[i], &b) != -EINVAL || store_del(s, NAMES[i]) != -EINVAL)
			fail_msg("taken: '%s'", NAMES[i]);
	}
	assert_int_equal(store_put(s, "12345678901234567890123456789012", SPAN_LIT("x")), 0);
}

static void store_put__keeps_the_limit(void **state)
{
	CLEANUP(freep) uint8_t *big = calloc(1, STORE_RECORD_MAX + 1);
	CLEANUP(store_freep) struct store *s = NULL;

	assert_non_null(big);
	assert_int_equal(store_open(&s, *state), 0);
	assert_int_equal(store_put(s, "r", span_of(big, STORE_RECORD_MAX)), 0);
	assert_int_equal(store_put(s, "r", span_of(big, STORE_RECORD_MAX + 1)), -EFBIG);
	assert_record(s, "r", span_of(big, STORE_RECORD_MAX));
}

static void store_get__says_what_is_wrong(void **state)
{
	CLEANUP(store_freep) struct store *s = NULL;
	struct buf b = BUF_INIT(4);
	char path[256];

	assert_int_equal(store_open(&s, *state), 0);
	assert_int_equal(store_get(s, "none", &b), -ENOENT);
	assert_int_equal(store_put(s, "five", SPAN_LIT("12345")), 0);
	assert_int_equal(store_get(s, "five", &b), -EFBIG);
	(void)snprintf(path, sizeof(path), "%s/link", (char *)*state);
	assert_int_equal(symlink("five", path), 0);
	assert_int_equal(store_get(s, "link", &b), -ELOOP);
	(void)snprintf(path, sizeof(path), "%s/pipe", (char *)*state);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(store_get(s, "pipe", &b), -EIO);
	assert_int_equal(b.len, 0);
	buf_done(&b);
}

static void store_del__removes_and_accepts_none(void **state)
{
	CLEANUP(store_freep) struct store *s = NULL;

	assert_int_equal(store_open(&s, *state), 0);
	assert_int_equal(store_put(s, "r", SPAN_LIT("x")), 0);
	assert_int_equal(store_del(s, "r"), 0);
	assert_false(exists(*state, "r"));
	assert_int_equal(store_del(s, "r"), 0);
}

static int count(void *arg, const char *name)
{
	unsigned *seen = arg;

	*seen += strcmp(name, "a") == 0 ? 1 : strcmp(name, "b") == 0 ? 10 : 1000;
	return 0;
}

static int stop(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return 7;
}

static void store_each__names_the_records(void **state)
{
	CLEANUP(store_freep) struct store *s = NULL;
	unsigned seen = 0;

	assert_int_equal(store_open(&s, *state), 0);
	assert_int_equal(store_put(s, "a", SPAN_LIT("x")), 0);
	assert_int_equal(store_put(s, "b", SPAN_LIT("x")), 0);
	assert_int_equal(store_each(s, count, &seen), 0);
	assert_int_equal(seen, 11);
	assert_int_equal(store_each(s, stop, NULL), 7);
}

static void store_open__refuses_what_others_can_reach(void **state)
{
	struct store *s = NULL;

	assert_int_equal(chmod(*state, 0750), 0);
	assert_int_equal(store_open(&s, *state), -EPERM);
	assert_int_equal(chmod(*state, 0701), 0);
	assert_int_equal(store_open(&s, *state), -EPERM);
	assert_int_equal(store_open(&s, "/nonexistent"), -ENOENT);
	assert_int_equal(chmod(*state, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(*state, 65534, 65534), 0);
		assert_int_equal(store_open(&s, *state), -EPERM);
		assert_int_equal(chown(*state, 0, 0), 0);
	}
	assert_null(s);
}

static void store_open__locks_and_clears_leftovers(void **state)
{
	struct store *s = NULL, *second = NULL;
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/.tmp", (char *)*state);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(store_open(&s, *state), 0);
	assert_false(exists(*state, ".tmp"));
	assert_int_equal(store_open(&second, *state), -EBUSY);
	s = store_free(s);
	assert_int_equal(store_open(&s, *state), 0);
	s = store_free(s);
}

static bool write_self(const char *file, const char *text)
{
	char path[64];
	CLEANUP(closep) int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/self/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* In a user namespace of our own, whose tmpfs then belongs to us. */
static bool become_root(void)
{
	char uid[32], gid[32];

	(void)snprintf(uid, sizeof(uid), "0 %u 1", geteuid());
	(void)snprintf(gid, sizeof(gid), "0 %u 1", getegid());
	return unshare(CLONE_NEWUSER) == 0 && write_self("setgroups", "deny") &&
	       write_self("uid_map", uid) && write_self("gid_map", gid);
}

/* Runs in a child with a file system of its own; 0 or the number of the step that failed. */
static int full_disk(const char *dir)
{
	CLEANUP(freep) uint8_t *data = calloc(1, 256 * 1024);
	struct buf b = BUF_INIT(STORE_RECORD_MAX);
	struct store *s = NULL;

	if (!data || (geteuid() && !become_root()) || unshare(CLONE_NEWNS) < 0)
		return 1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=700") < 0)
		return 2;
	if (store_open(&s, dir) || store_put(s, "r", SPAN_LIT("old")))
		return 3;
	if (store_put(s, "r", span_of(data, 256 * 1024)) != -ENOSPC)
		return 4;
	if (store_get(s, "r", &b) || !span_is(buf_span(&b), "old"))
		return 5;
	if (exists(dir, ".tmp"))
		return 6;
	return store_put(s, "r", span_of(data, 32 * 1024)) ? 7 : 0;
}

static void store_put__leaves_the_old_record_on_a_full_disk(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(full_disk(*state));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Puts records that each consist of one octet, repeated, until it is killed. */
static void put_for_ever(const char *dir, int ready)
{
	struct store *s = NULL;
	uint8_t data[PUT_LEN];

	if (store_open(&s, dir))
		_exit(1);
	for (unsigned i = 0;; i++) {
		memset(data, (int)(i & 0xff), sizeof(data));
		if (store_put(s, "r", span_of(data, PUT_LEN - (i & 0xff))))
			_exit(1);
		if (i == 0)
			(void)!write(ready, "", 1); /* the parent sees end of file if it fails */
	}
}

static void assert_whole(const char *dir)
{
	CLEANUP(store_freep) struct store *s = NULL;
	struct buf b = BUF_INIT(PUT_LEN);

	assert_int_equal(store_open(&s, dir), 0);
	assert_int_equal(store_get(s, "r", &b), 0);
	assert_int_equal(b.len, PUT_LEN - b.ptr[0]);
	for (size_t i = 1; i < b.len; i++)
		assert_int_equal(b.ptr[i], b.ptr[0]);
	buf_done(&b);
}

static void store_put__survives_kill_at_any_time(void **state)
{
	for (int round = 0; round < 40; round++) {
		int p[2], status;
		char c;
		pid_t pid;

		assert_int_equal(pipe2(p, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0)
			put_for_ever(*state, p[1]);
		(void)close(p[1]);
		assert_int_equal(read(p[0], &c, 1), 1);
		(void)ppoll(NULL, 0, &(struct timespec){.tv_nsec = round * 37000}, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		(void)close(p[0]);
		assert_whole(*state);
		assert_false(exists(*state, ".tmp"));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(store_put__replaces_a_record_with_mode_0600),
		TEST(store_put__refuses_other_names),
		TEST(store_put__keeps_the_limit),
		TEST(store_get__says_what_is_wrong),
		TEST(store_del__removes_and_accepts_none),
		TEST(store_each__names_the_records),
		TEST(store_open__refuses_what_others_can_reach),
		TEST(store_open__locks_and_clears_leftovers),
		TEST(store_put__leaves_the_old_record_on_a_full_disk),
		TEST(store_put__survives_kill_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

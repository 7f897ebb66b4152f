/* ocf-fw-write/durable: what the disk said to the thread is not lost. */
#include "test.h"

#include <fcntl.h>

#include "daemons/ocf-fw-write/durable.h"

/* A disk that tells of each sync before it fails from so many octets on. */
struct disk {
	struct backend backend; /* the first member */
	int told[2];
	uint64_t fails_at;
};

static int sync_disk(struct backend *b, const char *component, int fd, uint64_t octets)
{
	struct disk *k = (struct disk *)(void *)b;

	(void)component, (void)fd;
	assert_int_equal(write(k->told[1], "+", 1), 1);
	return octets < k->fails_at ? 0 : -EIO;
}

static const struct backend_ops OPS = {.sync = sync_disk};

static void await_sync(const struct disk *k)
{
	char c;

	assert_int_equal(read(k->told[0], &c, 1), 1);
}

static void durable_end__gives_the_last_error(void **state)
{
	CLEANUP(durable_freep) struct durable *d = NULL;
	struct disk k = {.backend = {.ops = &OPS}, .fails_at = 2 * DURABLE_STEP};

	(void)state;
	assert_int_equal(pipe2(k.told, O_CLOEXEC), 0);
	assert_int_equal(durable_new(&d, &k.backend, "firmware", -1, 0), 0);
	assert_int_equal(durable_wrote(d, DURABLE_STEP - 1), 0);
	assert_int_equal(durable_wrote(d, DURABLE_STEP), 0);
	await_sync(&k);
	assert_int_equal(durable_wrote(d, 2 * DURABLE_STEP), 0); /* the thread is to find out */
	await_sync(&k);
	assert_int_equal(durable_end(d), -EIO);
	assert_int_equal(durable_end(d), -EIO);
	(void)close(k.told[0]);
	(void)close(k.told[1]);
}

static void durable_wrote__gives_an_error_of_before(void **state)
{
	CLEANUP(durable_freep) struct durable *d = NULL;
	struct disk k = {.backend = {.ops = &OPS}};

	(void)state;
	assert_int_equal(pipe2(k.told, O_CLOEXEC), 0);
	assert_int_equal(durable_new(&d, &k.backend, "firmware", -1, 0), 0);
	/* So much is behind that it waits. */
	assert_int_equal(durable_wrote(d, DURABLE_LAG + 1), -EIO);
	assert_int_equal(durable_end(d), -EIO);
	(void)close(k.told[0]);
	(void)close(k.told[1]);
}

static void durable_wrote__waits_between_two_steps(void **state)
{
	CLEANUP(durable_freep) struct durable *d = NULL;
	struct disk k = {.backend = {.ops = &OPS}};

	(void)state;
	assert_int_equal(pipe2(k.told, O_CLOEXEC), 0);
	assert_int_equal(durable_new(&d, &k.backend, "firmware", -1, 0), 0);
	assert_int_equal(durable_wrote(d, DURABLE_LAG), 0); /* the thread is to find out */
	assert_int_equal(durable_wrote(d, DURABLE_LAG + 1), -EIO);
	(void)close(k.told[0]);
	(void)close(k.told[1]);
}

static void durable_end__takes_a_back_end_that_keeps_nothing(void **state)
{
	static const struct backend_ops NONE = {0};
	struct backend b = {.ops = &NONE};
	struct durable *d = NULL;

	(void)state;
	assert_int_equal(durable_new(&d, &b, "firmware", -1, 0), 0);
	assert_null(d);
	assert_int_equal(durable_wrote(d, 2 * DURABLE_STEP), 0);
	assert_int_equal(durable_end(d), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durable_end__gives_the_last_error),
		cmocka_unit_test(durable_wrote__gives_an_error_of_before),
		cmocka_unit_test(durable_wrote__waits_between_two_steps),
		cmocka_unit_test(durable_end__takes_a_back_end_that_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

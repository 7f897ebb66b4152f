/* ocf-fw-write/pass: what comes in pieces of any size is written as it is, in whole pages. */
#include "test.h"

#include <fcntl.h>
#include <string.h>

#include "daemons/ocf-fw-write/pass.h"

static void ignore(uint64_t octets)
{
	(void)octets;
}

static int temporary(void)
{
	char path[] = "/tmp/ocf-pass-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	return fd;
}

static uint8_t image[5 * PASS_PAGE + 77], got[sizeof(image)];

static void fill_image(void)
{
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 31 + i / 251);
}

/* Puts the image from octet `from` on in pieces of `step`; each time whole pages are in the file.
 */
static void put_in_steps(size_t from, size_t step)
{
	CLEANUP(hash_set_freep) struct hash_set *all = NULL;
	struct pass p = {.fd = temporary(),
			 .limit = sizeof(image),
			 .control = -1,
			 .progress = ignore,
			 .octets = from};
	int none[2];

	assert_int_equal(hash_set_new(&all, HASH_BIT(HASH_SHA256)), 0);
	p.all = all;
	assert_int_equal(pwrite(p.fd, image, from, 0), from);
	assert_int_equal(lseek(p.fd, (off_t)from, SEEK_SET), from);
	for (size_t at = from; at < sizeof(image); at += step) {
		size_t n = step < sizeof(image) - at ? step : sizeof(image) - at;
		off_t there;

		assert_int_equal(pass_put(&p, span_of(image + at, n)), 0);
		there = lseek(p.fd, 0, SEEK_CUR);
		if ((size_t)there != from && there % (off_t)PASS_PAGE != 0)
			fail_msg("from %zu by %zu: %ld", from, step, (long)there);
		assert_true(at + n - (size_t)there < PASS_PAGE);
	}
	assert_int_equal(pipe2(none, O_CLOEXEC), 0);
	(void)close(none[1]);
	p.piece = got;
	assert_int_equal(pass_run(&p, none[0]), 0); /* the end */
	(void)close(none[0]);
	assert_int_equal(p.octets, sizeof(image));
	assert_int_equal(pread(p.fd, got, sizeof(got), 0), sizeof(got));
	assert_memory_equal(got, image, sizeof(image));
	assert_int_equal(lseek(p.fd, 0, SEEK_END), sizeof(image));
	(void)close(p.fd);
}

static void pass_put__writes_whole_pages(void **state)
{
	static const size_t STEPS[] = {
		1, 17, PASS_PAGE - 1, PASS_PAGE, PASS_PAGE + 1, 2 * PASS_PAGE + 5, sizeof(image)};
	static const size_t FROM[] = {0, 1, PASS_PAGE - 1, PASS_PAGE, PASS_PAGE + 100};

	(void)state;
	fill_image();
	for (size_t i = 0; i < ARRAY_SIZE(FROM); i++)
		for (size_t j = 0; j < ARRAY_SIZE(STEPS); j++)
			put_in_steps(FROM[i], STEPS[j]);
}

static void pass_put__stops_at_the_limit(void **state)
{
	CLEANUP(hash_set_freep) struct hash_set *all = NULL;
	struct pass p = {.fd = temporary(), .limit = 10, .control = -1, .progress = ignore};

	(void)state;
	assert_int_equal(hash_set_new(&all, HASH_BIT(HASH_SHA256)), 0);
	p.all = all;
	assert_int_equal(pass_put(&p, span_of(image, 10)), 0);
	assert_int_equal(pass_put(&p, span_of(image, 1)), -EOVERFLOW);
	assert_int_equal(p.octets, 11);
	(void)close(p.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pass_put__writes_whole_pages),
		cmocka_unit_test(pass_put__stops_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

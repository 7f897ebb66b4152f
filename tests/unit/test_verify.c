/* ocf-fw-write/verify: what is on the disk. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "crypto/hash.h"
#include "daemons/ocf-fw-write/pass.h"
#include "daemons/ocf-fw-write/verify.h"

static int file_with(struct span data)
{
	char path[] = "/tmp/ocf-verify-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(write(fd, data.ptr, data.len), data.len);
	return fd;
}

static void verify_written__reads_what_is_there(void **state)
{
	static const size_t SIZES[] = {0, 1, 511, 4096, 4097, PASS_PIECE, PASS_PIECE + 5};
	uint8_t *data = calloc(1, PASS_PIECE + 64);

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < PASS_PIECE + 64; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < ARRAY_SIZE(SIZES); i++) {
		struct proto_digests d = {.algs = HASH_BIT(HASH_SHA256) | HASH_BIT(HASH_SHA512)};
		int fd = file_with(span_of(data, SIZES[i] + 32)); /* more follows on a device */

		for (enum hash_alg a = HASH_SHA256; a < HASH_COUNT; a++)
			assert_int_equal(hash_once(a, span_of(data, SIZES[i]), d.b[a]), 0);
		assert_int_equal(verify_written(fd, SIZES[i], &d, -1), 0);
		assert_int_equal(fcntl(fd, F_GETFL) & O_DIRECT, 0);
		d.b[HASH_SHA512][63] ^= 1;
		assert_int_equal(verify_written(fd, SIZES[i], &d, -1), -EILSEQ);
		d.b[HASH_SHA512][63] ^= 1;
		if (SIZES[i] > 0) {
			assert_int_equal(pwrite(fd, "x", 1, (off_t)SIZES[i] - 1), 1);
			assert_int_equal(verify_written(fd, SIZES[i], &d, -1), -EILSEQ);
		}
		assert_int_equal(verify_written(fd, SIZES[i] + 33, &d, -1), -EILSEQ);
		(void)close(fd);
	}
	free(data);
}

static void verify_written__stops_with_the_connection(void **state)
{
	const struct proto_digests d = {.algs = HASH_BIT(HASH_SHA256)};
	int control[2], fd = file_with(SPAN_LIT("x"));

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	(void)close(control[1]);
	assert_int_equal(verify_written(fd, 1, &d, control[0]), -ECANCELED);
	(void)close(control[0]);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verify_written__reads_what_is_there),
		cmocka_unit_test(verify_written__stops_with_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ocf-fw-fetch/ranges: all that is wanted is asked for, once, in order. */
#include "test.h"

#include <sys/mman.h>

#include "daemons/ocf-fw-fetch/ranges.h"

static int file_of(const struct proto_range *r, size_t n)
{
	int fd = memfd_create("ranges", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, r, n * sizeof(*r)), n * sizeof(*r));
	return fd;
}

static void ranges__come_joined_and_in_batches(void **state)
{
	struct proto_range many[3 * RANGES_BATCH];
	char text[RANGES_TEXT];
	struct ranges r;
	uint64_t sum = 0;
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) /* every third touches the one before */
		many[i] =
			(struct proto_range){i / 3 * 4096 + i % 3 * 1024, i % 3 == 1 ? 1024 : 512};
	fd = file_of(many, ARRAY_SIZE(many));
	ranges_open(&r, fd, ARRAY_SIZE(many), 4096 * RANGES_BATCH);
	assert_int_equal(ranges_next(&r), 1);
	assert_int_equal(ranges_text(&r, 2, text), 2);
	assert_string_equal(text, "0-511,1024-2559");
	assert_int_equal(ranges_text(&r, RANGES_BATCH, text), RANGES_BATCH);
	while (ranges_next(&r) > 0) {
		struct content_range next = {.first = r.batch[r.at].offset};

		next.last = next.first + ranges_left(&r) - 1;
		assert_true(ranges_is_next(&r, &next));
		next.last++;
		assert_false(ranges_is_next(&r, &next));
		sum += ranges_left(&r);
		ranges_took(&r, ranges_left(&r) - 1);
		assert_int_equal(ranges_left(&r), 1);
		ranges_took(&r, 1);
	}
	assert_int_equal(ranges_left(&r), 0);
	assert_int_equal(sum, RANGES_BATCH * 2048);
	(void)close(fd);
}

static void ranges_next__refuses_what_is_not_a_list(void **state)
{
	static const struct {
		const char *name;
		struct proto_range r[2];
		uint32_t n;
		int want;
	} ROWS[] = {
		{"fits",       {{0, 10}, {10, 90}}, 2, 1       },
		{"nothing",    {{0}},               0, 0       },
		{"empty one",  {{0, 0}},            1, -EBADMSG},
		{"overlap",    {{0, 10}, {9, 10}},  2, -EBADMSG},
		{"descending", {{50, 10}, {0, 10}}, 2, -EBADMSG},
		{"beyond",     {{0, 101}},          1, -EBADMSG},
		{"far beyond", {{101, 1}},          1, -EBADMSG},
		{"overflow",   {{99, UINT64_MAX}},  1, -EBADMSG},
		{"short file", {{0, 10}, {20, 10}}, 3, -EIO    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		int fd = file_of(ROWS[i].r, ARRAY_SIZE(ROWS[i].r));
		struct ranges r;

		ranges_open(&r, fd, ROWS[i].n, 100);
		if (ranges_next(&r) != ROWS[i].want)
			fail_msg("%s", ROWS[i].name);
		(void)close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges__come_joined_and_in_batches),
		cmocka_unit_test(ranges_next__refuses_what_is_not_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

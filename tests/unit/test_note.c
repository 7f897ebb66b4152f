/* ocf-fw-write/note: whose octets those are, and the headers of encrypted images. */
#include "test.h"

#include "crypto/hash.h"
#include "daemons/ocf-fw-write/note.h"

static struct proto_begin plan(void)
{
	return (struct proto_begin){
		.model = "m",
		.version = "1.2.3",
		.images = 2,
		.size = 30,
		.digests = {.algs = HASH_BIT(HASH_SHA256), .b = {{7}}}
        };
}

static void note_is_of__wants_the_very_version(void **state)
{
	CLEANUP(buf_done) struct buf note = BUF_INIT(NOTE_MAX);
	struct proto_begin b = plan();

	(void)state;
	note_put_plan(&b, &note);
	assert_true(note_is_of(buf_span(&note), &b));
	assert_false(note_is_of(span_of(note.ptr, note.len - 1), &b));
	assert_false(note_is_of(span_of(NULL, 0), &b));
	b.images = 1;
	assert_false(note_is_of(buf_span(&note), &b));
	b = plan();
	b.size = PROTO_SIZE_ANY;
	assert_false(note_is_of(buf_span(&note), &b));
	b = plan();
	b.version[4] = '4';
	assert_false(note_is_of(buf_span(&note), &b));
	b = plan();
	b.digests.b[HASH_SHA256][31] = 1;
	assert_false(note_is_of(buf_span(&note), &b));
	b = plan();
	b.digests.algs |= HASH_BIT(HASH_SHA512);
	assert_false(note_is_of(buf_span(&note), &b));
}

static void note_header__finds_the_last_one_of_each(void **state)
{
	static const uint8_t ONE[] = {1, 2, 3}, TWO[ECE_HEADER_MAX] = {9};
	CLEANUP(buf_done) struct buf first = BUF_INIT(NOTE_MAX), second = BUF_INIT(NOTE_MAX);
	CLEANUP(buf_done) struct buf third = BUF_INIT(NOTE_MAX);
	uint8_t got[ECE_HEADER_MAX];
	struct proto_begin b = plan();

	(void)state;
	note_put_plan(&b, &first);
	assert_int_equal(note_header(buf_span(&first), "ocf-fw-write", got), 0);
	note_put_header(buf_span(&first), "rootfs", span_of(ONE, sizeof(ONE)), &second);
	note_put_header(buf_span(&second), "ocf-fw-write", span_of(TWO, sizeof(TWO)), &third);
	assert_true(note_is_of(buf_span(&third), &b));
	assert_int_equal(note_header(buf_span(&third), "rootfs", got), sizeof(ONE));
	assert_memory_equal(got, ONE, sizeof(ONE));
	assert_int_equal(note_header(buf_span(&third), "ocf-fw-write", got), sizeof(TWO));
	assert_memory_equal(got, TWO, sizeof(TWO));
	assert_int_equal(note_header(buf_span(&third), "boot", got), 0);
	buf_reset(&first);
	note_put_header(buf_span(&third), "rootfs", span_of(TWO, 1), &first);
	assert_int_equal(note_header(buf_span(&first), "rootfs", got), 1);
	assert_int_equal(got[0], 9);
	assert_true(note_is_of(buf_span(&first), &b));
}

static void note_header__takes_no_damage(void **state)
{
	static const char *const TEXTS[] = {"",
					    "\n",
					    "plan\nrootfs",
					    "plan\nrootfs \n",
					    "plan\nrootfs 0\n",
					    "plan\nrootfs 0g\n",
					    "plan\nrootfs  00\n",
					    "rootfs 00\n"};
	uint8_t got[ECE_HEADER_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
		if (note_header(span_str(TEXTS[i]), "rootfs", got) != 0)
			fail_msg("row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(note_is_of__wants_the_very_version),
		cmocka_unit_test(note_header__finds_the_last_one_of_each),
		cmocka_unit_test(note_header__takes_no_damage),
	};

	return cmocka_run_group_tests_name("note", tests, NULL, NULL);
}

/* crypto/hash and the table of base/fwerr. */
#include "test.h"

#include <dirent.h>
#include <sched.h>

#include "base/clock.h"
#include "base/fwerr.h"
#include "base/parse.h"
#include "crypto/hash.h"

/* FIPS 180-4 examples: "abc". */
static const char *const ABC[HASH_COUNT] = {
	[HASH_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	[HASH_SHA384] = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
			"8086072ba1e7cc2358baeca134c825a7",
	[HASH_SHA512] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

static int count_tasks(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n - 2;
}

static void hash_set__gives_all_digests_of_one_pass(void **state)
{
	CLEANUP(hash_set_freep) struct hash_set *s = NULL;
	struct digests d;
	char hex[2 * HASH_MAX + 1];

	(void)state;
	assert_int_equal(hash_set_new(&s, HASH_BIT(HASH_COUNT) - 1), 0);
	for (int round = 0; round < 2; round++) { /* it starts anew by itself */
		assert_int_equal(hash_set_update(s, SPAN_LIT("a")), 0);
		assert_int_equal(hash_set_update(s, SPAN_LIT("")), 0);
		assert_int_equal(hash_set_update(s, SPAN_LIT("bc")), 0);
		hash_set_final(s, &d);
		assert_int_equal(d.algs, HASH_BIT(HASH_COUNT) - 1);
		for (unsigned a = 0; a < HASH_COUNT; a++) {
			uint8_t once[HASH_MAX];

			hex_encode(span_of(d.b[a], hash_len((enum hash_alg)a)), hex);
			assert_string_equal(hex, ABC[a]);
			assert_int_equal(hash_once((enum hash_alg)a, SPAN_LIT("abc"), once), 0);
			assert_memory_equal(once, d.b[a], hash_len((enum hash_alg)a));
		}
	}
}

/* Large pieces go to threads, small ones do not: the digests are those of the whole. */
static void hash_set__is_the_same_in_pieces_of_every_size(void **state)
{
	static const size_t SIZES[] = {1, 100, 32767, 32768, 70000, 262144};
	static uint8_t data[1024 * 1024 + 17];
	struct digests whole = {.algs = HASH_BIT(HASH_COUNT) - 1}, got;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	for (unsigned a = 0; a < HASH_COUNT; a++)
		assert_int_equal(
			hash_once((enum hash_alg)a, span_of(data, sizeof(data)), whole.b[a]), 0);
	for (unsigned algs = 1; algs <= whole.algs; algs++) {
		CLEANUP(hash_set_freep) struct hash_set *s = NULL;

		assert_int_equal(hash_set_new(&s, algs), 0);
		for (int round = 0; round < 2; round++) {
			for (size_t at = 0, i = 0; at < sizeof(data); i++) {
				size_t n = SIZES[i % ARRAY_SIZE(SIZES)];

				if (n > sizeof(data) - at)
					n = sizeof(data) - at;
				assert_int_equal(hash_set_update(s, span_of(data + at, n)), 0);
				at += n;
			}
			hash_set_final(s, &got);
			assert_int_equal(got.algs, algs);
			assert_true(digests_match(&got, &whole));
		}
	}
}

/* A set that is dropped in the middle leaves no thread behind. */
static void hash_set_free__ends_the_threads(void **state)
{
	static uint8_t data[65536];
	struct hash_set *s = NULL;

	(void)state;
	assert_int_equal(hash_set_new(&s, HASH_BIT(HASH_SHA256) | HASH_BIT(HASH_SHA512)), 0);
	assert_int_equal(hash_set_update(s, span_of(data, sizeof(data))), 0);
	assert_int_equal(count_tasks(), 2);
	s = hash_set_free(s);
	/* The kernel clears up a joined thread a moment later. */
	for (uint64_t end = clock_monotonic_us() + USEC_PER_SEC; clock_monotonic_us() < end;) {
		if (count_tasks() == 1)
			return;
		(void)sched_yield();
	}
	fail_msg("%d threads are left", count_tasks() - 1);
}

static void digests_match__wants_every_digest(void **state)
{
	struct digests want = {.algs = HASH_BIT(HASH_SHA256) | HASH_BIT(HASH_SHA512)}, got = want;

	(void)state;
	assert_true(digests_match(&want, &got));
	got.algs |= HASH_BIT(HASH_SHA384);
	assert_true(digests_match(&want, &got));
	got.b[HASH_SHA512][63] ^= 1;
	assert_false(digests_match(&want, &got));
	got.b[HASH_SHA512][63] ^= 1;
	got.algs = HASH_BIT(HASH_SHA256);
	assert_false(digests_match(&want, &got));
	want.algs = 0;
	assert_false(digests_match(&want, &got));
}

static void hash_from_name__takes_exact_names(void **state)
{
	enum hash_alg a;

	(void)state;
	assert_true(hash_from_name(SPAN_LIT("sha384"), &a));
	assert_int_equal(a, HASH_SHA384);
	assert_false(hash_from_name(SPAN_LIT("SHA256"), &a));
	assert_false(hash_from_name(SPAN_LIT("sha-256"), &a));
	assert_false(hash_from_name(SPAN_LIT("sha1"), &a));
	assert_false(hash_from_name(SPAN_LIT(""), &a));
}

static void fw_error_name__is_there_and_unique(void **state)
{
	struct buf camel = BUF_INIT(64);

	(void)state;
	for (unsigned i = 0; i < FWE_COUNT; i++) {
		enum fw_error e = FWE_COUNT;

		assert_non_null(fw_error_name((enum fw_error)i));
		assert_true(fw_error_from_name(span_str(fw_error_name((enum fw_error)i)), &e));
		assert_int_equal(e, i);
	}
	fw_error_camel(FWE_MANIFEST_SIGNATURE_INVALID, &camel);
	assert_true(span_is(buf_span(&camel), "ManifestSignatureInvalid"));
	buf_done(&camel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_set__gives_all_digests_of_one_pass),
		cmocka_unit_test(hash_set__is_the_same_in_pieces_of_every_size),
		cmocka_unit_test(hash_set_free__ends_the_threads),
		cmocka_unit_test(digests_match__wants_every_digest),
		cmocka_unit_test(hash_from_name__takes_exact_names),
		cmocka_unit_test(fw_error_name__is_there_and_unique),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* crypto/seal: what is sealed comes back, and only so. */
#include "test.h"

#include "crypto/seal.h"

static const struct span PASS = {(const uint8_t *)"correct horse", 13};

static struct buf sealed(struct span data)
{
	struct buf b = BUF_INIT(4096);

	assert_int_equal(seal_close(PASS, data, &b), 0);
	assert_int_equal(b.len, data.len + SEAL_OVERHEAD);
	return b;
}

static void seal_open__gives_back_what_was_sealed(void **state)
{
	static const struct span DATA[] = {
		{(const uint8_t *)"owner credential", 16},
                {NULL,                                0 }
        };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(DATA); i++) {
		struct buf b = sealed(DATA[i]), again = sealed(DATA[i]), out = BUF_INIT(4096);

		assert_int_equal(seal_open(PASS, buf_span(&b), &out), 0);
		assert_true(span_eq(buf_span(&out), DATA[i]));
		assert_false(span_eq(buf_span(&b), buf_span(&again)));
		buf_done(&b);
		buf_done(&again);
		buf_done(&out);
	}
}

/* One octet of each part: magic, rounds, salt, nonce, ciphertext, tag. */
static void seal_open__refuses_what_was_changed(void **state)
{
	static const struct {
		size_t at;
		int want;
	} ROWS[] = {
		{0,  -EBADMSG     },
                {8,  -EBADMSG     },
                {11, -EKEYREJECTED},
                {12, -EKEYREJECTED},
		{28, -EKEYREJECTED},
                {40, -EKEYREJECTED},
                {47, -EKEYREJECTED}
        };
	struct buf b = sealed(SPAN_LIT("key"));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct buf out = BUF_INIT(4096);

		b.ptr[ROWS[i].at] ^= 0x80;
		if (seal_open(PASS, buf_span(&b), &out) != ROWS[i].want || out.len)
			fail_msg("octet %zu", ROWS[i].at);
		b.ptr[ROWS[i].at] ^= 0x80;
		buf_done(&out);
	}
	buf_done(&b);
}

static void seal_open__refuses_other_passphrases_and_stubs(void **state)
{
	struct buf b = sealed(SPAN_LIT("key")), out = BUF_INIT(4096);

	(void)state;
	assert_int_equal(seal_open(SPAN_LIT("correct Horse"), buf_span(&b), &out), -EKEYREJECTED);
	assert_int_equal(seal_open(SPAN_LIT("short"), buf_span(&b), &out), -EINVAL);
	assert_int_equal(seal_open(PASS, span_of(b.ptr, SEAL_OVERHEAD - 1), &out), -EBADMSG);
	assert_int_equal(seal_close(SPAN_LIT("short"), SPAN_LIT("x"), &out), -EINVAL);
	buf_done(&b);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seal_open__gives_back_what_was_sealed),
		cmocka_unit_test(seal_open__refuses_what_was_changed),
		cmocka_unit_test(seal_open__refuses_other_passphrases_and_stubs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The index of chunks: its form, its reading in pieces, and what is left to fetch. */
#include "test.h"

#include "fw/chunks.h"

#define SIZE ((uint64_t)10 * CHUNKS_OCTETS + 1) /* eleven chunks, the last of one octet */

static const struct chunks_form FORM = {CHUNKS_OCTETS, SIZE};

static void chunks_index_size__knows_its_bounds(void **state)
{
	static const struct {
		const char *name;
		struct chunks_form form;
		uint64_t want;
	} ROWS[] = {
		{"one octet",          {4096, 1},                     52                  },
		{"one chunk",          {4096, 4096},                  52                  },
		{"one octet more",     {4096, 4097},                  84                  },
		{"large chunks",       {1048576, 1048577},            84                  },
		{"chunk too large",    {2097152, 2097152},            0                   },
		{"chunk too small",    {2048, 4096},                  0                   },
		{"not a power",        {12288, 12288},                0                   },
		{"no chunk",           {0, 4096},                     0                   },
		{"no image",           {4096, 0},                     0                   },
		{"most chunks",        {4096, CHUNKS_MAX * 4096},     20 + 32 * CHUNKS_MAX},
		{"one chunk too many", {4096, CHUNKS_MAX * 4096 + 1}, 0                   },
		{"beyond everything",  {1048576, UINT64_MAX},         0                   },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (chunks_index_size(&ROWS[i].form) != ROWS[i].want)
			fail_msg("%s: %llu", ROWS[i].name,
				 (unsigned long long)chunks_index_size(&ROWS[i].form));
}

static struct buf make_index(void)
{
	struct buf b = BUF_INIT(4096);
	uint8_t digest[CHUNKS_DIGEST];

	chunks_put_head(&FORM, &b);
	for (uint8_t i = 0; i < 11; i++) {
		memset(digest, i + 1, sizeof(digest));
		buf_put(&b, span_of(digest, sizeof(digest)));
	}
	return b;
}

static int take(void *arg, uint64_t chunk, const uint8_t *digest)
{
	uint64_t *n = arg;

	assert_int_equal(chunk, (*n)++);
	for (size_t i = 0; i < CHUNKS_DIGEST; i++)
		assert_int_equal(digest[i], chunk + 1);
	return chunk == 10 ? -ECANCELED : 0;
}

static void chunks_read__takes_any_pieces(void **state)
{
	struct buf b CLEANUP(buf_done) = make_index();

	(void)state;
	assert_int_equal(b.len, chunks_index_size(&FORM));
	for (size_t step = 1; step <= b.len; step++) {
		struct chunks_reader r = {.form = FORM};
		uint64_t n = 0;
		int got = 0;

		for (size_t at = 0; at < b.len; at += step) {
			assert_int_equal(got, 0);
			assert_false(chunks_read_all(&r));
			got = chunks_read(
				&r, span_of(b.ptr + at, step < b.len - at ? step : b.len - at),
				take, &n);
		}
		assert_int_equal(got, -ECANCELED); /* what the last take() gave */
		assert_int_equal(n, 11);
		assert_true(chunks_read_all(&r));
	}
}

static void chunks_read__refuses_what_was_not_signed(void **state)
{
	struct buf b CLEANUP(buf_done) = make_index();

	(void)state;
	for (size_t i = 0; i < CHUNKS_HEAD; i++) {
		struct chunks_reader r = {.form = FORM};
		uint64_t n = 0;

		b.ptr[i] ^= 1;
		assert_int_equal(chunks_read(&r, buf_span(&b), take, &n), -EBADMSG);
		assert_int_equal(n, 0);
		b.ptr[i] ^= 1;
	}
	buf_put_byte(&b, 0);
	{
		struct chunks_reader r = {.form = FORM};
		uint64_t n = 0;

		assert_int_equal(chunks_read(&r, buf_span(&b), take, &n), -EBADMSG);
		assert_int_equal(n, 0);
	}
}

/* Letters: m missing, h held. */
static struct chunks_map map_of(const char *text)
{
	const struct chunks_form form = {CHUNKS_OCTETS, (strlen(text) - 1) * CHUNKS_OCTETS + 1};
	struct chunks_map m;

	assert_int_equal(chunks_map_init(&m, &form), 0);
	for (uint64_t i = 0; text[i]; i++)
		if (text[i] == 'h')
			chunks_map_hold(&m, i);
	return m;
}

static void chunks_map_run__stops_where_it_should(void **state)
{
	static const struct {
		const char *name, *map;
		uint64_t at, to, want;
		bool held;
	} ROWS[] = {
		{"to the next chunk",       "mhhm",       0,     12289, 4096,  false},
		{"over two",                "mhhm",       4096,  12289, 8192,  true },
		{"from the middle",         "mhhm",       5000,  12289, 7288,  true },
		{"up to the end of a part", "mhhm",       5000,  6000,  1000,  true },
		{"the short last one",      "mhhm",       12288, 12289, 1,     false},
		{"nine chunks, one octet",  "hhhhhhhhhh", 0,     36865, 36865, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct chunks_map m CLEANUP(chunks_map_done) = map_of(ROWS[i].map);
		bool held = !ROWS[i].held;
		uint64_t n = chunks_map_run(&m, ROWS[i].at, ROWS[i].to, &held);

		if (n != ROWS[i].want || held != ROWS[i].held)
			fail_msg("%s: %llu %d", ROWS[i].name, (unsigned long long)n, held);
	}
}

static void chunks_map_missing__counts_ranges_and_octets(void **state)
{
	struct chunks_map m CLEANUP(chunks_map_done) = map_of("mmhmhhm");
	uint64_t octets;

	(void)state;
	assert_int_equal(chunks_map_missing(&m, 0, m.form.size, &octets), 3);
	assert_int_equal(octets, 3 * 4096 + 1);
	assert_int_equal(chunks_map_missing(&m, 4097, 4099, &octets), 1);
	assert_int_equal(octets, 2);
	assert_int_equal(chunks_map_missing(&m, 8192, 12288, &octets), 0);
	assert_int_equal(octets, 0);
	assert_int_equal(chunks_map_missing(&m, 7, 7, &octets), 0);
}

static void chunks_map_thin__gives_up_short_runs(void **state)
{
	static const struct {
		const char *name, *before, *after;
		uint64_t max;
	} ROWS[] = {
		{"few enough",      "mhmhm",         "mhmhm",         3},
		{"the single ones", "mhmhhmhm",      "mmmhhmmm",      3},
		{"then the pairs",  "mhmhhmhmhhhm",  "mmmmmmmmhhhm",  2},
		{"all",             "mhmhhmhmhhhhm", "mmmmmmmmmmmmm", 1},
		{"not the ends",    "hmhmh",         "hmmmh",         1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct chunks_map m CLEANUP(chunks_map_done) = map_of(ROWS[i].before);
		struct chunks_map want CLEANUP(chunks_map_done) = map_of(ROWS[i].after);

		chunks_map_thin(&m, ROWS[i].max);
		if (memcmp(m.held, want.held, chunks_count(&m.form) / 8 + 1) != 0)
			fail_msg("%s", ROWS[i].name);
	}
}

static void chunks_map_init__refuses_no_form(void **state)
{
	struct chunks_map m;

	(void)state;
	assert_int_equal(chunks_map_init(&m, &(struct chunks_form){4095, 4096}), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_index_size__knows_its_bounds),
		cmocka_unit_test(chunks_read__takes_any_pieces),
		cmocka_unit_test(chunks_read__refuses_what_was_not_signed),
		cmocka_unit_test(chunks_map_run__stops_where_it_should),
		cmocka_unit_test(chunks_map_missing__counts_ranges_and_octets),
		cmocka_unit_test(chunks_map_thin__gives_up_short_runs),
		cmocka_unit_test(chunks_map_init__refuses_no_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "codec/cbr.h"
#include "codec/cbw.h"
#include "test.h"

static const struct cbr_limits LIMITS = {.bytes = 256, .depth = 4, .items = 32, .text = 16};

static enum cbr_err walk(struct span body)
{
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	(void)cbr_skip(&c);
	return cbr_close(&c);
}

static void cbr_skip__accepts_only_what_is_well_formed_and_bounded(void **state)
{
	static const struct {
		const char *name;
		struct span body;
		enum cbr_err want;
	} ROWS[] = {
		{"empty",			  SPAN_LIT(""),                                     CBR_MALFORMED},
		{"integer",                        SPAN_LIT("\x01"),                                 CBR_OK       },
		{"two items",                      SPAN_LIT("\x01\x01"),                             CBR_MALFORMED},
		{"cut integer",                    SPAN_LIT("\x19\x01"),                             CBR_MALFORMED},
		{"definite map",                   SPAN_LIT("\xa1\x61\x61\x01"),                     CBR_OK       },
		{"indefinite map",                 SPAN_LIT("\xbf\x61\x61\x01\xff"),                 CBR_OK       },
		{"odd indefinite map",             SPAN_LIT("\xbf\x61\x61\xff"),                     CBR_MALFORMED},
		{"unclosed map",                   SPAN_LIT("\xbf\x61\x61\x01"),                     CBR_MALFORMED},
		{"lone break",                     SPAN_LIT("\xff"),                                 CBR_MALFORMED},
		{"break in definite array",        SPAN_LIT("\x82\x01\xff"),                         CBR_MALFORMED},
		{"array bomb of 2^28 - 1",         SPAN_LIT("\x9a\x0f\xff\xff\xff"),                 CBR_MALFORMED},
		{"map bomb",                       SPAN_LIT("\xba\x00\xff\xff\xff"),                 CBR_MALFORMED},
		{"array of 2^64 - 1",              SPAN_LIT("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
		 CBR_MALFORMED										    },
		{"array of 2^64 - 1 with a break",
		 SPAN_LIT("\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01\xff"),                           CBR_MALFORMED},
		{"map of 2^64 - 1 with a break",
		 SPAN_LIT("\xbb\xff\xff\xff\xff\xff\xff\xff\xff\xff"),                               CBR_MALFORMED},
		{"string of 2^64 - 1",             SPAN_LIT("\x7b\xff\xff\xff\xff\xff\xff\xff\xff"),
		 CBR_MALFORMED										    },
		{"chunked string",                 SPAN_LIT("\x7f\x61\x61\xff"),                     CBR_MALFORMED},
		{"tag",			    SPAN_LIT("\xc1\x01"),                             CBR_MALFORMED},
		{"half float",                     SPAN_LIT("\xf9\x3c\x00"),                         CBR_MALFORMED},
		{"undefined",                      SPAN_LIT("\xf7"),                                 CBR_MALFORMED},
		{"reserved head",                  SPAN_LIT("\x1c"),                                 CBR_MALFORMED},
		{"null",			   SPAN_LIT("\xf6"),                                 CBR_OK       },
		{"depth 4",                        SPAN_LIT("\x81\x81\x81\x81\x01"),                 CBR_OK       },
		{"depth 5",                        SPAN_LIT("\x81\x81\x81\x81\x81\x01"),             CBR_LIMIT    },
		{"text of 17",
		 SPAN_LIT("\x71\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61"
			  "\x61\x61\x61\x61"),
		 CBR_LIMIT											},
		{"invalid UTF-8",                  SPAN_LIT("\x62\xc3\x28"),                         CBR_MALFORMED},
		{"overlong UTF-8",                 SPAN_LIT("\x62\xc0\xaf"),                         CBR_MALFORMED},
		{"surrogate",                      SPAN_LIT("\x63\xed\xa0\x80"),                     CBR_MALFORMED},
		{"cut UTF-8",                      SPAN_LIT("\x61\xe2"),                             CBR_MALFORMED},
		{"four octets of UTF-8",           SPAN_LIT("\x64\xf0\x9f\x92\xa1"),                 CBR_OK       },
		{"map with integer key",           SPAN_LIT("\xa1\x01\x02"),                         CBR_OK       },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		enum cbr_err got = walk(ROWS[i].body);

		if (got != ROWS[i].want)
			fail_msg("%s: got %d, want %d", ROWS[i].name, got, ROWS[i].want);
	}
}

static void cbr_tag__reads_the_tag_in_front(void **state)
{
	static const struct {
		const char *name;
		struct span body;
		bool tagged;
		uint64_t tag;
		enum cbr_err want;
	} ROWS[] = {
		{"tag 18",           SPAN_LIT("\xd2\x01"),                                 true,  18,         CBR_OK       },
		{"longer head",      SPAN_LIT("\xdb\0\0\0\0\0\0\0\x12\x01"),               true,  18,         CBR_OK       },
		{"greatest",         SPAN_LIT("\xdb\xff\xff\xff\xff\xff\xff\xff\xff\x01"), true,  UINT64_MAX,
		 CBR_OK												    },
		{"none",             SPAN_LIT("\x01"),                                     false, 0,          CBR_OK       },
		{"tag within a tag", SPAN_LIT("\xd2\xd2\x01"),                             true,  18,         CBR_MALFORMED},
		{"nothing follows",  SPAN_LIT("\xd2"),                                     true,  18,         CBR_MALFORMED},
		{"cut head",         SPAN_LIT("\xd9\x01"),                                 false, 0,          CBR_MALFORMED},
		{"reserved head",    SPAN_LIT("\xdc\x01"),                                 false, 0,          CBR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		uint64_t tag = 0;
		struct cbr c;
		bool tagged;

		cbr_open(&c, ROWS[i].body, &LIMITS);
		tagged = cbr_tag(&c, &tag);
		(void)cbr_skip(&c);
		if (tagged != ROWS[i].tagged || tag != ROWS[i].tag || cbr_close(&c) != ROWS[i].want)
			fail_msg("%s", ROWS[i].name);
	}
}

static void cbr_skip__counts_items(void **state)
{
	uint8_t body[34] = {0x98, 32};
	struct cbr c;

	(void)state;
	cbr_open(&c, span_of(body, 33), &LIMITS);
	(void)cbr_skip(&c);
	assert_int_equal(cbr_close(&c), CBR_MALFORMED); /* 31 elements there, 32 claimed */
	assert_int_equal(walk(span_of(body, 34)), CBR_LIMIT);
	body[1] = 31;
	assert_int_equal(walk(span_of(body, 33)), CBR_OK);
}

static void cbr_open__refuses_a_long_body(void **state)
{
	uint8_t body[257] = {0};

	(void)state;
	assert_int_equal(walk(span_of(body, sizeof(body))), CBR_LIMIT);
}

struct om {
	unsigned seen;
	uint64_t om;
	struct span text;
	struct uuid id;
};

static enum cbr_err read_om(struct span body, struct om *m)
{
	struct cbr c;
	struct span key;

	*m = (struct om){0};
	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "om", &m->seen, 1))
			m->om = cbr_uint(&c, 7);
		else if (cbr_member(&c, key, "t", &m->seen, 2))
			m->text = cbr_text(&c);
		else if (cbr_member(&c, key, "id", &m->seen, 4))
			m->id = cbr_uuid(&c);
		else
			cbr_fail(&c, CBR_VALUE);
	}
	return cbr_close_with(&c, m->seen, 1);
}

static void cbr__reads_a_map_and_keeps_the_first_error(void **state)
{
	static const struct {
		const char *name;
		struct span body;
		enum cbr_err want;
	} ROWS[] = {
		{"good",                       SPAN_LIT("\xbf\x62om\x04\xff"),           CBR_OK       },
		{"wanted is not there",        SPAN_LIT("\xa0"),                         CBR_VALUE    },
		{"only the wanted one is not", SPAN_LIT("\xa1\x61t\x60"),                CBR_VALUE    },
		{"no UUID",                    SPAN_LIT("\xa2\x62om\x04\x62id\x61\x34"), CBR_VALUE    },
		{"duplicate",                  SPAN_LIT("\xa2\x62om\x04\x62om\x04"),     CBR_DUPLICATE},
		{"out of range",               SPAN_LIT("\xa1\x62om\x08"),               CBR_VALUE    },
		{"wrong type",                 SPAN_LIT("\xa1\x62om\x61\x34"),           CBR_TYPE     },
		{"unknown",                    SPAN_LIT("\xa1\x62on\x04"),               CBR_VALUE    },
		{"integer key",                SPAN_LIT("\xa1\x01\x04"),                 CBR_TYPE     },
		{"value missing",              SPAN_LIT("\xbf\x62om\xff"),               CBR_MALFORMED},
		{"not a map",                  SPAN_LIT("\x81\x01"),                     CBR_TYPE     },
		{"first error stays",          SPAN_LIT("\xa2\x62om\x08\x62om\x1c"),     CBR_VALUE    },
		{"bytes behind",               SPAN_LIT("\xa0\x00"),                     CBR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct om m;
		enum cbr_err got = read_om(ROWS[i].body, &m);

		if (got != ROWS[i].want)
			fail_msg("%s: got %d, want %d", ROWS[i].name, got, ROWS[i].want);
	}
}

static void cbr_int__covers_both_signs(void **state)
{
	static const struct {
		struct span body;
		int64_t want;
		enum cbr_err err;
	} ROWS[] = {
		{SPAN_LIT("\x00"),                                 0,         CBR_OK   },
		{SPAN_LIT("\x20"),                                 -1,        CBR_OK   },
		{SPAN_LIT("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MIN, CBR_OK   },
		{SPAN_LIT("\x1b\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX, CBR_OK   },
		{SPAN_LIT("\x3b\x80\x00\x00\x00\x00\x00\x00\x00"), 0,         CBR_VALUE},
		{SPAN_LIT("\x1b\x80\x00\x00\x00\x00\x00\x00\x00"), 0,         CBR_VALUE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct cbr c;

		cbr_open(&c, ROWS[i].body, &LIMITS);
		assert_int_equal(cbr_int(&c, INT64_MIN, INT64_MAX), ROWS[i].want);
		assert_int_equal(cbr_close(&c), ROWS[i].err);
	}
}

static void cbr_skip__returns_the_octets_of_the_item(void **state)
{
	struct span body = SPAN_LIT("\x82\xbf\x61\x61\x80\xff\x05"), got;
	struct cbr c;

	(void)state;
	cbr_open(&c, body, &LIMITS);
	cbr_array(&c);
	assert_true(cbr_more(&c));
	got = cbr_skip(&c);
	assert_int_equal(got.len, 5);
	assert_ptr_equal(got.ptr, body.ptr + 1);
	assert_true(cbr_more(&c));
	assert_int_equal(cbr_peek(&c), CBR_UINT);
	assert_int_equal(cbr_uint(&c, 5), 5);
	assert_false(cbr_more(&c));
	assert_int_equal(cbr_close(&c), CBR_OK);
}

static void cbw__writes_what_cbr_reads(void **state)
{
	struct buf b = BUF_INIT(200);
	struct span key;
	struct cbr c;

	(void)state;
	cbw_map(&b);
	cbw_kv_uint(&b, "u", 100000);
	cbw_str(&b, "i");
	cbw_int(&b, -500);
	cbw_kv_bool(&b, "b", true);
	cbw_kv_text(&b, "t", SPAN_LIT("hi"));
	cbw_str(&b, "a");
	cbw_array_n(&b, 2);
	cbw_bytes(&b, SPAN_LIT(""));
	cbw_null(&b);
	cbw_end(&b);
	assert_true(buf_ok(&b));

	cbr_open(&c, buf_span(&b), &LIMITS);
	cbr_map(&c);
	assert_true(cbr_next(&c, &key) && span_is(key, "u"));
	assert_int_equal(cbr_uint(&c, UINT64_MAX), 100000);
	assert_true(cbr_next(&c, &key) && span_is(key, "i"));
	assert_int_equal(cbr_int(&c, -500, 0), -500);
	assert_true(cbr_next(&c, &key) && cbr_bool(&c));
	assert_true(cbr_next(&c, &key) && span_is(cbr_text(&c), "hi"));
	assert_true(cbr_next(&c, &key) && span_is(key, "a"));
	cbr_array(&c);
	assert_true(cbr_more(&c) && cbr_bytes(&c).len == 0);
	assert_true(cbr_more(&c) && cbr_peek(&c) == CBR_NULL);
	(void)cbr_skip(&c);
	assert_false(cbr_more(&c));
	assert_false(cbr_next(&c, &key));
	assert_int_equal(cbr_close(&c), CBR_OK);
	buf_done(&b);
}

static void cbw__sticks_at_the_ceiling(void **state)
{
	struct buf b = BUF_INIT(12);

	(void)state;
	cbw_uint(&b, 1);
	cbw_bytes(&b, SPAN_LIT("0123456789a"));
	assert_false(buf_ok(&b));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cbr_skip__accepts_only_what_is_well_formed_and_bounded),
		cmocka_unit_test(cbr_skip__counts_items),
		cmocka_unit_test(cbr_tag__reads_the_tag_in_front),
		cmocka_unit_test(cbr_open__refuses_a_long_body),
		cmocka_unit_test(cbr__reads_a_map_and_keeps_the_first_error),
		cmocka_unit_test(cbr_int__covers_both_signs),
		cmocka_unit_test(cbr_skip__returns_the_octets_of_the_item),
		cmocka_unit_test(cbw__writes_what_cbr_reads),
		cmocka_unit_test(cbw__sticks_at_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* codec/cbj: CBOR to JSON and back. */
#include "test.h"

#include "codec/cbj.h"

static const struct cbr_limits LIMITS = {
	.bytes = 256, .depth = 4, .items = 32, .text = 64, .floats = true};

static void cbj_read__renders_every_kind(void **state)
{
	static const struct {
		struct span cbor;
		const char *json;
	} ROWS[] = {
		{SPAN_LIT("\x18\x2a"),                             "42"                  },
		{SPAN_LIT("\x38\x63"),                             "-100"                },
		{SPAN_LIT("\x43\x01\x02\x03"),                     "\"AQID\""            },
		{SPAN_LIT("\x40"),                                 "\"\""                },
		{SPAN_LIT("\x62hi"),                               "\"hi\""              },
		{SPAN_LIT("\xf5"),                                 "true"                },
		{SPAN_LIT("\xf6"),                                 "null"                },
		{SPAN_LIT("\x80"),                                 "[]"                  },
		{SPAN_LIT("\xf9\x3e\x00"),                         "1.5"                 },
		{SPAN_LIT("\xfa\xc2\x80\x00\x00"),                 "-64.0"               },
		{SPAN_LIT("\xfb\x3f\xf8\0\0\0\0\0\0"),             "1.5"                 },
		{SPAN_LIT("\xbf\x61s\x9f\x01\xa0\xff\xff"),        "{\"s\":[1,{}]}"      },
		{SPAN_LIT("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"), "-9223372036854775808"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct buf b CLEANUP(buf_done) = BUF_INIT(256);
		struct jsn *v CLEANUP(jsn_freep) = NULL;

		assert_int_equal(cbj_read(ROWS[i].cbor, &LIMITS, &v), CBR_OK);
		assert_int_equal(jsn_write(v, JSN_COMPACT, &b), 0);
		if (!span_is(buf_span(&b), ROWS[i].json))
			fail_msg("%.*s, want %s", (int)b.len, (const char *)b.ptr, ROWS[i].json);
	}
}

static void cbj_read__refuses_what_json_cannot_say(void **state)
{
	static const struct {
		const char *name;
		struct span cbor;
		enum cbr_err want;
	} ROWS[] = {
		{"integer key",  SPAN_LIT("\xa1\x01\x02"),                         CBR_TYPE     },
		{"repeated key", SPAN_LIT("\xa2\x61\x61\x01\x61\x61\x02"),         CBR_DUPLICATE},
		{"2^63",         SPAN_LIT("\x1b\x80\x00\x00\x00\x00\x00\x00\x00"), CBR_VALUE    },
		{"too deep",     SPAN_LIT("\x81\x81\x81\x81\x81\x01"),             CBR_LIMIT    },
		{"cut",          SPAN_LIT("\xa1\x61\x61"),                         CBR_MALFORMED},
		{"infinity",     SPAN_LIT("\xf9\x7c\x00"),                         CBR_MALFORMED},
		{"not a number", SPAN_LIT("\xfb\x7f\xf8\0\0\0\0\0\0"),             CBR_MALFORMED},
		{"NUL in text",  SPAN_LIT("\x63h\0i"),                             CBR_VALUE    },
		{"NUL in array", SPAN_LIT("\x81\x61\0"),                           CBR_VALUE    },
		{"two items",    SPAN_LIT("\x01\x01"),                             CBR_MALFORMED},
		{"nothing",      SPAN_LIT(""),                                     CBR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct jsn *v = NULL;

		if (cbj_read(ROWS[i].cbor, &LIMITS, &v) != ROWS[i].want || v)
			fail_msg("%s", ROWS[i].name);
	}
}

static void cbj_write__is_read_back_as_the_same(void **state)
{
	static const char TEXT[] = "{\"dos\":{\"s\":3},\"list\":[-1,0,9223372036854775807,true,"
				   "null,1.5,\"\xc3\xa9\"]}";
	const struct jsn_limits limits = {.bytes = 256, .depth = 4};
	struct jsn *v CLEANUP(jsn_freep) = NULL, *back CLEANUP(jsn_freep) = NULL;
	struct buf cbor CLEANUP(buf_done) = BUF_INIT(256), json CLEANUP(buf_done) = BUF_INIT(256);

	(void)state;
	assert_int_equal(jsn_parse(span_str(TEXT), &limits, &v), JSN_OK);
	assert_int_equal(cbj_write(v, &cbor), 0);
	assert_int_equal(cbj_read(buf_span(&cbor), &LIMITS, &back), CBR_OK);
	assert_int_equal(jsn_write(back, JSN_COMPACT, &json), 0);
	assert_true(span_is(buf_span(&json), TEXT));
}

static void cbj_write__refuses_overflow(void **state)
{
	const struct jsn_limits limits = {.bytes = 256, .depth = 4};
	struct jsn *text CLEANUP(jsn_freep) = NULL;
	struct buf out CLEANUP(buf_done) = BUF_INIT(4);

	(void)state;
	assert_int_equal(jsn_parse(SPAN_LIT("\"12345\""), &limits, &text), JSN_OK);
	assert_int_equal(cbj_write(text, &out), -ENOMEM);
	assert_int_equal(cbj_write(NULL, &out), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cbj_read__renders_every_kind),
		cmocka_unit_test(cbj_read__refuses_what_json_cannot_say),
		cmocka_unit_test(cbj_write__is_read_back_as_the_same),
		cmocka_unit_test(cbj_write__refuses_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* base: buf, span, uuid, parse, secret, log_text, text. */
#include "test.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/uuid.h"

static void buf__stops_at_its_ceiling_and_keeps_the_error(void **state)
{
	struct buf b = BUF_INIT(10);

	(void)state;
	buf_put_str(&b, "12345");
	buf_put_str(&b, "67890");
	assert_true(buf_ok(&b));
	buf_put_byte(&b, 'x');
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 10);
	buf_reset(&b);
	buf_printf(&b, "%s-%d", "ab", 12);
	assert_true(buf_ok(&b));
	assert_true(span_is(buf_span(&b), "ab-12"));
	buf_done(&b);
	assert_null(b.ptr);
}

static void buf_put_file__takes_what_there_is_up_to_the_ceiling(void **state)
{
	static const char OCTETS[16384] = "begins";
	static const struct {
		size_t octets, max;
		int want;
	} ROWS[] = {
		{0,    10,   0     },
                {10,   10,   0     },
                {11,   10,   -EFBIG},
                {9000, 9000, 0     },
                {9001, 9000, -EFBIG},
	};

	CLEANUP(buf_done) struct buf none = BUF_INIT(10);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(buf_done) struct buf b = BUF_INIT(ROWS[i].max);
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		assert_int_equal(span_put_file(span_of(OCTETS, ROWS[i].octets), ends[1]), 0);
		(void)close(ends[1]);
		assert_int_equal(buf_put_file(&b, ends[0]), ROWS[i].want);
		(void)close(ends[0]);
		assert_int_equal(buf_ok(&b), ROWS[i].want == 0);
		if (ROWS[i].want == 0)
			assert_int_equal(b.len, ROWS[i].octets);
		assert_memory_equal(b.ptr, OCTETS, b.len);
	}
	assert_int_equal(buf_put_file(&none, -1), -EBADF);
	assert_int_equal(span_put_file(SPAN_LIT("x"), -1), -EBADF);
}

static void span_cut__walks_a_list(void **state)
{
	struct span rest = SPAN_LIT("a=b&&c");

	(void)state;
	assert_true(span_is(span_cut(&rest, '&'), "a=b"));
	assert_true(span_is(span_cut(&rest, '&'), ""));
	assert_non_null(rest.ptr);
	assert_true(span_is(span_cut(&rest, '&'), "c"));
	assert_null(rest.ptr);
}

static void span_word__passes_over_blanks(void **state)
{
	struct span rest = SPAN_LIT("  a bc  d "), word;

	(void)state;
	assert_true(span_word(&rest, &word) && span_is(word, "a"));
	assert_true(span_word(&rest, &word) && span_is(word, "bc"));
	assert_true(span_word(&rest, &word) && span_is(word, "d"));
	assert_false(span_word(&rest, &word));
	assert_false(span_word(&rest, &word));
	assert_true(span_has_word(SPAN_LIT(" a  bc"), SPAN_LIT("bc")));
	assert_false(span_has_word(SPAN_LIT("a bc"), SPAN_LIT("b")));
	assert_false(span_has_word(SPAN_LIT("a  bc"), SPAN_LIT("")));
	assert_false(span_has_word(SPAN_LIT("a b"), SPAN_LIT("a b")));
	assert_false(span_has_word(span_str(NULL), SPAN_LIT("a")));
}

static void span_to_str__refuses_what_a_string_cannot_hold(void **state)
{
	char s[4];

	(void)state;
	assert_int_equal(span_to_str(SPAN_LIT("abc"), s, sizeof(s)), 0);
	assert_string_equal(s, "abc");
	assert_int_equal(span_to_str(SPAN_LIT("abcd"), s, sizeof(s)), -ENAMETOOLONG);
	assert_int_equal(span_to_str(span_of("a\0b", 3), s, sizeof(s)), -EINVAL);
}

static void span_is_utf8__takes_only_the_shortest_form(void **state)
{
	static const struct {
		const char *name;
		struct span text;
		bool want;
	} ROWS[] = {
		{"empty",                      SPAN_LIT(""),                                       true },
		{"two, three and four octets", SPAN_LIT("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
		 true										   },
		{"cut off",                    SPAN_LIT("\xe2\x82"),                               false},
		{"lone continuation",          SPAN_LIT("a\x82"),                                  false},
		{"overlong slash",             SPAN_LIT("\xc0\xaf"),                               false},
		{"surrogate",                  SPAN_LIT("\xed\xa0\x80"),                           false},
		{"beyond the last",            SPAN_LIT("\xf4\x90\x80\x80"),                       false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (span_is_utf8(ROWS[i].text) != ROWS[i].want)
			fail_msg("%s", ROWS[i].name);
}

static void uuid__round_trip(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} ROWS[] = {
		{"07a4ac42-791e-4ac7-4ba0-43dc02913290",  true },
		{"07A4AC42-791E-4AC7-4BA0-43DC02913290",  true },
		{"07a4ac42-791e-4ac7-4ba0-43dc0291329",   false},
		{"07a4ac42-791e-4ac7-4ba0-43dc029132900", false},
		{"07a4ac42x791e-4ac7-4ba0-43dc02913290",  false},
		{"07a4ac4g-791e-4ac7-4ba0-43dc02913290",  false},
		{"",				      false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct uuid u;
		char text[UUID_TEXT + 1];

		if (uuid_parse(span_str(ROWS[i].text), &u) != ROWS[i].good)
			fail_msg("%s", ROWS[i].text);
		if (!ROWS[i].good)
			continue;
		uuid_format(&u, text);
		assert_string_equal(text, "07a4ac42-791e-4ac7-4ba0-43dc02913290");
	}
}

static void uuid__knows_nil_and_zero_octets(void **state)
{
	struct uuid u = {{0}};

	(void)state;
	assert_true(uuid_is_nil(&u));
	memset(u.b, 0xff, sizeof(u.b));
	uuid_set_v4(&u);
	assert_int_equal(u.b[6], 0x4f);
	assert_int_equal(u.b[8], 0xbf);
	assert_false(uuid_has_zero_octet(&u));
	u.b[15] = 0;
	assert_true(uuid_has_zero_octet(&u));
}

static void parse_u32__takes_digits_only(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t want;
	} ROWS[] = {
		{"0",		       true,  0         },
                {"4294967295",              true,  UINT32_MAX},
		{"4294967296",              false, 0         },
                {"01",                      false, 0         },
		{"",			false, 0         },
                {"+1",                      false, 0         },
		{"1 ",                      false, 0         },
                {"99999999999999999999999", false, 0         },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		uint32_t v = 7;

		if (parse_u32(span_str(ROWS[i].text), &v) != ROWS[i].good ||
		    v != (ROWS[i].good ? ROWS[i].want : 7))
			fail_msg("'%s' gave %u", ROWS[i].text, v);
	}
}

static void hex__round_trip(void **state)
{
	uint8_t b[3];
	char s[7];

	(void)state;
	assert_true(hex_decode(SPAN_LIT("00fFa5"), b, 3));
	hex_encode(span_of(b, 3), s);
	assert_string_equal(s, "00ffa5");
	assert_false(hex_decode(SPAN_LIT("00fFa"), b, 3));
	assert_false(hex_decode(SPAN_LIT("00fFag"), b, 3));
}

static void secret__compares_and_bounds(void **state)
{
	struct secret a, b;
	uint8_t big[SECRET_MAX + 1] = {0};

	(void)state;
	assert_true(secret_set(&a, SPAN_LIT("key")));
	assert_true(secret_set(&b, SPAN_LIT("key")));
	assert_true(secret_eq(&a, &b));
	assert_true(secret_set(&b, SPAN_LIT("kez")));
	assert_false(secret_eq(&a, &b));
	assert_false(secret_set(&b, span_of(big, sizeof(big))));
	assert_int_equal(b.len, 0);
}

static void log_text__escapes_and_cuts(void **state)
{
	struct log_buf room;
	char long_text[100];

	(void)state;
	assert_string_equal(log_text(&room, span_of("a\nb\\\xff", 5)), "a\\x0ab\\x5c\\xff");
	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(strlen(log_text(&room, span_of(long_text, sizeof(long_text)))),
			 LOG_TEXT_MAX + 3);
	memset(long_text, '\1', sizeof(long_text));
	assert_int_equal(strlen(log_text(&room, span_of(long_text, sizeof(long_text)))),
			 4 * LOG_TEXT_MAX + 3);
}

static void text_put__leaves_whole_characters_of_one_line(void **state)
{
	static const struct {
		const char *name, *text;
		size_t room;
		const char *want;
	} ROWS[] = {
		{"it fits",                  "gr\303\274n",              6,  "gr\303\274n"     },
		{"cut behind two octets",    "gr\303\274n",              5,  "gr\303\274"      },
		{"cut inside two octets",    "gr\303\274n",              4,  "gr"              },
		{"cut before them",          "gr\303\274n",              3,  "gr"              },
		{"cut inside three octets",  "a\342\202\254",            4,  "a"               },
		{"cut inside four octets",   "\360\237\230\200",         4,  ""                },
		{"cut behind four octets",   "\360\237\230\200b",        5,  "\360\237\230\200"},
		{"room for nothing",         "a",                        1,  ""                },
		{"Latin-1",                  "gr\374n",                  16, "gr?n"            },
		{"half of one at the end",   "gr\303",                   16, "gr?"             },
		{"overlong",                 "\300\200",                 16, "??"              },
		{"surrogate",                "\355\240\200",             16, "???"             },
		{"continuations, cut",       "\200\200\200\200\200\200", 6,  "?"               },
		{"lines, escapes, deletion", "a\nb\033[31m\177",         16, "a?b?[31m?"       },
		{"empty",                    "",                         16, ""                },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		char got[17];

		memset(got, '#', sizeof(got));
		text_put(got, ROWS[i].room, "%s", ROWS[i].text);
		if (strcmp(got, ROWS[i].want) != 0 || got[ROWS[i].room] != '#')
			fail_msg("%s: '%s'", ROWS[i].name, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf__stops_at_its_ceiling_and_keeps_the_error),
		cmocka_unit_test(buf_put_file__takes_what_there_is_up_to_the_ceiling),
		cmocka_unit_test(span_cut__walks_a_list),
		cmocka_unit_test(span_word__passes_over_blanks),
		cmocka_unit_test(span_to_str__refuses_what_a_string_cannot_hold),
		cmocka_unit_test(span_is_utf8__takes_only_the_shortest_form),
		cmocka_unit_test(text_put__leaves_whole_characters_of_one_line),
		cmocka_unit_test(uuid__round_trip),
		cmocka_unit_test(uuid__knows_nil_and_zero_octets),
		cmocka_unit_test(parse_u32__takes_digits_only),
		cmocka_unit_test(hex__round_trip),
		cmocka_unit_test(secret__compares_and_bounds),
		cmocka_unit_test(log_text__escapes_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ocf-fw-fetch/byteranges: parts come out as they went in, however they are cut on the way. */
#include "test.h"

#include "base/buf.h"
#include "daemons/ocf-fw-fetch/byteranges.h"

#define TYPE "multipart/byteranges; boundary=xyz"
#define PART "Content-Type: text/plain\r\nContent-Range: bytes "

static void byteranges_open__reads_the_boundary(void **state)
{
	static const struct {
		const char *type, *want;
	} ROWS[] = {
		{TYPE,										       "--xyz"},
		{"Multipart/ByteRanges;boundary=\"a b\"",                                                    NULL   },
		{"multipart/byteranges; boundary=\"a'b\"",                                                   "--a'b"},
		{"multipart/byteranges; x=y; BOUNDARY=00000000000000000001",
		 "--00000000000000000001"									   },
		{"multipart/byteranges",								     NULL   },
		{"multipart/byteranges; boundary=",							  NULL   },
		{"multipart/byteranges; boundary=\"\"",                                                      NULL   },
		{"multipart/mixed; boundary=xyz",							    NULL   },
		{"multipart/byteranges; boundary="
		 "01234567890123456789012345678901234567890123456789012345678901234567890", NULL   },
		{"multipart/byteranges; boundary=a\tb",                                                      NULL   },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct byteranges b;

		if (byteranges_open(&b, span_str(ROWS[i].type)) != (ROWS[i].want != NULL))
			fail_msg("%s", ROWS[i].type);
		if (ROWS[i].want)
			assert_string_equal(b.delimiter, ROWS[i].want);
	}
}

/* Feeds `text` in steps of `step`; *out gets "first:octets;" for each part. */
static int run(struct span text, size_t step, struct buf *out)
{
	struct byteranges b;

	assert_true(byteranges_open(&b, span_str(TYPE)));
	while (text.len > 0) {
		struct span in = span_of(text.ptr, text.len < step ? text.len : step), piece;
		int r;

		text = span_skip(text, in.len);
		while ((r = byteranges_feed(&b, &in, &piece)) > 0) {
			if (b.left + piece.len == b.part.last - b.part.first + 1)
				buf_put_byte(out, (uint8_t)('0' + b.part.first));
			buf_put(out, piece);
			if (b.left == 0)
				buf_put_byte(out, ';');
		}
		if (r < 0)
			return r;
	}
	return b.state == BR_END ? 1 : 0;
}

static const struct {
	const char *name, *text, *want;
	int result;
} ROWS[] = {
	{"two parts",
	 "\r\n--xyz\r\n" PART "0-1/9\r\n\r\nab\r\n--xyz\r\n" PART "4-6/9\r\n\r\ncde\r\n--xyz--\r\n",
	 "0ab;4cde;",														1       },
	{"no leading line, bare line feeds, padding",
	 "--xyz \t\ncontent-range:bytes 1-1/9\n\na\n--xyz--",                                                         "1a;",         0       },
	{"a body that looks like a delimiter",
	 "--xyz\r\n" PART "2-8/9\r\n\r\n\r\n--xyz\r\n--xyz--\r\nmore",                                                "2\r\n--xyz;", 1       },
	{"cut in the head",                           "--xyz\r\nContent-Ra",                                          "",            0       },
	{"cut in the body",                           "--xyz\r\n" PART "0-8/9\r\n\r\nabc",                            "0abc",        0       },
	{"no range",				  "--xyz\r\nContent-Type: a/b\r\n\r\nabc",                        "",            -EBADMSG},
	{"two ranges",				"--xyz\r\n" PART "0-1/9\r\nContent-Range: bytes 0-1/9\r\n\r\n", "",
	 -EBADMSG															    },
	{"bad range",				 "--xyz\r\n" PART "5-1/9\r\n\r\nabc",                            "",            -EBADMSG},
	{"other boundary",			    "--abc\r\n" PART "0-1/9\r\n\r\nab",                             "",            -EBADMSG},
	{"boundary and more",                         "--xyzz\r\n" PART "0-1/9\r\n\r\nab",                            "",            -EBADMSG},
	{"longer than its range",                     "--xyz\r\n" PART "0-1/9\r\n\r\nabc\r\n--xyz--",                 "0ab;",        -EBADMSG},
	{"a preamble",				"hello\r\n--xyz\r\n",                                           "",            -EBADMSG},
	{"empty lines without end",                   "\r\n\r\n\r\n--xyz\r\n",                                        "",            -EBADMSG},
	{"headers without end",
	 "--"
	 "xyz\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na"
	 "\r\n",												      "",            -EBADMSG},
};

static void byteranges_feed__gives_the_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		for (size_t step = 1; step < 200; step += step < 8 ? 1 : 95) {
			CLEANUP(buf_done) struct buf out = BUF_INIT(1000);
			int r = run(span_str(ROWS[i].text), step, &out);

			if (r != ROWS[i].result)
				fail_msg("%s by %zu: %d", ROWS[i].name, step, r);
			if (!span_is(buf_span(&out), ROWS[i].want))
				fail_msg("%s by %zu: '%.*s'", ROWS[i].name, step, (int)out.len,
					 out.ptr);
		}
	}
}

static void byteranges_feed__bounds_a_line(void **state)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(1000), text = BUF_INIT(1000);

	(void)state;
	buf_put_str(&text, "--xyz\r\nX: ");
	for (size_t i = 0; i < BYTERANGES_LINE_MAX; i++)
		buf_put_byte(&text, 'x');
	assert_int_equal(run(buf_span(&text), 100, &out), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(byteranges_open__reads_the_boundary),
		cmocka_unit_test(byteranges_feed__gives_the_parts),
		cmocka_unit_test(byteranges_feed__bounds_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

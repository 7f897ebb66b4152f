#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "codec/b64.h"
#include "codec/jsn.h"
#include "test.h"

static const struct jsn_limits LIMITS = {.bytes = 100, .depth = 3};

static void jsn_parse__is_strict(void **state)
{
	static const struct {
		const char *name;
		struct span text;
		enum jsn_err want;
	} ROWS[] = {
		{"object",              SPAN_LIT("{\"a\":1}"),               JSN_OK       },
		{"scalar root",         SPAN_LIT("1"),                       JSN_OK       },
		{"empty",               SPAN_LIT(""),                        JSN_INVALID  },
		{"duplicate",           SPAN_LIT("{\"a\":1,\"a\":1}"),       JSN_DUPLICATE},
		{"duplicate by escape", SPAN_LIT("{\"a\":1,\"\\u0061\":1}"), JSN_DUPLICATE},
		{"trailing",            SPAN_LIT("{} x"),                    JSN_INVALID  },
		{"byte order mark",     SPAN_LIT("\xef\xbb\xbf{}"),          JSN_INVALID  },
		{"invalid UTF-8",       SPAN_LIT("\"\xff\""),                JSN_INVALID  },
		{"escaped NUL",         SPAN_LIT("\"\\u0000\""),             JSN_INVALID  },
		{"huge integer",        SPAN_LIT("9223372036854775808"),     JSN_INVALID  },
		{"depth 3",             SPAN_LIT("[[[]]]"),                  JSN_OK       },
		{"depth 4",             SPAN_LIT("[[[[]]]]"),                JSN_TOO_DEEP },
		{"brackets in text",    SPAN_LIT("\"[[[[[[\\\"[[\""),        JSN_OK       },
		{"many siblings",       SPAN_LIT("[[],[],[],[],[]]"),        JSN_OK       },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct jsn *v = NULL;
		enum jsn_err got = jsn_parse(ROWS[i].text, &LIMITS, &v);

		if (got != ROWS[i].want)
			fail_msg("%s: got %d, want %d", ROWS[i].name, got, ROWS[i].want);
		assert_true((v != NULL) == (got == JSN_OK));
		(void)jsn_free(v);
	}
}

static void jsn_parse__refuses_what_is_long_before_reading_it(void **state)
{
	char text[101];
	struct jsn *v = NULL;

	(void)state;
	memset(text, '[', sizeof(text));
	assert_int_equal(jsn_parse(span_of(text, 101), &LIMITS, &v), JSN_TOO_LARGE);
	assert_int_equal(jsn_parse(span_of(text, 100), &LIMITS, &v), JSN_TOO_DEEP);
}

static void jsn__tells_integers_from_reals(void **state)
{
	struct jsn *v CLEANUP(jsn_freep) = NULL;
	struct span name;

	(void)state;
	assert_int_equal(jsn_parse(SPAN_LIT("{\"i\":7,\"r\":7.0,\"t\":\"x\"}"), &LIMITS, &v),
			 JSN_OK);
	assert_int_equal(jsn_type(jsn_get(v, "i")), JSN_INT);
	assert_int_equal(jsn_type(jsn_get(v, "r")), JSN_REAL);
	assert_int_equal(jsn_type(jsn_get(v, "absent")), JSN_NONE);
	assert_int_equal(jsn_len(v), 3);
	assert_true(span_is(jsn_text(jsn_member(v, 2, &name)), "x"));
	assert_true(span_is(name, "t"));
	assert_null(jsn_member(v, 3, &name));
	assert_int_equal(name.len, 0);
	name = SPAN_LIT("left over");
	assert_null(jsn_member(jsn_get(v, "i"), 0, &name));
	assert_int_equal(name.len, 0);
	assert_int_equal(jsn_len(jsn_get(v, "i")), 0);
	assert_null(jsn_str(jsn_get(v, "i")));
}

static void jsn_new_text__refuses_what_a_string_cannot_hold(void **state)
{
	(void)state;
	assert_null(jsn_new_text(SPAN_LIT("a\0b")));
	assert_null(jsn_new_text(SPAN_LIT("\xc3\x28")));
}

/* A child that may have no more memory builds until it ends. */
static void jsn_add__ends_the_process_without_memory(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (mallinfo2().uordblks == 0)
		skip(); /* the allocator of a sanitizer ends the process in its own way */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit none = {0};
		struct jsn *v = jsn_new_array();

		if (setrlimit(RLIMIT_DATA, &none) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
			_exit(1);
		for (size_t i = 0; i < (size_t)1 << 24; i++)
			jsn_add(v, jsn_new_int(INT64_MAX));
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void jsn_write__has_four_styles(void **state)
{
	struct jsn *v CLEANUP(jsn_freep) = jsn_new_object(), *list = jsn_new_array();
	struct buf b = BUF_INIT(200);

	(void)state;
	jsn_set_str(v, "z", "\"q\"");
	jsn_set_int(v, "a", -1);
	jsn_add(list, jsn_new_bool(true));
	jsn_add(list, jsn_new_null());
	jsn_set(v, "l", list);
	jsn_set_text(v, "bad", SPAN_LIT("\xff"));
	assert_int_equal(jsn_write(v, JSN_COMPACT, &b), 0);
	assert_true(span_is(buf_span(&b), "{\"z\":\"\\\"q\\\"\",\"a\":-1,\"l\":[true,null]}"));
	buf_reset(&b);
	assert_int_equal(jsn_write(v, JSN_SORTED, &b), 0);
	assert_true(span_is(buf_span(&b), "{\"a\":-1,\"l\":[true,null],\"z\":\"\\\"q\\\"\"}"));
	buf_done(&b);
	jsn_set_str(v, "z", "\xc2\x9b\x1b"); /* C1 controls are orders to a terminal, too */
	b.max = 200;
	assert_int_equal(jsn_write(v, JSN_LINE, &b), 0);
	assert_true(span_is(buf_span(&b), "{\"z\":\"\\u009B\\u001B\",\"a\":-1,\"l\":[true,null]}"));
	buf_done(&b);
	b.max = 10;
	assert_int_equal(jsn_write(v, JSN_PRETTY, &b), -ENOMEM);
	buf_done(&b);
}

static void b64__is_strict_and_round_trips(void **state)
{
	static const struct {
		const char *text, *plain; /* plain NULL: refused */
	} ROWS[] = {
		{"",       ""            },
                {"Zg",     "f"           },
                {"Zm8",    "fo"          },
		{"Zm9v",   "foo"         },
                {"Zm9vYg", "foob"        },
                {"-_-_",   "\xfb\xff\xbf"},
		{"Zg==",   NULL          },
                {"Zh",     NULL          },
                {"Zm9",    NULL          },
		{"Z",      NULL          },
                {"Zm9vY",  NULL          },
                {"Zm 9",   NULL          },
		{"+/+/",   NULL          },
                {"Zm9v\n", NULL          },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct buf b = BUF_INIT(100);
		int r = b64_decode(span_str(ROWS[i].text), &b);

		if (r != (ROWS[i].plain ? 0 : -EBADMSG))
			fail_msg("'%s' gave %d", ROWS[i].text, r);
		if (ROWS[i].plain) {
			assert_true(span_is(buf_span(&b), ROWS[i].plain));
			buf_reset(&b);
			b64_encode(span_str(ROWS[i].plain), &b);
			assert_true(span_is(buf_span(&b), ROWS[i].text));
		} else {
			assert_int_equal(b.len, 0);
		}
		buf_done(&b);
	}
}

static void b64_padded__is_strict_and_round_trips(void **state)
{
	static const struct {
		const char *text, *plain; /* NULL: refused */
	} ROWS[] = {
		{"",         ""            },
		{"Zg==",     "f"           },
		{"Zm8=",     "fo"          },
		{"Zm9v",     "foo"         },
		{"+/+/",     "\xfb\xff\xbf"},
		{"-_-_",     NULL          },
		{"Zg",       NULL          },
		{"Zg=",      NULL          },
		{"Zg===",    NULL          },
		{"Z===",     NULL          },
		{"====",     NULL          },
		{"Zg==Zg==", NULL          },
		{"Zh==",     NULL          },
		{"Zm9 ",     NULL          },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct buf b = BUF_INIT(64);
		int r = b64_decode_padded(span_str(ROWS[i].text), &b);

		if (r != (ROWS[i].plain ? 0 : -EBADMSG))
			fail_msg("%s: got %d", ROWS[i].text, r);
		if (ROWS[i].plain) {
			assert_true(span_is(buf_span(&b), ROWS[i].plain));
			buf_reset(&b);
			b64_encode_padded(span_str(ROWS[i].plain), &b);
			assert_true(span_is(buf_span(&b), ROWS[i].text));
		}
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jsn_parse__is_strict),
		cmocka_unit_test(jsn_parse__refuses_what_is_long_before_reading_it),
		cmocka_unit_test(jsn__tells_integers_from_reals),
		cmocka_unit_test(jsn_new_text__refuses_what_a_string_cannot_hold),
		cmocka_unit_test(jsn_add__ends_the_process_without_memory),
		cmocka_unit_test(jsn_write__has_four_styles),
		cmocka_unit_test(b64__is_strict_and_round_trips),
		cmocka_unit_test(b64_padded__is_strict_and_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "codec/conf.h"
#include "test.h"

struct target {
	char name[16];
	uint32_t port;
	bool on;
	uint64_t wait_us;
	int mode;
};

static bool no_space(struct span v)
{
	return v.len == 0 || !memchr(v.ptr, ' ', v.len);
}

static const char *const MODES[] = {"staged", "streaming", NULL};

#define CONF_TARGET struct target
static const struct conf_option OPTIONS[] = {
	OPTION_TEXT("A", "Name", name, no_space, "one word"),
	OPTION_NUMBER("A", "Port", port, 1, 65535),
	OPTION_FLAG("A", "On", on),
	OPTION_TIME("B", "Wait", wait_us, 1000, 60000000),
	OPTION_ENUM("B", "Mode", mode, MODES),
};

static int parse(const char *text, struct target *t, char error[256])
{
	*t = (struct target){.port = 1};
	error[0] = '\0';
	return conf_parse(span_str(text), "f", OPTIONS, ARRAY_SIZE(OPTIONS), t, error, 256);
}

static void conf_parse__fills_the_structure(void **state)
{
	struct target t;
	char error[256];

	(void)state;
	assert_int_equal(parse("# c\n[A]\nName = gate way\n", &t, error), -EINVAL);
	assert_string_equal(error, "f:3: Name= takes one word");
	assert_int_equal(parse("# c\n[A]\nName = gate\nPort=5683\nOn=yes\n\n[B]\nWait=500ms\n"
			       "Mode=streaming\n",
			       &t, error),
			 0);
	assert_string_equal(t.name, "gate");
	assert_int_equal(t.port, 5683);
	assert_true(t.on);
	assert_int_equal(t.wait_us, 500000);
	assert_int_equal(t.mode, 1);
}

static void conf_parse__says_what_is_wrong_and_what_is_right(void **state)
{
	static const struct {
		const char *text, *error;
	} ROWS[] = {
		{"[A]\nPort=0\n",                "f:2: Port= takes a number from 1 to 65535" },
		{"[A]\nPort=70000\n",            "f:2: Port= takes a number from 1 to 65535" },
		{"[A]\nOn=maybe\n",              "f:2: On= takes yes or no"                  },
		{"[B]\n\nWait=61s\n",
		 "f:3: Wait= takes a time like 500ms, 20s, 10min, 24h or 7d from 1ms to 1min"},
		{"[B]\nMode=fast\n",             "f:2: Mode= takes one of: staged, streaming"},
		{"[A]\nOther=1\n",               "f:2: [A] has no option Other="             },
		{"[C]\nName=1\n",                "f:2: [C] has no option Name="              },
		{"[A]\nPort=1\nPort=2\n",        "f:3: Port= is given twice"                 },
		{"[A]\nName=0123456789abcdef\n", "f:2: Name= takes at most 15 octets"        },
		{"[A\nPort=1\n",                 "f:1: expected [Section] or Name=value"     },
		{"nonsense\n",                   "f:1: expected [Section] or Name=value"     },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct target t;
		char error[256];

		if (parse(ROWS[i].text, &t, error) != -EINVAL)
			fail_msg("row %zu was taken", i);
		assert_string_equal(error, ROWS[i].error);
	}
}

static void conf_parse__refuses_long_lines_and_nuls(void **state)
{
	char text[400] = "[A]\nName=", error[256];
	struct target t;

	(void)state;
	memset(text + 9, 'x', 300);
	assert_int_equal(parse(text, &t, error), -EINVAL);
	assert_non_null(strstr(error, "f:2: a line takes at most"));
	assert_int_equal(conf_parse(span_of("[A]\0\nPort=9", 11), "f", OPTIONS, ARRAY_SIZE(OPTIONS),
				    &t, error, sizeof(error)),
			 -EINVAL);
}

static void conf_parse__reads_every_unit_of_time(void **state)
{
	static const struct conf_option ONE = {.section = "S", .name = "T", .kind = CONF_TIME};
	static const struct {
		const char *text;
		uint64_t want;
	} ROWS[] = {
		{"[S]\nT=5",    5000000    },
                {"[S]\nT=5s",   5000000    },
		{"[S]\nT=5ms",  5000       },
                {"[S]\nT=5min", 300000000  },
		{"[S]\nT=1h",   3600000000 },
                {"[S]\nT=1d",   86400000000},
		{"[S]\nT=0",    0          },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		uint64_t v = 1;
		char error[256];

		assert_int_equal(conf_parse(span_str(ROWS[i].text), "f", &ONE, 1, &v, error, 256),
				 0);
		assert_true(v == ROWS[i].want);
	}
}

static void conf_load__tells_a_missing_file(void **state)
{
	struct target t;
	char error[256];

	(void)state;
	assert_int_equal(conf_load("/nonexistent/x", OPTIONS, ARRAY_SIZE(OPTIONS), &t, error, 256),
			 -ENOENT);
}

static void conf_load__says_why_a_file_cannot_be_read(void **state)
{
	struct target t;
	char error[256] = "";

	(void)state;
	assert_int_equal(conf_load("/", OPTIONS, ARRAY_SIZE(OPTIONS), &t, error, 256), -EISDIR);
	assert_string_equal(error, "/: Is a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_parse__fills_the_structure),
		cmocka_unit_test(conf_parse__says_what_is_wrong_and_what_is_right),
		cmocka_unit_test(conf_parse__refuses_long_lines_and_nuls),
		cmocka_unit_test(conf_parse__reads_every_unit_of_time),
		cmocka_unit_test(conf_load__tells_a_missing_file),
		cmocka_unit_test(conf_load__says_why_a_file_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

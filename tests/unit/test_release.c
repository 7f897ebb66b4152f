/* fw/release: the version of a slot. */
#include "test.h"

#include "fw/release.h"

static void release_version__reads_one_line(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} ROWS[] = {
		{"plain",               "IMAGE_VERSION=1.2.3\n",                    "1.2.3"  },
		{"without line feed",   "IMAGE_VERSION=1.2.3",                      "1.2.3"  },
		{"double quotes",       "A=b\nIMAGE_VERSION=\"10.4.12\"\nC=d\n",    "10.4.12"},
		{"single quotes",       "IMAGE_VERSION='1.0.0'",                    "1.0.0"  },
		{"the last one wins",   "IMAGE_VERSION=1.0.0\nIMAGE_VERSION=2.0.0", "2.0.0"  },
		{"the last one is bad", "IMAGE_VERSION=1.0.0\nIMAGE_VERSION=x",     NULL     },
		{"open quotes",         "IMAGE_VERSION=\"1.0.0",                    NULL     },
		{"mixed quotes",        "IMAGE_VERSION=\"1.0.0'",                   NULL     },
		{"one quote",           "IMAGE_VERSION=\"",                         NULL     },
		{"another key",         "XIMAGE_VERSION=1.0.0\nVERSION=2.0.0",      NULL     },
		{"comment",             "#IMAGE_VERSION=1.0.0",                     NULL     },
		{"not a version",       "IMAGE_VERSION=bookworm",                   NULL     },
		{"empty",               "",					 NULL     },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		char text[FW_VERSION_TEXT + 1] = "";
		struct fw_version v;
		bool got = release_version(span_str(ROWS[i].text), &v);

		if (got)
			fw_version_format(&v, text);
		if (got != (ROWS[i].want != NULL) || (got && strcmp(text, ROWS[i].want) != 0))
			fail_msg("%s: %s", ROWS[i].name, text);
	}
}

static void release_write__keeps_to_the_alphabet(void **state)
{
	struct buf out = BUF_INIT(RELEASE_FILE_MAX);

	(void)state;
	release_write("C 79\n60.x_-",
		      &(struct fw_version){
			      {1, 20, 3}
        },
		      &out);
	assert_true(span_is(buf_span(&out), "IMAGE_ID=c_79_60.x_-\nIMAGE_VERSION=1.20.3\n"));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(release_version__reads_one_line),
		cmocka_unit_test(release_write__keeps_to_the_alphabet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

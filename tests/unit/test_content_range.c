/* ocf-fw-fetch/content_range: a range of a reply is what it says, or nothing. */
#include "test.h"

#include "daemons/ocf-fw-fetch/content_range.h"

#define ANY CONTENT_RANGE_UNKNOWN

static const struct {
	const char *text;
	bool want;
	struct content_range r;
} ROWS[] = {
	{"bytes 0-0/1",				       true,  {0, 0, 1}                                 },
	{"bytes 5-9/10",				      true,  {5, 9, 10}                                },
	{"Bytes 5-9/*",				       true,  {5, 9, ANY}                               },
	{"bytes 4294967296-8589934591/8589934592",
	 true,						       {1ULL << 32, (1ULL << 33) - 1, 1ULL << 33}},
	{"bytes 5-9/9",				       false, {0}				       },
	{"bytes 9-5/10",				      false, {0}				       },
	{"bytes */10",					false, {0}				       },
	{"bytes 5-/10",				       false, {0}				       },
	{"bytes -5/10",				       false, {0}				       },
	{"bytes 5-9",					 false, {0}				       },
	{"bytes 5-9/",					false, {0}				       },
	{"bytes 05-9/10",				     false, {0}				       },
	{"bytes +5-9/10",				     false, {0}				       },
	{"bytes 5 - 9/10",				    false, {0}				       },
	{"bytes 5-9/10 ",				     false, {0}				       },
	{"bytes 5-9/10/11",				   false, {0}				       },
	{"octets 5-9/10",				     false, {0}				       },
	{"bytes=5-9/10",				      false, {0}				       },
	{"bytes 0-18446744073709551615/*",                    false, {0}                                       },
	{"bytes 0-18446744073709551616/18446744073709551617", false, {0}                                       },
	{"",						  false, {0}				       },
};

static void content_range_parse__takes_only_one_shape(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct content_range r = {0};

		if (content_range_parse(span_str(ROWS[i].text), &r) != ROWS[i].want)
			fail_msg("%s", ROWS[i].text);
		if (r.first != ROWS[i].r.first || r.last != ROWS[i].r.last ||
		    r.total != ROWS[i].r.total)
			fail_msg("%s: numbers", ROWS[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_range_parse__takes_only_one_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ocf-fw-fetch/coap_target: the options of a request say what the URL says. */
#include "test.h"

#include <stdio.h>

#include "daemons/ocf-fw-fetch/coap_target.h"

/* "host port|segment|segment?query&query", coaps with a '!' behind the port. */
static void describe(const struct coap_target *t, char *ret, size_t room)
{
	size_t n = (size_t)snprintf(ret, room, "%s %u%s", t->host, t->port, t->secure ? "!" : "");

	for (size_t i = 0; i < t->n_segments; i++)
		n += (size_t)snprintf(ret + n, room - n, "|%.*s", (int)t->segments[i].len,
				      t->segments[i].ptr);
	for (size_t i = 0; i < t->n_queries; i++)
		n += (size_t)snprintf(ret + n, room - n, "%s%s", i ? "&" : "?", t->queries[i]);
}

static void coap_target_parse__follows_the_rfc(void **state)
{
	static const struct {
		const char *url, *want; /* NULL: refused */
	} ROWS[] = {
		{"coap://a.example/x/y",        "a.example 5683|x|y"},
		{"coaps://a.example",           "a.example 5684!"   },
		{"coaps://a.example:99/",       "a.example 99!"     },
		{"coap://[fd00::1]/x/",         "fd00::1 5683|x|"   },
		{"coap://h/%7Ea/b%2Fc/%25",     "h 5683|~a|b/c|%"   },
		{"coap://h//x",                 "h 5683||x"         },
		{"coap://h/x?a=1&b=%26&",       "h 5683|x?a=1&b=&&" },
		{"COAP://h/x",                  "h 5683|x"          },
		{"coap://h/%zz",                NULL                },
		{"coap://h/%1",                 NULL                },
		{"coap://h/x?%00",              NULL                },
		{"http://h/x",                  NULL                },
		{"coap+tcp://h/x",              NULL                },
		{"coap://u@h/x",                NULL                },
		{"coap://h/?1&2&3&4&5&6&7&8&9", NULL                },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct coap_target t;
		char got[256] = "";

		if (coap_target_parse(span_str(ROWS[i].url), &t) != (ROWS[i].want != NULL))
			fail_msg("%s", ROWS[i].url);
		if (!ROWS[i].want)
			continue;
		describe(&t, got, sizeof(got));
		assert_string_equal(got, ROWS[i].want);
	}
}

static void coap_target_parse__bounds_segments(void **state)
{
	char url[URL_MAX + 1] = "coap://h/";
	size_t n = strlen(url);
	struct coap_target t;

	(void)state;
	memset(url + n, 'a', COAP_OPTION_MAX);
	assert_true(coap_target_parse(span_str(url), &t));
	url[n + COAP_OPTION_MAX] = 'a';
	assert_false(coap_target_parse(span_str(url), &t));
	for (size_t i = 0; i < 2 * COAP_SEGMENTS_MAX; i++)
		url[n + i] = i % 2 ? '/' : 'a';
	url[n + 2 * COAP_SEGMENTS_MAX - 1] = '\0';
	assert_true(coap_target_parse(span_str(url), &t));
	url[n + 2 * COAP_SEGMENTS_MAX - 1] = '/';
	url[n + 2 * COAP_SEGMENTS_MAX] = '\0';
	assert_false(coap_target_parse(span_str(url), &t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coap_target_parse__follows_the_rfc),
		cmocka_unit_test(coap_target_parse__bounds_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

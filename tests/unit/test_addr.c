#include "test.h"

#include "transport/groups.h"
#include "transport/remote.h"

static const struct {
	const char *host, *text; /* text NULL: refused */
} ADDRS[] = {
	{"10.0.0.1",           "10.0.0.1:5683"      },
	{"::1",		"[::1]:5683"         },
	{"[fd77::2]",          "[fd77::2]:5683"     },
	{"fd77::2%lo",         "[fd77::2]:5683"     },
	{"fe80::1%lo",         "[fe80::1%lo]:5683"  },
	{"fe80::1%1",          "[fe80::1%lo]:5683"  },
	{"fe80::1",            "[fe80::1]:5683"     },
	{"ff02::158%lo",       "[ff02::158%lo]:5683"},
	{"",		   NULL		 },
	{"[]",		 NULL                 },
	{"[fd77::2",           NULL                 },
	{"localhost",          NULL                 },
	{"10.0.0",             NULL                 },
	{"10.0.0.256",         NULL                 },
	{"fd77::2::3",         NULL                 },
	{"fe80::1%nosuchlink", NULL                 },
	{"fe80::1%0",          NULL                 },
};

static void endpoint_addr_parse__takes_numeric_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ADDRS); i++) {
		char text[ENDPOINT_ADDR_TEXT];
		struct endpoint_addr a;
		int r = endpoint_addr_parse(&a, span_str(ADDRS[i].host), 5683);

		if ((r == 0) != (ADDRS[i].text != NULL))
			fail_msg("%s: %d", ADDRS[i].host, r);
		if (r < 0)
			continue;
		endpoint_addr_format(&a, text);
		assert_string_equal(text, ADDRS[i].text);
	}
}

static const struct {
	const char *uri, *text; /* text NULL: refused */
	bool secure;
} URIS[] = {
	{"coaps://[fd77::2]:48115",     "[fd77::2]:48115", true },
	{"coap://[fd77::2]:1",          "[fd77::2]:1",     false},
	{"coap://[fd77::2]",            "[fd77::2]:5683",  false},
	{"coaps://[fd77::2]",           "[fd77::2]:5684",  true },
	{"coaps://10.0.0.1:65535",      "10.0.0.1:65535",  true },
	{"COAPS://10.0.0.1:7/",         "10.0.0.1:7",      true },
	{"coaps://[fe80::1]:9",         "[fe80::1%lo]:9",  true },
	{"coaps://[fe80::1%25lo]:9",    NULL,              false},
	{"coaps://10.0.0.1:0",          NULL,              false},
	{"coaps://10.0.0.1:65536",      NULL,              false},
	{"coaps://10.0.0.1:",           NULL,              false},
	{"coaps://10.0.0.1:+5",         NULL,              false},
	{"coaps://10.0.0.1/oic/res",    NULL,              false},
	{"coaps://[10.0.0.1]:5",        NULL,              false},
	{"coaps://fd77::2",             NULL,              false},
	{"coaps://fd77::2:5",           NULL,              false},
	{"coaps://[fd77::2]x:5",        NULL,              false},
	{"coaps://user@10.0.0.1",       NULL,              false},
	{"coaps://gateway.example:5",   NULL,              false},
	{"coaps+tcp://[fd77::2]:48115", NULL,              false},
	{"http://10.0.0.1",             NULL,              false},
	{"coaps://",                    NULL,              false},
	{"coaps:",		      NULL,              false},
	{"coap",			NULL,              false},
	{"",			    NULL,              false},
};

static void endpoint_uri_parse__follows_the_table(void **state)
{
	struct endpoint_addr via;

	(void)state;
	assert_int_equal(endpoint_addr_parse(&via, SPAN_LIT("fe80::7%lo"), 5683), 0);
	for (size_t i = 0; i < ARRAY_SIZE(URIS); i++) {
		char text[ENDPOINT_ADDR_TEXT];
		struct endpoint_addr a;
		bool secure;
		int r = endpoint_uri_parse(span_str(URIS[i].uri), &via, &a, &secure);

		if ((r == 0) != (URIS[i].text != NULL))
			fail_msg("%s: %d", URIS[i].uri, r);
		if (r < 0)
			continue;
		endpoint_addr_format(&a, text);
		assert_string_equal(text, URIS[i].text);
		assert_int_equal(secure, URIS[i].secure);
	}
}

static void endpoint_uri_parse__link_local_needs_a_scope(void **state)
{
	struct endpoint_addr via = {0}, a;
	bool secure;

	(void)state;
	assert_int_equal(endpoint_uri_parse(SPAN_LIT("coap://[fe80::1]:5"), &via, &a, &secure),
			 -EINVAL);
}

static const struct {
	const char *patterns, *interface;
	bool want;
} PATTERNS[] = {
	{"",		"eth0",    true },
	{"   ",             "eth0",    true },
	{"eth*",            "eth0",    true },
	{"eth*",            "wlan0",   false},
	{"eth* wlan0",      "wlan0",   true },
	{"eth* !eth9",      "eth9",    false},
	{"!eth9 eth*",      "eth9",    false},
	{"!docker*",        "eth0",    true },
	{"!docker*",        "docker0", false},
	{"!docker* !veth*", "veth1",   false},
	{"eth[12]",         "eth2",    true },
	{"eth[12]",         "eth3",    false},
	{"!",	       "eth0",    true },
	{"eth0",            "eth00",   false},
};

static void groups_pattern_allows__follows_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PATTERNS); i++) {
		if (groups_pattern_allows(PATTERNS[i].patterns, PATTERNS[i].interface) !=
		    PATTERNS[i].want)
			fail_msg("\"%s\" %s", PATTERNS[i].patterns, PATTERNS[i].interface);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoint_addr_parse__takes_numeric_ones),
		cmocka_unit_test(endpoint_uri_parse__follows_the_table),
		cmocka_unit_test(endpoint_uri_parse__link_local_needs_a_scope),
		cmocka_unit_test(groups_pattern_allows__follows_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

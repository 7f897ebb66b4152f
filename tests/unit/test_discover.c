/* fw/discover: which domains are asked, and the order of URLs. */
#include "test.h"

#include <stdio.h>

#include "fw/discover.h"

#define PREFIX  "_firmware."
#define SINGLES "lan home internal localdomain"

#define L63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static void discover_domain__takes_host_names_only(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} ROWS[] = {
		{"plain",                "gw.example.test",  "gw.example.test"},
		{"trailing dot",         "gw.example.test.", "gw.example.test"},
		{"upper case",           "GW.Example.TEST",  "gw.example.test"},
		{"home.arpa",            "home.arpa",        "home.arpa"      },
		{"digits first",         "9p.example",       "9p.example"     },
		{"inner hyphens",        "a--b.example",     "a--b.example"   },
		{"listed single label",  "lan",              "lan"            },
		{"listed, upper case",   "LAN.",             "lan"            },
		{"label of 63",          L63 ".test",        L63 ".test"      },
		{"other single label",   "com",              NULL             },
		{"part of a listed one", "ho",               NULL             },
		{"label of 64",          L63 "x.test",       NULL             },
		{"empty",                "",                 NULL             },
		{"only a dot",           ".",                NULL             },
		{"two trailing dots",    "a.test..",         NULL             },
		{"empty label",          "a..test",          NULL             },
		{"leading dot",          ".a.test",          NULL             },
		{"leading hyphen",       "-a.test",          NULL             },
		{"trailing hyphen",      "a-.test",          NULL             },
		{"underscore",           "a_b.test",         NULL             },
		{"blank",                "a b.test",         NULL             },
		{"slash",                "a/b.test",         NULL             },
		{"port",                 "a.test:80",        NULL             },
		{"user",                 "u@a.test",         NULL             },
		{"line break",           "a.test\n",         NULL             },
		{"UTF-8",                "\xc3\xa9.test",    NULL             },
		{"IPv4",                 "192.0.2.1",        NULL             },
		{"numeric top level",    "a.1",              NULL             },
		{"IPv6",                 "2001:db8::1",      NULL             },
		{"localhost",            "localhost",        NULL             },
		{"below localhost",      "a.localhost",      NULL             },
		{"mDNS",                 "a.local",          NULL             },
		{"mDNS with dot",        "a.LOCAL.",         NULL             },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		char out[DISCOVER_DOMAIN_MAX + 1] = "untouched";
		bool got = discover_domain(span_str(ROWS[i].text), PREFIX, SINGLES, out);

		if (got != (ROWS[i].want != NULL) || strcmp(out, got ? ROWS[i].want : "untouched"))
			fail_msg("%s: %d %s", ROWS[i].name, got, out);
	}
}

static void discover_domain__leaves_room_for_the_prefix(void **state)
{
	char text[DISCOVER_DOMAIN_MAX + 1], out[DISCOVER_DOMAIN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < DISCOVER_DOMAIN_MAX; i++)
		text[i] = i % 50 == 49 ? '.' : 'a';
	assert_true(discover_domain(span_of(text, 243), PREFIX, SINGLES, out));
	assert_false(discover_domain(span_of(text, 244), PREFIX, SINGLES, out));
	assert_true(discover_domain(span_of(text, 253), "", SINGLES, out));
}

static void discover_name__cannot_leave_its_segment(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} ROWS[] = {
		{"cisco.com", true },
                {"model 7",   true },
                {"\xc3\xa9",  true },
                {"...",       true },
		{"",          false},
                {".",         false},
                {"..",        false},
                {"a/b",       false},
		{"a\\b",      false},
                {"a\tb",      false},
                {"\x7f",      false},
                {"\xe9",      false},
	};
	char longest[DISCOVER_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (discover_name_is_valid(span_str(ROWS[i].text)) != ROWS[i].want)
			fail_msg("%s", ROWS[i].text);
	memset(longest, 'm', sizeof(longest));
	assert_true(discover_name_is_valid(span_of(longest, DISCOVER_NAME_MAX)));
	assert_false(discover_name_is_valid(span_of(longest, DISCOVER_NAME_MAX + 1)));
}

static struct discover fixture(void)
{
	static const struct discover_domains DOMAINS = {
		.at = {{"one.test", "eth0", 100, "10.0.0.1"}, {"two.test", "", UINT32_MAX, ""}},
		.n = 2,
	};

	return (struct discover){
		.manufacturer = "maker.example",
		.model = "model 7/x",
		.prefix = PREFIX,
		.domains = &DOMAINS,
		.urls = {"https://fw.maker.example/", "http://cdn.example:8080/m/7.json"},
		.n_urls = 2,
	};
}

static void discover_urls__ask_local_servers_by_scheme(void **state)
{
	struct discover d = fixture();
	struct discover_list list;

	(void)state;
	d.model = "7";
	d.scheme = URL_COAPS;
	assert_int_equal(discover_urls(&d, &list), 0);
	assert_true(
		span_starts(span_str(list.at[0].url), "coaps://_firmware.one.test/.well-known/"));
	assert_true(span_starts(span_str(list.at[4].url), "https://fw.maker.example/"));
}

static void discover_urls__local_first_both_layouts(void **state)
{
#define P "/.well-known/firmware/maker.example/model%207/manifest.json"
#define Q "/.well-known/manifest/maker.example/model%207/manifest.json"
	static const struct {
		enum discover_source source;
		unsigned server;
		const char *url;
	} WANT[] = {
		{DISCOVER_LOCAL,        0, "http://_firmware.one.test" P     },
		{DISCOVER_LOCAL,        0, "http://_firmware.one.test" Q     },
		{DISCOVER_LOCAL,        1, "http://_firmware.two.test" P     },
		{DISCOVER_LOCAL,        1, "http://_firmware.two.test" Q     },
		{DISCOVER_MANUFACTURER, 2, "https://fw.maker.example" P      },
		{DISCOVER_MANUFACTURER, 2, "https://fw.maker.example" Q      },
		{DISCOVER_MANUFACTURER, 3, "http://cdn.example:8080/m/7.json"},
	};
	struct discover d = fixture();
	struct discover_list list;

	(void)state;
	d.model = "model 7";
	assert_int_equal(discover_urls(&d, &list), 0);
	assert_int_equal(list.n, ARRAY_SIZE(WANT));
	for (size_t i = 0; i < ARRAY_SIZE(WANT); i++) {
		assert_string_equal(list.at[i].url, WANT[i].url);
		assert_int_equal(list.at[i].source, WANT[i].source);
		assert_int_equal(list.at[i].server, WANT[i].server);
		assert_string_equal(list.at[i].link, i < 2 ? "eth0" : "");
		assert_string_equal(list.at[i].servers, i < 2 ? "10.0.0.1" : "");
	}
	assert_int_equal(discover_next_server(&list, 0), 2);
	assert_int_equal(discover_next_server(&list, 1), 2);
	assert_int_equal(discover_next_server(&list, 5), 6);
	assert_int_equal(discover_next_server(&list, 6), 7);
}

static void discover_take__orders_links_by_metric(void **state)
{
	static const struct {
		struct discover_domain d;
		bool taken;
	} ROWS[] = {
		{{"b.test", "wlan0", 600, ""},       true },
		{{"c.test", "vpn0", UINT32_MAX, ""}, true },
		{{"a.test", "eth0", 100, ""},        true },
		{{"x.test", "eth0", 100, ""},        false}, /* a later source of the same link */
		{{"b.test", "eth1", 600, ""},        true }, /* the same site by another link */
		{{"a.test", "", UINT32_MAX, ""},     false}, /* resolv.conf: nothing new */
		{{"d.test", "", UINT32_MAX, ""},     true },
		{{"d.test", "", UINT32_MAX, ""},     false},
	};
	static const char *const WANT[] = {"eth0", "wlan0", "eth1", "vpn0", ""};
	struct discover_domains list = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (discover_take(&list, &ROWS[i].d) != ROWS[i].taken)
			fail_msg("%zu", i);
	assert_int_equal(list.n, ARRAY_SIZE(WANT));
	for (size_t i = 0; i < list.n; i++)
		assert_string_equal(list.at[i].link, WANT[i]);
}

static void discover_servers__takes_three_addresses(void **state)
{
	static const struct {
		const char *text, *want;
	} ROWS[] = {
		{"10.0.0.1",			     "10.0.0.1"                 },
		{"10.0.0.1,10.0.0.2;",                   "10.0.0.1,10.0.0.2"        },
		{"10.0.0.1  fd77::1\t10.0.0.3 10.0.0.4", "10.0.0.1,fd77::1,10.0.0.3"},
		{"ns.test 10.0.0.1 fd77 ::g",            "10.0.0.1"                 },
		{"fe80::1%eth0",                         ""                         },
		{" , ;",				 ""                         },
		{"",				     ""			 },
	};
	char got[DISCOVER_SERVERS];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		discover_servers(span_str(ROWS[i].text), got);
		assert_string_equal(got, ROWS[i].want);
	}
}

static void discover_take__has_a_limit(void **state)
{
	struct discover_domains list = {0};

	(void)state;
	for (size_t i = 0; i < DISCOVER_DOMAINS_MAX + 3; i++) {
		struct discover_domain d = {.domain = "a.test", .metric = (uint32_t)(100 - i)};

		(void)snprintf(d.link, sizeof(d.link), "eth%zu", i);
		assert_int_equal(discover_take(&list, &d), i < DISCOVER_DOMAINS_MAX);
	}
	assert_int_equal(list.n, DISCOVER_DOMAINS_MAX);
	assert_string_equal(list.at[0].link, "eth7");
}

/* Two seconds for all local servers, whatever each of them costs. */
static void discover_connect_us__is_shared_by_local_servers(void **state)
{
	struct discover d = fixture();
	struct discover_list list;
	uint64_t lost_us = 0;

	(void)state;
	d.model = "m";
	assert_int_equal(discover_urls(&d, &list), 0);
	assert_int_equal(discover_connect_us(&list, 0, 0), DISCOVER_LOCAL_US / 2);
	assert_int_equal(discover_connect_us(&list, 1, 0), DISCOVER_LOCAL_US / 2);
	assert_int_equal(discover_connect_us(&list, 2, 0), DISCOVER_LOCAL_US);
	assert_int_equal(discover_connect_us(&list, 2, DISCOVER_LOCAL_US + 1), 0);
	assert_int_equal(discover_connect_us(&list, 4, DISCOVER_LOCAL_US), DISCOVER_REMOTE_US);
	for (size_t i = 0; i < 4; i = discover_next_server(&list, i))
		lost_us += discover_connect_us(&list, i, lost_us);
	assert_int_equal(lost_us, DISCOVER_LOCAL_US);
}

static void discover_urls__asks_one_source_if_told(void **state)
{
	struct discover d = fixture();
	struct discover_list list;

	(void)state;
	d.model = "m";
	d.skip_local = true;
	assert_int_equal(discover_urls(&d, &list), 0);
	assert_int_equal(list.n, 3);
	assert_int_equal(list.at[0].source, DISCOVER_MANUFACTURER);
	d.skip_manufacturer = true;
	assert_int_equal(discover_urls(&d, &list), 0);
	assert_int_equal(list.n, 0);
}

static void discover_urls__asks_for_direct_files_if_told(void **state)
{
	struct discover d = fixture();
	struct discover_list list;

	(void)state;
	d.model = "m";
	d.direct = true;
	assert_int_equal(discover_urls(&d, &list), 0);
	assert_string_equal(
		list.at[0].url,
		"http://_firmware.one.test/.well-known/firmware/maker.example/m/firmware.img");
	assert_string_equal(
		list.at[5].url,
		"https://fw.maker.example/.well-known/manifest/maker.example/m/firmware.img");
	assert_string_equal(list.at[6].url, d.urls[1]);
}

static void discover_urls__refuses_bad_names_and_urls(void **state)
{
	struct discover d = fixture();
	struct discover_list list;

	(void)state;
	assert_int_equal(discover_urls(&d, &list), -EINVAL); /* a slash in the model */
	d.model = "m";
	d.urls[1] = "file:m.json";
	assert_int_equal(discover_urls(&d, &list), -EINVAL);
	d.urls[1] = "http://u@h/m.json";
	assert_int_equal(discover_urls(&d, &list), -EINVAL);
	d.n_urls = DISCOVER_URLS_MAX + 1;
	assert_int_equal(discover_urls(&d, &list), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(discover_domain__takes_host_names_only),
		cmocka_unit_test(discover_domain__leaves_room_for_the_prefix),
		cmocka_unit_test(discover_name__cannot_leave_its_segment),
		cmocka_unit_test(discover_urls__ask_local_servers_by_scheme),
		cmocka_unit_test(discover_urls__local_first_both_layouts),
		cmocka_unit_test(discover_take__orders_links_by_metric),
		cmocka_unit_test(discover_servers__takes_three_addresses),
		cmocka_unit_test(discover_take__has_a_limit),
		cmocka_unit_test(discover_connect_us__is_shared_by_local_servers),
		cmocka_unit_test(discover_urls__asks_one_source_if_told),
		cmocka_unit_test(discover_urls__asks_for_direct_files_if_told),
		cmocka_unit_test(discover_urls__refuses_bad_names_and_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

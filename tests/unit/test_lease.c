/* ocf-fwupd/lease: the files of DHCP clients, as they were seen. */
#include "test.h"

#include <stdio.h>

#include "daemons/ocf-fwupd/lease.h"

#define NOW UINT64_C(1780315200) /* 2026/06/01 12:00:00 */

/* The domains found, each with its link, separated by blanks. */
static const char *joined(const struct lease_domain *found, size_t n)
{
	static char text[512];
	int at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%.*s@%.*s",
			       i > 0 ? " " : "", (int)found[i].domain.len,
			       (const char *)found[i].domain.ptr, (int)found[i].link.len,
			       (const char *)found[i].link.ptr);
	return text;
}

static const char *text_of(bool found, struct span s)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "%.*s", found ? (int)s.len : 0, (const char *)s.ptr);
	return text;
}

static void lease_dhclient__takes_the_last_lease_of_each_link(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} ROWS[] = {
		{"as written by 4.4.3",
		 "lease {\n  interface \"eth0\";\n  fixed-address 10.77.0.74;\n"
		 "  option subnet-mask 255.255.255.0;\n  option domain-name \"gw.example.test\";\n"
		 "  option domain-search \"s1.example.test.\", \"s2.example.test.\";\n"
		 "  renew 1 2026/06/01 13:00:00;\n  expire 1 2026/06/01 14:00:00;\n}\n",			       "gw.example.test@eth0"},
		{"search list only",
		 "lease {\n interface \"e\";\n option domain-search \"s1.test.\", "
		 "\"s2.test.\";\n}\n",										 "s1.test.@e"          },
		{"a later lease wins",
		 "lease {\n interface \"e\";\n option domain-name \"old.test\";\n}\n"
		 "lease {\n interface \"e\";\n option domain-name \"new.test\";\n}\n",				 "new.test@e"          },
		{"a later lease without domain, too",
		 "lease {\n interface \"e\";\n option domain-name \"old.test\";\n}\n"
		 "lease {\n interface \"e\";\n}\n",								    ""		    },
		{"two links",
		 "lease {\n interface \"a\";\n option domain-name \"a.test\";\n}\n"
		 "lease {\n interface \"b\";\n option domain-name \"b.test\";\n}\n",				   "a.test@a b.test@b"   },
		{"expired",
		 "lease {\n option domain-name \"a.test\";\n expire 1 2026/06/01 11:59:59;\n}\n",		      ""		    },
		{"not yet expired",
		 "lease {\n option domain-name \"a.test\";\n expire 1 2026/06/01 12:00:00;\n}\n",		      "a.test@"             },
		{"never expires",                     "lease {\n option domain-name \"a.test\";\n expire never;\n}\n",
		 "a.test@"														   },
		{"DHCPv6 with blocks inside",
		 "default-duid \"\\000\";\nlease6 {\n  interface \"vb\";\n  ia-na 00:11 {\n"
		 "    starts 1780315000;\n    iaaddr fd77::9 {\n      max-life 600;\n    }\n  }\n"
		 "  option dhcp6.domain-search \"v6.example.test.\", \"v6b.example.test.\";\n}\n",		     "v6.example.test.@vb" },
		{"DHCPv6, over",
		 "lease6 {\n interface \"vb\";\n ia-na 00 {\n iaaddr fd77::9 {\n starts "
		 "1780314000;\n"
		 " max-life 600;\n}\n}\n option dhcp6.domain-search \"v6.test.\";\n}\n",			       ""		    },
		{"DHCPv6, not yet over",
		 "lease6 {\n interface \"vb\";\n ia-na 00 {\n iaaddr fd77::9 {\n starts "
		 "1780314900;\n"
		 " max-life 600;\n}\n}\n option dhcp6.domain-search \"v6.test.\";\n}\n",			       "v6.test.@vb"         },
		{"DHCPv6, given back",
		 "lease6 {\n interface \"vb\";\n option dhcp6.domain-search \"v6.test.\";\n "
		 "released;\n}\n",										     ""		    },
		{"not closed",                        "lease {\n option domain-name \"a.test\";\n",                    ""                    },
		{"outside",                           "option domain-name \"a.test\";\n}\n}\n",                        ""                    },
		{"no quotes",                         "lease {\n option domain-name a.test;\n}\n",                     ""                    },
		{"other option",                      "lease {\n option domain-names \"a.test\";\n}\n",                ""                    },
		{"empty",			     "",							      ""                    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct lease_domain found[4];
		const char *got =
			joined(found, lease_dhclient(span_str(ROWS[i].text), NOW, found, 4));

		if (strcmp(got, ROWS[i].want) != 0)
			fail_msg("%s: '%s'", ROWS[i].name, got);
	}
}

static void lease_dhclient__forgets_what_is_over_first(void **state)
{
	char text[100 * 100], *at = text;
	struct lease_domain found[4];

	(void)state;
	for (int i = 0; i < 100; i++)
		at += sprintf(at,
			      "lease {\ninterface \"e%d\";\noption domain-name \"d%d\";\n"
			      "expire 1 20%d/06/01 12:00:00;\n}\n",
			      i, i, i == 3 || i == 99 ? 30 : 20);
	assert_int_equal(lease_dhclient(span_str(text), NOW, found, 4), 2);
	assert_true(span_is(found[0].link, "e99"));
	assert_true(span_is(found[1].link, "e3"));
}

static void lease_dhclient__has_limits(void **state)
{
	char text[64 * 100], *at = text;
	struct lease_domain found[4];

	(void)state;
	for (int i = 0; i < 100; i++)
		at += sprintf(at, "lease {\ninterface \"e%d\";\noption domain-name \"d%d\";\n}\n",
			      i, i);
	assert_int_equal(lease_dhclient(span_str(text), NOW, found, 4), 4);
	assert_true(span_is(found[3].domain, "d3") && span_is(found[3].link, "e3"));
	assert_int_equal(lease_dhclient(span_str(text), NOW, found, 0), 0);
}

static void lease_networkd__prefers_the_domain_name(void **state)
{
	static const struct {
		const char *text, *want;
	} ROWS[] = {
		{"#comment\nDOMAINNAME=gw.test\nDOMAIN_SEARCH_LIST=s1.test s2.test\n", "gw.test"},
		{"DOMAIN_SEARCH_LIST=s1.test s2.test\nADDRESS=10.77.0.63\n",           "s1.test"},
		{"# a link\nADMIN_STATE=configured\nDOMAINS=v6.test v6b.test\n",       "v6.test"},
		{"DOMAINS=\nROUTE_DOMAINS=x.test\n",                                   ""       },
		{"ADDRESS=10.0.0.1\n",						 ""       },
		{"XDOMAINNAME=x.test\nDOMAINNAME\n",                                   ""       },
		{"x.test\n=y.test\n",						  ""       },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct lease_domain found = {0};
		bool any = lease_networkd(span_str(ROWS[i].text), &found);

		assert_string_equal(text_of(any, found.domain), ROWS[i].want);
	}
}

static void lease_udhcpc__reads_what_the_hook_writes(void **state)
{
	static const struct {
		const char *text, *want;
	} ROWS[] = {
		{"domain=gw.test\nsearch=s1.test s2.test\n", "gw.test"},
		{"domain=\nsearch=s1.test s2.test\n",        "s1.test"},
		{"domain=two words\n",                       "two"    },
		{"search=\ndomain=\n",                       ""       },
		{"",					 ""       },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct lease_domain found = {0};
		bool any = lease_udhcpc(span_str(ROWS[i].text), &found);

		assert_string_equal(text_of(any, found.domain), ROWS[i].want);
	}
}

/* Name servers as they stand in the file, up to who takes the addresses out of them. */
static void lease_all__tell_the_name_servers(void **state)
{
	struct lease_domain found = {0};

	(void)state;
	assert_true(lease_networkd(SPAN_LIT("DOMAINNAME=a.test\nDNS=10.0.0.1 fd77::1\n"), &found));
	assert_true(span_is(found.servers, "10.0.0.1 fd77::1"));
	assert_true(lease_udhcpc(SPAN_LIT("domain=a.test\nsearch=\ndns=10.0.0.1\n"), &found));
	assert_true(span_is(found.servers, "10.0.0.1"));
	assert_true(lease_resolv_conf(
		SPAN_LIT("domain a.test\nnameserver 10.0.0.1\nnameserver 10.0.0.2\n"), true,
		&found));
	assert_true(span_is(found.servers, "10.0.0.1"));
	assert_int_equal(
		lease_dhclient(SPAN_LIT("lease {\n option domain-name \"a.test\";\n"
					" option domain-name-servers 10.0.0.1,10.0.0.2;\n}\n"),
			       NOW, &found, 1),
		1);
	assert_true(span_is(found.servers, "10.0.0.1,10.0.0.2;"));
	assert_int_equal(
		lease_dhclient(SPAN_LIT("lease6 {\n option dhcp6.domain-search \"a.test.\";\n"
					" option dhcp6.name-servers fd77::1;\n}\n"),
			       NOW, &found, 1),
		1);
	assert_true(span_is(found.servers, "fd77::1;"));
	assert_true(lease_networkd(SPAN_LIT("DOMAINNAME=a.test\n"), &found));
	assert_int_equal(found.servers.len, 0);
}

static void lease_link__is_what_stands_before_the_last_dot(void **state)
{
	static const struct {
		const char *file, *want;
	} ROWS[] = {
		{"eth0.dhcp",  "eth0"  },
		{"eth0.dhcp6", "eth0"  },
		{"eth0.7.ra",  "eth0.7"},
		{"eth0",       "eth0"  },
		{".ra",        ""      },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		assert_true(span_is(lease_link(ROWS[i].file), ROWS[i].want));
}

static void lease_resolv_conf__reads_search_only_if_asked(void **state)
{
	static const struct {
		const char *text;
		bool search;
		const char *want;
	} ROWS[] = {
		{"domain gw.example.test\nsearch s1.test s2.test\nnameserver 10.0.0.1\n", false,
		 "gw.example.test"										},
		{"domain gw.example.test\nsearch s1.test\n",                              true,  "gw.example.test"},
		{"search s1.test s2.test\n",					      false, ""               },
		{"search s1.test s2.test\n",					      true,  "s1.test"        },
		{"  domain\tgw.test  \n",						 false, "gw.test"        },
		{"domain a.test\ndomain b.test\n",                                        false, "b.test"         },
		{"#domain a.test\n;domain b.test\n",                                      true,  ""               },
		{"domainx a.test\ndomain\n",					      true,  ""               },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct lease_domain found = {0};
		bool any = lease_resolv_conf(span_str(ROWS[i].text), ROWS[i].search, &found);
		const char *got = text_of(any, found.domain);

		if (strcmp(got, ROWS[i].want) != 0)
			fail_msg("%zu: '%s'", i, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lease_dhclient__takes_the_last_lease_of_each_link),
		cmocka_unit_test(lease_dhclient__forgets_what_is_over_first),
		cmocka_unit_test(lease_dhclient__has_limits),
		cmocka_unit_test(lease_networkd__prefers_the_domain_name),
		cmocka_unit_test(lease_udhcpc__reads_what_the_hook_writes),
		cmocka_unit_test(lease_all__tell_the_name_servers),
		cmocka_unit_test(lease_link__is_what_stands_before_the_last_dot),
		cmocka_unit_test(lease_resolv_conf__reads_search_only_if_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

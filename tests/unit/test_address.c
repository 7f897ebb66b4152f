/* ocf-fw-fetch/address: nobody is talked into asking ourselves or our neighbours. */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "daemons/ocf-fw-fetch/address.h"

static const struct {
	const char *text;
	enum proto_reach want;
} ROWS[] = {
	{"0.0.0.0",				 PROTO_LOOPBACK},
	{"0.255.255.255",			   PROTO_LOOPBACK},
	{"1.0.0.0",				 PROTO_PUBLIC  },
	{"9.255.255.255",			   PROTO_PUBLIC  },
	{"10.0.0.0",				PROTO_PRIVATE },
	{"10.255.255.255",                          PROTO_PRIVATE },
	{"11.0.0.0",				PROTO_PUBLIC  },
	{"100.63.255.255",                          PROTO_PUBLIC  },
	{"100.64.0.0",			      PROTO_PRIVATE },
	{"100.127.255.255",                         PROTO_PRIVATE },
	{"100.128.0.0",			     PROTO_PUBLIC  },
	{"126.255.255.255",                         PROTO_PUBLIC  },
	{"127.0.0.0",			       PROTO_LOOPBACK},
	{"127.255.255.255",                         PROTO_LOOPBACK},
	{"128.0.0.0",			       PROTO_PUBLIC  },
	{"169.253.255.255",                         PROTO_PUBLIC  },
	{"169.254.0.0",			     PROTO_PRIVATE },
	{"169.254.255.255",                         PROTO_PRIVATE },
	{"169.255.0.0",			     PROTO_PUBLIC  },
	{"169.254.169.254",                         PROTO_PRIVATE },
	{"172.15.255.255",                          PROTO_PUBLIC  },
	{"172.16.0.0",			      PROTO_PRIVATE },
	{"172.31.255.255",                          PROTO_PRIVATE },
	{"172.32.0.0",			      PROTO_PUBLIC  },
	{"191.255.255.255",                         PROTO_PUBLIC  },
	{"192.0.0.0",			       PROTO_PRIVATE },
	{"192.0.0.255",			     PROTO_PRIVATE },
	{"192.0.1.0",			       PROTO_PUBLIC  },
	{"192.0.1.255",			     PROTO_PUBLIC  },
	{"192.0.2.0",			       PROTO_PRIVATE },
	{"192.0.2.255",			     PROTO_PRIVATE },
	{"192.0.3.0",			       PROTO_PUBLIC  },
	{"192.88.98.255",			   PROTO_PUBLIC  },
	{"192.88.99.0",			     PROTO_PRIVATE },
	{"192.88.99.255",			   PROTO_PRIVATE },
	{"192.88.100.0",			    PROTO_PUBLIC  },
	{"192.167.255.255",                         PROTO_PUBLIC  },
	{"192.168.0.0",			     PROTO_PRIVATE },
	{"192.168.255.255",                         PROTO_PRIVATE },
	{"192.169.0.0",			     PROTO_PUBLIC  },
	{"198.17.255.255",                          PROTO_PUBLIC  },
	{"198.18.0.0",			      PROTO_PRIVATE },
	{"198.19.255.255",                          PROTO_PRIVATE },
	{"198.20.0.0",			      PROTO_PUBLIC  },
	{"198.51.99.255",			   PROTO_PUBLIC  },
	{"198.51.100.0",			    PROTO_PRIVATE },
	{"198.51.100.255",                          PROTO_PRIVATE },
	{"198.51.101.0",			    PROTO_PUBLIC  },
	{"203.0.112.255",			   PROTO_PUBLIC  },
	{"203.0.113.0",			     PROTO_PRIVATE },
	{"203.0.113.255",			   PROTO_PRIVATE },
	{"203.0.114.0",			     PROTO_PUBLIC  },
	{"223.255.255.255",                         PROTO_PUBLIC  },
	{"224.0.0.0",			       PROTO_LOOPBACK},
	{"239.255.255.255",                         PROTO_LOOPBACK},
	{"240.0.0.0",			       PROTO_LOOPBACK},
	{"255.255.255.255",                         PROTO_LOOPBACK},
	{"192.31.196.1",			    PROTO_PUBLIC  },
	{"8.8.8.8",				 PROTO_PUBLIC  },
	{"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PROTO_PRIVATE },
	{"4000::",				  PROTO_PRIVATE },
	{"2000::",				  PROTO_PUBLIC  },
	{"3ffe:ffff::",			     PROTO_PUBLIC  },
	{"2606:4700::1111",                         PROTO_PUBLIC  },
	{"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PROTO_PUBLIC  },
	{"2001::",				  PROTO_PRIVATE },
	{"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",  PROTO_PRIVATE },
	{"2001:200::",			      PROTO_PUBLIC  },
	{"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",  PROTO_PUBLIC  },
	{"2001:db8::",			      PROTO_PRIVATE },
	{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",  PROTO_PRIVATE },
	{"2001:db9::",			      PROTO_PUBLIC  },
	{"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PROTO_PUBLIC  },
	{"3fff::",				  PROTO_PRIVATE },
	{"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",  PROTO_PRIVATE },
	{"3fff:1000::",			     PROTO_PUBLIC  },
	{"100::1",				  PROTO_PRIVATE },
	{"5f00::1",				 PROTO_PRIVATE },
	{"fc00::1",				 PROTO_PRIVATE },
	{"fdff::1",				 PROTO_PRIVATE },
	{"fe80::1",				 PROTO_PRIVATE },
	{"febf::1",				 PROTO_PRIVATE },
	{"fec0::1",				 PROTO_PRIVATE },
	{"ff02::1",				 PROTO_LOOPBACK},
	{"ff0e::1",				 PROTO_LOOPBACK},
	{"::",				      PROTO_LOOPBACK},
	{"::1",				     PROTO_LOOPBACK},
	{"::2",				     PROTO_LOOPBACK},
	{"::7f00:1",				PROTO_LOOPBACK},
	{"::ffff:127.0.0.1",                        PROTO_LOOPBACK},
	{"::ffff:10.0.0.1",                         PROTO_PRIVATE },
	{"::ffff:8.8.8.8",                          PROTO_PUBLIC  },
	{"::ffff:0:127.0.0.1",                      PROTO_LOOPBACK},
	{"::ffff:0:192.168.1.1",                    PROTO_PRIVATE },
	{"::ffff:0:8.8.8.8",                        PROTO_PUBLIC  },
	{"64:ff9b::127.0.0.1",                      PROTO_LOOPBACK},
	{"64:ff9b::10.0.0.1",                       PROTO_PRIVATE },
	{"64:ff9b::8.8.8.8",                        PROTO_PUBLIC  },
	{"64:ff9b:1::8.8.8.8",                      PROTO_PRIVATE },
	{"64:ff9b:1:fffe::a9fe:a9fe",               PROTO_PRIVATE },
	{"64:ff9b:0:1::8.8.8.8",                    PROTO_PRIVATE },
	{"2002:7f00:1::1",                          PROTO_LOOPBACK},
	{"2002:c0a8:101::1",                        PROTO_PRIVATE },
	{"2002:a9fe:a9fe::1",                       PROTO_PRIVATE },
	{"2002:808:808::1",                         PROTO_PUBLIC  },
	{"2001:0:808:808:0:0:80ff:fffe",            PROTO_PRIVATE },
};

static void address_reach__knows_every_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		union {
			struct sockaddr any;
			struct sockaddr_in v4;
			struct sockaddr_in6 v6;
		} a = {0};

		if (inet_pton(AF_INET, ROWS[i].text, &a.v4.sin_addr) == 1) {
			a.any.sa_family = AF_INET;
		} else {
			assert_int_equal(inet_pton(AF_INET6, ROWS[i].text, &a.v6.sin6_addr), 1);
			a.any.sa_family = AF_INET6;
		}
		if (address_reach(&a.any) != ROWS[i].want ||
		    address_text_reach(ROWS[i].text) != ROWS[i].want)
			fail_msg("%s", ROWS[i].text);
	}
}

static void address_reach__is_shy_of_anything_else(void **state)
{
	static const char *const TEXTS[] = {
		"",   "localhost", "127.1",
		"%1", "1.2.3.4.5", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
	struct sockaddr_un u = {.sun_family = AF_UNIX};

	(void)state;
	assert_int_equal(address_reach((struct sockaddr *)&u), PROTO_LOOPBACK);
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
		assert_int_equal(address_text_reach(TEXTS[i]), PROTO_LOOPBACK);
	assert_int_equal(address_text_reach("fe80::1%eth0"), PROTO_PRIVATE);
}

static void address_host_reach__sees_through_spellings(void **state)
{
	static const struct {
		const char *host;
		enum proto_reach want;
	} HOSTS[] = {
		{"www.example.com",      PROTO_PUBLIC  },
		{"notlocalhost",         PROTO_PUBLIC  },
		{"localhost.example",    PROTO_PUBLIC  },
		{"localhost",            PROTO_LOOPBACK},
		{"LocalHost.",           PROTO_LOOPBACK},
		{"a.localhost",          PROTO_LOOPBACK},
		{"2130706433",           PROTO_LOOPBACK},
		{"0x7f.1",               PROTO_LOOPBACK},
		{"0177.0.0.1",           PROTO_LOOPBACK},
		{"127.1",                PROTO_LOOPBACK},
		{"[::1]",                PROTO_LOOPBACK},
		{"[::ffff:10.0.0.1]",    PROTO_PRIVATE },
		{"167772161",            PROTO_PRIVATE },
		{"[64:ff9b::a00:1]",     PROTO_PRIVATE },
		{"[64:ff9b:1::808:808]", PROTO_PRIVATE },
		{"[2606:4700::1111]",    PROTO_PUBLIC  },
		{"0",                    PROTO_LOOPBACK},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(HOSTS); i++)
		if (address_host_reach(span_str(HOSTS[i].host)) != HOSTS[i].want)
			fail_msg("%s", HOSTS[i].host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_reach__knows_every_range),
		cmocka_unit_test(address_reach__is_shy_of_anything_else),
		cmocka_unit_test(address_host_reach__sees_through_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

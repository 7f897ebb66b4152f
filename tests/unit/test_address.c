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
	{"192.0.2.1",         PROTO_PUBLIC  },
	{"8.8.8.8",           PROTO_PUBLIC  },
	{"11.0.0.1",          PROTO_PUBLIC  },
	{"172.15.255.255",    PROTO_PUBLIC  },
	{"172.32.0.0",        PROTO_PUBLIC  },
	{"192.169.0.1",       PROTO_PUBLIC  },
	{"100.63.255.255",    PROTO_PUBLIC  },
	{"100.128.0.0",       PROTO_PUBLIC  },
	{"223.255.255.255",   PROTO_PUBLIC  },
	{"10.0.0.1",          PROTO_PRIVATE },
	{"172.16.0.0",        PROTO_PRIVATE },
	{"172.31.255.255",    PROTO_PRIVATE },
	{"192.168.1.1",       PROTO_PRIVATE },
	{"169.254.169.254",   PROTO_PRIVATE },
	{"100.64.0.1",        PROTO_PRIVATE },
	{"100.127.255.255",   PROTO_PRIVATE },
	{"127.0.0.1",         PROTO_LOOPBACK},
	{"127.255.255.254",   PROTO_LOOPBACK},
	{"0.0.0.0",           PROTO_LOOPBACK},
	{"0.1.2.3",           PROTO_LOOPBACK},
	{"224.0.0.1",         PROTO_LOOPBACK},
	{"239.255.255.255",   PROTO_LOOPBACK},
	{"255.255.255.255",   PROTO_LOOPBACK},
	{"2001:db8::1",       PROTO_PUBLIC  },
	{"fec0::1",           PROTO_PRIVATE },
	{"fe80::1",           PROTO_PRIVATE },
	{"febf::1",           PROTO_PRIVATE },
	{"fd00::1",           PROTO_PRIVATE },
	{"fc00::1",           PROTO_PRIVATE },
	{"::1",               PROTO_LOOPBACK},
	{"::",		PROTO_LOOPBACK},
	{"ff02::1",           PROTO_LOOPBACK},
	{"::7f00:1",          PROTO_LOOPBACK},
	{"::ffff:127.0.0.1",  PROTO_LOOPBACK},
	{"::ffff:10.0.0.1",   PROTO_PRIVATE },
	{"::ffff:192.0.2.1",  PROTO_PUBLIC  },
	{"64:ff9b::7f00:1",   PROTO_LOOPBACK},
	{"64:ff9b::c000:201", PROTO_PUBLIC  },
	{"2002:7f00:1::1",    PROTO_LOOPBACK},
	{"2002:c0a8:101::1",  PROTO_PRIVATE },
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
		{"www.example.com",   PROTO_PUBLIC  },
                {"notlocalhost",      PROTO_PUBLIC  },
		{"localhost.example", PROTO_PUBLIC  },
                {"localhost",         PROTO_LOOPBACK},
		{"LocalHost.",        PROTO_LOOPBACK},
                {"a.localhost",       PROTO_LOOPBACK},
		{"2130706433",        PROTO_LOOPBACK},
                {"0x7f.1",            PROTO_LOOPBACK},
		{"0177.0.0.1",        PROTO_LOOPBACK},
                {"127.1",             PROTO_LOOPBACK},
		{"[::1]",             PROTO_LOOPBACK},
                {"[::ffff:10.0.0.1]", PROTO_PRIVATE },
		{"167772161",         PROTO_PRIVATE },
                {"[64:ff9b::a00:1]",  PROTO_PRIVATE },
		{"[2001:db8::1]",     PROTO_PUBLIC  },
                {"0",                 PROTO_LOOPBACK},
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

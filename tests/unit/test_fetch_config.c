/* ocf-fw-fetch/config: each host gets what was meant for it. */
#include "test.h"

#include "daemons/ocf-fw-fetch/config.h"

#define PIN_A "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_B "sha256//BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB="
#define LIST  " fw.example.com=/a  *.example.com=/b [[]fd00::1]=/c dot.test.=/d 192.0.2.1=/e "

static void config_find__takes_the_first_that_fits(void **state)
{
	static const struct {
		const char *host, *want; /* NULL: none */
	} ROWS[] = {
		{"fw.example.com",   "/a"},
		{"FW.Example.COM",   "/a"},
		{"a.b.example.com",  "/b"},
		{"example.com",      NULL},
		{"fw.example.com.x", NULL},
		{"[fd00::1]",        "/c"},
		{"fw.example.com.",  "/a"},
		{"a.example.com.",   "/b"},
		{"dot.test",         "/d"},
		{"dot.test.",        "/d"},
		{"fd00::1",          "/c"},
		{"[FD00:0::0:1]",    "/c"},
		{"[fd00::2]",        NULL},
		{"192.0.2.1",        "/e"},
		{"192.0.2.1.",       "/e"},
		{"192.0.513",        "/e"},
		{"0xc0000201",       "/e"},
		{"192.0.2.10",       NULL},
		{"",                 NULL},
		{"x\0y",             NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		char value[CONFIG_WORD_MAX] = "";

		if (config_find(LIST, span_str(ROWS[i].host), value) != (ROWS[i].want != NULL) ||
		    (ROWS[i].want && strcmp(value, ROWS[i].want) != 0))
			fail_msg("%s: %s", ROWS[i].host, value);
	}
}

static void config_find_all__joins(void **state)
{
	char pins[CONF_TEXT_MAX];

	(void)state;
	config_find_all("a=1 b=2 *=3", span_str("b"), ';', pins);
	assert_string_equal(pins, "2;3");
	config_find_all("a=1", span_str("b"), ';', pins);
	assert_string_equal(pins, "");
	assert_true(config_has("x _firmware.*", span_str("_firmware.lan")));
	assert_false(config_has("x _firmware.*", span_str("firmware.lan")));
	assert_true(config_has("proxy.test", span_str("proxy.test.")));
}

static void config_load__refuses_what_it_would_not_use(void **state)
{
	static const struct {
		const char *text;
		int want;
	} ROWS[] = {
		{"",							0      },
		{"[Tls]\nAuthorities=*=/a b=/c\nPins=*=" PIN_A " b=" PIN_B, 0      },
		{"[Tls]\nAuthorities==/a",                                  -EINVAL},
		{"[Tls]\nAuthorities=a=b",                                  -EINVAL},
		{"[Tls]\nAuthorities=/a",                                   -EINVAL},
		{"[Tls]\nPins=a=sha256//AAAA",                              -EINVAL},
		{"[Tls]\nPins=" PIN_A,                                      -EINVAL},
		{"[Proxy]\nUrl=http://p:3128\nDirect=",                     0      },
		{"[Proxy]\nUrl=socks4://p",                                 -EINVAL},
		{"[Proxy]\nUrl=p:3128",                                     -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		char path[] = "/tmp/ocf-fetch-config-XXXXXX", why[256];
		int fd = mkstemp(path), r;
		struct config c;

		assert_true(fd >= 0);
		assert_int_equal(write(fd, ROWS[i].text, strlen(ROWS[i].text)),
				 strlen(ROWS[i].text));
		(void)close(fd);
		r = config_load(path, &c, why, sizeof(why));
		(void)unlink(path);
		if (r != ROWS[i].want)
			fail_msg("%s: %d %s", ROWS[i].text, r, why);
	}
}

static void config_load__has_defaults(void **state)
{
	struct config c;
	char why[256];

	(void)state;
	assert_int_equal(config_load("/nonexistent/fw-fetch.conf", &c, why, sizeof(why)), 0);
	assert_string_equal(c.direct, "_firmware.*");
	assert_string_equal(c.proxy, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_find__takes_the_first_that_fits),
		cmocka_unit_test(config_find_all__joins),
		cmocka_unit_test(config_load__refuses_what_it_would_not_use),
		cmocka_unit_test(config_load__has_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ocf-secd: config.c and peer_log.c. */
#include "test.h"

#include <stdio.h>

#include "base/clock.h"
#include "config.h"
#include "peer_log.h"

static int load(const char *text, struct secd_config *ret, char *error, size_t room)
{
	char path[] = "/tmp/test_secd_config.XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	r = config_load(ret, path, error, room);
	(void)unlink(path);
	return r;
}

static void config_load__has_defaults_without_a_file(void **state)
{
	struct secd_config c;
	enum oxm oxms[SVR_OXMS_MAX];
	struct endpoint_config e;
	char error[256], room[CONFIG_COMMAND_MAX], *argv[CONFIG_COMMAND_WORDS + 1];

	(void)state;
	assert_int_equal(config_load(&c, "/nonexistent/secd.conf", error, sizeof(error)), 0);
	assert_int_equal(config_methods(&c, oxms), 3);
	assert_int_equal(oxms[0], OXM_JUST_WORKS);
	assert_int_equal(oxms[1], OXM_RANDOM_PIN);
	assert_int_equal(oxms[2], OXM_MFG_CERT);
	assert_string_equal(c.factory_dir, "/etc/ocfgw/factory");
	assert_true(config_methods_default(&c));
	assert_false(config_pin_argv(&c, room, argv));
	config_endpoint(&c, &e);
	assert_true(e.server);
	assert_int_equal(e.coap_port, 5683);
	assert_int_equal(e.coaps_port, 5684);
	assert_int_equal(e.body_max, REQ_BODY_MAX);
}

/* Just Works can be forbidden, and the order is the administrator's. */
static void config_methods__keeps_the_order(void **state)
{
	struct secd_config c;
	enum oxm oxms[SVR_OXMS_MAX];
	char error[256];

	(void)state;
	assert_int_equal(load("[Onboarding]\nOwnerTransferMethods=fixed-pin  random-pin\n", &c,
			      error, sizeof(error)),
			 0);
	assert_int_equal(config_methods(&c, oxms), 2);
	assert_int_equal(oxms[0], OXM_FIXED_PIN);
	assert_int_equal(oxms[1], OXM_RANDOM_PIN);
}

static void config_always_open__unless_on_request(void **state)
{
	struct secd_config c;
	char error[256];

	(void)state;
	assert_int_equal(config_load(&c, "/nonexistent", error, sizeof(error)), 0);
	assert_true(config_always_open(&c));
	assert_int_equal(
		load("[Onboarding]\nOnboardingWindow=on-request\n", &c, error, sizeof(error)), 0);
	assert_false(config_always_open(&c));
}

/* The file that is installed says nothing, and all that it shows in comments is accepted. */
static void config_load__takes_the_installed_file(void **state)
{
	struct secd_config c, defaults;
	char error[256] = "", line[512], text[8192] = "";
	FILE *f = fopen(getenv("SECD_CONF"), "re");
	size_t n = 0;

	(void)state;
	assert_non_null(f);
	assert_int_equal(config_load(&defaults, "/nonexistent", error, sizeof(error)), 0);
	assert_int_equal(config_load(&c, getenv("SECD_CONF"), error, sizeof(error)), 0);
	assert_memory_equal(&c, &defaults, sizeof(c));
	while (fgets(line, sizeof(line), f)) {
		bool option = line[0] == '#' && line[1] != ' ';

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", option ? line + 1 : line);
	}
	(void)fclose(f);
	if (load(text, &c, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	assert_string_equal(c.interfaces, "eth* !eth9");
	c.interfaces[0] = '\0';
	memset(c.interfaces, 0, sizeof(c.interfaces));
	assert_memory_equal(&c, &defaults, sizeof(c));
}

static void config_load__refuses_bad_values(void **state)
{
	static const struct {
		const char *name, *text;
	} ROWS[] = {
		{"unknown method",     "[Onboarding]\nOwnerTransferMethods=just-works pin\n"                   },
		{"method twice",       "[Onboarding]\nOwnerTransferMethods=random-pin random-pin\n"            },
		{"no method",          "[Onboarding]\nOwnerTransferMethods=\n"                                 },
		{"other window",       "[Onboarding]\nOnboardingWindow=never\n"                                },
		{"relative PIN file",  "[Onboarding]\nFixedPinFile=pin\n"                                      },
		{"relative command",   "[Onboarding]\nPinDisplayCommand=show-pin\n"                            },
		{"nine words",         "[Onboarding]\nPinDisplayCommand=/a 1 2 3 4 5 6 7 8\n"                  },
		{"port 0",             "[Network]\nCoapPort=0\n"                                               },
		{"port 65536",         "[Network]\nCoapsPort=65536\n"                                          },
		{"leisure of a day",   "[Network]\nMulticastLeisure=1d\n"                                      },
		{"control character",  "[Device]\nName=a\tb\n"                                                 },
		{"not UTF-8",          "[Device]\nName=\xff\xfe\n"                                             },
		{"64 octets of name",  "[Device]\nName=aaaaaaaabbbbbbbbaaaaaaaabbbbbbbb"
				      "aaaaaaaabbbbbbbbaaaaaaaabbbbbbbb\n"},
		{"unknown option",     "[Device]\nColour=red\n"                                                },
		{"no sessions at all", "[Network]\nMaxSessions=0\n"                                            },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct secd_config c;
		char error[256] = "";

		if (load(ROWS[i].text, &c, error, sizeof(error)) != -EINVAL ||
		    !strstr(error, ":2: "))
			fail_msg("%s: %s", ROWS[i].name, error);
	}
}

static void config_load__says_what_it_takes(void **state)
{
	struct secd_config c;
	char error[256] = "";

	(void)state;
	assert_int_equal(load("[Onboarding]\nOwnerTransferMethods=pin\n", &c, error, sizeof(error)),
			 -EINVAL);
	assert_non_null(strstr(error, "OwnerTransferMethods= takes just-works, random-pin"));
}

static void config_pin_argv__cuts_words(void **state)
{
	struct secd_config c;
	char error[256], room[CONFIG_COMMAND_MAX], *argv[CONFIG_COMMAND_WORDS + 1];

	(void)state;
	assert_int_equal(load("[Onboarding]\nPinDisplayCommand=/usr/bin/lcd  --line 2 $(x)\n", &c,
			      error, sizeof(error)),
			 0);
	assert_true(config_pin_argv(&c, room, argv));
	assert_string_equal(argv[0], "/usr/bin/lcd");
	assert_string_equal(argv[1], "--line");
	assert_string_equal(argv[2], "2");
	assert_string_equal(argv[3], "$(x)");
	assert_null(argv[4]);
}

static void peer_log_take__has_a_burst_and_a_rate(void **state)
{
	struct peer_log l = {0};
	uint64_t now = 5 * USEC_PER_SEC;
	unsigned dropped;

	(void)state;
	for (int i = 0; i < PEER_LOG_BURST; i++) {
		assert_true(peer_log_take(&l, now, &dropped));
		assert_int_equal(dropped, 0);
	}
	for (int i = 0; i < 1000; i++)
		assert_false(peer_log_take(&l, now, &dropped));
	now += USEC_PER_SEC / PEER_LOG_PER_SEC;
	assert_true(peer_log_take(&l, now, &dropped));
	assert_int_equal(dropped, 1000);
	assert_false(peer_log_take(&l, now, &dropped));
	now += 1000 * USEC_PER_SEC;
	for (int i = 0; i < PEER_LOG_BURST; i++)
		assert_true(peer_log_take(&l, now, &dropped));
	assert_false(peer_log_take(&l, now, &dropped));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_load__has_defaults_without_a_file),
		cmocka_unit_test(config_load__takes_the_installed_file),
		cmocka_unit_test(config_methods__keeps_the_order),
		cmocka_unit_test(config_always_open__unless_on_request),
		cmocka_unit_test(config_load__refuses_bad_values),
		cmocka_unit_test(config_load__says_what_it_takes),
		cmocka_unit_test(config_pin_argv__cuts_words),
		cmocka_unit_test(peer_log_take__has_a_burst_and_a_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

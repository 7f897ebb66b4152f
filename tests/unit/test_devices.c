/* ocf-fw-write/devices and config: root's table of devices, and which slot runs. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "daemons/ocf-fw-write/config.h"

static void devices_parse__wants_each_component_twice(void **state)
{
	static const struct {
		const char *components, *a, *b, *why; /* NULL: fine */
	} ROWS[] = {
		{"rootfs",        "rootfs:/dev/a",               "rootfs:/dev/b",                NULL                          },
		{"rootfs kernel", "rootfs:/dev/a kernel:/dev/c", "kernel:/dev/d  rootfs:/dev/b",
		 NULL													  },
		{"rootfs",        "",                            "",                             "a component without a device"},
		{"rootfs kernel", "rootfs:/dev/a",               "rootfs:/dev/b",                "a component without a device"},
		{"rootfs",        "rootfs:/dev/a",               "",                             "a component without a device"},
		{"rootfs",        "rootfs:dev/a",                "rootfs:/dev/b",                "not component:/path"         },
		{"rootfs",        "rootfs",                      "rootfs:/dev/b",                "not component:/path"         },
		{"rootfs",        "rootfs:/dev/a rootfs:/dev/c", "rootfs:/dev/b",                "a component twice"           },
		{"rootfs",        "rootfs:/dev/a x:/dev/x",      "rootfs:/dev/b",
		 "a device for something that is not in Components="                                                           },
		{"rootfs",        "rootfs:/dev/a",               "rootfs:/dev/a",                "a device in both slots"      },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		const char *const texts[] = {ROWS[i].a, ROWS[i].b};
		struct devices d;
		const char *why = NULL;
		bool fine = devices_parse(&d, ROWS[i].components, texts, &why);

		if (fine != !ROWS[i].why || (why && strcmp(why, ROWS[i].why) != 0))
			fail_msg("%s: %s", ROWS[i].a, why);
	}
}

static void devices_parse__bounds_the_table(void **state)
{
	struct devices d;
	const char *why = NULL;

	(void)state;
	assert_false(devices_parse(
		&d, "a b c d e f g h i",
		(const char *const[]){"a:/a b:/b c:/c d:/d e:/e f:/f g:/g h:/h i:/i", ""}, &why));
	assert_string_equal(why, "too many devices");
}

static void devices_booted__asks_the_command_line(void **state)
{
	static const struct bootenv NAMES = {
		BOOTENV_UBOOT, {"system0", "system1"},
                 3
        };
	static const struct {
		const char *line;
		int want;
	} ROWS[] = {
		{"quiet ocfgw.slot=system1 ro\n",          1           },
		{"quiet rauc.slot=system0\n",              0           },
		{"ocfgw.slot=b rauc.slot=system0",         1           },
		{"ocfgw.slot=a",                           0           },
		{"ocfgw.slot=a ocfgw.slot=b",              1           },
		{"ocfgw.slot=rescue rauc.slot=system0",    BOOT_NO_SLOT},
		{"xocfgw.slot=a ocfgw.slotx=a ocfgw.slot", BOOT_NO_SLOT},
		{"root=/dev/null",                         BOOT_NO_SLOT},
		{"root=/nowhere root=LABEL=x",             BOOT_NO_SLOT},
		{"",				       BOOT_NO_SLOT},
	};
	struct devices d = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (devices_booted(&d, span_str(ROWS[i].line), &NAMES) != ROWS[i].want)
			fail_msg("%s", ROWS[i].line);
}

static void devices_open__takes_block_devices_alone(void **state)
{
	struct devices all = {.n = 1, .slot = {{{"rootfs", "/dev/null"}}}};
	struct device *d = &all.slot[0][0];
	int fd = -1;

	(void)state;
	assert_int_equal(devices_open(&all, d, false, 0, &fd), -ENOTBLK);
	(void)snprintf(d->path, sizeof(d->path), "/nowhere");
	assert_int_equal(devices_open(&all, d, true, 0, &fd), -ENOENT);
	assert_int_equal(fd, -1);
}

static void config_load__says_what_does_not_fit(void **state)
{
	static const struct {
		const char *text, *error; /* the end of it; NULL: fine */
	} ROWS[] = {
		{"",									  NULL			      },
		{"[Slots]\nType=block\nDevicesA=firmware:/dev/a\nDevicesB=firmware:/dev/b\n", NULL                              },
		{"[Slots]\nType=block\n",						     "a component without a device"    },
		{"[Slots]\nType=block\nDevicesA=firmware:/dev/a\nDevicesB=firmware:/dev/b\n"
		 "[Boot]\nType=custom\n",				    "[Boot] Type=custom needs Script="},
	};
	char path[] = "/tmp/ocf-config-XXXXXX", error[256];

	(void)state;
	assert_true(close(mkstemp(path)) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), r;
		struct config c;

		assert_int_equal(write(fd, ROWS[i].text, strlen(ROWS[i].text)),
				 strlen(ROWS[i].text));
		(void)close(fd);
		r = config_load(path, &c, error, sizeof(error));
		if ((r < 0) != (ROWS[i].error != NULL) || (r < 0 && !strstr(error, ROWS[i].error)))
			fail_msg("%zu: %s", i, r < 0 ? error : "fine");
	}
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_parse__wants_each_component_twice),
		cmocka_unit_test(devices_parse__bounds_the_table),
		cmocka_unit_test(devices_booted__asks_the_command_line),
		cmocka_unit_test(devices_open__takes_block_devices_alone),
		cmocka_unit_test(config_load__says_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

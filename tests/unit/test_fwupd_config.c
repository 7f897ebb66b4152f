/* ocf-fwupd/config: what a file may say, and the defaults. */
#include "test.h"

#include "daemons/ocf-fwupd/config.h"

#define DEVICE "[Device]\nManufacturer=maker.example\nModel=gw-100\n"

static char error[512];

/* config_load() of a file with that text. */
static int load(const char *text, struct fwupd_config *ret)
{
	char path[] = "/tmp/ocf-config-XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	r = config_load(ret, path, error, sizeof(error));
	(void)unlink(path);
	return r;
}

static void config_load__has_defaults(void **state)
{
	enum config_source sources[CONFIG_SOURCES];
	const char *urls[CONFIG_URLS];
	char room[CONFIG_LIST];
	struct fwupd_config c;

	(void)state;
	assert_int_equal(load(DEVICE, &c), 0);
	assert_string_equal(c.model, "gw-100");
	assert_string_equal(c.prefix, "_firmware.");
	assert_int_equal(c.check_us, UINT64_C(24) * 3600 * 1000000);
	assert_int_equal(c.defer_us, UINT64_C(900) * 1000000);
	assert_int_equal(c.manifest_us, 30 * 1000000);
	assert_int_equal(c.stall_us, 60 * 1000000);
	assert_false(c.allow_downgrade || c.auto_install || c.allow_loopback || c.allow_private);
	assert_int_equal(c.freshness, 0);
	assert_string_equal(c.windows, "");
	assert_int_equal(c.rate, 0);
	assert_int_equal(c.metered_mode, METERED_FULL);
	assert_int_equal(c.battery_min, 30);
	assert_string_equal(c.power_dir, "/sys/class/power_supply");
	assert_int_equal(config_sources(&c, sources), CONFIG_SOURCES);
	assert_int_equal(sources[0], SOURCE_NETWORK_MANAGER);
	assert_int_equal(sources[CONFIG_SOURCES - 1], SOURCE_RESOLV_CONF);
	assert_int_equal(config_urls(&c, room, urls), 0);
}

static void config_load__takes_its_limits(void **state)
{
	struct fwupd_config c;

	(void)state;
	assert_int_equal(load(DEVICE "[Policy]\nManifestTimeout=1s\nStallTimeout=1h\n", &c), 0);
	assert_int_equal(c.manifest_us, 1000000);
	assert_int_equal(c.stall_us, UINT64_C(3600) * 1000000);
}

static void config_load__takes_the_policy(void **state)
{
	struct fwupd_config c;

	(void)state;
	assert_int_equal(load(DEVICE
			      "[Policy]\nWindows=Sat,Sun 22:00-06:00 Mon..Fri 01:00-05:00 UTC\n"
			      "RateLimit=1000000\nMeteredMode=capped\nMeteredRateLimit=5\n"
			      "MinBattery=100\nPowerSupplies=/p\n",
			      &c),
			 0);
	assert_string_equal(c.windows, "Sat,Sun 22:00-06:00 Mon..Fri 01:00-05:00 UTC");
	assert_int_equal(c.rate, 1000000);
	assert_int_equal(c.metered_mode, METERED_CAPPED);
	assert_int_equal(c.metered_rate, 5);
	assert_int_equal(c.battery_min, 100);
	assert_string_equal(c.power_dir, "/p");
}

static void config_load__reads_lists(void **state)
{
	enum config_source sources[CONFIG_SOURCES];
	const char *urls[CONFIG_URLS];
	char room[CONFIG_LIST];
	struct fwupd_config c;

	(void)state;
	assert_int_equal(load(DEVICE "[Discovery]\nDomainSources=resolv.conf  NETWORKD\n"
				     "ManufacturerUrl=http://a  https://b/m.json\nHostPrefix=\n",
			      &c),
			 0);
	assert_int_equal(config_sources(&c, sources), 2);
	assert_int_equal(sources[0], SOURCE_RESOLV_CONF);
	assert_int_equal(sources[1], SOURCE_NETWORKD);
	assert_int_equal(config_urls(&c, room, urls), 2);
	assert_string_equal(urls[0], "http://a");
	assert_string_equal(urls[1], "https://b/m.json");
	assert_string_equal(c.prefix, "");
}

static void config_load__refuses(void **state)
{
	static const struct {
		const char *name, *text;
	} ROWS[] = {
		{"no device",          "[Policy]\nAutoInstall=yes\n"                             },
		{"no model",           "[Device]\nManufacturer=m\n"                              },
		{"slash in the model", "[Device]\nManufacturer=m\nModel=a/b\n"                   },
		{"dots for a model",   "[Device]\nManufacturer=m\nModel=..\n"                    },
		{"model in Latin-1",   "[Device]\nManufacturer=m\nModel=gr\374n\n"               },
		{"vendor",             DEVICE "VendorId=maker.example\n"                         },
		{"class without end",  DEVICE "ClassId=00112233-4455-5677-8899-aabbccddee\n"     },
		{"unknown section",    DEVICE "[Colour]\nRed=1\n"                                },
		{"unknown option",     DEVICE "[Policy]\nColour=red\n"                           },
		{"not a flag",         DEVICE "[Policy]\nAutoInstall=perhaps\n"                  },
		{"unknown source",     DEVICE "[Discovery]\nDomainSources=NetworkManager ouija\n"},
		{"not a URL",          DEVICE "[Discovery]\nManufacturerUrl=fw.maker.example\n"  },
		{"another scheme",     DEVICE "[Discovery]\nManufacturerUrl=ftp://h/\n"          },
		{"five URLs",          DEVICE "[Discovery]\nManufacturerUrl=http://a http://b http://c "
				     "http://d http://e\n"          },
		{"prefix without dot", DEVICE "[Discovery]\nHostPrefix=firmware\n"               },
		{"prefix with more",   DEVICE "[Discovery]\nHostPrefix=u@h/x.\n"                 },
		{"relative path",      DEVICE "[Trust]\nTrustStore=trust.json\n"                 },
		{"threshold",          DEVICE "[Trust]\nThreshold=9\n"                           },
		{"freshness",          DEVICE "[Policy]\nFreshness=fresh\n"                      },
		{"time",               DEVICE "[Policy]\nCheckInterval=often\n"                  },
		{"no time at all",     DEVICE "[Policy]\nManifestTimeout=999ms\n"                },
		{"too patient",        DEVICE "[Policy]\nStallTimeout=3601s\n"                   },
		{"windows",            DEVICE "[Policy]\nWindows=at night\n"                     },
		{"metered",            DEVICE "[Policy]\nMeteredMode=sometimes\n"                },
		{"rate",               DEVICE "[Policy]\nRateLimit=4294967296\n"                 },
		{"battery",            DEVICE "[Policy]\nMinBattery=101\n"                       },
	};
	struct fwupd_config c;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		error[0] = '\0';
		if (load(ROWS[i].text, &c) != -EINVAL || error[0] == '\0')
			fail_msg("%s: '%s'", ROWS[i].name, error);
	}
	assert_int_equal(config_load(&c, "/nowhere/fwupd.conf", error, sizeof(error)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_load__has_defaults),
		cmocka_unit_test(config_load__takes_its_limits),
		cmocka_unit_test(config_load__takes_the_policy),
		cmocka_unit_test(config_load__reads_lists),
		cmocka_unit_test(config_load__refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

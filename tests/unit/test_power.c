/* ocf-fwupd/power: what the files of /sys/class/power_supply say. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemons/ocf-fwupd/power.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/ocf-power-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static void put(const char *supply, const char *name, const char *text)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, supply);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/%s/%s", dir, supply, name);
	if (!text) {
		(void)unlink(path);
		return;
	}
	f = fopen(path, "we");
	assert_non_null(f);
	(void)fprintf(f, "%s\n", text);
	(void)fclose(f);
}

/* A supply as the kernel shows it; a NULL attribute is not there, a NULL type is no supply. */
struct supply {
	const char *type, *online, *capacity, *scope, *present;
};

static void put_supply(const char *name, const struct supply *s)
{
	char path[160];

	put(name, "type", s->type);
	put(name, "online", s->online);
	put(name, "capacity", s->capacity);
	put(name, "scope", s->scope);
	put(name, "present", s->present);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!s->type)
		(void)rmdir(path);
}

static void power_is_enough__follows_the_files(void **state)
{
#define MAINS(on)                                                                                  \
	{                                                                                          \
		.type = "Mains", .online = (on)                                                    \
	}
#define BATTERY(full)                                                                              \
	{                                                                                          \
		.type = "Battery", .capacity = (full), .present = "1"                              \
	}
	static const struct {
		const char *name;
		struct supply a, b;
		bool want;
		const char *why;
	} ROWS[] = {
		{"no supply at all",    {0},                              {0},            true,  NULL  },
		{"mains only",          MAINS("1"),                       {0},            true,  NULL  },
		{"mains unplugged",     MAINS("0"),                       {0},            true,  NULL  },
		{"full battery",        MAINS("0"),                       BATTERY("100"), true,  NULL  },
		{"just enough",         MAINS("0"),                       BATTERY("30"),  true,  NULL  },
		{"just not",            MAINS("0"),                       BATTERY("29"),  false, "29 %"},
		{"charging",            MAINS("1"),                       BATTERY("3"),   true,  NULL  },
		{"on USB",              {.type = "USB", .online = "1"},   BATTERY("3"),   true,  NULL  },
		{"one of two is empty", BATTERY("5"),                     BATTERY("90"),  false, "5 %" },
		{"the other one",       BATTERY("90"),                    BATTERY("5"),   false, "5 %" },
		{"a mouse",
		 {.type = "Battery", .capacity = "5", .scope = "Device"},
		 {0},
		 true,									   NULL  },
		{"taken out",
		 {.type = "Battery", .capacity = "0", .present = "0"},
		 {0},
		 true,									   NULL  },
		{"does not tell",       {.type = "Battery"},              {0},            false, "0 %" },
		{"no number",           BATTERY("low"),                   {0},            false, "0 %" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		char why[128] = "";

		put_supply("A", &ROWS[i].a);
		put_supply("B", &ROWS[i].b);
		if (power_is_enough(dir, 30, why, sizeof(why)) != ROWS[i].want)
			fail_msg("%s: %s", ROWS[i].name, why);
		if (!ROWS[i].want && !strstr(why, ROWS[i].why))
			fail_msg("%s: '%s'", ROWS[i].name, why);
	}
	put_supply("A", &(struct supply){0});
	put_supply("B", &(struct supply){0});
	assert_true(power_is_enough(dir, 100, NULL, 0));
	assert_true(power_is_enough("/nowhere/power_supply", 100, NULL, 0));
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(power_is_enough__follows_the_files, make_dir),
	};

	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}

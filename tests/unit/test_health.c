/* ocf-fwupd/health: what it says without anybody to ask; the rest is tests/integration/fwupd-trial.
 */
#include "test.h"

#include <stdio.h>

#include "base/clock.h"
#include "bus/bus.h"
#include "bus/loop.h"
#include "child/child.h"
#include "daemons/ocf-fwupd/health.h"

struct seen {
	struct loop *loop;
	unsigned rounds;
	enum trial_health verdict;
	char text[HEALTH_TEXT];
};

static void on_health(void *arg, enum trial_health verdict, const char *text)
{
	struct seen *s = arg;

	s->verdict = verdict;
	(void)snprintf(s->text, sizeof(s->text), "%s", text);
	if (++s->rounds == 2 || verdict != TRIAL_WAIT)
		loop_exit(s->loop, 0);
}

/* Two rounds, or the verdict before. */
static struct seen look(const struct fwupd_config *config)
{
	static const struct child_program NONE[] = {
		{"/nowhere/a", "/nowhere/b", "nobody", NULL},
		{"/nowhere/a", "/nowhere/b", "nobody", NULL},
		{"/nowhere/a", "/nowhere/b", "nobody", NULL}
        };
	CLEANUP(child_starter_freep) struct child_starter *starter = NULL;
	CLEANUP(loop_freep) struct loop *loop = NULL;
	CLEANUP(bus_freep) struct bus *bus = NULL;
	CLEANUP(health_freep) struct health *h = NULL;
	struct seen s = {0};

	assert_int_equal(child_starter_new(&starter, NONE, ARRAY_SIZE(NONE)), 0);
	assert_true(loop_new(&loop) >= 0);
	assert_true(bus_new(&bus, loop, NULL, NULL, NULL) >= 0);
	s.loop = loop;
	assert_int_equal(health_new(&h, config, bus, loop, starter, on_health, &s), 0);
	assert_int_equal(loop_run(loop), 0);
	return s;
}

static const struct {
	const char *name;
	struct fwupd_config config;
	enum trial_health want;
	unsigned rounds;
	const char *text;
} ROWS[] = {
	{"nothing to ask",
	 {.health_scripts = "/nowhere"},
	 TRIAL_GOOD, 1,
	 "all is well, but not for long enough"     },
	{"a folder that cannot be looked at",
	 {.health_scripts = "/dev/null"},
	 TRIAL_WAIT, 2,
	 "scripts: ocf-fw-health cannot be used"    },
	{"nothing to ask, but time",
	 {.settle_us = 60 * USEC_PER_SEC},
	 TRIAL_WAIT, 2,
	 "all is well, but not for long enough"     },
	{"no bus for units",
	 {.health_units = "  a.service  b.service"},
	 TRIAL_WAIT, 2,
	 "a.service: there is no bus to ask systemd"},
	{"ocf-secd is a must",
	 {.health_secd = HEALTH_SECD_YES},
	 TRIAL_WAIT, 2,
	 "ocf-secd: there is no bus to ask it"      },
	{"ocf-secd if it is there",
	 {.health_secd = HEALTH_SECD_IF_PRESENT},
	 TRIAL_WAIT, 2,
	 "ocf-secd: there is no bus to ask it"      },
	{"no helper for scripts",
	 {.health_scripts = "/proc/self"},
	 TRIAL_WAIT, 2,
	 "scripts: ocf-fw-health cannot be used"    },
};

static void health__waits_for_what_it_cannot_ask(void **state)
{
	(void)state;
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct fwupd_config config = ROWS[i].config;
		struct seen s;

		if (config.settle_us > 0)
			config.settle_us = 400 * USEC_PER_MSEC; /* rounds of a quarter */
		s = look(&config);
		if (s.verdict != ROWS[i].want || s.rounds != ROWS[i].rounds ||
		    strcmp(s.text, ROWS[i].text) != 0)
			fail_msg("%s: %u in %u rounds: %s", ROWS[i].name, (unsigned)s.verdict,
				 s.rounds, s.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health__waits_for_what_it_cannot_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

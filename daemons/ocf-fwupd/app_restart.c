#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/ask.h"
#include "bus/loop.h"

#define AGAIN_US  (10 * USEC_PER_SEC)             /* between looks at what holds it up */
#define WINDOW_US (UINT64_C(3600) * USEC_PER_SEC) /* and for a window: clocks may be set */

/* Says once what the reboot waits for, and looks again later. */
static void wait_for(struct app *a, const char *what, uint64_t for_us)
{
	char text[sizeof(a->restart_waits)];

	text_put(text, sizeof(text), "%s", what); /* some of it is anybody's */
	if (strcmp(a->restart_waits, text) != 0)
		log_info("restart: waits: %s", text);
	memcpy(a->restart_waits, text, sizeof(text));
	loop_timer_set(a->restart_timer,
		       for_us == NEVER_US ? NEVER_US : clock_boottime_us() + for_us);
	app_publish(a);
}

static void on_reboot(void *arg, const char *error)
{
	struct app *a = arg;
	char text[FWUPD_TEXT_ROOM];

	a->restart_ask = bus_ask_free(a->restart_ask);
	if (error)
		(void)snprintf(text, sizeof(text), "logind refuses to reboot: %s", error);
	wait_for(a, error ? text : "the machine is going down", error ? AGAIN_US : NEVER_US);
}

static void on_inhibitor(void *arg, const char *who, const char *why)
{
	struct app *a = arg;
	char text[FWUPD_TEXT_ROOM];

	a->restart_ask = bus_ask_free(a->restart_ask);
	if (!who || who[0]) {
		(void)snprintf(text, sizeof(text),
			       who ? "held up by %s: %s" : "logind does not answer", who, why);
		wait_for(a, text, AGAIN_US);
		return;
	}
	log_warning("restart: rebooting, for the %s version",
		    a->state->trial.state == TRIAL_PENDING ? "new" : "old");
	if (bus_ask_reboot(&a->restart_ask, a->bus, on_reboot, a) < 0)
		wait_for(a, "there is no bus to ask logind", AGAIN_US);
}

/* What fails goes as soon as nobody holds it up; what is new waits for its window. */
static bool is_time(const struct app *a, uint64_t *ret_in_us)
{
	uint64_t in_us;

	if (a->config->reboot != REBOOT_WINDOW || a->state->trial.state != TRIAL_PENDING ||
	    app_in_window(a))
		return true;
	in_us = app_until_window_us(a);
	*ret_in_us = in_us < WINDOW_US ? in_us : WINDOW_US;
	return false;
}

static bool is_wanted(const struct app *a)
{
	enum trial_state s = a->state->trial.state;

	return s == TRIAL_PENDING || s == TRIAL_REVERTING;
}

static int on_restart_time(void *arg)
{
	struct app *a = arg;
	char why[FWUPD_TEXT_ROOM];
	uint64_t in_us;

	if (!is_wanted(a)) {
		a->restart_waits[0] = '\0';
		app_publish(a);
	} else if (a->restart_ask) {
		wait_for(a, "logind has been asked", AGAIN_US);
	} else if (a->run && a->run->job.kind != JOB_CHECK) {
		wait_for(a, "a job is under way", AGAIN_US);
	} else if (!is_time(a, &in_us)) {
		wait_for(a, "the next maintenance window", in_us);
	} else if (app_inhibited(a, POLICY_REBOOT, why, sizeof(why))) {
		wait_for(a, why, AGAIN_US);
	} else if (bus_ask_inhibitors(&a->restart_ask, a->bus, on_inhibitor, a) < 0) {
		wait_for(a, "there is no bus to ask logind", AGAIN_US);
	}
	return 0;
}

void app_restart_drop(struct app *a)
{
	a->restart_waits[0] = '\0';
	a->restart_wanted = false;
	a->restart_ask = bus_ask_free(a->restart_ask);
	loop_timer_set(a->restart_timer, NEVER_US);
}

void app_restart_want(struct app *a)
{
	const struct state_trial *t = &a->state->trial;

	a->restart_wanted =
		a->config->reboot != REBOOT_NEVER && !(t->deferred && t->state == TRIAL_PENDING);
	if (a->restart_wanted)
		loop_timer_set(a->restart_timer, clock_boottime_us());
	else
		wait_for(a, "a reboot, by whoever does that here", NEVER_US);
}

void app_restart_look(struct app *a)
{
	if (a->restart_wanted)
		loop_timer_set(a->restart_timer, clock_boottime_us());
}

int app_restart_start(struct app *a)
{
	return loop_timer_new_boottime(&a->restart_timer, a->loop, on_restart_time, a);
}

void app_restart_free(struct app *a)
{
	bus_ask_free(a->restart_ask);
	loop_timer_free(a->restart_timer);
}

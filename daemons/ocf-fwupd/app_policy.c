#include "app_parts.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"
#include "crypto/rng.h"
#include "power.h"

#define FIRST_US   (UINT64_C(60) * USEC_PER_SEC)      /* if no network is seen to come up */
#define OVERDUE_US (UINT64_C(10) * 60 * USEC_PER_SEC) /* after a start, spread over this */
#define RETRY_US   (UINT64_C(15) * 60 * USEC_PER_SEC) /* when no job could begin */
#define LOOK_US    (30 * USEC_PER_SEC) /* between looks at what tells nothing by itself: power */
#define SPREAD_MAX (UINT64_C(3600) * USEC_PER_SEC) /* of a fleet, at the beginning of a window */
#define ID_MAX     ((size_t)64)

/* ---- the place of this device in its fleet ---- */

uint64_t app_policy_seed(const char *machine_id)
{
	struct buf id CLEANUP(buf_done) = BUF_INIT(ID_MAX);
	uint8_t sha256[32];
	uint64_t seed;
	FILE *f = fopen(machine_id, "re");

	buf_put_str(&id, "ocf-fwupd:"); /* the identifier itself shall not be guessed from times */
	if (f) {
		uint8_t *at = buf_room(&id, 32);

		if (at)
			id.len += fread(at, 1, 32, f);
		(void)fclose(f);
	}
	if (f && buf_ok(&id) && hash_once(HASH_SHA256, buf_span(&id), sha256) == 0)
		memcpy(&seed, sha256, sizeof(seed));
	else
		rng_fill(&seed, sizeof(seed)); /* as good, but only for this life */
	return seed;
}

/* ---- windows ---- */

static struct policy_time calendar(uint64_t real_s, bool utc)
{
	time_t t = (time_t)real_s;
	struct tm tm = {0};

	(void)(utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm));
	return (struct policy_time){(unsigned)(tm.tm_wday + 6) % 7,
				    (unsigned)(tm.tm_hour * 60 + tm.tm_min)};
}

bool app_in_window(const struct app *a)
{
	tzset(); /* somebody may have moved the device */
	return policy_in_window(&a->windows, clock_real_us() / USEC_PER_SEC, calendar);
}

uint64_t app_until_window_us(const struct app *a)
{
	uint64_t now_us = clock_real_us(), begin, end, spread_us;

	tzset();
	begin = policy_next_window(&a->windows, now_us / USEC_PER_SEC, calendar, &end);
	if (begin == UINT64_MAX)
		return NEVER_US;
	if (begin * USEC_PER_SEC <= now_us)
		return 0;
	spread_us = (end - begin) * USEC_PER_SEC / 2;
	return begin * USEC_PER_SEC - now_us +
	       policy_spread(a->seed, 0, spread_us < SPREAD_MAX ? spread_us : SPREAD_MAX);
}

/* ---- what else may stand in the way ---- */

bool app_inhibited(const struct app *a, unsigned what, char *ret_why, size_t room)
{
	const struct inhibitor *x = inhibit_find(&a->inhibitors, what);

	if (x)
		(void)snprintf(ret_why, room, "held up by %s: %s", x->who, x->why);
	return x;
}

uint32_t app_rate(const struct app *a)
{
	return a->metered && a->config->metered_mode != METERED_FULL ? a->config->metered_rate
								     : a->config->rate;
}

void app_put_missing(struct fwupd_missing *m, const char *name, const char *text)
{
	if (m->n == FWUPD_MISSING_MAX)
		return;
	m->at[m->n].name = name;
	(void)snprintf(m->at[m->n++].text, FWUPD_TEXT_ROOM, "%s", text);
}

void app_missing(const struct app *a, const struct run *run, struct fwupd_missing *ret)
{
	bool automatic = run->uid == ENTRY_TIMER || run->dry_run;
	bool remote = run->tries.n == 0 || run->tries.at[0].source != DISCOVER_OFFLINE;
	char why[FWUPD_TEXT_ROOM];

	*ret = (struct fwupd_missing){0};
	if ((a->security_reset || a->onboarding_open) && !run->owner_waited_for)
		app_put_missing(ret, "onboarding", "the device is being onboarded");
	if (app_trial_is_on(a))
		app_put_missing(ret, "trial", "the version that runs is on trial");
	if (app_inhibited(a, POLICY_INSTALL, why, sizeof(why)))
		app_put_missing(ret, "inhibitor", why);
	if (!power_is_enough(a->config->power_dir, a->config->battery_min, why, sizeof(why)))
		app_put_missing(ret, "power", why);
	if (remote && a->metered && a->config->metered_mode == METERED_NEVER && !run->allow_metered)
		app_put_missing(ret, "metered", "the connection is metered");
	if (automatic && !app_in_window(a))
		app_put_missing(ret, "window", "no maintenance window is open");
}

void app_probe(struct app *a)
{
	const struct plan *plan = &a->run->plan;
	struct proto_msg m = {
		.type = PROTO_PROBE, .probe = {.size = plan->size, .n = (uint32_t)plan->n}
        };

	for (size_t i = 0; i < plan->n; i++) {
		memcpy(m.probe.images[i].component, plan->images[i].component,
		       sizeof(m.probe.images[i].component));
		m.probe.images[i].size = plan->images[i].size;
	}
	app_ask_writer(a, AWAIT_PROBE, &m, -1);
}

/* The name as a text of ours, which lives for ever. */
static const char *name_of_problem(const char *name)
{
	static const char *const NAMES[] = {
		"component-unknown", "image-too-large", "no-space",        "device-missing",
		"device-in-use",     "not-writable",    "handler",         "running-unknown",
		"not-confirmed",     "boot-loader",     "program-missing", "program-unsafe",
	};

	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (!strcmp(name, NAMES[i]))
			return NAMES[i];
	return "slot";
}

void app_probed(struct app *a, const struct proto_probed *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		app_put_missing(&a->run->missing, name_of_problem(p->problems[i].name),
				p->problems[i].text);
	(void)app_job_event(a, JOB_ACCEPTED);
}

void app_probe_lost(struct app *a, enum awaited what)
{
	a->run->awaited = AWAIT_NOTHING;
	if (what == AWAIT_SLOTS) {
		app_job_discover(a);
		return;
	}
	app_put_missing(&a->run->missing, "slot", "ocf-fw-write ends: see its log");
	(void)app_job_event(a, JOB_ACCEPTED);
}

/* ---- waiting until writing may begin ---- */

bool app_must_wait(struct app *a)
{
	struct fwupd_missing m;

	app_missing(a, a->run, &m);
	if (m.n > 0)
		(void)snprintf(a->run->waits_for, sizeof(a->run->waits_for), "%s", m.at[0].text);
	return m.n > 0;
}

void app_wait(struct app *a)
{
	uint64_t now_us = clock_monotonic_us();

	log_info("update: %s: %s", fw_error_name(FWE_POLICY_DEFERRED), a->run->waits_for);
	app_drop_stream(a);
	loop_timer_set(a->defer_timer, now_us + a->config->defer_us);
	loop_timer_set(a->look_timer, now_us + LOOK_US);
}

/* Something has changed that it may have waited for. */
static void look_again(struct app *a)
{
	if (!a->run || a->run->job.phase != JOB_DEFERRED)
		return;
	if (app_must_wait(a)) {
		loop_timer_set(a->look_timer, clock_monotonic_us() + LOOK_US);
		app_publish(a);
	} else {
		(void)app_job_event(a, JOB_CLEAR);
	}
}

int app_on_look(void *arg)
{
	look_again(arg);
	return 0;
}

int app_on_defer_max(void *arg)
{
	struct app *a = arg;

	if (!a->run || (!a->security_reset && !a->onboarding_open))
		return 0;
	log_warning("update: the device is still being onboarded, going on all the same");
	a->run->owner_waited_for = true;
	look_again(a);
	return 0;
}

void app_on_security(void *arg, const char *property, const struct bus_value *value)
{
	struct app *a = arg;

	if (!property) {
		a->security_reset = false;
		a->onboarding_open = false;
	} else if (!strcmp(property, "State") && value->type == 's') {
		a->security_reset = !strcmp(value->s, "RESET");
	} else if (!strcmp(property, "OnboardingOpen") && value->type == 'b') {
		a->onboarding_open = value->b;
	}
	look_again(a);
}

void app_on_network(void *arg, const char *property, const struct bus_value *value)
{
	enum { UNKNOWN, YES, NO, GUESS_YES, GUESS_NO }; /* NMMetered */
	struct app *a = arg;

	if (!property)
		a->metered = false;
	else if (!strcmp(property, "Metered") && value->type == 'u')
		a->metered = value->u == YES || value->u == GUESS_YES;
	else
		return;
	log_info("policy: connection metered=%s", a->metered ? "yes" : "no");
	look_again(a);
}

/* ---- inhibitors on the bus ---- */

void app_inhibitors_changed(void *arg)
{
	struct app *a = arg;

	a->facts.inhibitors++;
	app_publish(a);
	look_again(a);
}

int app_inhibit(void *arg, const char *what, const char *who, const char *why, int *ret_fd)
{
	struct app *a = arg;

	return inhibit_add(&a->inhibitors, what, who, why, ret_fd);
}

bool app_inhibitor(void *arg, size_t i, struct fwupd_inhibitor *ret)
{
	const struct app *a = arg;
	const struct inhibitor *x = inhibit_at(&a->inhibitors, i);

	if (x)
		*ret = (struct fwupd_inhibitor){x->names, x->who, x->why};
	return x;
}

/* ---- when the timer asks ---- */

void app_schedule(struct app *a, uint64_t delay_us)
{
	if (a->config->check_us == 0)
		return;
	a->check_at_us = clock_boottime_us() + delay_us;
	loop_timer_set(a->check_timer, a->check_at_us);
	a->facts.next_check_us = a->check_at_us;
}

/* What was found outside of the windows is installed in the next one. */
static uint64_t until_install_us(const struct app *a)
{
	return a->config->auto_install && a->facts.available[0] && !app_in_window(a)
		       ? app_until_window_us(a)
		       : NEVER_US;
}

void app_schedule_next(struct app *a)
{
	uint64_t delay_us = policy_check_delay(a->seed, a->state->failures, a->config->check_us);
	uint64_t window_us = until_install_us(a);

	app_schedule(a, window_us < delay_us ? window_us : delay_us);
}

void app_schedule_first(struct app *a)
{
	uint64_t delay_us = policy_check_delay(a->seed, a->state->failures, a->config->check_us);
	uint64_t now_s = clock_real_us() / USEC_PER_SEC, last_s = a->state->last_check_s;
	uint64_t passed_us = now_s > last_s ? (now_s - last_s) * USEC_PER_SEC : 0;

	a->is_late = last_s != 0 && passed_us >= delay_us;
	if (last_s == 0)
		app_schedule(a, FIRST_US);
	else
		app_schedule(a, a->is_late ? policy_spread(a->seed, 0, OVERDUE_US)
					   : delay_us - passed_us);
}

int app_on_check_time(void *arg)
{
	const struct fwupd_options nobody = {.uid = ENTRY_TIMER, .manifest = -1};
	struct app *a = arg;
	bool install = a->config->auto_install && app_in_window(a);
	char why[FWUPD_TEXT_ROOM];

	if (app_inhibited(a, POLICY_CHECK, why, sizeof(why))) {
		log_info("update: no check: %s", why);
		app_schedule(a, RETRY_US);
	} else if (app_job_start(a, install ? JOB_INSTALL : JOB_CHECK, &nobody, false, false,
				 NULL) < 0) {
		app_schedule(a, RETRY_US);
	}
	app_publish(a);
	return 0;
}

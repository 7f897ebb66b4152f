#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"
#include "crypto/rng.h"

#define SECURITY_NAME "org.ocfgw.Security1"
#define SECURITY_PATH "/org/ocfgw/Security1"

#define FORGET_US   (60 * USEC_PER_SEC)                /* an ended job can be read so long */
#define FIRST_US    (UINT64_C(60) * USEC_PER_SEC)      /* if no network is seen to come up */
#define OVERDUE_US  (UINT64_C(10) * 60 * USEC_PER_SEC) /* after a start, spread over this */
#define RETRY_US    (UINT64_C(15) * 60 * USEC_PER_SEC) /* after a failure, doubled each time */
#define RETRIES_MAX 16

/* ---- the bus ---- */

void app_publish(struct app *a)
{
	const struct run *run = a->run;

	a->facts.job = run ? run->id : 0;
	a->facts.state = run                   ? JOB_PHASE_NAMES[run->job.phase]
			 : a->facts.pending[0] ? "pending-reboot"
					       : "idle";
	fwupd_vtable_update(a->vtable, &a->facts);
	if (run) {
		struct fwupd_job_facts j;

		app_job_facts(a, &j);
		fwupd_vtable_job(a->vtable, run->id, &j);
	}
}

/* Whom to ask is the caller's to say; what the manifest says still needs its signature. */
static bool url_is_usable(const char *url)
{
	struct url u;

	return url_parse(span_str(url), &u) == URL_OK &&
	       (u.scheme == URL_HTTP || u.scheme == URL_HTTPS);
}

static int on_start(void *arg, enum fwupd_kind kind, const struct fwupd_options *o,
		    uint32_t *ret_job)
{
	static const enum job_kind KINDS[] = {
		[FWUPD_CHECK] = JOB_CHECK,
		[FWUPD_DOWNLOAD] = JOB_DOWNLOAD,
		[FWUPD_INSTALL] = JOB_INSTALL,
	};
	struct app *a = arg;
	bool local = !o->source || !strcmp(o->source, DISCOVER_SOURCE_NAMES[DISCOVER_LOCAL]);
	bool manufacturer =
		!o->source || !strcmp(o->source, DISCOVER_SOURCE_NAMES[DISCOVER_MANUFACTURER]);
	int r;

	if ((!local && !manufacturer) || (o->url && (o->source || !url_is_usable(o->url))))
		return -EINVAL;
	r = app_job_start(a, KINDS[kind], o, !local, !manufacturer);
	if (r == 0)
		*ret_job = a->last_job;
	return r;
}

static int on_cancel(void *arg, uint32_t job)
{
	struct app *a = arg;

	if (!a->run || a->run->id != job)
		return -EALREADY;
	if (a->run->job.phase != JOB_INSTALLING)
		app_job_note(a, FWE_INSTALL_CANCELLED, "cancelled on the bus");
	return app_job_event(a, JOB_CANCEL) ? 0 : -EALREADY;
}

static bool on_history(void *arg, size_t i, struct fwupd_history *ret)
{
	const struct app *a = arg;
	const struct state_entry *e = &a->state->history[i];

	if (i >= a->state->n)
		return false;
	*ret = (struct fwupd_history){
		.time = e->time_s,
		.octets = e->octets,
		.usec = e->usec,
		.kind = JOB_KIND_NAMES[e->kind],
		.result = state_result_name(e->result),
		.error = fw_error_name(e->error),
		.source = e->source < 0 ? "" : DISCOVER_SOURCE_NAMES[e->source],
	};
	(void)snprintf(ret->from, sizeof(ret->from), "%s", e->from);
	(void)snprintf(ret->to, sizeof(ret->to), "%s", e->to);
	(void)snprintf(ret->url, sizeof(ret->url), "%s", e->url);
	return true;
}

static void on_bus_state(void *arg, enum bus_state state)
{
	(void)arg;
	switch (state) {
	case BUS_ABSENT:
		log_info("bus: none there, going on without one");
		break;
	case BUS_UP:
		log_info("bus: connected name=" FWUPD_BUS_NAME);
		break;
	case BUS_DOWN:
		log_warning("bus: connection lost");
		break;
	case BUS_NAME_TAKEN:
		log_warning("bus: name refused name=" FWUPD_BUS_NAME);
		break;
	}
}

/* ---- ocf-secd: no writing starts while the device is reset or being onboarded ---- */

bool app_must_wait(const struct app *a)
{
	return a->security_reset || a->onboarding_open;
}

static void on_security(void *arg, const char *property, const struct bus_value *value)
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
	if (!app_must_wait(a))
		(void)app_job_event(a, JOB_CLEAR);
}

static int on_defer_max(void *arg)
{
	struct app *a = arg;

	log_warning("update: the device is still being onboarded, going on all the same");
	(void)app_job_event(a, JOB_CLEAR);
	return 0;
}

/* ---- timers ---- */

static uint64_t random_below(uint64_t n)
{
	uint64_t v;

	rng_fill(&v, sizeof(v));
	return n ? v % n : 0;
}

/* The interval, a quarter more or less, so that a fleet does not ask at once. */
static uint64_t jitter(uint64_t us)
{
	return us - us / 4 + random_below(us / 2 + 1);
}

static uint64_t next_delay(const struct app *a)
{
	uint64_t interval_us = a->config->check_us, retry_us = RETRY_US;

	for (uint32_t i = 1; i < a->state->failures && i < RETRIES_MAX; i++)
		retry_us *= 2;
	if (a->state->failures > 0 && retry_us < interval_us)
		interval_us = retry_us;
	return jitter(interval_us);
}

void app_schedule(struct app *a, uint64_t delay_us)
{
	if (a->config->check_us == 0)
		return;
	a->check_at_us = clock_boottime_us() + delay_us;
	loop_timer_set(a->check_timer, a->check_at_us);
}

static void schedule_first(struct app *a)
{
	uint64_t now_s = clock_real_us() / USEC_PER_SEC, last_s = a->state->last_check_s;
	uint64_t delay_us = next_delay(a), passed_us;

	if (last_s == 0) {
		app_schedule(a, FIRST_US);
		return;
	}
	passed_us = now_s > last_s ? (now_s - last_s) * USEC_PER_SEC : 0;
	a->is_late = passed_us >= delay_us;
	app_schedule(a, a->is_late ? random_below(OVERDUE_US) : delay_us - passed_us);
}

static int on_check_time(void *arg)
{
	struct app *a = arg;
	int r = app_job_start(a, a->config->auto_install ? JOB_INSTALL : JOB_CHECK,
			      &(struct fwupd_options){0}, false, false);

	if (r < 0)
		app_schedule(a, RETRY_US);
	return 0;
}

/* Objects of ended jobs go when their time has come. */
static int on_forget_time(void *arg)
{
	struct app *a = arg;
	uint64_t now_us = clock_monotonic_us(), next_us = NEVER_US;

	for (size_t i = 0; i < FWUPD_JOBS_MAX; i++) {
		if (a->ended[i].id != 0 && a->ended[i].until_us <= now_us) {
			fwupd_vtable_forget(a->vtable, a->ended[i].id);
			a->ended[i].id = 0;
		}
		if (a->ended[i].id != 0 && a->ended[i].until_us < next_us)
			next_us = a->ended[i].until_us;
	}
	loop_timer_set(a->forget_timer, next_us);
	return 0;
}

void app_job_ended(struct app *a, uint32_t id)
{
	size_t oldest = 0;

	for (size_t i = 1; i < FWUPD_JOBS_MAX; i++)
		if (a->ended[i].id < a->ended[oldest].id)
			oldest = i;
	a->ended[oldest].id = id;
	a->ended[oldest].until_us = clock_monotonic_us() + FORGET_US;
	(void)on_forget_time(a);
	a->is_late = false;
	app_schedule(a, next_delay(a));
	if (a->reach_is_new)
		app_reach_ask(a);
}

/* ---- slots ---- */

/* An installation that this program did not see the end of. */
static void settle_interrupted(struct app *a)
{
	struct state_entry *e = &a->state->history[0];
	bool there;

	if ((a->run && a->run->recorded) || a->state->n == 0 || e->result != JOB_RUNNING)
		return;
	there = !strcmp(a->facts.current, e->to) || !strcmp(a->facts.pending, e->to);
	e->result = there ? JOB_INSTALLED : JOB_ERROR;
	e->error = there ? FWE_OK : FWE_INSTALL_FAILED;
	log_warning("update: an installation was interrupted version=%s result=%s", e->to,
		    state_result_name(e->result));
	if (state_save_history(a->state) < 0)
		log_error("state: history cannot be stored");
}

void app_take_slots(struct app *a, const struct proto_slots_are *s)
{
	if (s->error != FWE_OK)
		log_error("slots: cannot be read, see the log of ocf-fw-write");
	(void)snprintf(a->facts.current, sizeof(a->facts.current), "%s", s->running);
	(void)snprintf(a->facts.pending, sizeof(a->facts.pending), "%s", s->pending);
	a->has_current = fw_version_parse(span_str(s->running), &a->current);
	if (a->has_current && state_runs(a->state, &a->current) && state_save(a->state) < 0)
		log_error("state: cannot be stored");
	settle_interrupted(a);
}

void app_ready(struct app *a)
{
	if (!a->ready)
		loop_notify(a->loop, "READY=1");
	a->ready = true;
}

/* ---- life ---- */

static int open_state(struct app *a, const char *dir)
{
	const char *name;
	int r = state_open(&a->state, dir, &name);

	if (r == -EBADMSG)
		log_error("state: record is damaged or of a newer version dir=%s record=%s: remove "
			  "it "
			  "to go on without protection against old firmware",
			  dir, name);
	else if (r < 0)
		log_error("state: cannot be opened dir=%s record=%s error=%s", dir, name,
			  strerror(-r));
	return r;
}

static int start_timers(struct app *a)
{
	int r = loop_timer_new_boottime(&a->check_timer, a->loop, on_check_time, a);

	if (r >= 0)
		r = loop_timer_new(&a->defer_timer, a->loop, on_defer_max, a);
	if (r >= 0)
		r = loop_timer_new(&a->forget_timer, a->loop, on_forget_time, a);
	if (r >= 0)
		r = loop_timer_new(&a->fetch_timer, a->loop, app_fetch_silent, a);
	return r;
}

static int start_bus(struct app *a)
{
	static const struct fwupd_calls CALLS = {on_start, on_cancel, on_history};
	int r = bus_new(&a->bus, a->loop, FWUPD_BUS_NAME, on_bus_state, a);

	if (r >= 0)
		r = fwupd_vtable_new(&a->vtable, a->bus, &a->facts, &CALLS, a);
	if (r >= 0)
		r = bus_watch_new(&a->security, a->bus, SECURITY_NAME, SECURITY_PATH, SECURITY_NAME,
				  on_security, a);
	if (r < 0)
		log_error("bus: cannot be used error=%s", strerror(-r));
	return r;
}

int app_new(struct app **ret, const struct fwupd_config *config, const char *state_dir,
	    struct child_starter *starter, struct loop *loop, int netlink)
{
	CLEANUP(app_freep) struct app *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	*a = (struct app){
		.config = config,
		.loop = loop,
		.check_at_us = NEVER_US,
		.fetch = {loop,          starter, APP_FETCH, "ocf-fw-fetch", app_on_fetch, a, -1},
		.write = {loop,           starter,                  APP_WRITE,                        "ocf-fw-write",                     app_on_write,       a, -1},
		.facts = {.state = "idle",
			  .manufacturer = config->manufacturer,
			  .model = config->model,
			  .source = "",
			  .error = ""},
	};
	r = open_state(a, state_dir);
	if (r >= 0)
		r = start_timers(a);
	if (r >= 0)
		r = start_bus(a);
	if (r < 0) {
		closep(&netlink);
		return r;
	}
	r = app_reach_start(a, netlink);
	if (r < 0)
		return r;
	a->facts.last_check = a->state->last_check_s;
	fwupd_vtable_update(a->vtable, &a->facts);
	app_ask_slots(a);
	schedule_first(a);
	*ret = a;
	a = NULL;
	return 0;
}

struct app *app_free(struct app *a)
{
	if (!a)
		return NULL;
	app_job_drop(a);
	helper_close(&a->fetch);
	helper_close(&a->write);
	watch_free(a->watch);
	bus_watch_free(a->security);
	fwupd_vtable_free(a->vtable);
	bus_free(a->bus);
	loop_timer_free(a->check_timer);
	loop_timer_free(a->defer_timer);
	loop_timer_free(a->forget_timer);
	loop_timer_free(a->fetch_timer);
	state_free(a->state);
	free(a);
	return NULL;
}

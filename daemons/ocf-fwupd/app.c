#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"

#define SECURITY_NAME "org.ocfgw.Security1"
#define SECURITY_PATH "/org/ocfgw/Security1"
#define NETWORK_NAME  "org.freedesktop.NetworkManager"
#define NETWORK_PATH  "/org/freedesktop/NetworkManager"
#define MACHINE_ID    "/etc/machine-id"

#define FORGET_US (60 * USEC_PER_SEC) /* an ended job can be read so long */

/* ---- the bus ---- */

void app_publish(struct app *a)
{
	const struct run *run = a->run;

	a->facts.job = run ? run->id : 0;
	a->facts.state = run                        ? JOB_PHASE_NAMES[run->job.phase]
			 : a->rescue.octets.len > 0 ? "recovery"
						    : app_trial_state_name(a);
	a->facts.clock_trusted = clock_real_is_kept();
	app_trial_facts(a, &a->facts);
	fwupd_vtable_update(a->vtable, &a->facts);
	if (run) {
		struct fwupd_job_facts j;

		app_job_facts(a, &j);
		fwupd_vtable_job(a->vtable, run->id, &j);
	}
}

/* Whom to ask is the caller's to say; what the manifest says still needs its signature. */
static bool url_is_usable(const struct fwupd_options *o)
{
	char folder[OFFLINE_PATH];
	const char *url = o->url;
	struct url u;

	if (offline_folder(span_str(url), folder))
		return o->uid == 0; /* others may not have us read what they cannot */
	return url_parse(span_str(url), &u) == URL_OK;
}

static int on_start(void *arg, enum fwupd_kind kind, const struct fwupd_options *o,
		    uint32_t *ret_job, struct fwupd_refusal *ret_why)
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
	bool offline = o->source && !strcmp(o->source, DISCOVER_SOURCE_NAMES[DISCOVER_OFFLINE]);
	int r;

	if ((!local && !manufacturer && !offline) || (o->url && (o->source || !url_is_usable(o))))
		return -EINVAL;
	if (app_inhibited(a, POLICY_CHECK, ret_why->text, sizeof(ret_why->text))) {
		ret_why->error = FWE_POLICY_DEFERRED;
		return -ECANCELED;
	}
	if (kind != FWUPD_CHECK)
		app_job_yield(a);
	r = app_job_start(a, KINDS[kind], o, !local, !manufacturer, ret_why);
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

static void on_bus_state(void *arg, enum bus_state state)
{
	switch (state) {
	case BUS_ABSENT:
		log_info("bus: none there, going on without one");
		break;
	case BUS_UP:
		log_info("bus: connected name=" FWUPD_BUS_NAME);
		app_restart_look(arg);
		break;
	case BUS_DOWN:
		log_warning("bus: connection lost");
		break;
	case BUS_NAME_TAKEN:
		log_warning("bus: name refused name=" FWUPD_BUS_NAME);
		break;
	}
}

/* ---- timers ---- */

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

void app_job_ended(struct app *a, uint32_t id, bool counts)
{
	size_t oldest = 0;

	for (size_t i = 1; i < FWUPD_JOBS_MAX; i++)
		if (a->ended[i].id < a->ended[oldest].id)
			oldest = i;
	a->ended[oldest].id = id;
	a->ended[oldest].until_us = clock_monotonic_us() + FORGET_US;
	(void)on_forget_time(a);
	if (!counts)
		return;
	a->is_late = false;
	app_schedule_next(a);
}

void app_idle(struct app *a)
{
	if (a->reach_is_new)
		app_reach_ask(a);
	app_media_look(a);
}

/* ---- slots ---- */

void app_take_slots(struct app *a, const struct proto_slots_are *s, bool committed)
{
	if (committed)
		memcpy(a->trial_from, a->facts.current, sizeof(a->trial_from));
	if (s->error != FWE_OK)
		log_error("slots: cannot be read, see the log of ocf-fw-write");
	(void)snprintf(a->facts.current, sizeof(a->facts.current), "%s", s->running);
	(void)snprintf(a->facts.pending, sizeof(a->facts.pending), "%s", s->pending);
	a->has_current = fw_version_parse(span_str(s->running), &a->current);
	app_trial_see(a, s, committed);
	if (a->has_current && a->state->trial.state == TRIAL_NONE &&
	    state_runs(a->state, &a->current))
		(void)app_is_stored("state", state_save(a->state));
	a->facts.floor = a->state->accepted.floor;
	if (s->error == FWE_OK)
		app_settle_interrupted(a);
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
		log_error("state: record is damaged or of a newer version dir=%s record=%s: "
			  "remove it to go on without protection against old firmware",
			  dir, name);
	else if (r < 0)
		log_error("state: cannot be opened dir=%s record=%s error=%s%s", dir, name,
			  strerror(-r),
			  r == -EPERM || r == -EACCES || r == -ENOENT
				  ? " (must be there, ours, mode 0700)"
			  : r == -EBUSY ? " (another ocf-fwupd runs)"
					: "");
	return r;
}

static int start_timers(struct app *a)
{
	int r = loop_timer_new_boottime(&a->check_timer, a->loop, app_on_check_time, a);

	if (r >= 0)
		r = loop_timer_new(&a->defer_timer, a->loop, app_on_defer_max, a);
	if (r >= 0)
		r = loop_timer_new(&a->look_timer, a->loop, app_on_look, a);
	if (r >= 0)
		r = loop_timer_new(&a->pace_timer, a->loop, app_on_pace, a);
	if (r >= 0)
		r = loop_timer_new(&a->forget_timer, a->loop, on_forget_time, a);
	if (r >= 0)
		r = loop_timer_new(&a->hour_timer, a->loop, app_on_hour, a);
	if (r >= 0)
		r = loop_timer_new(&a->fetch_timer, a->loop, app_fetch_silent, a);
	if (r >= 0)
		r = app_trial_start(a);
	if (r >= 0)
		r = app_restart_start(a);
	if (r >= 0)
		r = loop_timer_new(&a->write_timer, a->loop, app_write_silent, a);
	if (r >= 0)
		r = loop_timer_new(&a->retry_timer, a->loop, app_image_retry, a);
	if (r >= 0)
		r = loop_timer_new(&a->rescue_timer, a->loop, app_rescue_retry, a);
	if (r >= 0)
		loop_timer_set(a->hour_timer, clock_monotonic_us() + APP_HOUR_US);
	return r;
}

static int start_bus(struct app *a)
{
	static const struct fwupd_calls CALLS = {
		.start = on_start,
		.cancel = on_cancel,
		.history = app_history,
		.job = app_history_job,
		.describe = app_describe,
		.inhibit = app_inhibit,
		.inhibitor = app_inhibitor,
		.confirm = app_trial_confirm,
		.reject = app_trial_reject,
	};
	int r = bus_new(&a->bus, a->loop, FWUPD_BUS_NAME, on_bus_state, a);

	if (r >= 0)
		r = fwupd_vtable_new(&a->vtable, a->bus, &a->facts, &CALLS, a);
	if (r >= 0)
		r = bus_watch_new(&a->security, a->bus, SECURITY_NAME, SECURITY_PATH, SECURITY_NAME,
				  app_on_security, a);
	if (r >= 0 && a->config->metered_mode != METERED_FULL)
		r = bus_watch_new(&a->network, a->bus, NETWORK_NAME, NETWORK_PATH, NETWORK_NAME,
				  app_on_network, a);
	if (r < 0)
		log_error("bus: cannot be used error=%s", strerror(-r));
	return r;
}

static struct helper helper_of(struct app *a, struct loop *loop, struct child_starter *starter,
			       enum app_program program, const char *name, helper_fn fn)
{
	return (struct helper){
		.loop = loop,
		.starter = starter,
		.program = program,
		.name = name,
		.fn = fn,
		.arg = a,
		.fd = -1,
		.passed = -1,
	};
}

int app_new(struct app **ret, const struct fwupd_config *config, const char *state_dir,
	    struct child_starter *starter, struct loop *loop, int netlink, bool rescue_only)
{
	CLEANUP(app_freep) struct app *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	*a = (struct app){
		.config = config,
		.loop = loop,
		.starter = starter,
		.check_at_us = NEVER_US,
		.rescue_only = rescue_only,
		.spool_dir = -1,
		.fetch = helper_of(a, loop, starter, APP_FETCH, "ocf-fw-fetch", app_on_fetch),
		.write = helper_of(a, loop, starter, APP_WRITE, "ocf-fw-write", app_on_write),
		.facts = {.state = "idle",
			  .manufacturer = config->manufacturer,
			  .model = config->model,
			  .source = "",
			  .error = ""},
	};
	a->inhibitors = (struct inhibitors){.loop = loop, .fn = app_inhibitors_changed, .arg = a};
	a->seed = app_policy_seed(MACHINE_ID);
	(void)!policy_windows_parse(span_str(config->windows), &a->windows); /* it was checked */
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
	if (r == 0)
		r = app_media_start(a);
	if (r == 0)
		r = app_rescue_open(a);
	if (r == 0)
		r = app_spool_open(a, state_dir);
	if (r < 0)
		return r;
	a->last_job = (uint32_t)state_last_job(a->state);
	a->facts.last_check = a->state->last_check_s;
	a->facts.floor = a->state->accepted.floor;
	if (!rescue_only)
		app_schedule_first(a);
	app_publish(a);
	app_ask_slots(a);
	*ret = a;
	a = NULL;
	return 0;
}

struct app *app_free(struct app *a)
{
	if (!a)
		return NULL;
	app_job_drop(a);
	app_run_free(a->described);
	helper_close(&a->fetch);
	helper_close(&a->write);
	app_trial_free(a);
	app_restart_free(a);
	watch_free(a->watch);
	media_watch_free(a->media);
	bus_watch_free(a->security);
	bus_watch_free(a->network);
	inhibit_done(&a->inhibitors);
	fwupd_vtable_free(a->vtable);
	bus_free(a->bus);
	loop_timer_free(a->check_timer);
	loop_timer_free(a->defer_timer);
	loop_timer_free(a->look_timer);
	loop_timer_free(a->pace_timer);
	loop_timer_free(a->forget_timer);
	loop_timer_free(a->hour_timer);
	loop_timer_free(a->fetch_timer);
	loop_timer_free(a->write_timer);
	loop_timer_free(a->retry_timer);
	loop_timer_free(a->rescue_timer);
	rescue_done(&a->rescue);
	closep(&a->spool_dir);
	state_free(a->state);
	free(a);
	return NULL;
}

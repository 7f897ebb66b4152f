#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"
#include "bus/resolve.h"

#define PACE_US (400 * USEC_PER_MSEC) /* between reports of progress */

/* ---- the job ---- */

void app_job_note(struct app *a, enum fw_error error, const char *detail)
{
	struct run *run = a->run;
	enum fw_error before = run->job.error;
	const struct discover_try *try = run->at < run->tries.n ? &run->tries.at[run->at] : NULL;

	job_note(&run->job, error, run->at);
	if (run->job.error != before)
		text_put(run->detail, sizeof(run->detail), "%s", detail);
	log_warning("update: %s url=%s: %s", fw_error_name(error), try ? try->url : "", detail);
	if (try && error != FWE_FETCH_CONNECT_FAILED && error != FWE_INSTALL_CANCELLED)
		app_record_refusal(a, error, detail);
	if (error == FWE_MANIFEST_DECRYPT_FAILED || error == FWE_IMAGE_DECRYPT_FAILED)
		app_put_missing(&run->missing, "key", "DecryptKeys= has none that opens it");
}

/* What there is to say about it, for people. */
static void tell(const struct app *a, char ret[FWUPD_TEXT_ROOM])
{
	const struct run *run = a->run;
	const struct job *j = &run->job;

	if (j->phase == JOB_DEFERRED)
		(void)snprintf(ret, FWUPD_TEXT_ROOM, "%s", run->waits_for);
	else if (j->result == JOB_ERROR)
		(void)snprintf(ret, FWUPD_TEXT_ROOM, "%s",
			       run->detail[0] ? run->detail : "no server has a manifest");
	else if (j->result == JOB_NO_UPDATE && run->was_rolled_back)
		(void)snprintf(ret, FWUPD_TEXT_ROOM,
			       "what is offered was rolled back; retry-rejected installs it again");
	else if (j->result == JOB_NO_UPDATE)
		(void)snprintf(ret, FWUPD_TEXT_ROOM, "%s is the newest",
			       a->facts.pending[0] ? a->facts.pending : a->facts.current);
	else if (j->result == JOB_INSTALLED)
		(void)snprintf(ret, FWUPD_TEXT_ROOM, "%s%s%s%s",
			       a->facts.pending[0] ? a->facts.pending : a->facts.current,
			       a->facts.pending[0] ? " from the next boot on" : "",
			       run->reuse_failed[0] ? "; fetched whole: " : "", run->reuse_failed);
	else if (j->result == JOB_UPDATE_AVAILABLE || j->result == JOB_DOWNLOADED)
		(void)snprintf(ret, FWUPD_TEXT_ROOM, "%s", a->facts.available);
}

void app_job_facts(const struct app *a, struct fwupd_job_facts *ret)
{
	const struct run *run = a->run;
	const struct job *j = &run->job;
	bool failed = j->result == JOB_ERROR;

	*ret = (struct fwupd_job_facts){
		.started = run->started_s,
		.initiator = run->uid,
		.rate = pace_rate(&run->pace),
		.eta = pace_left_us(&run->pace, j->total),
		.missing = run->missing,
		.kind = JOB_KIND_NAMES[j->kind],
		.phase = JOB_PHASE_NAMES[j->phase],
		.result = JOB_RESULT_NAMES[j->result],
		.error = failed ? fw_error_name(j->error) : "",
		.percent = j->percent,
		.octets = j->octets,
		.total = j->total,
	};
	(void)snprintf(ret->transaction, sizeof(ret->transaction), "%s", run->transaction);
	if (j->phase > JOB_DEFERRED && j->phase < JOB_DONE && run->image < run->plan.n)
		(void)snprintf(ret->component, sizeof(ret->component), "%s",
			       run->plan.images[run->image].component);
	tell(a, ret->text);
}

static void tell_end(const struct app *a)
{
	const struct run *run = a->run;
	const struct job *j = &run->job;
	const bool failed = j->result == JOB_ERROR;
	struct state_entry e;

	app_entry_of(a, run, &e);
	e.result = j->result;
	e.error = failed ? j->error : FWE_OK;
	(void)snprintf(e.to, sizeof(e.to), "%s",
		       j->result == JOB_INSTALLED
			       ? a->facts.pending[0] ? a->facts.pending : a->facts.current
			       : a->facts.available);
	app_tell_end(failed ? LOG_LINE_WARNING : LOG_LINE_INFO, &e,
		     "update: %s %s result=%s error=%s version=%s octets=%llu",
		     JOB_KIND_NAMES[j->kind], JOB_PHASE_NAMES[j->phase],
		     JOB_RESULT_NAMES[j->result], fw_error_name(j->error), a->facts.current,
		     (unsigned long long)run->octets_before);
}

static void end(struct app *a)
{
	struct run *run = a->run;
	const struct job *j = &run->job;
	/* A version that waits for its boot is given up before its slot is written. */
	bool gone = run->erased || (j->kind != JOB_CHECK && a->state->trial.state == TRIAL_PENDING);
	bool look = gone && j->result != JOB_INSTALLED;

	if (j->result == JOB_INSTALLED)
		a->facts.available[0] = '\0';
	a->facts.error = fw_error_name(j->error);
	(void)snprintf(a->facts.error_server, sizeof(a->facts.error_server), "%s",
		       j->error != FWE_OK && j->error_try < run->tries.n
			       ? run->tries.at[j->error_try].url
			       : "");
	app_record_end(a);
	app_rescue_ended(a);
	app_spool_ended(a);
	a->facts.last_check = a->state->last_check_s;
	tell_end(a);
	app_publish(a); /* the job with its result, then the service without the job */
	app_abort(a);
	loop_timer_set(a->defer_timer, NEVER_US);
	loop_timer_set(a->look_timer, NEVER_US);
	loop_timer_set(a->pace_timer, NEVER_US);
	app_job_ended(a, run->id, !run->dry_run);
	app_job_drop(a);
	app_publish(a);
	app_idle(a);
	if (look)
		app_ask_slots(a); /* what ran before may be gone */
}

static void begin(struct app *a)
{
	int r = app_record_begin(a);

	app_image_reset(a->run);
	loop_timer_set(a->defer_timer, NEVER_US);
	loop_timer_set(a->look_timer, NEVER_US);
	(void)app_on_pace(a);
	if (!app_is_stored("state", r))
		app_trouble(a, r == -ENOSPC ? FWE_INSTALL_NO_SPACE : FWE_INTERNAL,
			    "what was accepted cannot be stored");
	else if (!app_erase_begin(a) && !app_spool_begin(a))
		app_begin_slot(a, true);
}

int app_on_pace(void *arg)
{
	struct app *a = arg;

	if (!a->run)
		return 0;
	app_spool_progress(a);
	pace_note(&a->run->pace, a->run->job.octets, clock_monotonic_us());
	app_publish(a);
	loop_timer_set(a->pace_timer, clock_monotonic_us() + PACE_US);
	return 0;
}

static void go_to(struct app *a, size_t i)
{
	struct run *run = a->run;
	bool is_left = i < run->tries.n;

	run->at = !is_left && run->is_withheld ? run->withheld_at : i;
	(void)app_job_event(a, is_left ? JOB_TRY : run->is_withheld ? JOB_SAME : JOB_EXHAUSTED);
}

/* At most one of these leads on to the next event. */
static void do_effects(struct app *a, unsigned fx)
{
	struct run *run = a->run;

	if ((fx & JOB_FX_END) != 0) {
		end(a);
		return;
	}
	if ((fx & JOB_FX_ABORT) != 0)
		app_abort(a);
	if ((fx & JOB_FX_FETCH) != 0)
		app_fetch_manifest(a);
	else if ((fx & JOB_FX_JUDGE) != 0)
		app_judge(a);
	else if ((fx & JOB_FX_NEXT_TRY) != 0)
		go_to(a, run->at + 1);
	else if ((fx & JOB_FX_NEXT_SERVER) != 0)
		go_to(a, discover_next_server(&run->tries, run->at));
	else if ((fx & JOB_FX_WAIT) != 0)
		app_wait(a);
	else if ((fx & JOB_FX_BEGIN) != 0)
		begin(a);
	else if ((fx & JOB_FX_AGAIN) != 0)
		app_begin_slot(a, true);
	else if ((fx & JOB_FX_IMAGE) != 0)
		app_fetch_image(a);
	else if ((fx & JOB_FX_COMMIT) != 0)
		app_commit(a);
}

bool app_job_event(struct app *a, enum job_event event)
{
	unsigned fx;

	if (!a->run || !job_step(&a->run->job, event, &fx))
		return false;
	if ((fx & JOB_FX_END) == 0)
		app_publish(a); /* the end is told when it is stored */
	do_effects(a, fx);
	return true;
}

static void on_domains(void *arg, const struct discover_domains *domains)
{
	struct app *a = arg;
	struct run *run = a->run;
	char room[CONFIG_LIST];
	struct discover d = {
		.manufacturer = a->config->manufacturer,
		.model = a->config->model,
		.prefix = a->config->prefix,
		.scheme = (enum url_scheme)a->config->local_scheme,
		.direct = a->config->direct,
		.domains = domains,
		.skip_local = run->skip_local,
		.skip_manufacturer = run->skip_manufacturer,
	};

	if (run->url[0])
		d.urls[d.n_urls++] = run->url;
	else
		d.n_urls = config_urls(a->config, room, d.urls);
	if (discover_urls(&d, &run->tries) < 0) {
		app_trouble(a, FWE_INTERNAL, "the configured names make no URL");
		return;
	}
	/* The list is copied and the search over: it may go. */
	run->search = domain_search_free(run->search);
	go_to(a, 0);
}

void app_job_discover(struct app *a)
{
	struct run *run = a->run;

	if (run->bundle) {
		run->tries = (struct discover_list){.n = 1, .at[0].source = DISCOVER_OFFLINE};
		go_to(a, 0);
		return;
	}
	if (run->rescue) {
		app_rescue_tries(a);
		go_to(a, 0);
		return;
	}
	watch_refresh(a->watch);
	if (run->offline && app_media_tries(a) < 0)
		app_trouble(a, FWE_INTERNAL, "too many media");
	else if (run->offline)
		go_to(a, 0);
	else if (run->url[0])
		on_domains(a, &(struct discover_domains){0});
	else if (domain_search_new(&run->search, a->config, watch_links(a->watch), a->bus,
				   on_domains, a) < 0)
		app_trouble(a, FWE_INTERNAL, "no memory");
}

void app_job_yield(struct app *a)
{
	if (!a->run || a->run->uid != ENTRY_TIMER || a->run->job.phase != JOB_DEFERRED)
		return;
	app_job_note(a, FWE_INSTALL_CANCELLED, "gives way to a job that was asked for");
	(void)app_job_event(a, JOB_CANCEL);
}

int app_job_start(struct app *a, enum job_kind kind, const struct fwupd_options *o, bool skip_local,
		  bool skip_manufacturer, struct fwupd_refusal *ret_why)
{
	struct run *run;
	int r = 0;

	if (a->run)
		return -EBUSY;
	if (app_trial_forbids(a, kind)) {
		if (ret_why)
			*ret_why = (struct fwupd_refusal){FWE_POLICY_DEFERRED, APP_ON_TRIAL};
		return -ECANCELED;
	}
	run = calloc(1, sizeof(*run));
	if (!run)
		return -ENOMEM;
	*run = (struct run){
		.allow_downgrade = o->allow_downgrade,
		.reinstall = o->reinstall,
		.retry_rejected = o->retry_rejected,
		.defer_reboot = o->defer_reboot,
		.allow_metered = o->allow_metered,
		.dry_run = o->dry_run,
		.has_digest = o->has_digest,
		.uid = o->uid,
		.started_us = clock_monotonic_us(),
		.started_s = clock_real_us() / USEC_PER_SEC,
		.skip_local = skip_local,
		.skip_manufacturer = skip_manufacturer,
		.offline = o->source && !strcmp(o->source, DISCOVER_SOURCE_NAMES[DISCOVER_OFFLINE]),
		.direct = a->config->direct && !o->bundle,
		.body_fd = -1,
		.stream_fd = -1,
		.image_in = -1,
		.spool_fd = -1,
	};
	(void)snprintf(run->url, sizeof(run->url), "%s", o->url ? o->url : "");
	(void)snprintf(run->transaction, sizeof(run->transaction), "%s",
		       o->transaction ? o->transaction : "");
	memcpy(run->digest, o->digest, sizeof(run->digest));
	job_init(&run->job, kind);
	tag_load(a->state->store, &run->tag);
	if (o->bundle)
		r = app_bundle_open(o->bundle, &run->bundle, ret_why);
	if (r < 0) {
		app_run_free(run);
		return r;
	}
	run->id = ++a->last_job;
	a->run = run;
	log_info("update: %s begins job=%u uid=%u transaction=%s", JOB_KIND_NAMES[kind], run->id,
		 run->uid, run->transaction);
	app_record_start(a);
	app_publish(a);
	app_ask_slots(a);
	return 0;
}

void app_job_drop(struct app *a)
{
	if (!a->run)
		return;
	app_drop_stream(a);
	app_image_close(a->run);
	domain_search_free(a->run->search);
	bus_resolve_free(a->run->lookup);
	app_run_free(a->run);
	a->run = NULL;
}

void app_run_free(struct run *run)
{
	if (!run)
		return;
	app_bundle_close(run->bundle);
	closep(&run->spool_fd);
	buf_done(&run->body);
	fw_judgement_done(&run->judgement);
	plan_done(&run->plan);
	app_keys_drop(run);
	free(run);
}

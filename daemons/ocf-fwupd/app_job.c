#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"
#include "bus/resolve.h"

/* ---- records ---- */

static struct state_entry entry_of(const struct app *a, unsigned result, enum fw_error error,
				   size_t which)
{
	const struct run *run = a->run;
	const struct discover_try *try = which < run->tries.n ? &run->tries.at[which] : NULL;
	struct state_entry e = {
		.time_s = clock_real_us() / USEC_PER_SEC,
		.usec = clock_monotonic_us() - run->started_us,
		.octets = run->octets_before,
		.kind = run->job.kind,
		.result = result,
		.error = error,
		.source = try ? (int)try->source : -1,
	};

	(void)snprintf(e.url, sizeof(e.url), "%s", try ? try->url : "");
	return e;
}

static void store_history(struct app *a)
{
	int r = state_save_history(a->state);

	if (r < 0)
		log_error("state: history cannot be stored error=%s", strerror(-r));
}

/* Says why the server at hand is passed over; what is not there needs no entry. */
static void record_refusal(struct app *a, enum fw_error error)
{
	struct state_entry e = entry_of(a, ENTRY_REFUSED, error, a->run->at);

	if (a->run->judgement.manifest)
		fw_version_format(&a->run->judgement.manifest->version, e.to);
	if (a->has_current)
		fw_version_format(&a->current, e.from);
	state_add(a->state, &e);
	if (a->run->recorded) { /* the open entry stays on top */
		struct state_entry top = a->state->history[1];

		a->state->history[1] = a->state->history[0];
		a->state->history[0] = top;
	}
}

/* Before the first change of a slot: what is accepted must never be forgotten, and an end without
 * a word be seen after the next start. */
static int record_begin(struct app *a)
{
	struct state_entry e = entry_of(a, JOB_RUNNING, FWE_OK, a->run->at);
	int r;

	state_accept(a->state, &a->run->judgement);
	r = state_save(a->state);
	if (r < 0)
		return r;
	fw_version_format(&a->run->plan.version, e.to);
	(void)snprintf(e.from, sizeof(e.from), "%s", a->facts.current);
	if (a->run->recorded)
		a->state->history[0] = e;
	else
		state_add(a->state, &e);
	a->run->recorded = true;
	return state_save_history(a->state);
}

static void record_end(struct app *a)
{
	const struct job *j = &a->run->job;
	bool good = j->result != JOB_ERROR;
	struct state_entry e =
		entry_of(a, j->result, good ? FWE_OK : j->error, good ? a->run->at : j->error_try);
	struct state *s = a->state;

	if (a->run->recorded) {
		(void)snprintf(e.from, sizeof(e.from), "%s", s->history[0].from);
		(void)snprintf(e.to, sizeof(e.to), "%s", s->history[0].to);
		s->history[0] = e;
	} else {
		(void)snprintf(e.from, sizeof(e.from), "%s", a->facts.current);
		if (good && a->facts.available[0])
			(void)snprintf(e.to, sizeof(e.to), "%s", a->facts.available);
		state_add(s, &e);
	}
	store_history(a);
	s->last_check_s = clock_real_us() / USEC_PER_SEC;
	s->failures = good ? 0 : s->failures + 1;
	if (state_save(s) < 0)
		log_error("state: cannot be stored");
}

/* ---- the job ---- */

void app_job_note(struct app *a, enum fw_error error, const char *detail)
{
	struct run *run = a->run;
	enum fw_error before = run->job.error;
	const struct discover_try *try = run->at < run->tries.n ? &run->tries.at[run->at] : NULL;

	job_note(&run->job, error, run->at);
	if (run->job.error != before)
		(void)snprintf(run->detail, sizeof(run->detail), "%s", detail);
	log_warning("update: %s url=%s: %s", fw_error_name(error), try ? try->url : "", detail);
	if (try && error != FWE_FETCH_CONNECT_FAILED && error != FWE_INSTALL_CANCELLED)
		record_refusal(a, error);
}

void app_job_facts(const struct app *a, struct fwupd_job_facts *ret)
{
	const struct job *j = &a->run->job;
	bool failed = j->result == JOB_ERROR;

	*ret = (struct fwupd_job_facts){
		.kind = JOB_KIND_NAMES[j->kind],
		.phase = JOB_PHASE_NAMES[j->phase],
		.result = JOB_RESULT_NAMES[j->result],
		.error = failed ? fw_error_name(j->error) : "",
		.percent = j->percent,
		.octets = j->octets,
		.total = j->total,
	};
	if (failed)
		(void)snprintf(ret->text, sizeof(ret->text), "%s",
			       a->run->detail[0] ? a->run->detail : "no server has a manifest");
	else if (j->result == JOB_NO_UPDATE)
		(void)snprintf(ret->text, sizeof(ret->text), "%s is the newest",
			       a->facts.pending[0] ? a->facts.pending : a->facts.current);
	else if (j->result == JOB_INSTALLED)
		(void)snprintf(ret->text, sizeof(ret->text), "%s%s",
			       a->facts.pending[0] ? a->facts.pending : a->facts.current,
			       a->facts.pending[0] ? " from the next boot on" : "");
	else if (j->result == JOB_UPDATE_AVAILABLE || j->result == JOB_DOWNLOADED)
		(void)snprintf(ret->text, sizeof(ret->text), "%s", a->facts.available);
}

static void end(struct app *a)
{
	struct run *run = a->run;
	const struct job *j = &run->job;

	if (j->result == JOB_INSTALLED)
		a->facts.available[0] = '\0';
	a->facts.error = fw_error_name(j->error);
	(void)snprintf(a->facts.error_server, sizeof(a->facts.error_server), "%s",
		       j->error != FWE_OK && j->error_try < run->tries.n
			       ? run->tries.at[j->error_try].url
			       : "");
	record_end(a);
	a->facts.last_check = a->state->last_check_s;
	log_info("update: %s %s result=%s error=%s version=%s octets=%llu", JOB_KIND_NAMES[j->kind],
		 JOB_PHASE_NAMES[j->phase], JOB_RESULT_NAMES[j->result], fw_error_name(j->error),
		 a->facts.current, (unsigned long long)run->octets_before);
	app_publish(a); /* the job with its result, then the service without the job */
	app_abort(a);
	loop_timer_set(a->defer_timer, NEVER_US);
	app_job_ended(a, run->id);
	app_job_drop(a);
	app_publish(a);
}

static void begin(struct app *a)
{
	int r = record_begin(a);

	loop_timer_set(a->defer_timer, NEVER_US);
	if (r < 0)
		app_trouble(a, r == -ENOSPC ? FWE_INSTALL_NO_SPACE : FWE_INTERNAL,
			    "what was accepted cannot be stored");
	else
		app_begin_slot(a, true);
}

static void wait_for_owner(struct app *a)
{
	log_info("update: %s while the device is being onboarded",
		 fw_error_name(FWE_POLICY_DEFERRED));
	app_drop_stream(a);
	loop_timer_set(a->defer_timer, clock_monotonic_us() + a->config->defer_us);
}

static void go_to(struct app *a, size_t i)
{
	a->run->at = i;
	(void)app_job_event(a, i < a->run->tries.n ? JOB_TRY : JOB_EXHAUSTED);
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
		wait_for_owner(a);
	else if ((fx & JOB_FX_BEGIN) != 0)
		begin(a);
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
	app_publish(a);
	do_effects(a, fx);
	return true;
}

static void on_domains(void *arg, const struct domain_list *list)
{
	struct app *a = arg;
	struct run *run = a->run;
	char room[CONFIG_LIST];
	struct discover d = {
		.manufacturer = a->config->manufacturer,
		.model = a->config->model,
		.prefix = a->config->prefix,
		.direct = a->config->direct,
		.domains = &list->domains,
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
	watch_refresh(a->watch);
	if (a->run->url[0])
		on_domains(a, &(struct domain_list){0});
	else if (domain_search_new(&a->run->search, a->config, watch_links(a->watch), a->bus,
				   on_domains, a) < 0)
		app_trouble(a, FWE_INTERNAL, "no memory");
}

int app_job_start(struct app *a, enum job_kind kind, const struct fwupd_options *o, bool skip_local,
		  bool skip_manufacturer)
{
	struct run *run;

	if (a->run)
		return -EBUSY;
	run = calloc(1, sizeof(*run));
	if (!run)
		return -ENOMEM;
	*run = (struct run){
		.id = ++a->last_job,
		.allow_downgrade = o->allow_downgrade,
		.reinstall = o->reinstall,
		.started_us = clock_monotonic_us(),
		.skip_local = skip_local,
		.skip_manufacturer = skip_manufacturer,
		.body_fd = -1,
		.stream_fd = -1,
	};
	(void)snprintf(run->url, sizeof(run->url), "%s", o->url ? o->url : "");
	job_init(&run->job, kind);
	a->run = run;
	log_info("update: %s begins job=%u", JOB_KIND_NAMES[kind], run->id);
	app_publish(a);
	app_ask_slots(a);
	return 0;
}

void app_job_drop(struct app *a)
{
	struct run *run = a->run;

	if (!run)
		return;
	app_drop_stream(a);
	domain_search_free(run->search);
	bus_resolve_free(run->lookup);
	buf_done(&run->body);
	fw_judgement_done(&run->judgement);
	plan_done(&run->plan);
	app_keys_drop(run);
	free(run);
	a->run = NULL;
}

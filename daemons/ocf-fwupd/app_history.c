#include "app_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "bus/journal.h"
#include "fw/message_id.h"

/* ---- what is written down ---- */

static void put_manifest(const struct fw_judgement *j, struct state_entry *e)
{
	size_t at = 0;

	if (!j->manifest)
		return;
	hex_encode(span_of(j->sha256, sizeof(j->sha256)), e->digest);
	for (size_t i = 0; i < j->envelope.n_signers; i++) {
		const char *kid = j->envelope.signers[i]->kid;

		if (strlen(kid) + 2 > sizeof(e->signer) - at)
			break; /* whole ones only: they may not be ASCII */
		at += (size_t)snprintf(e->signer + at, sizeof(e->signer) - at, "%s%s",
				       i > 0 ? " " : "", kid);
	}
}

void app_entry_of(const struct app *a, const struct run *run, struct state_entry *ret)
{
	const struct discover_try *try = run->at < run->tries.n ? &run->tries.at[run->at] : NULL;

	*ret = (struct state_entry){
		.time_s = clock_real_us() / USEC_PER_SEC,
		.usec = clock_monotonic_us() - run->started_us,
		.octets = run->octets_before,
		.kind = run->job.kind,
		.result = JOB_RUNNING,
		.source = try ? (int)try->source : -1,
		.job = run->id,
		.first = run->id,
		.uid = run->uid,
	};
	(void)snprintf(ret->url, sizeof(ret->url), "%s", try ? try->url : "");
	(void)snprintf(ret->transaction, sizeof(ret->transaction), "%s", run->transaction);
	(void)snprintf(ret->from, sizeof(ret->from), "%s", a->facts.current);
	put_manifest(&run->judgement, ret);
}

bool app_is_stored(const char *what, int r)
{
	if (r < 0)
		log_error("%s: cannot be stored, is there room in the state directory? error=%s",
			  what, strerror(-r));
	return r >= 0;
}

static void store_history(struct app *a)
{
	(void)app_is_stored("history", state_save_history(a->state));
}

bool app_is_recorded(const struct app *a)
{
	return a->run && !a->run->dry_run;
}

void app_record_start(struct app *a)
{
	struct state_entry e;

	if (a->run->dry_run)
		return;
	app_entry_of(a, a->run, &e);
	state_add(a->state, &e);
	store_history(a);
}

void app_record_refusal(struct app *a, enum fw_error error, const char *detail)
{
	const struct run *run = a->run;
	struct state_entry e;

	if (run->dry_run)
		return;
	app_entry_of(a, run, &e);
	e.result = ENTRY_REFUSED;
	e.error = error;
	text_put(e.text, sizeof(e.text), "%s", detail);
	if (run->judgement.manifest)
		fw_version_format(&run->judgement.manifest->version, e.to);
	state_add_below(a->state, &e);
}

int app_record_begin(struct app *a)
{
	struct state_entry *top = &a->state->history[0];
	int r;

	state_accept(a->state, &a->run->judgement);
	r = state_save(a->state);
	if (r < 0)
		return r;
	app_entry_of(a, a->run, top);
	fw_version_format(&a->run->plan.version, top->to);
	return state_save_history(a->state);
}

void app_record_end(struct app *a)
{
	struct run *run = a->run;
	const struct job *j = &run->job;
	bool good = j->result != JOB_ERROR;
	struct state *s = a->state;
	struct state_entry e;

	if (run->dry_run)
		return;
	if (!good)
		run->at = j->error_try;
	app_entry_of(a, run, &e);
	(void)snprintf(e.from, sizeof(e.from), "%s", s->history[0].from);
	(void)snprintf(e.to, sizeof(e.to), "%s",
		       !s->history[0].to[0] && good ? a->facts.available : s->history[0].to);
	e.result = j->result;
	e.error = good ? FWE_OK : j->error;
	text_put(e.text, sizeof(e.text), "%s", good ? "" : run->detail);
	state_end(s, &e);
	store_history(a);
	s->last_check_s = e.time_s;
	if (good)
		s->failures = 0;
	else if (j->error != FWE_INSTALL_CANCELLED) /* which says nothing of the servers */
		s->failures++;
	(void)app_is_stored("state", state_save(s));
}

void app_tell_end(enum log_level level, const struct state_entry *e, const char *fmt, ...)
{
	const char *name =
		e->error != FWE_OK ? fw_error_name(e->error) : entry_result_name(e->result);
	char id[MESSAGE_ID] = "", job[24], line[512];
	const struct journal_field fields[] = {
		{"MESSAGE_ID",        id				       },
		{"OCFGW_RESULT",      entry_result_name(e->result)             },
		{"OCFGW_ERROR",       e->error != FWE_OK ? name : NULL         },
		{"OCFGW_VERSION",     e->to[0] ? e->to : NULL                  },
		{"OCFGW_URL",         e->url[0] ? e->url : NULL                },
		{"OCFGW_JOB",         job				      },
		{"OCFGW_TRANSACTION", e->transaction[0] ? e->transaction : NULL},
	};
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	(void)snprintf(job, sizeof(job), "%llu", (unsigned long long)e->job);
	if (!journal_is_there() || message_id(name, id) < 0 ||
	    journal_send((int)level, line, fields, ARRAY_SIZE(fields)) < 0)
		log_line(level, "%s", line);
}

/* ---- trials ---- */

/* Before the power failed, and with it the record of the trial. */
static bool is_told(const struct app *a, const struct state_entry *e)
{
	size_t i = app_is_recorded(a);
	const struct state_entry *last = &a->state->history[i];

	return i < a->state->n && last->kind == e->kind && last->result == e->result &&
	       !strcmp(last->to, e->to) && !strcmp(last->digest, e->digest);
}

void app_record_trial(struct app *a, unsigned result)
{
	const struct state_trial *t = &a->state->trial;
	struct state_entry e = {
		.time_s = clock_real_us() / USEC_PER_SEC,
		.kind = JOB_INSTALL,
		.result = result,
		.error = result == ENTRY_CONFIRMED ? FWE_OK : FWE_INSTALL_ROLLED_BACK,
		.source = -1,
		.uid = ENTRY_TIMER,
	};

	(void)snprintf(e.from, sizeof(e.from), "%s", t->from);
	(void)snprintf(e.to, sizeof(e.to), "%s", t->to);
	(void)snprintf(e.text, sizeof(e.text), "%s", t->reason);
	if (t->accepted.any)
		hex_encode(span_of(t->accepted.sha256, sizeof(t->accepted.sha256)), e.digest);
	if (is_told(a, &e))
		return;
	if (app_is_recorded(a))
		state_add_below(a->state, &e);
	else
		state_add(a->state, &e);
	store_history(a);
	if (result == ENTRY_CONFIRMED)
		app_tell_end(LOG_LINE_INFO, &e, "trial: confirmed version=%s", e.to);
	else
		app_tell_end(LOG_LINE_WARNING, &e, "trial: %s version=%s: %s",
			     fw_error_name(e.error), e.to, e.text);
}

/* ---- jobs that this program did not see the end of ---- */

static void settle(const struct app *a, struct state_entry *e)
{
	bool wrote = e->to[0] != '\0';
	bool there = wrote && e->kind == JOB_INSTALL &&
		     (!strcmp(a->facts.current, e->to) || !strcmp(a->facts.pending, e->to) ||
		      !strcmp(a->slots.failed, e->to));

	e->result = there ? JOB_INSTALLED : JOB_ERROR;
	e->error = there ? FWE_OK : wrote ? FWE_INSTALL_FAILED : FWE_INTERNAL;
	(void)snprintf(e->text, sizeof(e->text), "interrupted: the service ended before the job");
	log_warning("update: %s was interrupted job=%llu version=%s result=%s",
		    JOB_KIND_NAMES[e->kind], (unsigned long long)e->job, e->to,
		    entry_result_name(e->result));
}

void app_settle_interrupted(struct app *a)
{
	bool any = false;

	for (size_t i = app_is_recorded(a); i < a->state->n; i++)
		if (a->state->history[i].result == JOB_RUNNING) {
			settle(a, &a->state->history[i]);
			any = true;
		}
	if (any)
		store_history(a);
}

/* ---- what the bus asks for ---- */

static void tell(const struct state_entry *e, struct fwupd_dict *ret)
{
	fwupd_dict_num(ret, "time", e->time_s);
	fwupd_dict_str(ret, "kind", JOB_KIND_NAMES[e->kind]);
	fwupd_dict_str(ret, "result", entry_result_name(e->result));
	fwupd_dict_str(ret, "error", fw_error_name(e->error));
	fwupd_dict_str(ret, "text", e->text);
	fwupd_dict_str(ret, "from", e->from);
	fwupd_dict_str(ret, "to", e->to);
	fwupd_dict_str(ret, "source", e->source < 0 ? "" : DISCOVER_SOURCE_NAMES[e->source]);
	fwupd_dict_str(ret, "url", e->url);
	fwupd_dict_str(ret, "digest", e->digest);
	fwupd_dict_str(ret, "signer", e->signer);
	fwupd_dict_num(ret, "bytes", e->octets);
	fwupd_dict_num(ret, "usec", e->usec);
	fwupd_dict_num(ret, "job", e->job);
	fwupd_dict_num(ret, "initiator", e->uid);
	fwupd_dict_str(ret, "transaction-id", e->transaction);
}

bool app_history(void *arg, size_t i, struct fwupd_dict *ret)
{
	const struct app *a = arg;

	if (i >= a->state->n)
		return false;
	tell(&a->state->history[i], ret);
	return true;
}

bool app_history_job(void *arg, uint32_t job, struct fwupd_dict *ret)
{
	struct app *a = arg;
	const struct run *run = a->run && a->run->id == job ? a->run : NULL;
	const struct state_entry *e = state_find(a->state, job);

	if (run && (!e || e->result == JOB_RUNNING)) {
		app_entry_of(a, run, &a->told);
		a->told.result = run->job.result;
		a->told.error = run->job.result == JOB_ERROR ? run->job.error : FWE_OK;
		e = &a->told;
	}
	if (!e)
		return false;
	tell(e, ret);
	fwupd_dict_str(ret, "phase", run ? JOB_PHASE_NAMES[run->job.phase] : "");
	return true;
}

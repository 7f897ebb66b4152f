#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"
#include "bus/resolve.h"

#define DOUBT_US    (5 * USEC_PER_SEC) /* between looks whether a commit is over ... */
#define DOUBT_LOOKS 120u

/* ---- both ---- */

void app_expect_fetch(struct app *a, uint64_t us)
{
	loop_timer_set(a->fetch_timer, clock_monotonic_us() + us);
}

uint64_t app_image_silence_us(const struct app *a)
{
	return 2 * a->config->stall_us;
}

void app_expect_writer(struct app *a)
{
	loop_timer_set(a->write_timer, clock_monotonic_us() + a->config->write_us);
}

/* It may have happened all the same, or still be at work. */
static void doubt_commit(struct app *a, enum fw_error error, const char *text)
{
	struct run *run = a->run;

	log_warning("update: the commit failed, asking the slots error=%s: %s",
		    fw_error_name(error), text);
	run->doubt = error;
	(void)snprintf(run->doubt_text, sizeof(run->doubt_text), "%s", text);
	app_ask_slots(a);
}

/* Nothing has been heard of the commit, or of what came of it. */
static bool is_in_doubt(const struct app *a)
{
	return a->run && a->run->job.phase == JOB_INSTALLING && a->run->doubt == FWE_OK;
}

/* While octets come it waits for them, and not we for it. */
int app_write_silent(void *arg)
{
	static const char TEXT[] = "ocf-fw-write says nothing";
	struct app *a = arg;
	enum awaited what = a->run ? a->run->awaited : AWAIT_NOTHING;

	if (a->run && a->run->doubt != FWE_OK && what == AWAIT_NOTHING) {
		app_ask_slots(a);
		return 0;
	}
	if (a->write.fd < 0 || (a->run && what == AWAIT_NOTHING && a->trial_marks == 0))
		return 0;
	if (what == AWAIT_CHUNKS || (what == AWAIT_IMAGE && !app_image_is_blocked(a))) {
		app_expect_writer(a);
		return 0;
	}
	helper_close(&a->write);
	app_ready(a);
	(void)app_trial_marked(a, NULL);
	if (is_in_doubt(a))
		doubt_commit(a, FWE_INSTALL_FAILED, TEXT);
	else if (a->run && what != AWAIT_NOTHING)
		app_trouble(a, FWE_INSTALL_FAILED, TEXT);
	else
		log_error("helper: %s", TEXT);
	return 0;
}

int app_fetch_silent(void *arg)
{
	static const char TEXT[] = "ocf-fw-fetch says nothing";
	struct app *a = arg;

	if (!a->run || (a->run->job.phase != JOB_FETCHING &&
			(a->run->job.phase != JOB_DOWNLOADING || a->run->fetched)))
		return 0;
	if (a->run->awaited == AWAIT_IMAGE && app_image_is_blocked(a)) {
		app_expect_fetch(a, app_image_silence_us(a)); /* it is not the fetcher's fault */
		return 0;
	}
	helper_close(&a->fetch);
	if (a->run->probing)
		app_fetched(a, &(struct proto_fetched){.error = FWE_FETCH_TIMEOUT});
	else if (a->run->job.phase == JOB_FETCHING || a->run->body_fd >= 0) {
		app_manifest_failed(a, FWE_FETCH_TIMEOUT, TEXT);
	} else if (!app_image_fetch_silent(a)) {
		app_job_note(a, FWE_FETCH_TIMEOUT, TEXT);
		(void)app_job_event(a, JOB_IMAGE_BAD);
	}
	return 0;
}

/* What is at the server at hand is asked for the way the server is: through the link that named it,
 * at the addresses that this link knows. */
static void choose_link(const struct run *run, const char *text, struct proto_fetch *f)
{
	const struct discover_try *try = &run->tries.at[run->at];
	struct url server, url;

	if (run->at >= run->tries.n || !try->link[0] ||
	    url_parse(span_str(try->url), &server) != URL_OK ||
	    url_parse(span_str(text), &url) != URL_OK || !url_same_host(&server, &url))
		return;
	memcpy(f->interface, try->link, sizeof(f->interface));
	memcpy(f->addresses, run->addresses, sizeof(f->addresses));
	memcpy(f->servers, try->servers, sizeof(try->servers));
}

int app_send_fetch(struct app *a, struct proto_fetch fetch, const char *url, int pipe)
{
	struct proto_msg m = {.type = PROTO_FETCH, .fetch = fetch};
	int r = helper_open(&a->fetch);

	(void)snprintf(m.fetch.url, sizeof(m.fetch.url), "%s", url);
	choose_link(a->run, url, &m.fetch);
	return r < 0 ? r : helper_send(&a->fetch, &m, pipe);
}

void app_trouble(struct app *a, enum fw_error error, const char *detail)
{
	app_job_note(a, error, detail);
	(void)app_job_event(a, JOB_TROUBLE);
}

/* ---- the slot ---- */

static uint32_t image_reach(const struct app *a)
{
	if (a->config->allow_loopback)
		return PROTO_LOOPBACK;
	return a->run->private_peer || a->run->direct || a->config->allow_private ? PROTO_PRIVATE
										  : PROTO_PUBLIC;
}

void app_ask_writer(struct app *a, enum awaited what, const struct proto_msg *m, int pass)
{
	int r = helper_open(&a->write);

	if (r == 0)
		r = helper_send(&a->write, m, pass);
	if (r == 0)
		app_expect_writer(a);
	if (a->run && r == 0)
		a->run->awaited = what;
	else if (a->run && a->run->dry_run)
		app_probe_lost(a, what);
	else if (a->run)
		app_trouble(a, FWE_INSTALL_FAILED, "ocf-fw-write cannot be used");
	else if (r < 0)
		app_ready(a);
}

void app_ask_slots(struct app *a)
{
	app_ask_writer(a, AWAIT_SLOTS, &(struct proto_msg){.type = PROTO_SLOTS}, -1);
}

void app_put_digests(const struct digests *from, struct proto_digests *to)
{
	_Static_assert(sizeof(from->b) == sizeof(to->b), "the same digests on both sides");
	to->algs = from->algs;
	memcpy(to->b, from->b, sizeof(to->b));
}

void app_begin_slot(struct app *a, bool keep)
{
	const struct plan *plan = &a->run->plan;
	struct proto_msg m = {
		.type = PROTO_BEGIN,
		.begin = {.images = (uint32_t)plan->n, .keep = keep, .size = plan->size},
	};

	fw_version_format(&plan->version, m.begin.version);
	(void)snprintf(m.begin.model, sizeof(m.begin.model), "%s", a->config->model);
	(void)snprintf(m.begin.transaction, sizeof(m.begin.transaction), "%s", a->run->transaction);
	app_put_digests(&plan->digests, &m.begin.digests);
	a->run->image = 0;
	a->run->octets_before = 0;
	if (a->run->reuse == REUSE_ON)
		a->run->reuse = REUSE_UNTRIED; /* the writer forgets the index */
	if (app_trial_give_way(a) < 0) {
		app_trouble(a, FWE_INTERNAL, "what gives way cannot be stored");
		return;
	}
	app_ask_writer(a, AWAIT_BEGIN, &m, -1);
}

struct proto_fetch app_image_request(const struct app *a, uint64_t limit)
{
	return (struct proto_fetch){
		.kind = PROTO_IMAGE_BODY,
		.reach = image_reach(a),
		.connect_ms = APP_CONNECT_MS,
		.slow_s = (uint32_t)(a->config->stall_us / USEC_PER_SEC),
		.rate = app_rate(a),
		.limit = limit,
	};
}

void app_commit(struct app *a)
{
	const struct proto_msg m = {.type = PROTO_COMMIT, .commit.attempts = app_trial_attempts(a)};

	app_ask_writer(a, AWAIT_COMMIT, &m, -1);
}

void app_abort(struct app *a)
{
	loop_timer_set(a->fetch_timer, NEVER_US);
	loop_timer_set(a->retry_timer, NEVER_US);
	app_drop_stream(a);
	app_image_close(a->run);
	a->run->lookup = bus_resolve_free(a->run->lookup);
	helper_close(&a->fetch);
	if (!a->trial_marks) {
		loop_timer_set(a->write_timer, NEVER_US);
		helper_close(&a->write);
	}
	a->run->awaited = AWAIT_NOTHING;
}

/* ---- what the fetcher says ---- */

void app_fetched(struct app *a, const struct proto_fetched *f)
{
	struct run *run = a->run;
	const struct discover_try *try = &run->tries.at[run->at];

	run->reply = *f;
	run->fetched = true;
	if (run->probing) {
		app_erase_fetched(a);
	} else if (run->job.phase == JOB_FETCHING) {
		bool is_absent = f->error == FWE_FETCH_CONNECT_FAILED ||
				 (f->error == FWE_FETCH_TIMEOUT && f->status == 0);

		if (is_absent && try->source == DISCOVER_LOCAL)
			run->local_lost_us += clock_monotonic_us() - run->asked_us;
		app_manifest_settle(a);
	} else if (run->body_fd >= 0) {
		app_manifest_settle(a);
	} else if (run->awaited == AWAIT_IMAGE || run->spooling) {
		app_image_fetched(a);
	}
}

void app_on_fetch(void *arg, const struct proto_msg *m)
{
	static const struct proto_fetched GONE = {.error = FWE_FETCH_CONNECT_FAILED,
						  .text = "ocf-fw-fetch has failed"};
	struct app *a = arg;

	if (!a->run || (!m && a->run->fetched))
		return;
	if (m && m->type == PROTO_STARTED) {
		app_image_started(a, &m->started);
		return;
	}
	if (m && (m->type != PROTO_FETCHED || a->run->fetched)) {
		log_error("helper: unexpected message name=ocf-fw-fetch type=%u", m->type);
		helper_close(&a->fetch);
		m = NULL;
	}
	if (m || (a->run->awaited != AWAIT_IMAGE && !a->run->spooling)) {
		app_fetched(a, m ? &m->fetched : &GONE);
		return;
	}
	a->run->reply = GONE;
	a->run->fetched = true;
	app_image_fetch_lost(a);
}

/* ---- what the writer says ---- */

static void begun(struct app *a, bool keeps)
{
	a->run->keeps = keeps;
	(void)app_job_event(a, JOB_BEGUN);
}

static void done(struct app *a, enum awaited what, const struct proto_done *d)
{
	if (what == AWAIT_VERIFY)
		app_spool_verified(a, d);
	else if (what == AWAIT_IMAGE || what == AWAIT_KEPT)
		app_image_done(a, d);
	else if (what == AWAIT_CHUNKS)
		app_reuse_compared(a, d);
	else if (d->error != FWE_OK && what == AWAIT_COMMIT)
		doubt_commit(a, (enum fw_error)d->error, d->text);
	else if (d->error != FWE_OK)
		app_trouble(a, (enum fw_error)d->error, d->text);
	else if (what == AWAIT_BEGIN)
		begun(a, d->octets > 0);
	else
		app_ask_slots(a); /* the answer to that is the end */
}

/* Whether the version of the job runs or is next, and was not before. */
static bool is_in_place(const struct app *a, const struct proto_slots_are *s)
{
	const char *before = a->state->history[0].from; /* of the job's own entry */
	char version[PROTO_VERSION];

	fw_version_format(&a->run->plan.version, version);
	return !strcmp(s->pending, version) ||
	       (!strcmp(s->running, version) && strcmp(before, version) != 0);
}

/* Who was to commit is still at work, and may succeed: asks again after a while. False: no more. */
static bool stays_in_doubt(struct app *a, const struct proto_slots_are *s)
{
	struct run *run = a->run;

	if (run->doubt == FWE_OK || s->error != FWE_POLICY_DEFERRED ||
	    run->doubt_looks == DOUBT_LOOKS)
		return false;
	run->doubt_looks++;
	loop_timer_set(a->write_timer, clock_monotonic_us() + DOUBT_US);
	return true;
}

static void committed(struct app *a, bool done, const struct proto_slots_are *s)
{
	char text[2 * PROTO_TEXT];

	if (stays_in_doubt(a, s))
		return;
	if (done) {
		(void)app_job_event(a, JOB_COMMITTED);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s%s", a->run->doubt_text,
		       s->error != FWE_OK ? "; what is next cannot be told" : "");
	app_trouble(a, a->run->doubt, text);
}

static void slots_known(struct app *a, const struct proto_slots_are *s)
{
	bool awaited = a->run && a->run->awaited == AWAIT_SLOTS;
	bool commits = awaited && a->run->job.phase == JOB_INSTALLING;
	bool done = commits && (a->run->doubt == FWE_OK || is_in_place(a, s));

	app_take_slots(a, s, done);
	app_ready(a);
	if (!a->run) {
		if (!a->trial_marks)
			helper_close(&a->write);
		app_publish(a);
	} else if (awaited) {
		a->run->awaited = AWAIT_NOTHING;
		if (commits)
			committed(a, done, s);
		else if (s->error != FWE_OK && !a->run->dry_run)
			app_trouble(a, (enum fw_error)s->error, "the slots cannot be read");
		else if (app_trial_forbids(a, a->run->job.kind))
			app_trouble(a, FWE_POLICY_DEFERRED, APP_ON_TRIAL);
		else
			app_job_discover(a);
	}
}

/* Of an image or index under way, or a sign of life. False: nothing is, or not so. */
static bool take_progress(struct app *a, enum awaited what, const struct proto_msg *m)
{
	if (m->type == PROTO_WRITTEN && (what == AWAIT_CHUNKS || what == AWAIT_VERIFY)) {
		app_expect_fetch(a, app_image_silence_us(a));
	} else if (m->type == PROTO_WRITTEN && (what == AWAIT_IMAGE || what == AWAIT_KEPT)) {
		job_progress(&a->run->job, a->run->octets_before + m->written.octets);
		app_expect_fetch(a, app_image_silence_us(a));
	} else if (m->type == PROTO_RANGES && what == AWAIT_IMAGE && a->run->image_in >= 0) {
		app_reuse_ranges(a, m->ranges.n);
	} else if (m->type == PROTO_KEPT && what == AWAIT_KEPT) {
		app_image_kept(a, m->kept.octets);
	} else {
		return m->type == PROTO_WRITTEN;
	}
	return true;
}

/* False: nothing was asked that it could be the answer to. */
static bool take_answer(struct app *a, enum awaited what, const struct proto_msg *m)
{
	if (m->type == PROTO_SLOTS_ARE) {
		slots_known(a, &m->slots_are);
	} else if (m->type == PROTO_PROBED && what == AWAIT_PROBE) {
		a->run->awaited = AWAIT_NOTHING;
		app_probed(a, &m->probed);
	} else if (m->type != PROTO_DONE) {
		return false;
	} else if (app_trial_marked(a, &m->done)) {
		return true; /* it was about the trial */
	} else if (what >= AWAIT_BEGIN) {
		a->run->awaited = AWAIT_NOTHING;
		done(a, what, &m->done);
	} else {
		return false;
	}
	return true;
}

static void writer_lost(struct app *a, enum awaited what)
{
	helper_close(&a->write);
	app_ready(a);
	(void)app_trial_marked(a, NULL);
	if (what == AWAIT_NOTHING)
		return;
	if (a->run->dry_run)
		app_probe_lost(a, what);
	else if (is_in_doubt(a))
		doubt_commit(a, FWE_INSTALL_FAILED, "ocf-fw-write has failed");
	else if (what < AWAIT_BEGIN || what > AWAIT_VERIFY || !app_image_write_lost(a))
		app_trouble(a, FWE_INSTALL_FAILED, "ocf-fw-write has failed");
}

void app_on_write(void *arg, const struct proto_msg *m)
{
	struct app *a = arg;
	enum awaited what = a->run ? a->run->awaited : AWAIT_NOTHING;

	app_expect_writer(a);
	if (m && (take_progress(a, what, m) || take_answer(a, what, m)))
		return;
	if (m)
		log_error("helper: unexpected message name=ocf-fw-write type=%u", m->type);
	writer_lost(a, what);
}

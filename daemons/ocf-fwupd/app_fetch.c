#include "app_parts.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"
#include "bus/resolve.h"

/* ---- both ---- */

void app_expect_fetch(struct app *a, uint64_t us)
{
	loop_timer_set(a->fetch_timer, clock_monotonic_us() + us);
}

static uint64_t image_silence_us(const struct app *a)
{
	return 2 * a->config->stall_us;
}

int app_fetch_silent(void *arg)
{
	static const char TEXT[] = "ocf-fw-fetch says nothing";
	struct app *a = arg;

	if (!a->run || (a->run->job.phase != JOB_FETCHING &&
			(a->run->job.phase != JOB_DOWNLOADING || a->run->fetched)))
		return 0;
	helper_close(&a->fetch);
	if (a->run->job.phase == JOB_FETCHING || a->run->body_fd >= 0) {
		app_manifest_failed(a, FWE_FETCH_TIMEOUT, TEXT);
	} else {
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
	return a->run->private_peer || a->config->allow_private ? PROTO_PRIVATE : PROTO_PUBLIC;
}

void app_ask_writer(struct app *a, enum awaited what, const struct proto_msg *m, int pass)
{
	int r = helper_open(&a->write);

	if (r == 0)
		r = helper_send(&a->write, m, pass);
	if (a->run && r == 0)
		a->run->awaited = what;
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
	app_put_digests(&plan->digests, &m.begin.digests);
	a->run->image = 0;
	a->run->octets_before = 0;
	app_ask_writer(a, AWAIT_BEGIN, &m, -1);
}

bool app_ask_fetcher(struct app *a, const char *url, uint64_t limit, int pipe)
{
	int r = app_send_fetch(a,
			       (struct proto_fetch){
				       .kind = PROTO_IMAGE_BODY,
				       .reach = image_reach(a),
				       .connect_ms = APP_CONNECT_MS,
				       .slow_s = (uint32_t)(a->config->stall_us / USEC_PER_SEC),
				       .rate = app_rate(a),
				       .limit = limit,
			       },
			       url, pipe);

	if (r < 0)
		app_trouble(a, FWE_INTERNAL, "ocf-fw-fetch cannot be used");
	return r == 0;
}

/* The image goes from one helper to the other; we only hold the ends until they are handed over.
 * So its octets are copied once less, and the writer compares what it has written with digests
 * that the fetcher never sees. */
static void fetch_image(struct app *a, const struct proto_msg *m)
{
	struct run *run = a->run;
	const struct plan_image *image = &run->plan.images[run->image];
	CLEANUP(closep) int out = -1;
	CLEANUP(closep) int in = -1;
	int ends[2];

	if (run->stream_fd >= 0) {
		app_expect_fetch(a, image_silence_us(a));
		log_info("update: the image follows component=%s", image->component);
		out = fd_take(&run->stream_fd);
		app_ask_writer(a, AWAIT_IMAGE, m, out);
		return;
	}
	run->fetched = false;
	app_expect_fetch(a, image_silence_us(a));
	log_info("update: fetching image=%zu component=%s url=%s", run->image, image->component,
		 image->url);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		app_trouble(a, FWE_INTERNAL, strerror(errno));
		return;
	}
	out = ends[0];
	in = ends[1];
	(void)fcntl(in, F_SETPIPE_SZ, APP_PIPE_OCTETS); /* a smaller one works, too */
	if (m->image.reuse)
		run->reuse_pipe = fd_take(&in); /* until the writer knows what is missing */
	else if (!app_ask_fetcher(a, image->url,
				  image->ikm.len > 0 ? image->sealed_size : image->size, in))
		return;
	app_ask_writer(a, AWAIT_IMAGE, m, out);
}

/* What is in the slot may be the image, from a download or an attempt before. */
static void verify_staged(struct app *a, const struct proto_msg *image)
{
	struct proto_msg m = *image;
	CLEANUP(closep) int out = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		app_trouble(a, FWE_INTERNAL, strerror(errno));
		return;
	}
	out = ends[0];
	(void)close(ends[1]); /* nothing is to come */
	m.image.resume = 1;
	a->run->fetched = true; /* nothing is */
	a->run->reply = (struct proto_fetched){.error = FWE_OK};
	app_ask_writer(a, AWAIT_IMAGE, &m, out);
}

void app_fetch_image(struct app *a)
{
	const struct plan_image *image = &a->run->plan.images[a->run->image];
	struct proto_msg m = {.type = PROTO_IMAGE, .image.size = image->size};

	memcpy(m.image.component, image->component, sizeof(m.image.component));
	app_put_digests(&image->digests, &m.image.digests);
	if (a->run->staged) {
		verify_staged(a, &m);
		return;
	}
	if (a->run->bundle && !app_bundle_image(a)) {
		app_trouble(a, FWE_INTERNAL, "the image cannot be read again");
		return;
	}
	if (a->run->direct && a->run->stream_fd < 0) {
		app_fetch_manifest(a); /* the image is behind it */
		return;
	}
	if (app_reuse_begin(a))
		return;
	m.image.reuse = a->run->reuse == REUSE_ON;
	if (image->ikm.len == sizeof(m.image.ikm)) {
		m.image.is_sealed = 1;
		m.image.sealed_size = image->sealed_size;
		memcpy(m.image.ikm, image->ikm.b, sizeof(m.image.ikm));
		app_put_digests(&image->sealed, &m.image.sealed);
	}
	fetch_image(a, &m);
	explicit_bzero(&m, sizeof(m));
}

void app_commit(struct app *a)
{
	app_ask_writer(a, AWAIT_COMMIT, &(struct proto_msg){.type = PROTO_COMMIT}, -1);
}

void app_abort(struct app *a)
{
	loop_timer_set(a->fetch_timer, NEVER_US);
	app_drop_stream(a);
	a->run->lookup = bus_resolve_free(a->run->lookup);
	app_reuse_drop(a);
	helper_close(&a->fetch);
	helper_close(&a->write);
	a->run->awaited = AWAIT_NOTHING;
}

/* ---- what the fetcher says ---- */

void app_fetched(struct app *a, const struct proto_fetched *f)
{
	struct run *run = a->run;
	const struct discover_try *try = &run->tries.at[run->at];

	run->reply = *f;
	run->fetched = true;
	if (run->job.phase == JOB_FETCHING) {
		if (f->error == FWE_FETCH_CONNECT_FAILED && try->source == DISCOVER_LOCAL)
			run->local_lost_us += clock_monotonic_us() - run->asked_us;
		app_manifest_settle(a);
	} else if (run->body_fd >= 0) {
		app_manifest_settle(a);
	} else if (run->awaited == AWAIT_IMAGE && f->error == FWE_OK) {
		(void)app_job_event(a, JOB_BODY_END);
	}
}

void app_on_fetch(void *arg, const struct proto_msg *m)
{
	static const struct proto_fetched GONE = {.error = FWE_FETCH_CONNECT_FAILED,
						  .text = "ocf-fw-fetch has failed"};
	struct app *a = arg;

	if (!a->run || (!m && a->run->fetched))
		return;
	if (m && (m->type != PROTO_FETCHED || a->run->fetched)) {
		log_error("helper: unexpected message name=ocf-fw-fetch type=%u", m->type);
		helper_close(&a->fetch);
		m = NULL;
	}
	app_fetched(a, m ? &m->fetched : &GONE);
}

/* ---- what the writer says ---- */

static bool is_ours(enum fw_error e)
{
	return e == FWE_INSTALL_NO_SPACE || e == FWE_INSTALL_FAILED || e == FWE_INTERNAL ||
	       e == FWE_IMAGE_TOO_LARGE;
}

/* The image is at its end. The writer's word counts; the fetcher's only says why. */
static void image_done(struct app *a, const struct proto_done *d)
{
	struct run *run = a->run;
	bool last = run->image + 1 == run->plan.n, why;

	helper_pump(&a->fetch); /* it has spoken before it closed the pipe */
	if (!run->fetched)
		helper_close(&a->fetch);
	if (d->error != FWE_OK && run->staged) {
		log_info("update: what is in the slot is another image: %s", d->text);
		app_begin_slot(a, false);
		return;
	}
	if (d->error != FWE_OK && app_reuse_is_to_blame(a, d))
		return;
	if (run->job.phase == JOB_DOWNLOADING)
		(void)app_job_event(a, JOB_BODY_END);
	if (d->error == FWE_OK) {
		run->octets_before += d->octets;
		run->image++;
		job_progress(&run->job, run->octets_before);
		(void)app_job_event(a, last ? JOB_ALL_OK : JOB_IMAGE_OK);
		return;
	}
	why = run->fetched && run->reply.error != FWE_OK &&
	      run->reply.error != FWE_INSTALL_CANCELLED &&
	      d->octets != run->plan.images[run->image].size;
	app_job_note(a, (enum fw_error)(why ? run->reply.error : d->error),
		     why ? run->reply.text : d->text);
	(void)app_job_event(a, is_ours((enum fw_error)d->error) ? JOB_TROUBLE : JOB_IMAGE_BAD);
}

static void begun(struct app *a, bool staged)
{
	a->run->staged = staged;
	(void)app_job_event(a, JOB_BEGUN);
}

static void done(struct app *a, enum awaited what, const struct proto_done *d)
{
	if (what == AWAIT_IMAGE)
		image_done(a, d);
	else if (what == AWAIT_CHUNKS)
		app_reuse_compared(a, d);
	else if (d->error != FWE_OK)
		app_trouble(a, (enum fw_error)d->error, d->text);
	else if (what == AWAIT_BEGIN)
		begun(a, d->octets > 0);
	else
		app_ask_slots(a); /* the answer to that is the end */
}

static void slots_known(struct app *a, const struct proto_slots_are *s)
{
	bool awaited = a->run && a->run->awaited == AWAIT_SLOTS;

	app_take_slots(a, s);
	app_ready(a);
	if (!a->run) {
		helper_close(&a->write);
		app_publish(a);
	} else if (awaited) {
		a->run->awaited = AWAIT_NOTHING;
		if (a->run->job.phase == JOB_INSTALLING)
			(void)app_job_event(a, JOB_COMMITTED);
		else if (s->error != FWE_OK)
			app_trouble(a, (enum fw_error)s->error, "the slots cannot be read");
		else
			app_job_discover(a);
	}
}

void app_on_write(void *arg, const struct proto_msg *m)
{
	struct app *a = arg;
	enum awaited what = a->run ? a->run->awaited : AWAIT_NOTHING;

	if (m && m->type == PROTO_SLOTS_ARE) {
		slots_known(a, &m->slots_are);
	} else if (m && m->type == PROTO_RANGES && what == AWAIT_IMAGE && a->run->reuse_pipe >= 0) {
		app_reuse_ranges(a, m->ranges.n);
	} else if (m && m->type == PROTO_WRITTEN && what == AWAIT_CHUNKS) {
		app_expect_fetch(a, image_silence_us(a));
	} else if (m && m->type == PROTO_WRITTEN && what == AWAIT_IMAGE) {
		job_progress(&a->run->job, a->run->octets_before + m->written.octets);
		app_expect_fetch(a, image_silence_us(a));
	} else if (m && m->type == PROTO_KEPT && what == AWAIT_IMAGE) {
		a->run->pace =
			(struct pace){0}; /* what is there already says nothing of the rate */
	} else if (m && m->type == PROTO_DONE && what >= AWAIT_BEGIN) {
		a->run->awaited = AWAIT_NOTHING;
		done(a, what, &m->done);
	} else {
		if (m)
			log_error("helper: unexpected message name=ocf-fw-write type=%u", m->type);
		helper_close(&a->write);
		app_ready(a);
		if (what != AWAIT_NOTHING)
			app_trouble(a, FWE_INSTALL_FAILED, "ocf-fw-write has failed");
	}
}

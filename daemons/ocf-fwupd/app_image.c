#include "app_parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"

#define TRIES      5u                      /* in a row without getting on, on one server */
#define TRY_US     (250 * USEC_PER_MSEC)   /* before the second, doubled each time */
#define GETTING_ON ((uint64_t)1024 * 1024) /* octets that make up for a failure */
#define HTTP_OURS  500                     /* from here on the server is to blame */

static uint32_t bit(const struct run *run)
{
	return UINT32_C(1) << run->image;
}

static const struct plan_image *image_of(const struct run *run)
{
	return &run->plan.images[run->image];
}

/* Where it begins in its file. */
static uint64_t base(const struct app *a)
{
	return a->run->direct ? a->run->body_want : 0;
}

void app_image_close(struct run *run)
{
	if (run->image_in >= 0)
		(void)close(fd_take(&run->image_in));
}

void app_image_reset(struct run *run)
{
	run->afresh = run->guessed = 0;
	run->no_ranges = run->again = run->probing = false;
	run->spooling = run->spooled = false;
	run->failures = 0;
	run->failed_at = run->job.octets;
}

/* ---- what a server calls its file ---- */

static bool tag_is_of(const struct app *a)
{
	const struct run *run = a->run;

	return strcmp(run->tag.url, image_of(run)->url) == 0 &&
	       memcmp(run->tag.manifest, run->judgement.sha256, sizeof(run->tag.manifest)) == 0;
}

static void note_tag(struct app *a, const char *etag)
{
	struct run *run = a->run;

	if (tag_is_of(a) && strcmp(run->tag.etag, etag) == 0)
		return;
	memcpy(run->tag.manifest, run->judgement.sha256, sizeof(run->tag.manifest));
	(void)snprintf(run->tag.url, sizeof(run->tag.url), "%s", image_of(run)->url);
	(void)snprintf(run->tag.etag, sizeof(run->tag.etag), "%s", etag);
	(void)app_is_stored("tag of the image", tag_save(a->state->store, &run->tag));
}

void app_image_started(struct app *a, const struct proto_started *s)
{
	memcpy(a->run->etag, s->etag, sizeof(a->run->etag));
	if (a->run->probing)
		app_erase_started(a, s);
	else if (a->run->awaited == AWAIT_IMAGE)
		note_tag(a, s->etag);
}

/* ---- asking ---- */

void app_image_ask(struct app *a, uint64_t at)
{
	struct run *run = a->run;
	const struct plan_image *image = image_of(run);
	uint64_t size = plan_delivered_size(image);
	struct proto_fetch f =
		app_image_request(a, size == MANIFEST_SIZE_UNKNOWN ? size : base(a) + size);

	f.same_host = run->direct;
	f.offset = at;
	if ((at > 0 || run->reuse == REUSE_ON) && tag_is_of(a))
		memcpy(f.etag, run->tag.etag, sizeof(f.etag));
	run->asked_at = run->got_to = at;
	run->fetched = false;
	run->reply = (struct proto_fetched){0};
	app_expect_fetch(a, app_image_silence_us(a));
	log_info("update: fetching image=%zu component=%s from=%" PRIu64 " url=%s", run->image,
		 image->component, at, image->url);
	if (app_send_fetch(a, f, image->url, run->image_in) < 0)
		app_trouble(a, FWE_INTERNAL, "ocf-fw-fetch cannot be used");
}

void app_image_put(const struct plan_image *image, struct proto_image *to)
{
	memcpy(to->component, image->component, sizeof(to->component));
	to->size = image->size;
	app_put_digests(&image->digests, &to->digests);
	if (image->ikm.len != sizeof(to->ikm))
		return;
	to->is_sealed = 1;
	to->sealed_size = image->sealed_size;
	memcpy(to->ikm, image->ikm.b, sizeof(to->ikm));
	app_put_digests(&image->sealed, &to->sealed);
}

int app_image_pipe(struct run *run, int *ret_out)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(ends[1], F_SETPIPE_SZ, APP_PIPE_OCTETS); /* a smaller one works, too */
	*ret_out = ends[0];
	run->image_in = ends[1];
	return 0;
}

/* The request is under way already, and may even be answered. */
static void stream_begins(struct app *a)
{
	note_tag(a, a->run->etag);
	if (a->run->fetched)
		app_image_fetched(a);
	else
		app_expect_fetch(a, app_image_silence_us(a));
}

/* The image goes from one helper to the other through a pipe. We hold its end open while more may
 * come, so that another request can go on where one was cut off. */
void app_fetch_image(struct app *a)
{
	struct run *run = a->run;
	struct proto_msg m = {.type = PROTO_IMAGE};
	bool resume = run->keeps && !run->bundle && !run->spooled && (run->afresh & bit(run)) == 0;
	CLEANUP(closep) int out = -1;
	bool has_stream;

	if (run->spooling) {
		app_spool_next(a);
		return;
	}
	if (run->spooled && !app_spool_image(a)) {
		app_trouble(a, FWE_INTERNAL, "the spool cannot be read again");
		return;
	}
	if (run->bundle && !app_bundle_image(a)) {
		app_trouble(a, FWE_INTERNAL, "the image cannot be read again");
		return;
	}
	if (run->direct && !resume && run->stream_fd < 0) {
		app_fetch_manifest(a); /* the image is behind it */
		return;
	}
	if (app_reuse_begin(a))
		return;
	if (resume) {
		app_drop_stream(a);
		run->fetched = true; /* nothing is asked for yet */
	}
	has_stream = run->stream_fd >= 0;
	out = fd_take(&run->stream_fd);
	if (out < 0 && app_image_pipe(run, &out) < 0) {
		app_trouble(a, FWE_INTERNAL, strerror(errno));
		return;
	}
	run->kept = 0;
	app_image_put(image_of(run), &m.image);
	m.image.resume = resume;
	m.image.reuse = run->reuse == REUSE_ON;
	app_ask_writer(a, resume ? AWAIT_KEPT : AWAIT_IMAGE, &m, out);
	explicit_bzero(&m, sizeof(m));
	if (run != a->run || run->awaited != AWAIT_IMAGE || run->reuse == REUSE_ON || run->bundle ||
	    run->spooled)
		return; /* the writer has something to say before */
	if (has_stream)
		stream_begins(a);
	else
		app_image_ask(a, 0);
}

void app_image_nothing_to_ask(struct app *a)
{
	a->run->fetched = true;
	a->run->reply = (struct proto_fetched){.ranged = 1};
	app_image_close(a->run);
}

void app_image_kept(struct app *a, uint64_t octets)
{
	struct run *run = a->run;
	uint64_t size = plan_delivered_size(image_of(run));

	run->awaited = AWAIT_IMAGE;
	run->kept = octets;
	run->pace = (struct pace){0}; /* what is there already says nothing of the rate */
	if (size == MANIFEST_SIZE_UNKNOWN && octets > 0 && (run->guessed & bit(run)) == 0) {
		run->guessed |= bit(run);
		run->again = true; /* if it is not all */
		app_image_nothing_to_ask(a);
	} else if (octets >= size) {
		app_image_nothing_to_ask(a);
	} else if (run->reuse != REUSE_ON) { /* else the writer tells first what is missing */
		app_image_ask(a, base(a) + octets);
	}
}

/* ---- when it ends early ---- */

/* Counts a failure. False: there were too many in a row. */
static bool try_again(struct run *run)
{
	if (run->job.octets >= run->failed_at + GETTING_ON)
		run->failures = 0;
	run->failed_at = run->job.octets;
	return run->failures++ < TRIES;
}

static void wait_and_retry(struct app *a)
{
	uint64_t wait_us = TRY_US << (a->run->failures - 1);

	loop_timer_set(a->fetch_timer, NEVER_US);
	loop_timer_set(a->retry_timer, clock_monotonic_us() + wait_us);
}

int app_image_retry(void *arg)
{
	struct app *a = arg;
	struct run *run = a->run;

	if (!run)
		return 0;
	if (run->spooling) {
		app_image_close(run);
		app_spool_next(a);
	} else if (run->image_in >= 0) {
		app_image_ask(a, run->got_to);
	} else {
		(void)app_job_event(a, JOB_AGAIN);
	}
	return 0;
}

/* A cut is no reason to leave a server that has given something. */
static bool is_cut(const struct app *a)
{
	const struct run *run = a->run;
	const struct proto_fetched *f = &run->reply;

	return run->got_to > base(a) && !run->no_ranges &&
	       (f->error == FWE_IMAGE_TRUNCATED || f->error == FWE_FETCH_TIMEOUT ||
		f->error == FWE_FETCH_CONNECT_FAILED ||
		((f->error == FWE_FETCH_HTTP_STATUS || f->error == FWE_FETCH_COAP_STATUS) &&
		 f->status >= HTTP_OURS));
}

/* Instead of the rest there is the whole only, or another file. */
static void fetch_afresh(struct app *a)
{
	struct run *run = a->run;

	log_warning("update: the server does not give the rest, so the whole is fetched image=%zu "
		    "url=%s",
		    run->image, image_of(run)->url);
	run->no_ranges = true;
	run->afresh |= bit(run);
	run->again = true;
	app_image_close(run);
}

void app_image_fetched(struct app *a)
{
	struct run *run = a->run;
	const struct proto_fetched *f = &run->reply;

	if (run->image_in < 0)
		return;
	run->got_to = run->asked_at + f->octets;
	if (f->etag[0])
		note_tag(a, f->etag);
	if (f->error == FWE_OK && run->spooling) {
		app_spool_fetched(a, run->asked_at > 0 && !f->ranged);
	} else if (f->error == FWE_OK && run->asked_at > 0 && !f->ranged) {
		fetch_afresh(a);
	} else if (f->error == FWE_OK) {
		app_image_close(run);
		app_expect_writer(a);
		(void)app_job_event(a, JOB_BODY_END);
	} else if (is_cut(a) && run->reuse == REUSE_ON) {
		app_image_fetch_lost(a); /* the writer knows which octets are still missing */
	} else if (is_cut(a) && try_again(run)) {
		log_warning("update: %s, asking again from=%" PRIu64 " url=%s: %s",
			    fw_error_name((enum fw_error)f->error), run->got_to, image_of(run)->url,
			    f->text);
		wait_and_retry(a);
	} else if (run->spooling) {
		app_spool_failed(a);
	} else {
		app_image_close(run);
	}
}

/* A helper is gone in the middle. What is in the slot tells where to go on. */
void app_image_fetch_lost(struct app *a)
{
	if (a->run->spooling) { /* its file says how far it came */
		if (try_again(a->run))
			wait_and_retry(a);
		else
			app_spool_failed(a);
		return;
	}
	a->run->again = try_again(a->run);
	app_image_close(a->run);
}

bool app_image_fetch_silent(struct app *a)
{
	struct run *run = a->run;

	if ((run->awaited != AWAIT_IMAGE && !run->spooling) ||
	    run->job.octets <= run->octets_before)
		return false;
	log_warning("helper: is silent, beginning again name=ocf-fw-fetch");
	run->fetched = true;
	run->reply = (struct proto_fetched){.error = FWE_FETCH_TIMEOUT};
	app_image_fetch_lost(a);
	return true;
}

bool app_image_write_lost(struct app *a)
{
	struct run *run = a->run;

	if (!try_again(run))
		return false;
	log_warning("helper: has failed, beginning again name=ocf-fw-write");
	app_drop_stream(a);
	app_image_close(run);
	if (!run->fetched)
		helper_close(&a->fetch);
	run->fetched = true;
	run->awaited = AWAIT_NOTHING;
	wait_and_retry(a);
	return true;
}

/* ---- the end ---- */

static bool is_ours(enum fw_error e)
{
	return e == FWE_INSTALL_NO_SPACE || e == FWE_INSTALL_FAILED || e == FWE_INTERNAL ||
	       e == FWE_IMAGE_TOO_LARGE;
}

static bool is_other_content(enum fw_error e)
{
	return e == FWE_IMAGE_DIGEST_MISMATCH || e == FWE_IMAGE_DECRYPT_FAILED ||
	       e == FWE_IMAGE_SIZE_MISMATCH;
}

/* Whether what the writer says is no end, but a reason to begin the slot again. */
static bool goes_on(struct app *a, const struct proto_done *d)
{
	struct run *run = a->run;
	bool again = run->again;

	run->again = false;
	if (d->error == FWE_OK || is_ours((enum fw_error)d->error))
		return false;
	if (again && run->failures > 0 && !run->no_ranges) {
		wait_and_retry(a);
		return true;
	}
	if (!again && run->kept > 0 && run->reply.error == FWE_OK &&
	    is_other_content((enum fw_error)d->error)) {
		log_warning("update: what was kept of image=%zu does not fit, so the whole is "
			    "fetched: %s",
			    run->image, d->text);
		run->afresh |= bit(run);
		again = true;
	}
	return again && app_job_event(a, JOB_AGAIN);
}

/* The writer's word counts; the fetcher's only says why. */
void app_image_done(struct app *a, const struct proto_done *d)
{
	struct run *run = a->run;
	bool last = run->image + 1 == run->plan.n, why, answered;

	helper_pump(&a->fetch); /* it may have spoken before */
	answered = run->fetched;
	if (!run->fetched)
		helper_close(&a->fetch);
	run->fetched = true;
	loop_timer_set(a->retry_timer, NEVER_US);
	app_image_close(run);
	if (d->error != FWE_OK && !run->again && answered && app_reuse_is_to_blame(a, d))
		return;
	if (goes_on(a, d))
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

/* Whether it is the writer that does not take what is there. */
bool app_image_is_blocked(const struct app *a)
{
	struct pollfd p = {.fd = a->run->image_in, .events = POLLOUT};

	return a->run->image_in < 0 || poll(&p, 1, 0) == 0;
}

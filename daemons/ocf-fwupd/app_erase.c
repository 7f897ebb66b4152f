#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"

#define RETRY_US     (1 * USEC_PER_SEC) /* doubled each time ... */
#define RETRY_MAX_US (300 * USEC_PER_SEC)

/* ---- before anything is erased: are the images there, and as large as they should be? ---- */

static void unreachable(struct app *a, enum fw_error error, const char *why)
{
	a->run->probing = false;
	app_job_note(a, error, why);
	(void)app_job_event(a, JOB_IMAGE_BAD);
}

static void store_and_begin(struct app *a)
{
	struct run *run = a->run;
	struct rescue *r = &a->rescue;
	int e;

	rescue_done(r);
	*r = (struct rescue){.octets = BUF_INIT(RESCUE_OCTETS_MAX),
			     .direct = run->direct,
			     .private_peer = run->private_peer,
			     .allow_downgrade = run->allow_downgrade};
	buf_put(&r->octets, buf_span(&run->body));
	(void)snprintf(r->server, sizeof(r->server), "%s", run->tries.at[run->at].url);
	(void)snprintf(r->url, sizeof(r->url), "%s", run->manifest_url);
	(void)snprintf(r->manufacturer, sizeof(r->manufacturer), "%s", a->config->manufacturer);
	(void)snprintf(r->model, sizeof(r->model), "%s", a->config->model);
	(void)snprintf(r->hardware, sizeof(r->hardware), "%s", a->config->hardware);
	e = buf_ok(&r->octets) ? rescue_save(a->state->store, r) : -ENOMEM;
	if (!app_is_stored("rescue record", e)) {
		rescue_done(r);
		app_trouble(a, e == -ENOSPC ? FWE_INSTALL_NO_SPACE : FWE_INTERNAL,
			    "the rescue record cannot be stored");
		return;
	}
	run->erased = true;
	log_warning("update: the only slot is erased now; until the end of the installation only "
		    "ocf-fwupd --rescue can start this device");
	app_begin_slot(a, true);
}

static void probe_next(struct app *a)
{
	struct run *run = a->run;

	if (run->image == run->plan.n) {
		run->probing = false;
		store_and_begin(a);
		return;
	}
	if (app_image_pipe(run, &run->stream_fd) < 0)
		app_trouble(a, FWE_INTERNAL, strerror(errno));
	else
		app_image_ask(a, 0);
}

/* The first octet is on its way. A single image goes on from there; of several each is only looked
 * at. */
void app_erase_started(struct app *a, const struct proto_started *s)
{
	struct run *run = a->run;
	bool fits = s->size == plan_delivered_size(&run->plan.images[run->image]);

	if (!fits || run->plan.n > 1) {
		app_drop_stream(a);
		app_image_close(run);
		run->fetched = true;
	}
	if (fits) {
		run->image++;
		probe_next(a);
	} else {
		unreachable(a, FWE_IMAGE_SIZE_MISMATCH,
			    s->size == PROTO_SIZE_ANY ? "the server does not tell its size"
						      : "the server has another size");
	}
}

void app_erase_fetched(struct app *a)
{
	struct run *run = a->run;
	bool empty = run->reply.error == FWE_OK;

	app_drop_stream(a);
	app_image_close(run);
	unreachable(a, empty ? FWE_IMAGE_SIZE_MISMATCH : (enum fw_error)run->reply.error,
		    empty ? "the image is empty" : run->reply.text);
}

bool app_erase_begin(struct app *a)
{
	struct run *run = a->run;

	if (a->config->device_class != CLASS_ERASE_FIRST || run->rescue)
		return false;
	if (run->job.kind != JOB_INSTALL) {
		app_trouble(a, FWE_INSTALL_NO_SPACE, "the only slot is no place for a download");
		return true;
	}
	run->image = 0;
	run->reuse = REUSE_OFF; /* there will be nothing to use again */
	if (run->bundle) {
		app_trouble(a, FWE_INSTALL_FAILED,
			    "what no server has cannot be finished by a rescue start");
		return true;
	}
	if (run->direct) {
		store_and_begin(a); /* the image is on its way, and its size is signed */
		return true;
	}
	run->probing = true;
	probe_next(a);
	return true;
}

/* ---- the rescue start ---- */

static int start_job(struct app *a)
{
	struct fwupd_refusal why = {0};
	int r = app_job_start(a, JOB_INSTALL,
			      &(struct fwupd_options){.allow_downgrade = a->rescue.allow_downgrade},
			      false, false, &why);

	if (r < 0)
		return r;
	a->run->rescue = true;
	a->run->direct = a->rescue.direct;
	return 0;
}

int app_rescue_retry(void *arg)
{
	struct app *a = arg;

	if (a->rescue.octets.len > 0 && !a->run && start_job(a) < 0)
		loop_timer_set(a->rescue_timer, clock_monotonic_us() + RETRY_MAX_US);
	return 0;
}

/* A record that is damaged or of a newer version guards nothing: any server can still bring the
 * firmware. It stays for those who can read it, until the next installation replaces it. */
int app_rescue_open(struct app *a)
{
	int r = rescue_load(a->state->store, &a->rescue);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		log_error("rescue: the record of the installation that was cut off cannot be read, "
			  "install again error=%s",
			  strerror(-r));
		rescue_done(&a->rescue);
		a->rescue = (struct rescue){0};
		a->facts.error = fw_error_name(FWE_INSTALL_FAILED);
		return a->rescue_only ? r : 0;
	}
	log_warning("rescue: an installation was cut off, going on url=%s", a->rescue.url);
	loop_timer_set(a->rescue_timer, clock_monotonic_us());
	return 0;
}

/* As it was when it was accepted; that is judged again. */
void app_rescue_manifest(struct app *a)
{
	struct run *run = a->run;
	struct buf octets = BUF_INIT(RESCUE_OCTETS_MAX);

	buf_put(&octets, buf_span(&a->rescue.octets));
	buf_done(&run->body);
	run->body = octets;
	run->body_want = run->direct ? octets.len : 0;
	run->fetched = true;
	run->reply = (struct proto_fetched){.private_peer = a->rescue.private_peer};
	(void)snprintf(run->reply.url, sizeof(run->reply.url), "%s", a->rescue.url);
	(void)app_job_event(a, JOB_FETCHED);
}

void app_rescue_tries(struct app *a)
{
	struct discover_list *l = &a->run->tries;

	*l = (struct discover_list){.n = 1, .at[0].source = DISCOVER_MANUFACTURER};
	(void)snprintf(l->at[0].url, sizeof(l->at[0].url), "%s", a->rescue.server);
}

void app_rescue_ended(struct app *a)
{
	enum job_result result = a->run->job.result;
	bool is_whole = result == JOB_INSTALLED || (result == JOB_NO_UPDATE && !a->run->erased);
	int r;

	if (!a->run->rescue && !a->run->erased)
		return;
	if (result == JOB_ERROR && a->run->job.error == FWE_INSTALL_CANCELLED && !a->rescue_only)
		return; /* as somebody wanted; the next start goes on */
	if (!is_whole) {
		a->rescue_wait_us = a->rescue_wait_us == 0 ? RETRY_US : 2 * a->rescue_wait_us;
		if (a->rescue_wait_us > RETRY_MAX_US)
			a->rescue_wait_us = RETRY_MAX_US;
		log_warning("rescue: not finished yet, next try in %llu s",
			    (unsigned long long)(a->rescue_wait_us / USEC_PER_SEC));
		loop_timer_set(a->rescue_timer, clock_monotonic_us() + a->rescue_wait_us);
		return;
	}
	if (result == JOB_INSTALLED)
		(void)app_rotate_keys(a); /* the next check tries again */
	r = rescue_forget(a->state->store);
	if (r < 0)
		log_error("rescue: the record cannot be removed error=%s", strerror(-r));
	rescue_done(&a->rescue);
	a->rescue = (struct rescue){0};
	a->rescue_wait_us = 0;
	if (a->rescue_only)
		loop_exit(a->loop, 0);
}

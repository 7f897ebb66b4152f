#include "app_parts.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/log.h"

/* A device that may not be sent the whole image, or for which it would cost too much, says so in
 * its configuration: then this server has failed. */
static void give_up(struct app *a, enum fw_error error, const char *why)
{
	struct run *run = a->run;
	bool begun = run->reuse == REUSE_ON;

	run->reuse = REUSE_OFF;
	if (a->config->reuse_refuse) {
		app_job_note(a, error, why);
		(void)app_job_event(a, JOB_IMAGE_BAD);
		return;
	}
	(void)snprintf(run->reuse_failed, sizeof(run->reuse_failed), "%s", why);
	log_warning("update: no block reuse, the whole image is fetched error=%s url=%s: %s",
		    fw_error_name(error), run->plan.index.url, why);
	if (begun)
		app_begin_slot(a, false);
	else
		app_fetch_image(a);
}

static void send_index(struct app *a, int pipe)
{
	const struct plan *plan = &a->run->plan;
	struct proto_msg m = {
		.type = PROTO_CHUNKS,
		.chunks = {.size = plan->index.size,
			   .octets = plan->index.octets,
			   .n = (uint32_t)plan->n},
	};

	_Static_assert(PROTO_IMAGES == MANIFEST_IMAGES_MAX, "as many as a manifest lists");
	app_put_digests(&plan->index.digests, &m.chunks.digests);
	for (size_t i = 0; i < plan->n; i++) {
		memcpy(m.chunks.images[i].component, plan->images[i].component,
		       sizeof(m.chunks.images[i].component));
		m.chunks.images[i].size = plan->images[i].size;
	}
	app_ask_writer(a, AWAIT_CHUNKS, &m, pipe);
}

bool app_reuse_begin(struct app *a)
{
	struct run *run = a->run;
	CLEANUP(closep) int out = -1;
	CLEANUP(closep) int in = -1;
	int ends[2];

	if (run->reuse != REUSE_UNTRIED || !a->config->reuse || run->plan.index.url[0] == '\0' ||
	    run->bundle || run->direct || !a->has_current)
		return false;
	run->reuse = REUSE_OFF;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		app_trouble(a, FWE_INTERNAL, strerror(errno));
		return true;
	}
	out = ends[0];
	in = ends[1];
	run->fetched = false;
	app_expect_fetch(a, app_image_silence_us(a));
	log_info("update: fetching index url=%s", run->plan.index.url);
	if (app_send_fetch(a, app_image_request(a, run->plan.index.size), run->plan.index.url, in) <
	    0)
		app_trouble(a, FWE_INTERNAL, "ocf-fw-fetch cannot be used");
	else
		send_index(a, out);
	return true;
}

void app_reuse_compared(struct app *a, const struct proto_done *d)
{
	struct run *run = a->run;

	helper_pump(&a->fetch); /* it has spoken before it closed the pipe */
	if (!run->fetched)
		helper_close(&a->fetch);
	if (d->error != FWE_OK && run->fetched && run->reply.error != FWE_OK &&
	    run->reply.error != FWE_INSTALL_CANCELLED) {
		give_up(a, (enum fw_error)run->reply.error, "the chunk index cannot be fetched");
		return;
	}
	if (d->error != FWE_OK) {
		give_up(a, (enum fw_error)d->error, d->text);
		return;
	}
	run->reuse = REUSE_ON;
	log_info("update: reusing blocks missing=%llu", (unsigned long long)d->octets);
	app_fetch_image(a);
}

void app_reuse_ranges(struct app *a, uint32_t n)
{
	CLEANUP(closep) int ranges = fd_take(&a->write.passed);

	if (n == 0)
		app_image_nothing_to_ask(a);
	else if (helper_open(&a->fetch) < 0 ||
		 helper_send(&a->fetch, &(struct proto_msg){.type = PROTO_RANGES, .ranges.n = n},
			     ranges) < 0)
		app_trouble(a, FWE_INTERNAL, "ocf-fw-fetch cannot be used");
	else
		app_image_ask(a, 0);
}

bool app_reuse_is_to_blame(struct app *a, const struct proto_done *d)
{
	struct run *run = a->run;
	bool whole = run->fetched && run->reply.error == FWE_OK;

	if (run->reuse != REUSE_ON || !whole)
		return false;
	if (!run->reply.ranged)
		give_up(a, FWE_FETCH_HTTP_STATUS, "the server gives no ranges");
	else if (d->error == FWE_IMAGE_DIGEST_MISMATCH || d->error == FWE_IMAGE_SIZE_MISMATCH)
		give_up(a, (enum fw_error)d->error, d->text);
	else
		return false;
	return true;
}

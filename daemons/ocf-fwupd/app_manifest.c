#include "app_parts.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"
#include "bus/resolve.h"
#include "fw/direct.h"

#define HTTP_NOT_FOUND 404
#define HTTP_GONE      410
#define READ_STEP      ((size_t)16 * 1024)

static void close_body(struct app *a)
{
	if (a->run->body_fd < 0)
		return;
	loop_del_fd(a->loop, a->run->body_fd);
	(void)close(a->run->body_fd);
	a->run->body_fd = -1;
}

void app_drop_stream(struct app *a)
{
	close_body(a);
	if (a->run->direct)
		app_image_close(a->run);
	if (a->run->stream_fd < 0)
		return;
	(void)close(fd_take(&a->run->stream_fd));
	helper_close(&a->fetch); /* which has more to say about it */
}

void app_manifest_failed(struct app *a, enum fw_error error, const char *detail)
{
	close_body(a);
	app_image_close(a->run);
	if (!a->run->fetched)
		helper_close(&a->fetch);
	a->run->fetched = true;
	app_job_note(a, error, detail);
	(void)app_job_event(a, a->run->job.phase == JOB_FETCHING ? JOB_SERVER_BAD : JOB_IMAGE_BAD);
}

/* A direct file ended before its image began. */
static void head_is_short(struct app *a)
{
	size_t len;
	enum fw_error e = direct_head(buf_span(&a->run->body), &len);

	app_manifest_failed(a, e != FWE_OK ? e : FWE_IMAGE_TRUNCATED,
			    "the file ends before its image");
}

/* What the helper gave was in the pipe before it said so; how much it says it was is no matter. */
static bool is_more_there(const struct run *run)
{
	struct pollfd p = {.fd = run->body_fd, .events = POLLIN};

	return run->body_fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0;
}

void app_manifest_settle(struct app *a)
{
	struct run *run = a->run;
	bool missing = run->reply.status == HTTP_NOT_FOUND || run->reply.status == HTTP_GONE;

	if (!run->fetched || (run->body_want > 0 && is_more_there(run)))
		return;
	if ((run->reply.error == FWE_FETCH_HTTP_STATUS ||
	     run->reply.error == FWE_FETCH_COAP_STATUS) &&
	    missing && run->job.phase == JOB_FETCHING) {
		close_body(a);
		app_image_close(run);
		(void)app_job_event(a, JOB_MISSING);
	} else if (run->reply.error != FWE_OK) {
		app_manifest_failed(a, (enum fw_error)run->reply.error, run->reply.text);
	} else if (run->body_want > 0) {
		head_is_short(a);
	} else if (run->body_end) {
		close_body(a);
		(void)app_job_event(a, JOB_FETCHED);
	}
}

/* The manifest of a direct file is there; what the pipe gives from now on is the image. */
static void head_is_whole(struct app *a)
{
	struct run *run = a->run;
	uint8_t sha256[sizeof(run->judgement.sha256)];

	loop_del_fd(a->loop, run->body_fd);
	run->stream_fd = fd_take(&run->body_fd);
	(void)fcntl(run->stream_fd, F_SETFL, 0);
	if (run->job.phase == JOB_FETCHING)
		(void)app_job_event(a, JOB_FETCHED);
	else if (hash_once(HASH_SHA256, app_manifest_octets(a->run), sha256) < 0 ||
		 memcmp(sha256, run->judgement.sha256, sizeof(sha256)) != 0)
		app_manifest_failed(a, FWE_IMAGE_DIGEST_MISMATCH, "another file than before");
	else
		app_fetch_image(a);
}

static void head_has_grown(struct app *a)
{
	struct run *run = a->run;
	enum fw_error e;
	size_t len;

	if (run->body_want > DIRECT_HEAD) {
		head_is_whole(a);
		return;
	}
	e = direct_head(buf_span(&run->body), &len);
	if (e != FWE_OK) {
		app_manifest_failed(a, e, "not a file with manifest and image");
		return;
	}
	run->body_want += len;
	app_manifest_settle(a);
}

static int on_body(void *arg, uint32_t revents)
{
	struct app *a = arg;
	struct run *run = a->run;
	size_t left = run->body_want > 0 ? run->body_want - run->body.len : READ_STEP;
	size_t step = left < READ_STEP ? left : READ_STEP;
	uint8_t *at = buf_room(&run->body, step);
	ssize_t n = at ? read(run->body_fd, at, step) : 0;

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (!at) {
		app_manifest_failed(a, FWE_MANIFEST_TOO_LARGE, "the helper gave more than it may");
		return 0;
	}
	if (n > 0) {
		run->body.len += (size_t)n;
		if (run->body.len == run->body_want)
			head_has_grown(a);
		else if (run->body_want > 0)
			app_manifest_settle(a);
		return 0;
	}
	run->body_end = true;
	close_body(a);
	app_manifest_settle(a);
	return 0;
}

/* What is left for resolving and connecting. */
static uint64_t connect_us(const struct run *run)
{
	uint64_t passed_us = clock_monotonic_us() - run->asked_us;
	uint64_t us = discover_connect_us(&run->tries, run->at, run->local_lost_us);

	return passed_us < us ? us - passed_us : 0;
}

static int ask(struct app *a, const struct discover_try *try)
{
	const struct fwupd_config *c = a->config;
	struct run *run = a->run;
	uint32_t connect_ms = (uint32_t)(connect_us(run) / USEC_PER_MSEC) + 1;
	CLEANUP(closep) int in = -1;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	in = ends[1];
	run->body_fd = ends[0];
	if (fcntl(run->body_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	if (run->direct) { /* the image follows */
		(void)fcntl(in, F_SETPIPE_SZ, APP_PIPE_OCTETS);
		run->image_in = fcntl(in, F_DUPFD_CLOEXEC, 0);
	}
	r = loop_add_fd(a->loop, run->body_fd, EPOLLIN, on_body, a);
	if (r < 0)
		return r;
	return app_send_fetch(
		a,
		(struct proto_fetch){
			.kind = run->direct ? PROTO_IMAGE_BODY : PROTO_MANIFEST,
			.reach = c->allow_loopback ? PROTO_LOOPBACK : PROTO_PRIVATE,
			.same_host = 1,
			.connect_ms = connect_ms,
			.answer_ms = try->source == DISCOVER_LOCAL ? connect_ms : 0,
			.total_ms = run->direct ? 0 : (uint32_t)(c->manifest_us / USEC_PER_MSEC),
			.slow_s = run->direct ? (uint32_t)(c->stall_us / USEC_PER_SEC) : 0,
			.rate = run->direct ? app_rate(a) : 0,
			.limit = run->direct ? MANIFEST_UINT_MAX : MANIFEST_BYTES_MAX,
		},
		try->url, in);
}

static void ask_or_fail(struct app *a)
{
	if (ask(a, &a->run->tries.at[a->run->at]) < 0)
		app_trouble(a, FWE_INTERNAL, "ocf-fw-fetch cannot be started");
}

static void on_addresses(void *arg, const char *addresses)
{
	static const struct proto_fetched NOBODY = {.error = FWE_FETCH_CONNECT_FAILED,
						    .text = "the link does not know the name"};
	struct app *a = arg;
	struct run *run = a->run;

	if (addresses && !addresses[0]) {
		if (run->job.phase == JOB_FETCHING)
			app_fetched(a, &NOBODY);
		else /* a direct file, once more */
			app_manifest_failed(a, FWE_FETCH_CONNECT_FAILED, NOBODY.text);
		return;
	}
	(void)snprintf(run->addresses, sizeof(run->addresses), "%s", addresses ? addresses : "");
	run->lookup = bus_resolve_free(run->lookup);
	ask_or_fail(a);
}

/* The name is looked up on the link that gave it. False: by ocf-fw-fetch, as any other. */
static bool look_up(struct app *a, const struct discover_try *try)
{
	const struct link *link = links_by_name(watch_links(a->watch), span_str(try->link));
	char host[URL_HOST_MAX + 1];
	struct run *run = a->run;
	struct url u;

	run->addresses[0] = '\0';
	run->lookup = bus_resolve_free(run->lookup);
	return link && url_parse(span_str(try->url), &u) == URL_OK &&
	       span_to_str(u.host, host, sizeof(host)) == 0 &&
	       bus_resolve_ask(&run->lookup, a->bus, link->index, host, connect_us(run),
			       on_addresses, a) == 0;
}

void app_fetch_manifest(struct app *a)
{
	struct run *run = a->run;
	const struct discover_try *try = &run->tries.at[run->at];

	app_drop_stream(a); /* of the last try, which may have been another kind */
	if (run->rescue && run->job.phase == JOB_FETCHING) {
		app_rescue_manifest(a);
		return;
	}
	if (!run->rescue && !app_media_begin(a))
		return;
	if (run->bundle) {
		app_bundle_fetch(a);
		return;
	}
	buf_done(&run->body);
	run->body.max = MANIFEST_BYTES_MAX + 2 * READ_STEP;
	run->body_want = run->direct ? DIRECT_HEAD : 0;
	run->body_end = run->fetched = false;
	run->asked_at = run->got_to = 0;
	run->etag[0] = '\0';
	run->asked_us = clock_monotonic_us();
	log_info("discover: asking source=%s link=%s url=%s", DISCOVER_SOURCE_NAMES[try->source],
		 try->link, try->url);
	/* In direct mode the helper must not bound the whole, so we bound its beginning. */
	app_expect_fetch(a, a->config->manifest_us + (run->direct ? 0 : APP_SILENCE_US));
	if (!look_up(a, try))
		ask_or_fail(a);
}

struct span app_manifest_octets(const struct run *run)
{
	struct span all = buf_span(&run->body);

	return run->direct ? span_skip(all, DIRECT_HEAD) : all;
}

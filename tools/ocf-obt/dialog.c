#include "dialog.h"

#include "base/clock.h"
#include "codec/cbw.h"

#define ACK_TIMEOUT_US (500 * USEC_PER_MSEC)
#define RETRIES        10
#define BACKOFF_CAP_US (4 * USEC_PER_SEC)

void dialog_init(struct dialog *d, const struct options *o, struct state *state,
		 const struct record_device *dev)
{
	*d = (struct dialog){
		.o = o,
		.state = state,
		.dev = *dev,
		.body = {.max = REQ_BODY_MAX, .secret = true},
	};
}

static int fail(struct dialog *d, int err, enum outcome outcome, const char *text)
{
	trouble_set(&d->trouble, outcome, "%s", text);
	return err;
}

static void on_reached(void *arg, bool ok)
{
	struct dialog_way *w = arg;

	w->open = ok;
	w->settled = true;
}

static void on_lost(void *arg)
{
	struct dialog_way *w = arg;

	w->open = false;
}

static int open_way(struct dialog *d, struct dialog_way *w, enum obt_service as)
{
	int r;

	if (!w->in_use) {
		r = net_open(&w->net, d->o->interfaces);
		if (r < 0)
			return fail(d, r, OUT_FAILED, strerror(-r));
	}
	if (w->reached)
		reach_end(&w->reach);
	w->in_use = w->reached = true;
	w->settled = false;
	w->dialog = d;
	w->reach = (struct reach){
		.net = &w->net,
		.state = d->state,
		.dev = d->dev,
		.as = as,
		.timeout_us = d->o->timeout_us,
		.done = on_reached,
		.lost = on_lost,
		.arg = w,
	};
	reach_start(&w->reach);
	r = net_wait(&w->net, &w->settled);
	if (r < 0)
		return fail(d, r, OUT_INTERRUPTED, "interrupted");
	if (!w->open) {
		d->trouble = w->reach.trouble;
		return -ENOTCONN;
	}
	/* Where it was found; the other ways need not search. */
	(void)memcpy(d->dev.addresses, w->reach.dev.addresses, sizeof(d->dev.addresses));
	d->dev.n_addresses = w->reach.dev.n_addresses;
	return 0;
}

static void on_reply(void *arg, const struct reply *r)
{
	struct dialog_way *w = arg;
	struct dialog *d = w->dialog;

	w->call = 0;
	w->settled = true;
	buf_reset(&d->body);
	if (r->err == 0)
		buf_put(&d->body, r->body);
	d->code = r->err < 0 ? 0 : r->code;
	if (r->err < 0)
		(void)fail(d, r->err, r->err == -EFBIG ? OUT_ANSWER : OUT_SILENT,
			   r->err == -EFBIG        ? "the answer is too large"
			   : r->err == -ECONNRESET ? "the device ended the session"
						   : "the device stopped answering");
	else if (r->code / 100 != 2) {
		char code[OUT_CODE];

		out_code(r->code, code);
		trouble_set(&d->trouble, OUT_REFUSED, "the device answered %s", code);
		d->trouble.code = r->code;
	} else {
		d->trouble = (struct trouble){.outcome = OUT_OK};
	}
}

int dialog_request(struct dialog *d, const struct request *q)
{
	enum obt_service as = record_is_separate(&d->dev) ? q->as : OBT_DOTS;
	struct dialog_way *w = &d->ways[as];
	struct call call = {
		.method = q->method,
		.path = q->path,
		.query = {q->query},
		.n_query = q->query ? 1 : 0,
		.body = q->body,
		.ack_timeout_us = ACK_TIMEOUT_US,
		.max_retransmit = RETRIES,
		.backoff_cap_us = BACKOFF_CAP_US,
	};
	int r = w->open ? 0 : open_way(d, w, as);

	if (r < 0)
		return r;
	call.session = w->reach.link.session;
	w->settled = false;
	r = net_call(&w->net, &call, on_reply, w, &w->call);
	if (r < 0)
		return fail(d, r, OUT_FAILED, "cannot send");
	r = net_wait(&w->net, &w->settled);
	if (r < 0)
		return fail(d, r, OUT_INTERRUPTED, "interrupted");
	if (d->trouble.outcome == OUT_OK)
		return buf_ok(&d->body) ? 0
					: fail(d, -EFBIG, OUT_ANSWER, "the answer is too large");
	return d->trouble.outcome == OUT_REFUSED ? -EREMOTEIO : -ETIMEDOUT;
}

int dialog_get(struct dialog *d, enum obt_service as, const char *path)
{
	return dialog_request(d, &(struct request){.as = as, .method = M_GET, .path = path});
}

int dialog_post(struct dialog *d, enum obt_service as, const char *path, const struct buf *body)
{
	if (!buf_ok(body))
		return fail(d, -EFBIG, OUT_FAILED, "what is to be sent is too large");
	return dialog_request(
		d, &(struct request){
			   .as = as, .method = M_POST, .path = path, .body = buf_span(body)});
}

int dialog_state(struct dialog *d, unsigned state)
{
	struct buf body CLEANUP(buf_done) = BUF_INIT(64);

	cbw_map(&body);
	cbw_str(&body, "dos");
	cbw_map(&body);
	cbw_kv_uint(&body, "s", state);
	cbw_end(&body);
	cbw_end(&body);
	return dialog_post(d, OBT_DOTS, "/oic/sec/pstat", &body);
}

int dialog_post_key(struct dialog *d, const struct uuid *subject, const struct secret *key,
		    uint32_t credid)
{
	struct buf body CLEANUP(buf_done) = {.max = 512, .secret = true};

	cbw_map(&body);
	cbw_str(&body, "creds");
	cbw_array(&body);
	cbw_map(&body);
	if (credid)
		cbw_kv_uint(&body, "credid", credid);
	cbw_kv_uint(&body, "credtype", 1);
	cbw_kv_uuid(&body, "subjectuuid", subject);
	cbw_str(&body, "privatedata");
	cbw_map(&body);
	cbw_kv_str(&body, "encoding", "oic.sec.encoding.raw");
	cbw_str(&body, "data");
	cbw_bytes(&body, secret_span(key));
	cbw_end(&body);
	cbw_end(&body);
	cbw_end(&body);
	cbw_end(&body);
	return dialog_post(d, OBT_CMS, "/oic/sec/cred", &body);
}

void dialog_explain_access(struct dialog *d, const char *what, const char *path)
{
	char uuid[UUID_TEXT + 1], device[UUID_TEXT + 1];

	if (d->trouble.outcome != OUT_REFUSED || d->trouble.code != 401)
		return;
	uuid_format(record_service_uuid(state_self(d->state), &d->dev, OBT_DOTS), uuid);
	uuid_format(&d->dev.device, device);
	trouble_set(&d->trouble, OUT_REFUSED, "no rule lets us: ocf-obt allow %s device=%s %s %s",
		    device, uuid, what, path);
	d->trouble.code = 401;
}

static int on_waited(void *arg)
{
	*(bool *)arg = true;
	return 0;
}

int dialog_wait(struct dialog *d, uint64_t for_us)
{
	struct dialog_way *w = &d->ways[OBT_DOTS];
	struct loop_timer *timer CLEANUP(loop_timer_freep) = NULL;
	bool waited = false;
	int r = 0;

	if (!w->in_use) {
		r = net_open(&w->net, d->o->interfaces);
		w->in_use = r >= 0;
	}
	if (r >= 0)
		r = loop_timer_new(&timer, w->net.loop, on_waited, &waited);
	if (r < 0)
		return fail(d, r, OUT_FAILED, strerror(-r));
	loop_timer_set(timer, clock_monotonic_us() + for_us);
	r = net_wait(&w->net, &waited);
	return r < 0 ? fail(d, r, OUT_INTERRUPTED, "interrupted") : 0;
}

void dialog_hang_up(struct dialog *d)
{
	for (size_t i = 0; i < OBT_SERVICES; i++) {
		struct dialog_way *w = &d->ways[i];

		if (!w->in_use)
			continue;
		net_cancel(&w->net, &w->call);
		if (w->reached)
			reach_end(&w->reach);
		net_close(&w->net);
		*w = (struct dialog_way){0};
	}
}

void dialog_done(struct dialog *d)
{
	dialog_hang_up(d);
	record_device_wipe(&d->dev);
	buf_done(&d->body);
}

int dialog_open(struct dialog *d, const struct options *o, struct state **ret_state,
		const char *device)
{
	const struct record_device *rec;
	int r = state_open(ret_state, o->dir, &d->trouble);

	if (r >= 0)
		r = state_require(*ret_state, device, &rec, &d->trouble);
	if (r >= 0)
		dialog_init(d, o, *ret_state, rec);
	return r;
}

enum outcome dialog_run(const struct options *o, enum outcome (*run)(struct dialog *d, int verb),
			int verb)
{
	struct state *state CLEANUP(state_freep) = NULL;
	struct dialog d = {0};
	enum outcome outcome;

	if (dialog_open(&d, o, &state, o->args[0]) < 0)
		return out_trouble(o->json, &d.trouble);
	outcome = run(&d, verb);
	dialog_done(&d);
	return outcome;
}

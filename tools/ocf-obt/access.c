/* ocf-obt get and post. */
#include "codec/cbj.h"
#include "file.h"
#include "options.h"
#include "reach.h"

#define BODY_MAX REQ_BODY_MAX

static const struct cbr_limits ANSWER_LIMITS = {
	.bytes = REQ_BODY_MAX, .depth = 16, .items = 8192, .text = 16384, .floats = true};
static const struct jsn_limits BODY_LIMITS = {.bytes = BODY_MAX, .depth = 16};

struct access {
	const struct options *o;
	struct net net;
	struct reach reach;
	struct state *state; /* owned; NULL while changes are awaited */
	enum method method;
	struct buf body; /* CBOR to send */
	struct buf cbor;
	uint64_t call;
	unsigned shown;
};

static const char *jsn_error(enum jsn_err err)
{
	switch (err) {
	case JSN_DUPLICATE:
		return "a member is there twice";
	case JSN_TOO_DEEP:
		return "nested too deeply";
	case JSN_TOO_LARGE:
		return "too long";
	case JSN_OK:
	case JSN_INVALID:
		break;
	}
	return "not JSON";
}

/* The body of a post, in CBOR. */
static int load_body(const struct options *o, struct buf *out, struct trouble *trouble)
{
	const char *path = o->cbor_file ? o->cbor_file : o->body_file ? o->body_file : "-";
	struct buf text CLEANUP(buf_done) = {.max = BODY_MAX, .secret = true};
	struct jsn *v CLEANUP(jsn_freep) = NULL;
	enum jsn_err err;
	int r = file_read(path, o->cbor_file ? out : &text);

	if (r < 0)
		trouble_set(trouble, OUT_USAGE, "%s: %s", path, strerror(-r));
	if (r < 0 || o->cbor_file)
		return r;
	err = jsn_parse(buf_span(&text), &BODY_LIMITS, &v);
	if (err != JSN_OK) {
		trouble_set(trouble, OUT_USAGE, "%s: %s", path, jsn_error(err));
		return -EINVAL;
	}
	r = cbj_write(v, out);
	if (r < 0)
		trouble_set(trouble, OUT_USAGE, "%s: too long", path);
	return r;
}

/* ---- the answer ---- */

static enum outcome show_json(const struct access *a, struct jsn *value, unsigned code)
{
	struct jsn *v;
	char text[OUT_CODE];

	if (!a->o->json) {
		struct buf out CLEANUP(buf_done) = BUF_INIT((size_t)4 * 1024 * 1024);
		int r = jsn_write(value, JSN_PRETTY, &out);

		(void)jsn_free(value);
		if (r < 0)
			return out_fail(false, OUT_FAILED, "out of memory");
		(void)printf("%.*s\n", (int)out.len, (const char *)out.ptr);
		return OUT_OK;
	}
	out_code(code, text);
	v = jsn_new_object();
	jsn_set_str(v, "code", text);
	jsn_set(v, "body", value);
	return out_json(v);
}

static enum outcome show(const struct access *a, const struct reply *r)
{
	struct jsn *value = NULL;

	if (a->o->cbor) {
		(void)fwrite(r->body.ptr, 1, r->body.len, stdout);
		return OUT_OK;
	}
	if (r->body.len == 0)
		return a->o->json ? show_json(a, jsn_new_null(), r->code) : OUT_OK;
	if (cbj_read(r->body, &ANSWER_LIMITS, &value) != CBR_OK)
		return out_fail(a->o->json, OUT_ANSWER,
				"the body is not CBOR that JSON can say; try --cbor");
	return show_json(a, value, r->code);
}

/* One of several: the present state, or a change. */
static void show_change(struct access *a, const struct reply *r)
{
	enum outcome outcome = show(a, r);

	(void)fflush(stdout); /* who reads it waits for it */
	a->shown++;
	if (outcome == OUT_OK && (a->o->count == 0 || a->shown < a->o->count))
		return;
	net_cancel(&a->net, &a->call);
	net_finish(&a->net, outcome);
}

static void on_reply(void *arg, const struct reply *r)
{
	struct access *a = arg;
	enum outcome outcome;

	if (r->more) {
		show_change(a, r);
		return;
	}
	a->call = 0;
	if (r->err < 0) {
		outcome = out_fail(a->o->json, r->err == -EFBIG ? OUT_ANSWER : OUT_SILENT, "%s",
				   r->err == -EFBIG ? "the answer is too large"
						    : "the device stopped answering");
	} else if (r->code / 100 != 2) {
		struct trouble t;
		char code[OUT_CODE];

		out_code(r->code, code);
		trouble_set(&t, OUT_REFUSED, "the device answered %s", code);
		t.code = r->code;
		outcome = out_trouble(a->o->json, &t);
	} else {
		outcome = show(a, r);
		if (a->o->observe && outcome == OUT_OK)
			outcome = out_fail(a->o->json, OUT_REFUSED,
					   "the device does not tell changes of it");
	}
	net_finish(&a->net, outcome);
}

/* ---- the request ---- */

static void on_reached(void *arg, bool ok)
{
	struct access *a = arg;
	struct call call = {
		.method = a->method,
		.session = a->reach.link.session,
		.path = a->o->args[1],
		.n_query = a->o->n_args - 2,
		.body = buf_span(&a->body),
		.observe = a->o->observe,
	};
	int r;

	if (!ok) {
		net_finish(&a->net, out_trouble(a->o->json, &a->reach.trouble));
		return;
	}
	if (a->o->observe) /* it may take days: others need the directory meanwhile */
		a->state = a->reach.state = state_free(a->state);
	for (size_t i = 0; i < call.n_query; i++)
		call.query[i] = a->o->args[2 + i];
	r = net_call(&a->net, &call, on_reply, a, &a->call);
	if (r < 0)
		net_finish(&a->net,
			   out_fail(a->o->json, OUT_FAILED, "cannot send: %s", strerror(-r)));
}

static void on_lost(void *arg)
{
	struct access *a = arg;

	net_cancel(&a->net, &a->call);
	net_finish(&a->net, out_fail(a->o->json, OUT_SILENT, "the device ended the session"));
}

static void access_done(struct access *a)
{
	buf_done(&a->body);
	a->state = state_free(a->state);
}

static enum outcome request(const struct options *o, enum method method)
{
	struct access a = {
		.o = o, .method = method, .body = {.max = BODY_MAX, .secret = true}
        };
	const struct record_device *rec = NULL;
	struct trouble trouble;
	enum outcome outcome;
	int r;

	if (o->args[1][0] != '/')
		return out_fail(o->json, OUT_USAGE, "a path begins with /");
	if (state_open(&a.state, o->dir, &trouble) < 0 ||
	    state_require(a.state, o->args[0], &rec, &trouble) < 0 ||
	    (method == M_POST && load_body(o, &a.body, &trouble) < 0)) {
		access_done(&a);
		return out_trouble(o->json, &trouble);
	}
	r = net_open(&a.net, o->interfaces);
	if (r < 0) {
		access_done(&a);
		return out_fail(o->json, OUT_FAILED, "network: %s", strerror(-r));
	}
	a.reach = (struct reach){
		.net = &a.net,
		.state = a.state,
		.dev = *rec,
		.as = o->as,
		.timeout_us = o->timeout_us,
		.done = on_reached,
		.lost = on_lost,
		.arg = &a,
	};
	reach_start(&a.reach);
	outcome = net_run(&a.net, o->json);
	reach_end(&a.reach);
	net_close(&a.net);
	access_done(&a);
	return outcome;
}

enum outcome cmd_get(const struct options *o)
{
	return request(o, M_GET);
}

enum outcome cmd_post(const struct options *o)
{
	return request(o, M_POST);
}

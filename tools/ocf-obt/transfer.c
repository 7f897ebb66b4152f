/* ocf-obt own, provision and reset. */
#include <stdio.h>

#include "crypto/drbg.h"
#include "input.h"
#include "job.h"
#include "options.h"

#define DOMAIN_NAME "ocf-obt"

struct transfer {
	const struct options *o;
	struct net net;
	struct state *state;
	struct find find;
	struct job job;
	bool job_started;
	struct input in, pin_file;
	struct input *pin_in;
};

static void finish(struct transfer *t, enum outcome outcome, const char *text)
{
	net_finish(&t->net, out_fail(t->o->json, outcome, "%s", text));
}

/* ---- the person ---- */

static void on_answer(void *arg, const char *line)
{
	struct transfer *t = arg;

	if (line && (strcmp(line, "yes") == 0 || strcmp(line, "y") == 0))
		job_go_on(&t->job);
	else
		job_refuse(&t->job, OUT_DECLINED, "declined");
}

static void describe(const struct job *j)
{
	char uuid[UUID_TEXT + 1], address[ENDPOINT_ADDR_TEXT];

	uuid_format(&j->params.device, uuid);
	out_field(stderr, "name", j->name);
	out_field(stderr, "uuid", uuid);
	if (!job_owns(j))
		return;
	endpoint_addr_format(&j->coap, address);
	out_field(stderr, "address", address);
	endpoint_addr_format(&j->coaps, address);
	out_field(stderr, "secure", address);
	out_field(stderr, "method", obt_method_name(j->params.method));
}

static void on_approve(void *arg)
{
	struct transfer *t = arg;
	struct job *j = &t->job;

	if (t->o->yes) {
		job_go_on(j);
		return;
	}
	(void)fprintf(stderr, "%s\n",
		      j->task == OBT_RESET ? "Reset this device?"
					   : "Take ownership of this device?");
	describe(j);
	if (j->task != OBT_RESET && j->params.method == OBT_JUST_WORKS)
		(void)fprintf(stderr, "Just Works proves nothing: anybody in this network could "
				      "pose as the device.\n");
	(void)fprintf(stderr, "Type yes to go on: ");
	if (input_line(&t->in, on_answer, t) < 0)
		job_refuse(j, OUT_FAILED, "cannot read the answer");
}

static void on_pin_line(void *arg, const char *line)
{
	struct transfer *t = arg;

	if (line)
		job_pin(&t->job, span_str(line));
	else
		job_refuse(&t->job, OUT_DECLINED, "no PIN was given");
}

static void on_pin(void *arg)
{
	struct transfer *t = arg;

	if (!t->o->pin_file)
		(void)fprintf(stderr, "PIN that the device displays: ");
	if (input_line(t->pin_in, on_pin_line, t) < 0)
		job_refuse(&t->job, OUT_FAILED, "cannot read the PIN");
}

/* ---- how it went ---- */

static void on_step(void *arg, const char *step)
{
	const struct transfer *t = arg;

	out_progress(t->o->json, "  %s", step);
}

static const char *state_reached(const struct job *j)
{
	if (j->task == OBT_RESET)
		return "RFOTM";
	return j->task == OBT_OWN ? "RFPRO" : "RFNOP";
}

static enum outcome report(const struct transfer *t)
{
	const struct job *j = &t->job;
	const struct uuid *device = job_owns(j) ? &j->params.renamed : &j->params.device;
	char uuid[UUID_TEXT + 1];
	struct jsn *v;

	uuid_format(device, uuid);
	if (!t->o->json) {
		(void)printf("%s\n", uuid);
		out_field(stdout, "name", j->name);
		out_field(stdout, "state", state_reached(j));
		(void)printf("  %-10s%.1f ms\n", "took", (double)j->elapsed_us / 1000);
		return OUT_OK;
	}
	v = jsn_new_object();
	jsn_set_str(v, "uuid", uuid);
	jsn_set_str(v, "name", j->name);
	jsn_set_str(v, "state", state_reached(j));
	if (job_owns(j)) {
		out_set_uuid(v, "former_uuid", &j->params.device);
		jsn_set_str(v, "method", obt_method_name(j->params.method));
		jsn_set_str(v, "secure_address", j->record.addresses[0]);
	}
	jsn_set_int(v, "elapsed_us", (int64_t)j->elapsed_us);
	return out_json(v);
}

static void on_done(void *arg)
{
	struct transfer *t = arg;

	net_finish(&t->net, t->job.trouble.outcome == OUT_OK
				    ? report(t)
				    : out_trouble(t->o->json, &t->job.trouble));
}

static void start(struct transfer *t, enum obt_task task)
{
	const struct record_self *self = state_self(t->state);
	struct job *j = &t->job;

	j->net = &t->net;
	j->state = t->state;
	j->task = task;
	j->params.obt = self->uuid;
	j->params.domain = self->domain;
	j->params.domain_name = DOMAIN_NAME;
	j->timeout_us = t->o->timeout_us;
	j->deadline_us = t->o->deadline_us;
	j->approve = on_approve;
	j->pin = on_pin;
	j->step = on_step;
	j->done = on_done;
	j->arg = t;
	t->job_started = true;
	job_start(j);
}

/* ---- own ---- */

/* What this build, this GnuTLS and this command line allow. */
static unsigned usable_methods(const struct options *o)
{
	unsigned usable = OBT_METHOD_BIT(OBT_RANDOM_PIN);

	if (dtls_caps()->anon)
		usable |= OBT_METHOD_BIT(OBT_JUST_WORKS);
	return o->has_method ? usable & OBT_METHOD_BIT(o->method) : usable;
}

static void no_method(struct transfer *t, const struct answer_doxm *doxm)
{
	char text[512];

	if (answer_doxm_offers(doxm, OBT_JUST_WORKS) && !dtls_caps()->anon &&
	    !(t->o->has_method && t->o->method == OBT_RANDOM_PIN))
		(void)snprintf(
			text, sizeof(text),
			"Just Works needs the private GnuTLS, see tools/gnutls; loaded is %s",
			dtls_caps()->library);
	else if (t->o->has_method)
		(void)snprintf(text, sizeof(text), "the device does not offer %s",
			       obt_method_name(t->o->method));
	else
		(void)snprintf(text, sizeof(text),
			       "the device offers no method that is known here");
	finish(t, OUT_METHOD, text);
}

static void own(struct transfer *t, const struct found *d)
{
	struct job *j = &t->job;

	if (!d->has_coaps) {
		finish(t, OUT_ANSWER, "the device lists no secured endpoint");
		return;
	}
	if (!obt_method_choose(&d->doxm, usable_methods(t->o), &j->params.method)) {
		no_method(t, &d->doxm);
		return;
	}
	j->params.device = d->device;
	obt_uuid_new(drbg_fill, &j->params.renamed);
	(void)memcpy(j->name, d->name, sizeof(j->name));
	j->coap = d->coap;
	j->coaps = d->coaps;
	start(t, t->o->no_provision ? OBT_OWN : OBT_OWN_AND_PROVISION);
}

static void on_found(void *arg)
{
	struct transfer *t = arg;
	const char *wanted = t->o->n_args ? t->o->args[0] : NULL;
	const struct found *match = NULL;
	size_t n = 0;

	for (size_t i = 0; i < t->find.n; i++) {
		const struct found *d = t->find.list[i];

		if (!d->unowned || (wanted && !state_matches(wanted, &d->device, d->name)))
			continue;
		match = d;
		n++;
	}
	if (n == 1)
		own(t, match);
	else if (n == 0)
		finish(t, OUT_NOT_FOUND,
		       wanted ? "no such device without an owner answers"
			      : "no device without an owner answers");
	else
		finish(t, OUT_NOT_FOUND, "more than one device answers: name it, see discover");
}

static enum outcome run(struct transfer *t)
{
	enum outcome outcome = net_run(&t->net, t->o->json);

	if (t->job_started)
		job_end(&t->job);
	find_end(&t->find);
	input_done(&t->in);
	if (t->pin_in == &t->pin_file)
		input_done(&t->pin_file);
	net_close(&t->net);
	return outcome;
}

/* Everything but what the search or the record gives. */
static int prepare(struct transfer *t, struct trouble *trouble)
{
	int r = net_open(&t->net, t->o->interfaces);

	if (r < 0) {
		trouble_set(trouble, OUT_FAILED, "network: %s", strerror(-r));
		return r;
	}
	input_init(&t->in, t->net.loop, STDIN_FILENO);
	t->pin_in = &t->in;
	if (t->o->pin_file && strcmp(t->o->pin_file, "-") != 0) {
		r = input_open(&t->pin_file, t->net.loop, t->o->pin_file);
		if (r < 0) {
			trouble_set(trouble, OUT_USAGE, "%s: %s", t->o->pin_file, strerror(-r));
			net_close(&t->net);
			return r;
		}
		t->pin_in = &t->pin_file;
	}
	return 0;
}

enum outcome cmd_own(const struct options *o)
{
	struct state *state CLEANUP(state_freep) = NULL;
	struct transfer t = {.o = o};
	struct trouble trouble;
	struct uuid wanted;
	bool exact = o->n_args && uuid_parse(span_str(o->args[0]), &wanted);
	int r;

	if (state_open(&state, o->dir, &trouble) < 0 || prepare(&t, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	t.state = state;
	t.find = (struct find){
		.net = &t.net,
		.terms = {.unowned = true,
			  .wanted = exact ? &wanted : NULL,
			  .timeout_us = o->timeout_us},
		.done = on_found,
		.arg = &t,
	};
	out_progress(o->json, "searching");
	r = find_start(&t.find);
	if (r < 0) {
		net_finish(&t.net, out_fail(o->json, OUT_FAILED, "network: %s", strerror(-r)));
		(void)run(&t);
		return OUT_FAILED;
	}
	return run(&t);
}

/* ---- provision and reset ---- */

static enum outcome with_record(const struct options *o, enum obt_task task)
{
	struct state *state CLEANUP(state_freep) = NULL;
	const struct record_device *rec;
	struct transfer t = {.o = o};
	struct trouble trouble;

	if (state_open(&state, o->dir, &trouble) < 0 ||
	    state_require(state, o->args[0], &rec, &trouble) < 0 || prepare(&t, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	t.state = state;
	t.job.dev = rec;
	t.job.params.device = rec->device;
	t.job.params.has_sdi = rec->has_sdi;
	(void)memcpy(t.job.name, rec->name, sizeof(t.job.name));
	start(&t, task);
	return run(&t);
}

enum outcome cmd_provision(const struct options *o)
{
	return with_record(o, OBT_PROVISION);
}

enum outcome cmd_reset(const struct options *o)
{
	return with_record(o, OBT_RESET);
}

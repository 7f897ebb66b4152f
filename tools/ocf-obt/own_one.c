/* One device on its way to being ours, and its fresh starts. */
#include "own.h"

#include "crypto/drbg.h"

static void settle(struct candidate *c, enum own_phase phase)
{
	c->phase = phase;
	loop_timer_set(c->own->turn, 0);
}

static void fail(struct candidate *c, enum outcome outcome, const char *text)
{
	trouble_set(&c->trouble, outcome, "%s", text);
	settle(c, OWN_BAD);
}

unsigned own_methods(const struct options *o)
{
	unsigned usable = OBT_METHOD_BIT(OBT_RANDOM_PIN) | OBT_METHOD_BIT(OBT_FIXED_PIN);

	if (o->trust_file)
		usable |= OBT_METHOD_BIT(OBT_MFG_CERT);

	if (dtls_caps()->anon)
		usable |= OBT_METHOD_BIT(OBT_JUST_WORKS);
	return o->has_method ? usable & OBT_METHOD_BIT(o->method) : usable;
}

static void no_method(struct candidate *c)
{
	const struct options *o = c->own->o;
	char text[384];

	if (answer_doxm_offers(&c->at.doxm, OBT_JUST_WORKS) && !dtls_caps()->anon &&
	    !(o->has_method && o->method != OBT_JUST_WORKS))
		(void)snprintf(
			text, sizeof(text),
			"Just Works needs the private GnuTLS, see tools/gnutls; loaded is %s",
			dtls_caps()->library);
	else if (o->has_method && o->method == OBT_MFG_CERT && !o->trust_file)
		(void)snprintf(text, sizeof(text),
			       "manufacturer-certificate needs the maker's root: --trust FILE");
	else if (o->has_method)
		(void)snprintf(text, sizeof(text), "the device does not offer %s",
			       obt_method_name(o->method));
	else
		(void)snprintf(text, sizeof(text),
			       "the device offers no method that is known here");
	fail(c, OUT_METHOD, text);
}

static void on_yes(void *arg, const char *line)
{
	struct candidate *c = arg;

	if (person_agrees(line))
		job_go_on(&c->job);
	else
		job_refuse(&c->job, OUT_DECLINED, "declined");
}

static void show_approval(void *arg)
{
	(void)fprintf(stderr, "Take ownership of this device?\n");
	own_describe(arg);
	(void)fprintf(stderr, "Type yes to go on: ");
}

/* A fleet was approved as a whole, and a device that is tried again the first time. */
static void on_approve(void *arg)
{
	struct candidate *c = arg;

	if (c->own->o->yes || c->own->o->all || c->attempts > 1) {
		job_go_on(&c->job);
		return;
	}
	c->question = (struct question){.show = show_approval, .answer = on_yes, .arg = c};
	person_ask(&c->own->person, &c->question);
}

static void on_pin_line(void *arg, const char *line)
{
	struct candidate *c = arg;

	if (line)
		job_pin(&c->job, span_str(line));
	else
		job_refuse(&c->job, OUT_DECLINED, "no PIN was given");
}

static void show_pin(void *arg)
{
	const struct candidate *c = arg;
	char uuid[UUID_TEXT + 1];

	if (c->own->o->pin_file && !c->own->o->all)
		return;
	uuid_format(&c->at.device, uuid);
	out_status(c->own->o->json, "%s", "");
	(void)fprintf(stderr, "PIN that ");
	out_text(stderr, *c->at.name ? c->at.name : "the device");
	(void)fprintf(stderr, " (%s) %s: ", uuid,
		      c->method == OBT_FIXED_PIN ? "has on its label" : "displays");
}

static void on_pin(void *arg)
{
	struct candidate *c = arg;

	c->question = (struct question){
		.show = show_pin, .answer = on_pin_line, .arg = c, .is_pin = true};
	person_ask(&c->own->person, &c->question);
}

static void show_chain(void *arg)
{
	const struct candidate *c = arg;

	(void)fprintf(stderr, "The device has proved this certificate:\n");
	out_field(stderr, "chain", c->job.link.chain ? c->job.link.chain : "?");
	(void)fprintf(stderr, "Type yes to go on: ");
}

static void on_chain(void *arg, const char *text)
{
	struct candidate *c = arg;

	if (c->own->o->yes || c->own->o->all) {
		out_progress(c->own->o->json, "  %s", text);
		job_go_on(&c->job);
		return;
	}
	c->question = (struct question){.show = show_chain, .answer = on_yes, .arg = c};
	person_ask(&c->own->person, &c->question);
}

static void on_step(void *arg, const char *step)
{
	const struct candidate *c = arg;

	if (!c->own->o->all)
		out_progress(c->own->o->json, "  %s", step);
}

static void on_ended(void *arg)
{
	settle(arg, OWN_ENDED);
}

static void start_job(struct candidate *c)
{
	const struct record_self *self = state_self(c->own->state);
	const struct options *o = c->own->o;

	c->phase = OWN_RUNNING;
	c->job.net = &c->own->net;
	c->job.state = c->own->state;
	c->job.params.obt = self->uuid;
	c->job.params.domain = self->domain;
	c->job.params.domain_name = "ocf-obt";
	c->job.timeout_us = o->timeout_us;
	c->job.deadline_us = o->deadline_us;
	c->job.approve = on_approve;
	c->job.pin = on_pin;
	c->job.chain = on_chain;
	c->job.step = on_step;
	c->job.done = on_ended;
	c->job.arg = c;
	job_start(&c->job);
}

/* The transfer ended in doubt, with a record: the device may be ours, or free again. */
static bool finish_record(struct candidate *c)
{
	const struct record_device *rec = state_find(c->own->state, &c->device);

	if (!rec || c->finishing)
		return false;
	c->finishing = true;
	c->job = (struct job){.task = OBT_PROVISION, .params = {.device = rec->device}, .dev = rec};
	start_job(c);
	return true;
}

static void end_attempts(struct candidate *c)
{
	if (c->attempts >= c->own->o->attempts && c->phase == OWN_AGAIN)
		c->phase = OWN_BAD;
}

void own_start(struct candidate *c)
{
	struct job *j = &c->job;

	if (c->resumed) {
		c->attempts++;
		(void)finish_record(c);
		return;
	}

	*j = (struct job){
		.task = c->own->o->no_provision ? OBT_OWN : OBT_OWN_AND_PROVISION,
		.params = {.device = c->at.device},
		.coap = c->at.coap,
		.coaps = c->at.coaps,
		.separate = c->own->o->separate,
	};
	c->attempts++;
	c->former = c->at.device;
	if (!c->at.has_coaps) {
		fail(c, OUT_ANSWER,
		     "the device lists no secured endpoint on the host it answers "
		     "from");
		c->phase = OWN_AGAIN;
		end_attempts(c);
		return;
	}
	if (!obt_method_choose(&c->at.doxm, own_methods(c->own->o), &c->method)) {
		no_method(c);
		return;
	}
	j->params.method = c->method;
	obt_uuid_new(drbg_fill, &j->params.renamed);
	c->device = j->params.renamed;
	(void)memcpy(j->name, c->at.name, sizeof(j->name));
	start_job(c);
}

/* Worth a fresh start: silence, a lost session, or another identity than at discovery. */
static bool is_passing(const struct trouble *t)
{
	return t->outcome == OUT_SILENT || t->outcome == OUT_NOT_FOUND ||
	       (t->step && strcmp(t->step, "read-doxm") == 0) ||
	       (t->step && strcmp(t->step, "select-method") == 0);
}

void own_judge(struct candidate *c)
{
	bool was_finishing = c->finishing;

	/* Why it was in doubt is more to the point than that it still is. */
	if (!was_finishing || c->resumed || c->job.trouble.outcome != OUT_SILENT)
		c->trouble = c->job.trouble;
	c->elapsed_us = c->job.elapsed_us;
	/* A device that left while the person was asked: the answer is not for the next attempt. */
	person_withdraw(&c->own->person, &c->question);
	job_end(&c->job);
	if (c->trouble.outcome == OUT_OK) {
		c->phase = OWN_GOOD;
		return;
	}
	/* Once its access list is empty, a device may grant the owner more than the connection that
	 * made it so: IoTivity-lite did until 2020. */
	if ((c->attempts < c->own->o->attempts || c->trouble.code == 401) && finish_record(c))
		return;
	c->finishing = false;
	/* It does not take our key: it has reset itself. */
	if (was_finishing && c->trouble.outcome == OUT_KEY &&
	    state_forget(c->own->state, &c->device) == 0)
		c->phase = c->resumed ? OWN_BAD : OWN_AGAIN;
	else
		c->phase = is_passing(&c->trouble) ? OWN_AGAIN : OWN_BAD;
	end_attempts(c);
	if (c->phase == OWN_AGAIN && !c->own->o->all)
		out_progress(c->own->o->json, "  %s: %s; once more from discovery",
			     c->trouble.step ? c->trouble.step : "", c->trouble.text);
}

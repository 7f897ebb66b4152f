/* ocf-obt reset. */
#include "job.h"
#include "options.h"
#include "person.h"

struct reset {
	const struct options *o;
	struct net net;
	struct person person;
	struct question question;
	struct job job;
};

static void on_answer(void *arg, const char *line)
{
	struct reset *t = arg;

	if (person_agrees(line))
		job_go_on(&t->job);
	else
		job_refuse(&t->job, OUT_DECLINED, "declined");
}

static void show(void *arg)
{
	const struct reset *t = arg;
	char uuid[UUID_TEXT + 1];

	uuid_format(&t->job.params.device, uuid);
	(void)fprintf(stderr, "Reset this device?\n");
	out_field(stderr, "name", t->job.name);
	out_field(stderr, "uuid", uuid);
	(void)fprintf(stderr, "Type yes to go on: ");
}

static void on_approve(void *arg)
{
	struct reset *t = arg;

	if (t->o->yes) {
		job_go_on(&t->job);
		return;
	}
	t->question = (struct question){.show = show, .answer = on_answer, .arg = t};
	person_ask(&t->person, &t->question);
}

static void on_step(void *arg, const char *step)
{
	const struct reset *t = arg;

	out_progress(t->o->json, "  %s", step);
}

static enum outcome report(const struct reset *t)
{
	const struct job *j = &t->job;
	char uuid[UUID_TEXT + 1];
	struct jsn *v;

	uuid_format(&j->params.device, uuid);
	if (!t->o->json) {
		(void)printf("%s\n", uuid);
		out_field(stdout, "name", j->name);
		out_field(stdout, "state", "RFOTM");
		return OUT_OK;
	}
	v = jsn_new_object();
	jsn_set_str(v, "uuid", uuid);
	jsn_set_str(v, "name", j->name);
	jsn_set_str(v, "state", "RFOTM");
	jsn_set_int(v, "elapsed_us", (int64_t)j->elapsed_us);
	return out_json(v);
}

static void on_done(void *arg)
{
	struct reset *t = arg;

	net_finish(&t->net, t->job.trouble.outcome == OUT_OK
				    ? report(t)
				    : out_trouble(t->o->json, &t->job.trouble));
}

static enum outcome run(struct reset *t, struct state *state, const struct record_device *rec)
{
	const struct record_self *self = state_self(state);
	enum outcome outcome;

	t->job = (struct job){
		.net = &t->net,
		.state = state,
		.task = OBT_RESET,
		.params = {.obt = self->uuid, .device = rec->device},
		.dev = rec,
		.timeout_us = t->o->timeout_us,
		.deadline_us = t->o->deadline_us,
		.approve = on_approve,
		.step = on_step,
		.done = on_done,
		.arg = t,
	};
	(void)memcpy(t->job.name, rec->name, sizeof(t->job.name));
	job_start(&t->job);
	outcome = net_run(&t->net, t->o->json);
	job_end(&t->job);
	return outcome;
}

enum outcome cmd_reset(const struct options *o)
{
	struct state *state CLEANUP(state_freep) = NULL;
	const struct record_device *rec;
	struct reset t = {.o = o};
	struct trouble trouble;
	enum outcome outcome;
	int r;

	if (state_open(&state, o->dir, &trouble) < 0 ||
	    state_require(state, o->args[0], &rec, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	r = net_open(&t.net, o->interfaces);
	if (r < 0)
		return out_fail(o->json, OUT_FAILED, "network: %s", strerror(-r));
	(void)!person_init(&t.person, t.net.loop, NULL); /* nothing to open */
	outcome = run(&t, state, rec);
	person_done(&t.person);
	net_close(&t.net);
	return outcome;
}

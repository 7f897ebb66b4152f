/* ocf-obt verify, repair and provision: a device against its record. */
#include "converge.h"

static enum outcome report(const struct converge *c, bool repaired)
{
	const struct record_device *dev = &c->d->dev;
	char uuid[UUID_TEXT + 1];
	struct jsn *v;

	uuid_format(&dev->device, uuid);
	if (c->d->o->json) {
		v = jsn_new_object();
		jsn_set_str(v, "uuid", uuid);
		jsn_set_str(v, "name", dev->name);
		jsn_set_str(v, "state", answer_state_name(c->actual.pstat.state));
		jsn_set_bool(v, "repaired", repaired && c->plan.n > 0);
		jsn_set(v, "drift", converge_json(c));
		return out_json(v);
	}
	(void)printf("%s\n", uuid);
	out_field(stdout, "name", dev->name);
	out_field(stdout, "state", answer_state_name(c->actual.pstat.state));
	out_field(stdout, "drift", c->plan.n || c->plan.hopeless ? "" : "none");
	if (repaired && c->plan.n)
		out_field(stdout, "drift", "repaired");
	converge_print(c, stdout, "    ");
	return OUT_OK;
}

/* A record in doubt is settled once the device is as it should be. */
static int settle(struct dialog *d)
{
	if (d->dev.complete)
		return 0;
	d->dev.complete = true;
	if (state_put(d->state, &d->dev) == 0)
		return 0;
	trouble_set(&d->trouble, OUT_STATE, "the record cannot be written");
	return -EIO;
}

enum { VERIFY, REPAIR, PROVISION };

/* Provisioning anew: rules that were added since are no more. */
static int reset_rules(struct dialog *d, struct goal *goal)
{
	const struct record_self *self = state_self(d->state);

	goal->n_rules = 0;
	goal_add_defaults(goal, record_service_uuid(self, &d->dev, OBT_DOTS),
			  record_service_uuid(self, &d->dev, OBT_CMS), d->dev.has_sdi);
	return state_put_goal(d->state, &d->dev.device, goal);
}

static enum outcome run(struct dialog *d, int verb)
{
	bool repair = verb != VERIFY;
	struct goal *goal CLEANUP(goal_freep) = NULL;
	struct converge c = {0};
	enum outcome outcome;
	int r = state_goal(d->state, &d->dev.device, &goal);

	if (r >= 0 && verb == PROVISION)
		r = reset_rules(d, goal);
	if (r < 0)
		return out_fail(d->o->json, OUT_STATE, "its goal: %s", strerror(-r));
	r = converge_read(&c, d, goal);
	if (r >= 0 && repair)
		r = converge_run(&c);
	if (r >= 0 && repair)
		r = settle(d);
	if (r < 0)
		outcome = out_trouble(d->o->json, &d->trouble);
	else
		outcome = report(&c, repair);
	if (outcome == OUT_OK && !repair && (c.plan.n || c.plan.hopeless))
		outcome = OUT_DRIFT;
	converge_done(&c);
	return outcome;
}

enum outcome cmd_verify(const struct options *o)
{
	return dialog_run(o, run, VERIFY);
}

enum outcome cmd_repair(const struct options *o)
{
	return dialog_run(o, run, REPAIR);
}

enum outcome cmd_provision(const struct options *o)
{
	return dialog_run(o, run, PROVISION);
}

/* ocf-obt pair and unpair: a key that two devices share, so that they may talk to each other. */
#include "converge.h"
#include "crypto/drbg.h"

struct side {
	struct dialog d;
	struct goal *goal;
};

static int bring_about(struct side *s)
{
	struct converge c = {0};
	int r = converge_read(&c, &s->d, s->goal);

	if (r >= 0)
		r = converge_run(&c);
	converge_done(&c);
	return r;
}

/* The goals are kept first: what fails half way is then drift, which repair mends with the very
 * same key. */
static int keep(struct side sides[2])
{
	int r = 0;

	for (size_t i = 0; i < 2 && r >= 0; i++)
		r = state_put_goal(sides[i].d.state, &sides[i].d.dev.device, sides[i].goal);
	if (r < 0)
		trouble_set(&sides[0].d.trouble, OUT_STATE, "the goals cannot be written: %s",
			    strerror(-r));
	return r;
}

static bool set(struct side *s, const struct uuid *peer, const struct secret *key, bool pair)
{
	return pair ? goal_add_pair(s->goal, peer, key) : goal_drop_pair(s->goal, peer);
}

static enum outcome report(const struct side sides[2], bool pair)
{
	struct jsn *v = jsn_new_object(), *list = jsn_new_array();

	if (!sides[0].d.o->json) {
		out_text(stdout, sides[0].d.dev.name);
		(void)printf(pair ? " and " : " no longer shares a key with ");
		out_text(stdout, sides[1].d.dev.name);
		(void)printf(pair ? " share a key\n" : "\n");
		(void)jsn_free(v);
		(void)jsn_free(list);
		return OUT_OK;
	}
	for (size_t i = 0; i < 2; i++) {
		char uuid[UUID_TEXT + 1];

		uuid_format(&sides[i].d.dev.device, uuid);
		jsn_add(list, jsn_new_text(span_str(uuid)));
	}
	jsn_set_bool(v, "paired", pair);
	jsn_set(v, "devices", list);
	return out_json(v);
}

static enum outcome run(struct side sides[2], bool pair)
{
	struct secret key CLEANUP(secret_wipe) = {.len = 16};
	const struct options *o = sides[0].d.o;

	drbg_fill(key.b, key.len);
	for (size_t i = 0; i < 2; i++)
		if (!set(&sides[i], &sides[!i].d.dev.device, &key, pair))
			return out_fail(o->json, pair ? OUT_FAILED : OUT_NOT_FOUND,
					pair ? "the device shares too many keys already"
					     : "these two share no key");
	if (keep(sides) < 0)
		return out_trouble(o->json, &sides[0].d.trouble);
	for (size_t i = 0; i < 2; i++)
		if (bring_about(&sides[i]) < 0)
			return out_trouble(o->json, &sides[i].d.trouble);
	return report(sides, pair);
}

static enum outcome with_devices(const struct options *o, bool pair)
{
	struct state *state CLEANUP(state_freep) = NULL;
	struct side sides[2] = {0};
	const struct record_device *devs[2];
	enum outcome outcome = OUT_OK;
	struct trouble trouble;

	if (state_open(&state, o->dir, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	for (size_t i = 0; i < 2; i++)
		if (state_require(state, o->args[i], &devs[i], &trouble) < 0)
			return out_trouble(o->json, &trouble);
	if (devs[0] == devs[1])
		return out_fail(o->json, OUT_USAGE, "a device does not share a key with itself");
	for (size_t i = 0; i < 2; i++) {
		int r;

		dialog_init(&sides[i].d, o, state, devs[i]);
		r = state_goal(state, &devs[i]->device, &sides[i].goal);
		if (r < 0)
			outcome = out_fail(o->json, OUT_STATE, "its goal cannot be read: %s",
					   strerror(-r));
	}
	if (outcome == OUT_OK)
		outcome = run(sides, pair);
	for (size_t i = 0; i < 2; i++) {
		(void)goal_free(sides[i].goal);
		dialog_done(&sides[i].d);
	}
	return outcome;
}

enum outcome cmd_pair(const struct options *o)
{
	return with_devices(o, true);
}

enum outcome cmd_unpair(const struct options *o)
{
	return with_devices(o, false);
}

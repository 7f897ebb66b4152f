/* ocf-obt apply: brings a whole site to what one document says. */
#include "converge.h"
#include "crypto/drbg.h"
#include "file.h"
#include "obt/site.h"

/* One device on its way. */
struct wanted {
	const struct site_device *site;
	const struct record_device *dev; /* borrowed from the state until it changes */
	struct uuid uuid;
	struct goal *goal;   /* what it shall hold */
	struct goal *former; /* what it should hold until now: keys of pairs stay the same */
};

struct apply {
	const struct options *o;
	struct state *state;
	struct site site;
	struct wanted *list; /* site.n of them */
	struct jsn *report;
	size_t changed, failed;
	enum outcome outcome;
};

static enum outcome wrong(const struct apply *a, const struct site_device *d, const char *why)
{
	return out_fail(a->o->json, OUT_USAGE, "%s: %s: %s", a->o->args[0], d->device, why);
}

/* ---- what it says ---- */

static enum outcome resolve(struct apply *a, size_t i)
{
	const struct rule_names names = {.find = state_find_name, .arg = a->state};
	struct wanted *w = &a->list[i];
	struct trouble trouble;
	const char *why;

	w->site = &a->site.devices[i];
	if (state_require(a->state, w->site->device, &w->dev, &trouble) < 0)
		return out_trouble(a->o->json, &trouble);
	w->uuid = w->dev->device;
	for (size_t k = 0; k < i; k++)
		if (uuid_eq(&a->list[k].uuid, &w->uuid))
			return wrong(a, w->site, "this device is there twice");
	w->goal = goal_new();
	if (!w->goal || state_goal(a->state, &w->uuid, &w->former) < 0)
		return wrong(a, w->site, "its goal cannot be read");
	goal_add_defaults(w->goal, record_service_uuid(state_self(a->state), w->dev, OBT_DOTS),
			  record_service_uuid(state_self(a->state), w->dev, OBT_CMS),
			  w->dev->has_sdi);
	why = site_fill(w->site, &names, w->goal);
	return why ? wrong(a, w->site, why) : OUT_OK;
}

/* A key they share already is kept. */
static bool join(struct wanted *x, struct wanted *y)
{
	const struct goal_pair *had = goal_find_pair(x->former, &y->uuid);
	struct secret key CLEANUP(secret_wipe) = {.len = 16};

	if (goal_find_pair(x->goal, &y->uuid)) /* said from the other side */
		return true;
	if (had && goal_find_pair(y->former, &x->uuid))
		key = had->key;
	else
		drbg_fill(key.b, key.len);
	return goal_add_pair(x->goal, &y->uuid, &key) && goal_add_pair(y->goal, &x->uuid, &key);
}

static enum outcome resolve_pairs(struct apply *a, struct wanted *w)
{
	for (size_t i = 0; i < jsn_len(w->site->pairs); i++) {
		const char *name = jsn_str(jsn_at(w->site->pairs, i));
		struct wanted *peer = NULL;
		struct uuid uuid;

		if (!state_find_name(a->state, name, &uuid))
			return wrong(a, w->site, "its pairs name a device that is not known here");
		for (size_t k = 0; k < a->site.n; k++)
			if (uuid_eq(&a->list[k].uuid, &uuid))
				peer = &a->list[k];
		if (!peer || peer == w)
			return wrong(a, w->site, "pairs are other devices of the same document");
		if (!join(w, peer))
			return wrong(a, w->site, "too many pairs");
	}
	return OUT_OK;
}

static enum outcome resolve_all(struct apply *a)
{
	struct authority *authority CLEANUP(authority_freep) = NULL;
	enum outcome outcome = OUT_OK;
	struct trouble trouble;
	bool identity = false;

	for (size_t i = 0; i < a->site.n && outcome == OUT_OK; i++) {
		outcome = resolve(a, i);
		identity |= a->site.devices[i].identity;
	}
	for (size_t i = 0; i < a->site.n && outcome == OUT_OK; i++)
		outcome = resolve_pairs(a, &a->list[i]);
	if (outcome == OUT_OK && identity && issue_open(a->state, true, &authority, &trouble) < 0)
		outcome = out_trouble(a->o->json, &trouble);
	return outcome;
}

/* ---- bringing it about ---- */

static void report(struct apply *a, const struct converge *c, const struct dialog *d, bool failed)
{
	struct jsn *v = jsn_new_object();

	if (!a->o->json) {
		out_text(stdout, d->dev.name);
		(void)printf("%s\n", failed           ? ": FAILED"
				     : c->plan.n == 0 ? ": as it should be"
				     : a->o->dry_run  ? ": would"
						      : ": done");
		converge_print(c, stdout, "  ");
		if (failed) {
			(void)printf("  %s: ", d->trouble.step ? d->trouble.step : "failed");
			out_text(stdout, d->trouble.text);
			(void)printf("\n");
		}
		(void)jsn_free(v);
		return;
	}
	out_set_uuid(v, "uuid", &d->dev.device);
	jsn_set_str(v, "name", d->dev.name);
	jsn_set(v, "changes", converge_json(c));
	if (failed)
		jsn_set(v, "failure", out_trouble_json(&d->trouble));
	jsn_add(a->report, v);
}

static void bring_about(struct apply *a, const struct wanted *w)
{
	const struct record_device *dev = state_find(a->state, &w->uuid);
	struct converge c = {0};
	struct dialog d;
	int r;

	dialog_init(&d, a->o, a->state, dev);
	r = converge_read(&c, &d, w->goal);
	if (r >= 0 && !a->o->dry_run) {
		/* First the goal: what fails half way is then drift, for repair. */
		r = state_put_goal(a->state, &w->uuid, w->goal);
		if (r < 0)
			trouble_set(&d.trouble, OUT_STATE, "its goal: %s", strerror(-r));
		else
			r = converge_run(&c);
	}
	a->changed += r >= 0 && c.plan.n > 0;
	a->failed += r < 0;
	if (r < 0 && a->outcome == OUT_OK)
		a->outcome = d.trouble.outcome;
	report(a, &c, &d, r < 0);
	converge_done(&c);
	dialog_done(&d);
}

static enum outcome summary(struct apply *a)
{
	struct jsn *v;

	if (a->outcome == OUT_OK && a->o->dry_run && a->changed > 0)
		a->outcome = OUT_DRIFT;
	if (!a->o->json) {
		(void)printf("%zu devices, %zu %s, %zu failed\n", a->site.n, a->changed,
			     a->o->dry_run ? "differ" : "changed", a->failed);
		return a->outcome;
	}
	v = jsn_new_object();
	jsn_set_int(v, "changed", (int64_t)a->changed);
	jsn_set_int(v, "failed", (int64_t)a->failed);
	jsn_set_bool(v, "dry_run", a->o->dry_run);
	jsn_set(v, "devices", a->report);
	a->report = NULL;
	(void)out_json(v);
	return a->outcome;
}

static enum outcome run(struct apply *a)
{
	enum outcome outcome = resolve_all(a);

	if (outcome != OUT_OK)
		return outcome;
	a->report = jsn_new_array();
	for (size_t i = 0; i < a->site.n; i++) {
		out_status(a->o->json, "%zu of %zu", i + 1, a->site.n);
		bring_about(a, &a->list[i]);
	}
	out_status(a->o->json, "%s", "");
	return summary(a);
}

static int load(struct apply *a, struct trouble *t)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT(SITE_OCTETS_MAX);
	int r = file_read(a->o->args[0], &text);
	char why[SITE_WHY_MAX] = "";

	if (r >= 0)
		r = site_parse(buf_span(&text), &a->site, why);
	if (r >= 0) {
		a->list = calloc(a->site.n + 1, sizeof(struct wanted));
		r = a->list ? 0 : -ENOMEM;
	}
	if (r < 0)
		trouble_set(t, OUT_USAGE, "%s: %s", a->o->args[0], *why ? why : strerror(-r));
	return r;
}

enum outcome cmd_apply(const struct options *o)
{
	struct state *state CLEANUP(state_freep) = NULL;
	struct apply a = {.o = o};
	struct trouble trouble;
	enum outcome outcome;

	if (load(&a, &trouble) < 0 || state_open(&state, o->dir, &trouble) < 0) {
		outcome = out_trouble(o->json, &trouble);
	} else {
		a.state = state;
		outcome = run(&a);
	}
	for (size_t i = 0; a.list && i < a.site.n; i++) {
		(void)goal_free(a.list[i].goal);
		(void)goal_free(a.list[i].former);
	}
	free(a.list);
	(void)jsn_free(a.report);
	site_done(&a.site);
	return outcome;
}

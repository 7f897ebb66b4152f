/* ocf-obt discover. */
#include "find.h"
#include "options.h"
#include "state.h"

struct discover {
	const struct options *o;
	const char *wanted; /* a UUID, the beginning of one, or a name; NULL: all */
	struct net net;
	struct state *state; /* NULL: only unowned devices are asked for */
	struct find find;
};

static const char *owner_of(const struct discover *c, const struct found *d)
{
	const struct record_device *rec = c->state ? state_find(c->state, &d->device) : NULL;

	if (d->unowned)
		return "none";
	if (!rec)
		return "other";
	return rec->complete ? "us" : "us, incomplete";
}

/* Only a device in RFOTM tells whoever asks. */
static const char *state_of(const struct found *d)
{
	return d->unowned ? "RFOTM" : "";
}

static void format(const struct endpoint_addr *a, bool there, char ret[ENDPOINT_ADDR_TEXT])
{
	ret[0] = '\0';
	if (there)
		endpoint_addr_format(a, ret);
}

static struct jsn *sources_json(const struct found *d)
{
	struct jsn *list = jsn_new_array();
	char text[ENDPOINT_ADDR_TEXT];

	for (size_t i = 0; i < d->n_sources; i++) {
		endpoint_addr_format(&d->sources[i], text);
		jsn_add(list, jsn_new_text(span_str(text)));
	}
	return list;
}

static struct jsn *methods_json(const struct answer_doxm *doxm)
{
	struct jsn *list = jsn_new_array();

	for (size_t i = 0; i < doxm->n_oxms; i++) {
		enum obt_method m;

		if (obt_method_of(doxm->oxms[i], &m))
			jsn_add(list, jsn_new_text(span_str(obt_method_name(m))));
		else
			jsn_add(list, jsn_new_int(doxm->oxms[i]));
	}
	return list;
}

static struct jsn *found_json(const struct discover *c, const struct found *d)
{
	char coap[ENDPOINT_ADDR_TEXT], coaps[ENDPOINT_ADDR_TEXT];
	struct jsn *v = jsn_new_object();

	format(&d->coap, d->has_coap && d->unowned, coap);
	format(&d->coaps, d->has_coaps, coaps);
	out_set_uuid(v, "uuid", &d->device);
	jsn_set_str(v, "name", d->name);
	jsn_set_str(v, "maker", d->platform.maker);
	jsn_set_str(v, "model", d->platform.model);
	jsn_set_str(v, "owner", owner_of(c, d));
	jsn_set_str(v, "state", state_of(d));
	jsn_set_str(v, "address", coap);
	jsn_set_str(v, "secure_address", coaps);
	jsn_set(v, "seen_at", sources_json(d));
	if (d->unowned)
		jsn_set(v, "methods", methods_json(&d->doxm));
	return v;
}

static void methods_text(const struct answer_doxm *doxm, char *ret, size_t room)
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < doxm->n_oxms && len < room; i++) {
		const char *sep = i ? " " : "";
		enum obt_method m;
		int n = obt_method_of(doxm->oxms[i], &m)
				? snprintf(ret + len, room - len, "%s%s", sep, obt_method_name(m))
				: snprintf(ret + len, room - len, "%s%u", sep, doxm->oxms[i]);

		len += n > 0 ? (size_t)n : 0;
	}
}

static void print_found(const struct discover *c, const struct found *d)
{
	char uuid[UUID_TEXT + 1], address[ENDPOINT_ADDR_TEXT], methods[256];

	uuid_format(&d->device, uuid);
	methods_text(&d->doxm, methods, sizeof(methods));
	(void)printf("%s\n", uuid);
	out_field(stdout, "name", d->name);
	out_field(stdout, "maker", d->platform.maker);
	out_field(stdout, "model", d->platform.model);
	out_field(stdout, "owner", owner_of(c, d));
	out_field(stdout, "state", state_of(d));
	for (size_t i = 0; i < d->n_sources; i++) {
		endpoint_addr_format(&d->sources[i], address);
		out_field(stdout, "seen at", address);
	}
	format(&d->coaps, d->has_coaps, address);
	out_field(stdout, "secure", address);
	out_field(stdout, "methods", methods);
	(void)fflush(stdout);
}

static bool is_asked_for(const struct discover *c, const struct found *d)
{
	return (c->o->all || d->unowned != c->o->owned) &&
	       (!c->wanted || state_matches(c->wanted, &d->device, d->name));
}

/* With --all a stranger's owner is known only at the end: it may still say that it has none. */
static bool is_live(const struct discover *c, const struct found *d)
{
	return !c->o->json && (!c->o->all || d->unowned || state_find(c->state, &d->device));
}

static void on_seen(void *arg, struct found *d)
{
	const struct discover *c = arg;

	if (is_asked_for(c, d) && is_live(c, d))
		print_found(c, d);
}

static void on_done(void *arg)
{
	struct discover *c = arg;
	struct jsn *list = jsn_new_array();
	enum outcome outcome = OUT_OK;
	size_t n = 0;

	for (size_t i = 0; i < c->find.n; i++) {
		const struct found *d = c->find.list[i];

		if (!is_asked_for(c, d))
			continue;
		n++;
		if (c->o->json)
			jsn_add(list, found_json(c, d));
		else if (!is_live(c, d) || !d->complete)
			print_found(c, d);
	}
	if (c->o->json)
		outcome = out_json(list);
	else
		(void)jsn_free(list);
	out_progress(c->o->json, "%zu device%s", n, n == 1 ? "" : "s");
	net_finish(&c->net, outcome);
}

enum outcome cmd_discover(const struct options *o)
{
	struct discover c = {.o = o, .wanted = o->n_args ? o->args[0] : NULL};
	struct state *state CLEANUP(state_freep) = NULL;
	bool owned = o->owned || o->all;
	struct trouble trouble;
	enum outcome outcome;
	struct uuid device;
	int r;

	if (owned && state_open(&state, o->dir, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	c.state = state;
	r = net_open(&c.net, o->interfaces);
	if (r < 0)
		return out_fail(o->json, OUT_FAILED, "network: %s", strerror(-r));
	c.find = (struct find){
		.net = &c.net,
 /* Devices without an owner answer both questions, and only the first tells. */
		.terms = {.unowned = true,
			  .owned = owned,
			  .scope = o->scope,
			  .timeout_us = o->timeout_us,
			  .rounds = FIND_ROUNDS_MAX},
		.seen = on_seen,
		.done = on_done,
		.arg = &c,
	};
	if (c.wanted && uuid_parse(span_str(c.wanted), &device))
		c.find.terms.wanted = &device;
	r = find_start(&c.find);
	outcome = r < 0 ? out_fail(o->json, OUT_FAILED, "network: %s", strerror(-r))
			: net_run(&c.net, o->json);
	find_end(&c.find);
	net_close(&c.net);
	return outcome;
}

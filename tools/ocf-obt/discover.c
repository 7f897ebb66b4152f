/* ocf-obt discover and list. */
#include "find.h"
#include "options.h"
#include "state.h"

#include <time.h>

struct discover {
	const struct options *o;
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

static void format(const struct endpoint_addr *a, bool there, char ret[ENDPOINT_ADDR_TEXT])
{
	ret[0] = '\0';
	if (there)
		endpoint_addr_format(a, ret);
}

static struct jsn *methods_json(const struct answer_doxm *doxm)
{
	struct jsn *list = jsn_new_array();

	for (size_t i = 0; i < doxm->n_oxms; i++) {
		if (doxm->oxms[i] <= OBT_MFG_CERT)
			jsn_add(list, jsn_new_text(span_str(
					      obt_method_name((enum obt_method)doxm->oxms[i]))));
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
	jsn_set_str(v, "owner", owner_of(c, d));
	jsn_set_str(v, "address", coap);
	jsn_set_str(v, "secure_address", coaps);
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
		int n = doxm->oxms[i] <= OBT_MFG_CERT
				? snprintf(ret + len, room - len, "%s%s", sep,
					   obt_method_name((enum obt_method)doxm->oxms[i]))
				: snprintf(ret + len, room - len, "%s%u", sep, doxm->oxms[i]);

		len += n > 0 ? (size_t)n : 0;
	}
}

static void print_found(const struct discover *c, const struct found *d)
{
	char uuid[UUID_TEXT + 1], coap[ENDPOINT_ADDR_TEXT], coaps[ENDPOINT_ADDR_TEXT], methods[256];

	uuid_format(&d->device, uuid);
	format(&d->coap, d->has_coap && d->unowned, coap);
	format(&d->coaps, d->has_coaps, coaps);
	methods_text(&d->doxm, methods, sizeof(methods));
	(void)printf("%s\n", uuid);
	out_field(stdout, "name", d->name);
	out_field(stdout, "owner", owner_of(c, d));
	out_field(stdout, "address", coap);
	out_field(stdout, "secure", coaps);
	out_field(stdout, "methods", methods);
	(void)fflush(stdout);
}

/* With --all the owner is known only at the end. */
static bool is_live(const struct discover *c)
{
	return !c->o->json && !c->o->all;
}

static bool is_asked_for(const struct discover *c, const struct found *d)
{
	return c->o->all || d->unowned != c->o->owned;
}

static void on_seen(void *arg, struct found *d)
{
	const struct discover *c = arg;

	if (is_live(c) && is_asked_for(c, d))
		print_found(c, d);
}

static void on_done(void *arg)
{
	struct discover *c = arg;
	struct jsn *list = jsn_new_array();
	enum outcome outcome = OUT_OK;
	size_t n = 0;

	for (size_t i = 0; i < c->find.n; i++) {
		if (!is_asked_for(c, c->find.list[i]))
			continue;
		n++;
		if (c->o->json)
			jsn_add(list, found_json(c, c->find.list[i]));
		else if (!is_live(c))
			print_found(c, c->find.list[i]);
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
	bool all = o->all, owned = o->owned || all;
	struct state *state CLEANUP(state_freep) = NULL;
	struct discover c = {.o = o};
	struct trouble trouble;
	enum outcome outcome;
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
		.terms = {.unowned = true, .owned = owned, .timeout_us = o->timeout_us},
		.seen = on_seen,
		.done = on_done,
		.arg = &c,
	};
	r = find_start(&c.find);
	outcome = r < 0 ? out_fail(o->json, OUT_FAILED, "network: %s", strerror(-r))
			: net_run(&c.net, o->json);
	find_end(&c.find);
	net_close(&c.net);
	return outcome;
}

static struct jsn *record_json(const struct record_device *rec)
{
	struct jsn *v = jsn_new_object(), *addresses = jsn_new_array();

	out_set_uuid(v, "uuid", &rec->device);
	jsn_set_str(v, "name", rec->name);
	jsn_set_str(v, "method", obt_method_name(rec->method));
	jsn_set_bool(v, "complete", rec->complete);
	jsn_set_int(v, "owned_at", (int64_t)(rec->owned_us / USEC_PER_SEC));
	for (size_t i = 0; i < rec->n_addresses; i++)
		jsn_add(addresses, jsn_new_text(span_str(rec->addresses[i])));
	jsn_set(v, "secure_addresses", addresses);
	return v;
}

static void print_record(const struct record_device *rec)
{
	time_t owned = (time_t)(rec->owned_us / USEC_PER_SEC);
	char uuid[UUID_TEXT + 1], when[32] = "";
	struct tm tm;

	uuid_format(&rec->device, uuid);
	if (gmtime_r(&owned, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &tm);
	(void)printf("%s\n", uuid);
	out_field(stdout, "name", rec->name);
	out_field(stdout, "owned", when);
	out_field(stdout, "method", obt_method_name(rec->method));
	out_field(stdout, "state", rec->complete ? "" : "incomplete: provision or reset it");
	for (size_t i = 0; i < rec->n_addresses; i++)
		out_field(stdout, "secure", rec->addresses[i]);
}

enum outcome cmd_list(const struct options *o)
{
	struct state *state CLEANUP(state_freep) = NULL;
	struct trouble trouble;
	struct jsn *v, *list;

	if (state_open(&state, o->dir, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	if (!o->json) {
		for (size_t i = 0; i < state_count(state); i++)
			print_record(state_at(state, i));
		return OUT_OK;
	}
	v = jsn_new_object();
	list = jsn_new_array();
	out_set_uuid(v, "uuid", &state_self(state)->uuid);
	out_set_uuid(v, "domain", &state_self(state)->domain);
	for (size_t i = 0; i < state_count(state); i++)
		jsn_add(list, record_json(state_at(state, i)));
	jsn_set(v, "devices", list);
	return out_json(v);
}

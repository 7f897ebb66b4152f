/* What `ocf-obt own` tells. */
#include "own.h"

static const char *state_reached(const struct candidate *c)
{
	return c->own->o->no_provision ? "RFPRO" : "RFNOP";
}

void own_describe(const struct candidate *c)
{
	char uuid[UUID_TEXT + 1], address[ENDPOINT_ADDR_TEXT];
	const struct found *d = &c->at;

	uuid_format(&d->device, uuid);
	out_field(stderr, "name", d->name);
	out_field(stderr, "maker", d->platform.maker);
	out_field(stderr, "model", d->platform.model);
	out_field(stderr, "uuid", uuid);
	endpoint_addr_format(&d->coap, address);
	out_field(stderr, "address", address);
	endpoint_addr_format(&d->coaps, address);
	out_field(stderr, "secure", address);
	out_field(stderr, "method", obt_method_name(c->method));
	if (c->method == OBT_JUST_WORKS)
		(void)fprintf(stderr, "Just Works proves nothing: anybody in this network could "
				      "pose as the device.\n");
}

static size_t count(const struct own *w, enum own_phase phase)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->list[i]->phase == phase;
	return n;
}

void own_status(const struct own *w)
{
	out_status(w->o->json, "%zu of %zu owned, %zu under way, %zu to be tried again, %zu failed",
		   count(w, OWN_GOOD), w->n, count(w, OWN_RUNNING), count(w, OWN_AGAIN),
		   count(w, OWN_BAD));
}

static struct jsn *good_json(const struct candidate *c)
{
	const struct record_device *rec = state_find(c->own->state, &c->device);
	struct jsn *v = jsn_new_object();

	out_set_uuid(v, "uuid", &c->device);
	jsn_set_str(v, "name", c->at.name);
	jsn_set_str(v, "state", state_reached(c));
	out_set_uuid(v, "former_uuid", &c->former);
	jsn_set_str(v, "method", obt_method_name(c->method));
	if (rec && rec->n_addresses > 0)
		jsn_set_str(v, "secure_address", rec->addresses[0]);
	jsn_set_int(v, "attempts", c->attempts);
	jsn_set_int(v, "elapsed_us", (int64_t)c->elapsed_us);
	return v;
}

enum outcome own_report_one(const struct candidate *c, bool json)
{
	char uuid[UUID_TEXT + 1];

	if (c->phase != OWN_GOOD)
		return out_trouble(json, &c->trouble);
	if (json)
		return out_json(good_json(c));
	uuid_format(&c->device, uuid);
	(void)printf("%s\n", uuid);
	out_field(stdout, "name", c->at.name);
	out_field(stdout, "state", state_reached(c));
	(void)printf("  %-10s%.1f ms\n", "took", (double)c->elapsed_us / 1000);
	if (c->attempts > 1)
		(void)printf("  %-10s%u\n", "attempts", c->attempts);
	return OUT_OK;
}

static void print_row(const struct candidate *c)
{
	char uuid[UUID_TEXT + 1];

	uuid_format(c->phase == OWN_GOOD ? &c->device : &c->at.device, uuid);
	(void)printf("%s  %-16s  %8u  ", uuid, obt_method_name(c->method), c->attempts);
	if (c->phase == OWN_GOOD)
		(void)printf("owned   ");
	else
		(void)printf("FAILED  ");
	out_text(stdout, c->at.name);
	if (c->phase != OWN_GOOD) {
		(void)printf(": %s%s", c->trouble.step ? c->trouble.step : "",
			     c->trouble.step ? ": " : "");
		out_text(stdout, c->trouble.text);
	}
	(void)printf("\n");
}

static struct jsn *bad_json(const struct candidate *c)
{
	struct jsn *v = out_trouble_json(&c->trouble);

	out_set_uuid(v, "uuid", &c->at.device);
	jsn_set_str(v, "name", c->at.name);
	jsn_set_int(v, "attempts", c->attempts);
	return v;
}

enum outcome own_report_all(const struct own *w)
{
	struct jsn *v = jsn_new_object(), *devices = jsn_new_array();
	enum outcome outcome = OUT_OK, written;

	if (!w->o->json)
		(void)printf("%-36s  %-16s  %8s  %-6s  %s\n", "UUID", "METHOD", "ATTEMPTS",
			     "RESULT", "NAME");
	for (size_t i = 0; i < w->n; i++) {
		const struct candidate *c = w->list[i];

		if (c->phase != OWN_GOOD && outcome == OUT_OK)
			outcome = c->trouble.outcome;
		if (w->o->json)
			jsn_add(devices, c->phase == OWN_GOOD ? good_json(c) : bad_json(c));
		else
			print_row(c);
	}
	jsn_set_int(v, "owned", (int64_t)count(w, OWN_GOOD));
	jsn_set_int(v, "failed", (int64_t)count(w, OWN_BAD));
	jsn_set(v, "devices", devices);
	if (!w->o->json) {
		(void)printf("%zu owned, %zu failed\n", count(w, OWN_GOOD), count(w, OWN_BAD));
		(void)jsn_free(v);
		return outcome;
	}
	written = out_json(v);
	return outcome == OUT_OK ? written : outcome;
}

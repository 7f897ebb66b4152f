/* ocf-obt list. */
#include <time.h>

#include "base/clock.h"
#include "options.h"
#include "state.h"

static struct jsn *record_json(const struct record_device *rec)
{
	struct jsn *v = jsn_new_object(), *addresses = jsn_new_array();

	out_set_uuid(v, "uuid", &rec->device);
	jsn_set_str(v, "name", rec->name);
	jsn_set_str(v, "method", obt_method_name(rec->method));
	jsn_set_bool(v, "complete", rec->complete);
	jsn_set_bool(v, "separate_services", record_is_separate(rec));
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

static void print_name(const struct record_device *rec)
{
	char uuid[UUID_TEXT + 1];

	uuid_format(&rec->device, uuid);
	out_text(stdout, *rec->name ? rec->name : uuid);
	(void)printf("\n");
}

enum outcome cmd_list(const struct options *o)
{
	struct state *state CLEANUP(state_freep) = NULL;
	struct trouble trouble;
	struct jsn *v, *list;

	if (state_open(&state, o->dir, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	if (o->names) {
		for (size_t i = 0; i < state_count(state); i++)
			print_name(state_at(state, i));
		return OUT_OK;
	}
	if (!o->json) {
		for (size_t i = 0; i < state_count(state); i++)
			print_record(state_at(state, i));
		return OUT_OK;
	}
	v = jsn_new_object();
	list = jsn_new_array();
	out_set_uuid(v, "uuid", &state_self(state)->uuid);
	out_set_uuid(v, "cms", &state_self(state)->cms);
	out_set_uuid(v, "ams", &state_self(state)->ams);
	out_set_uuid(v, "domain", &state_self(state)->domain);
	for (size_t i = 0; i < state_count(state); i++)
		jsn_add(list, record_json(state_at(state, i)));
	jsn_set(v, "devices", list);
	return out_json(v);
}

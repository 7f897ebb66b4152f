#include "bus/resource_call.h"

#include <systemd/sd-bus.h>

#include "bus/payload.h"

#define REFUSAL RESOURCE_INTERFACE ".Error."

struct resource_call {
	struct resource_call *next;
	struct resource_calls *list;
	bus_resource_fn fn;
	void *it;
	uint64_t ticket;
	bool update;
	sd_bus_slot *slot;
};

static void drop(struct resource_call *call)
{
	struct resource_call **link = &call->list->first;

	while (*link != call)
		link = &(*link)->next;
	*link = call->next;
	sd_bus_slot_unref(call->slot);
	free(call);
}

static void end(struct resource_call *call, enum verdict verdict, struct span map)
{
	struct resource_call ended = *call;

	drop(call);
	ended.fn(ended.it, ended.ticket, verdict, map);
}

void resource_calls_end(struct resource_calls *cs, const void *it)
{
	struct resource_call *call = cs->first;

	while (call) {
		if (call->it == it) {
			end(call, V_UNAVAILABLE, span_of(NULL, 0));
			call = cs->first; /* the list may have changed */
		} else {
			call = call->next;
		}
	}
}

void resource_calls_drop(struct resource_calls *cs)
{
	while (cs->first)
		drop(cs->first);
}

static enum verdict verdict_of(const sd_bus_error *error)
{
	static const struct {
		const char *name;
		enum verdict verdict;
	} ROWS[] = {
		{REFUSAL "InvalidValue",         V_BAD_REQUEST},
		{REFUSAL "Forbidden",            V_FORBIDDEN  },
		{REFUSAL "Unavailable",          V_UNAVAILABLE},
		{SD_BUS_ERROR_UNKNOWN_METHOD,    V_NO_METHOD  },
		{SD_BUS_ERROR_NO_REPLY,          V_UNAVAILABLE},
		{SD_BUS_ERROR_TIMEOUT,           V_UNAVAILABLE},
		{SD_BUS_ERROR_DISCONNECTED,      V_UNAVAILABLE},
		{SD_BUS_ERROR_SERVICE_UNKNOWN,   V_UNAVAILABLE},
		{SD_BUS_ERROR_NAME_HAS_NO_OWNER, V_UNAVAILABLE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (sd_bus_error_has_name(error, ROWS[i].name))
			return ROWS[i].verdict;
	return sd_bus_error_get_errno(error) == ETIMEDOUT ? V_UNAVAILABLE : V_INTERNAL;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct buf map CLEANUP(buf_done) = BUF_INIT(PAYLOAD_MAX);
	struct resource_call *call = userdata;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL))
		end(call, verdict_of(sd_bus_message_get_error(m)), span_of(NULL, 0));
	else if (payload_read(m, &map) < 0)
		end(call, V_INTERNAL, span_of(NULL, 0));
	else
		end(call, call->update ? V_CHANGED : V_CONTENT, buf_span(&map));
	return 0;
}

static int make(sd_bus *sd, const char *name, const char *path, const struct span *map,
		sd_bus_message **ret)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(sd, &m, name, path, RESOURCE_INTERFACE,
					       map ? "Update" : "Retrieve");

	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, false);
	if (r >= 0 && map)
		r = payload_append(m, *map);
	if (r < 0)
		return r;
	*ret = m;
	m = NULL;
	return 0;
}

/* Whoever may ask may not fill the bus, and our memory, with questions that nobody answers. */
static bool has_room(const struct resource_calls *cs, const void *it)
{
	size_t n = 0;

	for (const struct resource_call *call = cs->first; call; call = call->next)
		n += call->it == it;
	return n < RESOURCE_CALLS_MAX;
}

int resource_call(struct resource_calls *cs, struct sd_bus *sd, const char *name, const char *path,
		  const struct span *map, bus_resource_fn fn, void *it, uint64_t ticket)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	CLEANUP(freep) struct resource_call *call = NULL;
	int r;

	if (!has_room(cs, it))
		return -EBUSY;
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	*call = (struct resource_call){
		.list = cs, .fn = fn, .it = it, .ticket = ticket, .update = map != NULL};
	r = make(sd, name, path, map, &m);
	if (r >= 0)
		r = sd_bus_call_async(sd, &call->slot, m, on_answer, call, RESOURCES_ANSWER_US);
	if (r < 0)
		return r;
	call->next = cs->first;
	cs->first = call;
	call = NULL;
	return 0;
}

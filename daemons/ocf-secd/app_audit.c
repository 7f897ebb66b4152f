/* Auditable events: the list of the device, the journal and the bus. */
#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "bus/journal.h"

/* As journald and D-Bus know them; a field of the journal is "OCFGW_" and the name. */
static const char *const NAMES[] = {
	[AUDIT_ADDRESS] = "ADDRESS", [AUDIT_PEER] = "PEER",   [AUDIT_HREF] = "HREF",
	[AUDIT_METHOD] = "METHOD",   [AUDIT_STATE] = "STATE", [AUDIT_ROLES] = "ROLES",
	[AUDIT_WHY] = "WHY",
};
_Static_assert(ARRAY_SIZE(NAMES) == AUDIT_DETAILS, "a name for each");

/* May the journal and the bus hear of it? The list takes all: it costs nothing but memory that is
 * there anyway. What strangers can cause has an allowance of its own, so that it cannot keep the
 * rest from being told. */
static bool is_told(struct app *a, enum svr_audit event)
{
	const unsigned strangers = AUDIT_CATEGORY_ACCESS | AUDIT_CATEGORY_AUTHENTICATION |
				   AUDIT_CATEGORY_COMMUNICATION;
	bool stranger = svr_audit_kind(event)->category & strangers;
	struct peer_log *limit = stranger ? &a->audit.strangers : &a->audit.others;
	unsigned dropped;

	if (!peer_log_take(limit, clock_monotonic_us(), &dropped))
		return false;
	if (dropped)
		log_warning("audit: events left out n=%u", dropped);
	return true;
}

static int syslog_of(const struct svr_audit_kind *kind)
{
	static const int PRIORITIES[] = {2, 3, 4, 6, 7};

	return PRIORITIES[kind->priority];
}

static void to_journal(const struct svr_audit_kind *kind, const char *const details[AUDIT_DETAILS])
{
	char category[8], names[AUDIT_DETAILS][32], message[128];
	struct journal_field fields[2 + AUDIT_DETAILS] = {
		{"OCFGW_EVENT",    kind->id},
                {"OCFGW_CATEGORY", category}
        };

	(void)snprintf(category, sizeof(category), "%u", (unsigned)kind->category);
	(void)snprintf(message, sizeof(message), "audit: %s event=%s", kind->message, kind->id);
	for (size_t i = 0; i < AUDIT_DETAILS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "OCFGW_%s", NAMES[i]);
		fields[2 + i] = (struct journal_field){names[i], details[i]};
	}
	if (journal_send(syslog_of(kind), message, fields, ARRAY_SIZE(fields)) < 0)
		log_warning("audit: journal does not take events event=%s", kind->id);
}

static void to_bus(struct app *a, const struct svr_audit_kind *kind,
		   const char *const details[AUDIT_DETAILS], uint64_t now_us)
{
	struct secd_audit e = {
		.id = kind->id,
		.category = kind->category,
		.priority = kind->priority,
		.time_us = now_us,
		.message = kind->message,
	};

	for (size_t i = 0; i < AUDIT_DETAILS; i++)
		if (details[i])
			e.details[e.n++] = (struct secd_detail){NAMES[i], details[i]};
	secd_vtable_audit(a->vtable, &e);
}

void app_audit(struct app *a, enum svr_audit event, const char *const details[AUDIT_DETAILS])
{
	const struct svr_audit_kind *kind = svr_audit_kind(event);
	uint64_t now_us = clock_real_us();
	struct span aux[AUDIT_DETAILS];
	size_t n = 0;

	for (size_t i = 0; i < AUDIT_DETAILS; i++)
		if (details[i])
			aux[n++] = span_str(details[i]);
	/* The list has been cleared by the reset that this event tells of. */
	if (event != AUDIT_RESET)
		device_audit(a->state.dev, event, aux, n, now_us);
	if (!is_told(a, event))
		return;
	if (journal_is_there())
		to_journal(kind, details);
	if (a->vtable)
		to_bus(a, kind, details, now_us);
}

void app_audit_request(struct app *a, enum svr_audit event, const struct req *req, const char *why)
{
	static const char *const METHODS[] = {
		[M_GET] = "GET", [M_POST] = "POST", [M_PUT] = "PUT", [M_DELETE] = "DELETE"};
	char addr[ENDPOINT_ADDR_TEXT], peer[UUID_TEXT + 1], roles[AUDIT_TEXT_MAX + 1];
	struct svr_env env = app_env(a);
	struct log_buf href;
	const char *details[AUDIT_DETAILS] = {
		[AUDIT_HREF] = log_text(&href, req->path),
		[AUDIT_METHOD] = METHODS[req->method],
		[AUDIT_STATE] = dos_name(device_dos(a->state.dev)),
		[AUDIT_WHY] = why,
	};

	if (endpoint_about(a->endpoint)) {
		endpoint_addr_format(endpoint_about(a->endpoint), addr);
		details[AUDIT_ADDRESS] = addr;
	}
	if (req->has_peer) {
		uuid_format(&req->peer, peer);
		details[AUDIT_PEER] = peer;
	}
	svr_audit_roles(a->state.dev, req, &env.wall, roles);
	if (roles[0])
		details[AUDIT_ROLES] = roles;
	app_audit(a, event, details);
}

void app_audit_session(struct app *a, enum svr_audit event, const char *why)
{
	const char *details[AUDIT_DETAILS] = {
		[AUDIT_STATE] = dos_name(device_dos(a->state.dev)), [AUDIT_WHY] = why};
	char addr[ENDPOINT_ADDR_TEXT];

	if (endpoint_about(a->endpoint)) {
		endpoint_addr_format(endpoint_about(a->endpoint), addr);
		details[AUDIT_ADDRESS] = addr;
	}
	app_audit(a, event, details);
}

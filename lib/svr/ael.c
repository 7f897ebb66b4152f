#include "svr/ael.h"

#include "base/timestamp.h"
#include "codec/cbw.h"
#include "svr/requester.h"

static const struct cbr_limits LIMITS = {.bytes = AEL_BODY_MAX, .depth = 1, .items = 8, .text = 32};

static const struct svr_audit_kind KINDS[] = {
	[AUDIT_ACCESS_DENIED] = {"AC-1",   AUDIT_CATEGORY_ACCESS,         2, "Access Denied"            },
	[AUDIT_TRANSFER_BEGUN] = {"ONB-1",  AUDIT_CATEGORY_ONBOARDING,     3,
                                 "Onboarding connection opened"                                         },
	[AUDIT_OWNED] = {"ONB-2",  AUDIT_CATEGORY_ONBOARDING,     3, "Device is owned"          },
	[AUDIT_STATE_CHANGED] = {"ONB-3",  AUDIT_CATEGORY_ONBOARDING,     3, "Onboarding state changed" },
	[AUDIT_RESET] = {"DEV-1",  AUDIT_CATEGORY_DEVICE,         2, "Device was reset"         },
	[AUDIT_RECORD_DAMAGED] = {"DEV-2",  AUDIT_CATEGORY_DEVICE,         1, "Stored record is damaged" },
	[AUDIT_HANDSHAKE_FAILED] = {"AUTH-1", AUDIT_CATEGORY_AUTHENTICATION, 1,
                                 "DTLS handshake failed"                                                },
	[AUDIT_SVR_CHANGED] = {"SVR-1",  AUDIT_CATEGORY_SVR,            3, "Security resource changed"},
	[AUDIT_BAD_MESSAGE] = {"COMM-1", AUDIT_CATEGORY_COMMUNICATION,  2,
				 "Message could not be taken"                                           },
};
_Static_assert(ARRAY_SIZE(KINDS) == AUDIT_COUNT, "a row for each event");

const struct svr_audit_kind *svr_audit_kind(enum svr_audit event)
{
	return &KINDS[event];
}

static char printable(uint8_t c)
{
	return (char)(c >= ' ' && c <= '~' ? c : '?');
}

void svr_audit_roles(const struct device *dev, const struct req *req, const struct svr_wall *wall,
		     char ret[AUDIT_TEXT_MAX + 1])
{
	struct requester who;
	size_t at = 0;

	requester_of(dev, req, wall, &who);
	for (size_t i = 0; i < who.n_roles; i++)
		for (size_t k = 0; k <= who.roles[i].name.len && at < AUDIT_TEXT_MAX; k++) {
			if (k < who.roles[i].name.len)
				ret[at++] = printable(who.roles[i].name.ptr[k]);
			else if (i + 1 < who.n_roles)
				ret[at++] = ',';
		}
	ret[at] = '\0';
}

/* ---- the ring: entries one behind the other, the oldest first ---- */

/* Followed by n texts, each with an octet for its length before it. */
struct entry {
	uint64_t clock_us;
	uint16_t len; /* of all of it */
	uint8_t event, n;
};
#define ENTRY_MAX (sizeof(struct entry) + AUDIT_AUX_MAX * (1 + AUDIT_TEXT_MAX))
_Static_assert(ENTRY_MAX <= AEL_SPACE, "the longest event has room when all others are gone");
_Static_assert(AUDIT_TEXT_MAX <= UINT8_MAX, "its length is an octet");

static struct entry entry_at(const struct ael *a, size_t at)
{
	struct entry e;

	memcpy(&e, a->ring + at, sizeof(e)); /* at any alignment */
	return e;
}

static void make_room(struct ael *a, size_t len)
{
	size_t gone = 0;

	while (a->used - gone > AEL_SPACE - len)
		gone += entry_at(a, gone).len;
	a->used -= gone;
	memmove(a->ring, a->ring + gone, a->used);
}

static size_t put_text(uint8_t *at, struct span text)
{
	size_t n = text.len < AUDIT_TEXT_MAX ? text.len : AUDIT_TEXT_MAX;

	at[0] = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		at[1 + i] = (uint8_t)printable(text.ptr[i]);
	return 1 + n;
}

void device_audit(struct device *dev, enum svr_audit event, const struct span *aux, size_t n,
		  uint64_t clock_us)
{
	const struct svr_audit_kind *kind = &KINDS[event];
	struct entry e = {.clock_us = clock_us, .len = sizeof(e), .event = (uint8_t)event};
	struct ael *a = &dev->ael;
	uint8_t octets[ENTRY_MAX];

	if (!(kind->category & a->categories) || kind->priority > a->priority)
		return;
	for (e.n = 0; e.n < n && e.n < AUDIT_AUX_MAX; e.n++)
		e.len = (uint16_t)(e.len + put_text(octets + e.len, aux[e.n]));
	memcpy(octets, &e, sizeof(e));
	make_room(a, e.len);
	memcpy(a->ring + a->used, octets, e.len);
	a->used += e.len;
}

/* ---- representation ---- */

static void write_entry(const struct ael *a, size_t at, struct buf *b)
{
	const struct entry e = entry_at(a, at);
	const struct svr_audit_kind *kind = &KINDS[e.event];
	const uint8_t *text = a->ring + at + sizeof(e);
	char time[TIMESTAMP_TEXT + 1];

	timestamp_format(e.clock_us, time);
	cbw_map(b);
	cbw_kv_str(b, "aeid", kind->id);
	cbw_kv_uint(b, "category", kind->category);
	cbw_kv_uint(b, "priority", kind->priority);
	cbw_kv_str(b, "timestamp", time);
	cbw_kv_str(b, "message", kind->message);
	cbw_str(b, "auxiliaryinfo");
	cbw_array(b);
	for (uint8_t i = 0; i < e.n; i++, text += 1 + text[0])
		cbw_text(b, span_of(text + 1, text[0]));
	cbw_end(b);
	cbw_end(b);
}

void ael_rep_write(const struct device *dev, struct buf *b)
{
	const struct ael *a = &dev->ael;

	cbw_str(b, "events");
	cbw_array(b);
	for (size_t at = 0; at < a->used; at += entry_at(a, at).len)
		write_entry(a, at, b);
	cbw_end(b);
	cbw_kv_uint(b, "usedspace", a->used);
	cbw_kv_uint(b, "maxspace", AEL_SPACE);
	cbw_kv_str(b, "unit", "Byte");
	ael_record_write(dev, b);
}

void ael_record_write(const struct device *dev, struct buf *b)
{
	cbw_kv_uint(b, "categoryfilter", dev->ael.categories);
	cbw_kv_uint(b, "priorityfilter", dev->ael.priority);
}

void ael_rep_read(struct cbr *c, struct ael_update *ret)
{
	struct ael_update u = {0};
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "categoryfilter", &u.seen, PROP_BIT(AEL_CATEGORIES)))
			u.categories = (uint8_t)cbr_uint(c, AEL_CATEGORIES_ALL);
		else if (cbr_member(c, key, "priorityfilter", &u.seen, PROP_BIT(AEL_PRIORITY)))
			u.priority = (uint8_t)cbr_uint(c, AEL_PRIORITY_LAST);
		else
			cbr_fail(c, CBR_VALUE);
	}
	*ret = u;
}

bool ael_rep_parse(struct span body, struct ael_update *ret)
{
	struct ael_update u;
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	ael_rep_read(&c, &u);
	if (cbr_close(&c) != CBR_OK || u.seen == 0)
		return false;
	*ret = u;
	return true;
}

void ael_apply(struct device *dev, const struct ael_update *u)
{
	if (u->seen & PROP_BIT(AEL_CATEGORIES))
		dev->ael.categories = u->categories;
	if (u->seen & PROP_BIT(AEL_PRIORITY))
		dev->ael.priority = u->priority;
}

enum verdict ael_post(struct exchange *x)
{
	struct ael_update u;
	struct device *dev;

	if (!ael_rep_parse(x->req->body, &u))
		return refuse(x, V_BAD_REQUEST, "malformed body or a name that is not writable");
	if (!access_may_write(x->dev, &x->who, x->access, u.seen))
		return refuse(x, V_FORBIDDEN, "filters are not writable now");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	ael_apply(dev, &u);
	return V_CHANGED;
}

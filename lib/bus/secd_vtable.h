/* lib/bus/secd_vtable.h - org.ocfgw.Security1 as dbus/org.ocfgw.Security1.xml describes it. */
#pragma once

#include "base/uuid.h"

struct bus;

#define SECD_BUS_NAME  "org.ocfgw.Security1"
#define SECD_PIN_ROOM  ((size_t)40) /* octets: a PIN and its NUL */
#define SECD_LIST_ROOM ((size_t)8)  /* texts and the NULL behind them */

/* All properties but Version. Texts behind pointers are static. */
struct secd_facts {
	const char *state;
	bool owned, onboarding_open, pin_wanted;
	char device[UUID_TEXT + 1], owner[UUID_TEXT + 1]; /* owner "": none */
	const char *methods[SECD_LIST_ROOM];              /* NULL-terminated */
	const char *selected;                             /* "": none */
	const char *window;                               /* always, open, closed */
	const char *problems[SECD_LIST_ROOM];             /* NULL-terminated */
	const char *tls_library;
	uint32_t sessions;
};

#define SECD_PAIR_MAX 3600u /* seconds */

/* All are asked for by root; where nothing else is said, by nobody else. */
struct secd_calls {
	/* 0; -ENOENT: no PIN is wanted. `ret` is wiped after use. */
	int (*show_pin)(void *arg, char ret[SECD_PIN_ROOM]);
	/* 0; -EBUSY: a reset is under way; other: it failed. */
	int (*reset)(void *arg);
	/* Opens the onboarding window for up to SECD_PAIR_MAX seconds, or closes it (0). 0;
	 * -EALREADY: it is always open; -EPERM: the device is owned. */
	int (*pair)(void *arg, uint32_t seconds);
	/* Begins a self-test; secd_vtable_self_tested() follows, or comes from inside. One at a
	 * time. ocf-fwupd may ask for it, too. */
	void (*self_test)(void *arg);
};

struct secd_vtable;
/* Puts the object on the bus; `calls` and `arg` are borrowed for life, `first` is copied.
 * -ENOMEM. */
MUST_USE int secd_vtable_new(struct secd_vtable **ret, struct bus *b,
			     const struct secd_facts *first, const struct secd_calls *calls,
			     void *arg);
struct secd_vtable *secd_vtable_free(struct secd_vtable *v); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct secd_vtable *, secd_vtable_free)

/* What the properties say from now on. Is it anything that PropertiesChanged has not said? */
bool secd_vtable_update(struct secd_vtable *v, const struct secd_facts *now);
/* PropertiesChanged, for those that differ from what it said last. */
void secd_vtable_tell(struct secd_vtable *v);
/* How the self-test under way has ended. */
void secd_vtable_self_tested(struct secd_vtable *v, bool ok, const char *text);
/* The signal PinRequested. */
void secd_vtable_pin_requested(struct secd_vtable *v);

#define SECD_DETAILS_MAX ((size_t)8)

/* An auditable event. Texts are borrowed during the call. */
struct secd_audit {
	const char *id; /* "AC-1" */
	uint32_t category, priority;
	uint64_t time_us; /* since 1970 */
	const char *message;
	size_t n;
	struct secd_detail {
		const char *name, *value;
	} details[SECD_DETAILS_MAX];
};
/* The signal AuditEvent. */
void secd_vtable_audit(struct secd_vtable *v, const struct secd_audit *e);

/* lib/obt/plan.h - how what a device holds differs from what it shall hold, as a list of changes
 * that bring it there (CR 2868). Pure. */
#pragma once

#include "obt/answer.h"
#include "obt/goal.h"
#include "obt/listing.h"
#include "obt/record.h"

#define PLAN_CHANGES_MAX                                                                           \
	(LISTING_ACES_MAX + GOAL_RULES_MAX + LISTING_CREDS_MAX + GOAL_PAIRS_MAX + 32)

/* Who does what; all the same UUID if one service does it all. */
struct plan_owners {
	struct uuid of[OBT_SERVICES];
};

/* What the device says. */
struct plan_actual {
	struct answer_doxm doxm;
	struct answer_pstat pstat;
	struct listed_creds creds;
	struct listed_aces aces;
};

enum change_kind {
	/* Resource owners: in SRESET only. `index` is an enum plan_svr. */
	CHANGE_OWNER,
	/* In RFPRO. */
	CHANGE_DROP_ACE,     /* `id` */
	CHANGE_ADD_ACE,      /* goal rule `index` */
	CHANGE_DROP_CRED,    /* `id` */
	CHANGE_ADD_SERVICE,  /* the key of service `index` */
	CHANGE_ADD_PAIR,     /* goal pair `index` */
	CHANGE_ADD_ANCHOR,   /* our authority's certificate */
	CHANGE_ADD_IDENTITY, /* a certificate for the device's request */
	CHANGE_ADD_ROLE,     /* goal role `index` */
	/* Neither. */
	CHANGE_STATE, /* to RFNOP, and om to client directed */
};
enum plan_svr { SVR_DOXM, SVR_PSTAT, SVR_CRED, SVR_ACL2, SVR_COUNT };

struct change {
	enum change_kind kind;
	uint32_t id;
	size_t index;
};

struct plan {
	const char *hopeless;   /* NULL; else why no change of ours can help: static text */
	bool soft_reset;        /* something can be changed in SRESET only */
	struct change *changes; /* owned */
	size_t n;
};

struct plan_certs {
	struct span anchor; /* our authority's certificate as devices get it; empty without one */
	bool renew;         /* identity and roles are to be issued anew */
};

/* -ENOMEM. plan_done() it in any case. */
MUST_USE int plan_make(const struct goal *goal, const struct uuid *device,
		       const struct plan_owners *owners, const struct plan_certs *certs,
		       const struct plan_actual *actual, struct plan *ret);
void plan_done(struct plan *p);
/* "add    allow anyone read /lamp". One line, without its end. */
void plan_format(const struct change *change, const struct goal *goal,
		 const struct plan_actual *actual, struct buf *out);

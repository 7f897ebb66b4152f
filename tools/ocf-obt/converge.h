/* tools/ocf-obt/converge.h - brings a device to what its goal says, or tells how it differs. */
#pragma once

#include "dialog.h"
#include "issue.h"
#include "obt/plan.h"

struct converge {
	struct dialog *d;
	const struct goal *goal;
	bool renew; /* set it before: certificates are issued anew. They are if they are soon over
		     */
	struct plan_owners owners;
	struct authority *authority; /* NULL unless the goal has certificates */
	struct buf creds;            /* the body that `actual` points into */
	struct plan_actual actual;
	struct plan plan;
};

/* Reads doxm, pstat, cred and acl2 and makes the plan; *c is zero, but for `renew`. Memory is freed
 * by converge_done(), in any case. -errno: see d->trouble. */
MUST_USE int converge_read(struct converge *c, struct dialog *d, const struct goal *goal);
/* Carries the plan out: through SRESET if it needs that, in RFPRO, and back to RFNOP. */
MUST_USE int converge_run(struct converge *c);
void converge_done(struct converge *c);

/* The plan's lines; one that is hopeless has a line that says so. */
void converge_print(const struct converge *c, FILE *to, const char *indent);
struct jsn *converge_json(const struct converge *c); /* owned by the caller */

/* lib/obt/steps.h - inside lib/obt: the table that obt.c walks. */
#pragma once

#include "obt/obt.h"

struct obt_step {
	const char *name;
	unsigned tasks; /* enum obt_task bits */
	enum obt_act act;
	bool secured;
	enum obt_verb verb;
	const char *path;
	void (*body)(const struct obt *o, struct buf *out); /* NULL: none */
	/* Looks at a 2.05 of a GET. NULL: fine; else what is wrong, after setting *cause. */
	const char *(*check)(const struct obt *o, struct span body, enum obt_cause *cause);
	bool (*when)(const struct obt *o); /* NULL: always */
	unsigned tolerated;                /* an error code that is no failure, 404 */
	bool may_vanish;                   /* no answer counts as success */
	bool commits;                      /* from here on the device may stay ours */
};

/* Both end with an OBT_DONE or OBT_FAILED step that is never passed. */
extern const struct obt_step OBT_STEPS[];    /* CR 2935 1..9, then the order deployed tools use */
extern const struct obt_step OBT_CLEAN_UP[]; /* after a failure; whatever comes of it */

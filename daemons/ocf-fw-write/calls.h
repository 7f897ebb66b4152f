/* daemons/ocf-fw-write/calls.h - what hooks and handlers are told: variables OCFGW_*.
 *
 * Their exit status means: 0 done; 2 install.no-space; 3 image.too-large; 4 install.verify-failed;
 * 5 policy.deferred; 6 image.format-unsupported; any other install.failed. The last line on their
 * standard error goes to people. */
#pragma once

#include "backend.h"
#include "programs.h"

#define CALLS_DEFERRED  5 /* the exit status */
#define CALLS_VARIABLES ((size_t)10)
#define CALLS_VARIABLE  ((size_t)300)

struct calls_env {
	size_t n;
	char text[CALLS_VARIABLES][CALLS_VARIABLE];
	const char *list[CALLS_VARIABLES + 1]; /* for a call */
};

/* OCFGW_MODEL, OCFGW_VERSION, OCFGW_IMAGES, OCFGW_SIZE (unless unknown), OCFGW_TRANSACTION (if
 * there is one) of the plan. */
void calls_env_init(struct calls_env *e, const struct proto_begin *plan);
void calls_env_add(struct calls_env *e, const char *name, const char *value);

/* Runs it to its end. 0, or -errno as the exit status says, and why. */
MUST_USE int calls_run(struct runner *r, int control, const struct runner_call *c,
		       char why[PROTO_TEXT]);
/* The same for one that runs already. */
MUST_USE int calls_wait(struct runner *r, int control, char why[PROTO_TEXT]);

/* A hook, if one is configured. -errno: it refuses. */
MUST_USE int calls_hook(struct runner *r, int control, enum program hook,
			const struct proto_begin *plan, char why[PROTO_TEXT]);

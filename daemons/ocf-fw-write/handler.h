/* daemons/ocf-fw-write/handler.h - components that a program of the device installs.
 *
 * docs/integration/handlers.md is the contract of the program: its verbs are state, probe, begin,
 * write COMPONENT (the image on descriptor 3), commit, abort, confirm SLOT, reject SLOT. It gets
 * octets before they are verified, and may act on them only when commit comes.
 *
 * The other components go to an inner back end, and are committed after those of the handler. */
#pragma once

#include "calls.h"

struct handler_config {
	char components[512];   /* its own, separated by blanks; with no inner back end: all */
	char directory[256];    /* with no inner back end: locked while one installs */
	char boot_id_file[256]; /* with no inner back end: for a program that does not tell */
};

/* `inner` is taken, also on failure; NULL: everything is the handler's. The rest is borrowed for
 * life; *ret is owned by the caller. -errno. */
MUST_USE int handler_open(struct backend **ret, const struct handler_config *config,
			  struct backend *inner, struct runner *r, int control);

/* What `state` printed: lines NAME=VALUE. Names that are not known are passed over. */
void handler_read_state(struct span text, struct proto_slots_are *ret);

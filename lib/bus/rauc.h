/* lib/bus/rauc.h - RAUC's installer over D-Bus (de.pengutronix.rauc); these calls block. */
#pragma once

#include "base/mem.h"

#define RAUC_SLOTS ((size_t)16)
#define RAUC_NAME  ((size_t)64)
#define RAUC_TEXT  ((size_t)256)

struct rauc; /* opaque: a connection */

struct rauc_slot {
	char name[RAUC_NAME];     /* "rootfs.0" */
	char bootname[RAUC_NAME]; /* "A"; empty: a loader does not start it */
	char version[RAUC_NAME];  /* of the bundle that it was installed from; empty: unknown */
	bool booted;
};

struct rauc_state {
	char primary[RAUC_NAME]; /* its name; empty: RAUC could not tell */
	size_t n;
	struct rauc_slot slots[RAUC_SLOTS]; /* those beyond are left out */
};

/* -errno of connecting. DBUS_SYSTEM_BUS_ADDRESS is honoured. */
MUST_USE int rauc_new(struct rauc **ret);
struct rauc *rauc_free(struct rauc *r); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct rauc *, rauc_free)

/* The calls give 0 or -errno with a text for people. -EBUSY: it installs something already. */
MUST_USE int rauc_idle(struct rauc *r, char ret_error[RAUC_TEXT]);
MUST_USE int rauc_read(struct rauc *r, struct rauc_state *ret, char ret_error[RAUC_TEXT]);
/* Installs the bundle at `path` and waits for the end; `progress` is called with what RAUC tells,
 * and meanwhile several times a second with its last words as long as it answers. Where RAUC knows
 * such things, the manifest in the bundle is pinned by its digest, and `transaction` (may be empty)
 * names the installation. -EREMOTEIO: it failed, and says why; -EPIPE: RAUC went away. */
MUST_USE int rauc_install(struct rauc *r, const char *path, const char *transaction,
			  void (*progress)(int percent, const char *what),
			  char ret_error[RAUC_TEXT]);
/* `state` is good, bad or active; `slot` a name, booted or other. */
MUST_USE int rauc_mark(struct rauc *r, const char *state, const char *slot,
		       char ret_error[RAUC_TEXT]);

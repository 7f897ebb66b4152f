/* daemons/ocf-fwupd/app.h - the service: jobs, timers, bus, helpers. */
#pragma once

#include "config.h"

struct app;
struct child_starter;
struct loop;

enum app_program { APP_FETCH, APP_WRITE, APP_HEALTH }; /* numbers for the starter */

/* Opens the state, goes onto the bus, asks which version runs. All is borrowed for life. What went
 * wrong has been logged. `netlink` is taken, as by netlink_new(). `rescue_only`: finish the
 * installation that was cut off, and end the loop then. */
MUST_USE int app_new(struct app **ret, const struct fwupd_config *config, const char *state_dir,
		     struct child_starter *starter, struct loop *loop, int netlink,
		     bool rescue_only);
struct app *app_free(struct app *a); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct app *, app_free)

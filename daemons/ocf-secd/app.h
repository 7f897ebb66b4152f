/* daemons/ocf-secd/app.h - joins device, store, endpoint and bus. */
#pragma once

#include "config.h"

struct app;
struct loop;

/* Ready to answer when it returns 0; else the reason has been logged. `config` and `loop` are
 * borrowed for life. */
MUST_USE int app_new(struct app **ret, const struct secd_config *config, const char *state_dir,
		     struct loop *loop);
struct app *app_free(struct app *a); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct app *, app_free)

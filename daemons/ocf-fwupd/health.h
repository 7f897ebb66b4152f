/* daemons/ocf-fwupd/health.h - the health gate: is this version fit to stay?
 *
 * In rounds: the listed units of systemd, the scripts of the folder through ocf-fw-health, and
 * ocf-secd's own test. All good for HealthSettle= is good; any of them bad for as long is bad; a
 * unit that was started again begins anew (fw/trial.h). */
#pragma once

#include "config.h"
#include "fw/trial.h"

#define HEALTH_TEXT ((size_t)128)

struct bus;
struct child_starter;
struct loop;
struct health;

/* After each round; none follows TRIAL_BAD. `text` says what is waited for, or what is bad. Does
 * not free the gate. */
typedef void (*health_fn)(void *arg, enum trial_health verdict, const char *text);

/* The first round begins at once; all is borrowed for life. -ENOMEM. */
MUST_USE int health_new(struct health **ret, const struct fwupd_config *config, struct bus *bus,
			struct loop *loop, struct child_starter *starter, health_fn fn, void *arg);
/* No further round, and fn is not called again; also from within fn. */
void health_stop(struct health *h);
struct health *health_free(struct health *h); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct health *, health_free)

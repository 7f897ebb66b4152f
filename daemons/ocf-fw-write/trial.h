/* daemons/ocf-fw-write/trial.h - the trial of a version, over any boot variables. */
#pragma once

#include "boot.h"

/* Fills in what the variables say: slot, primary, standing, left. `booted`: what runs,
 * BOOT_NO_SLOT: unknown. `tells`: a slot that is good is a confirmed one. */
void trial_describe(const struct boot_vars *v, int booted, bool tells, const char *const *names,
		    struct proto_slots_are *ret);
/* -EPERM: `slot` is not what runs; boot_good(). */
MUST_USE int trial_confirm(struct boot *b, int booted, const char *const *names, const char *slot);
/* -EPERM: there is no such slot; boot_bad(). */
MUST_USE int trial_reject(struct boot *b, const char *const *names, const char *slot);

/* lib/svr/dos.h - device onboarding states: OCF Security 8. */
#pragma once

#include "svr/device.h"

/* What RFPRO, RFNOP and SRESET ask for: an owner, and for each of the four resource owners a
 * credential to come back with. */
bool svr_ready(const struct device *dev);

/* Takes the step from dev->dos to `to`, which must be a row of the table whose guard agrees: sets
 * the entry values and adds what is to be stored and done to *out. False: refused, both untouched.
 */
enum dos_actor { BY_CLIENT, BY_DEVICE };
MUST_USE bool dos_step(struct device *dev, enum dos to, enum dos_actor actor, struct svr_out *out);

/* Any state -> RESET, asked for by `session` (0: locally). False: one is pending already. An owned
 * device is unowned on disk from here on and wipes itself a moment later, by dos_wipe(). */
MUST_USE bool dos_reset(struct device *dev, uint64_t session, enum dos_actor actor,
			struct svr_out *out);
/* RESET -> RFOTM, where everything but what counts wrong PINs starts anew. In RFOTM, with nothing
 * on disk, the RESET before it needs no time of its own. */
void dos_wipe(struct device *dev, const struct svr_env *env, struct svr_out *out);

/* Is there something on disk in this state? */
bool dos_is_stored(enum dos dos);
/* Start-up: the device is in `dos` without a step. */
void dos_resume(struct device *dev, enum dos dos);
/* Is what the record said possible in this state? */
bool dos_fits(const struct device *dev);

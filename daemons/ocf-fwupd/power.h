/* daemons/ocf-fwupd/power.h - does the device have the power for an installation? */
#pragma once

#include "base/mem.h"

/* By the files of /sys/class/power_supply, which anybody may read, so that no program has to be run
 * for it. True: mains or USB power is connected, or every battery has at least `percent`, or there
 * is no battery at all. False: `ret_why` says what was found. A battery that does not tell its
 * charge counts as empty; those of mice and the like (scope Device) do not count. */
MUST_USE bool power_is_enough(const char *dir, uint32_t percent, char *ret_why, size_t room);

/* daemons/ocf-secd/fixed_pin.h - the PIN for life of the fixed-pin transfer method. */
#pragma once

#include "svr/svr.h"

#define FIXED_PIN_MIN 8 /* characters: each wrong one costs a guesser more and more time */

/* Reads one line of FIXED_PIN_MIN to SVR_PIN_MAX letters and digits. 0; -EACCES: others may reach
 * the file; -EINVAL: it is no such line; -errno. */
MUST_USE int fixed_pin_load(const char *path, char ret[SVR_PIN_MAX + 1]);

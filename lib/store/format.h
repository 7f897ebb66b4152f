/* lib/store/format.h - the format number of a stored record.
 *
 * A program reads each format up to its newest one and refuses to touch a newer one. New firmware
 * may yet be rolled back: until it is confirmed, a record is written as the former firmware knows
 * it. So each format has to be writable as long as firmware may come back that knows no other. */
#pragma once

#include "base/mem.h"

#define FORMAT_OLDEST 1u

/* How to write a record that was found in format `found` (0: there was none). */
static inline unsigned format_to_write(unsigned found, unsigned newest, bool confirmed)
{
	return confirmed ? newest : found ? found : FORMAT_OLDEST;
}

/* Is there a record that could rise? */
static inline bool format_lags(unsigned found, unsigned newest)
{
	return found != 0 && found < newest;
}

/* lib/base/clock.h - the only reader of clocks beside the loop. Microseconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define NEVER_US      UINT64_MAX /* as a deadline: no deadline */

uint64_t clock_monotonic_us(void); /* timeouts */
uint64_t clock_boottime_us(void);  /* runs on through suspend: the daily check */
uint64_t clock_real_us(void);      /* wall clock since 1970: dates only */
bool clock_real_is_kept(void);     /* somebody keeps it right: NTP and the like */

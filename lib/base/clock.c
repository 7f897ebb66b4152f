#include "base/clock.h"

#include <sys/timex.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts); /* cannot fail with these constants */
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_monotonic_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_boottime_us(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t clock_real_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

bool clock_real_is_kept(void)
{
	struct timex t = {0};
	int state = adjtimex(&t);

	return state >= 0 && state != TIME_ERROR && (t.status & STA_UNSYNC) == 0;
}

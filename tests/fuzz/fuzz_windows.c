/* Maintenance windows: each that is taken opens within eight days, unless its hours never come. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/policy.h"

static struct policy_time calendar(uint64_t real_s, bool utc)
{
	uint64_t minutes = real_s / 60 + (utc ? 0 : 90);

	return (struct policy_time){(unsigned)(minutes / POLICY_DAY_MINUTES % 7),
				    (unsigned)(minutes % POLICY_DAY_MINUTES)};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_windows w;
	uint64_t begin, end;

	if (!policy_windows_parse(span_of(data, size), &w))
		return 0;
	begin = policy_next_window(&w, 1000000007, calendar, &end);
	if (begin == UINT64_MAX || end <= begin || !policy_in_window(&w, begin, calendar))
		abort();
	return 0;
}

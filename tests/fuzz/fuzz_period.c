/* A period that is taken begins before it ends, and its text says so in one way only. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/period.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct period p;

	if (!period_parse(span_of(data, size), &p))
		return -1;
	if (p.from_us >= p.until_us || size < 20 || data[16] != '/')
		abort();
	return 0;
}

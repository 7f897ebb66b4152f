/* Only a body that says so resets the device. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/mnt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool reset = false;

	if (!mnt_rep_parse(span_of(data, size), &reset)) {
		if (reset)
			abort();
		return -1;
	}
	if (reset && !memchr(data, 0xf5, size))
		abort();
	return 0;
}

/* Records cut from a stored device lie within it, one behind the other, or are the damaged one. */
#include "fuzz.h"

#include <stdlib.h>

#include "state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span records[REC_COUNT];
	const uint8_t *at = data, *end = data + size;

	state_split(span_of(data, size), records);
	for (int i = 0; i < REC_COUNT; i++) {
		if (span_eq(records[i], SPAN_LIT("\xff")))
			continue;
		if (records[i].ptr < at || records[i].ptr > end ||
		    records[i].len > (size_t)(end - records[i].ptr))
			abort();
		at = records[i].ptr + records[i].len;
	}
	return 0;
}

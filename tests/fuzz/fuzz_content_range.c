/* What is taken is a range within the whole. */
#include "fuzz.h"

#include <stdlib.h>

#include "daemons/ocf-fw-fetch/content_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct content_range r;

	if (content_range_parse(span_of(data, size), &r) && (r.first > r.last || r.last >= r.total))
		abort();
	return 0;
}

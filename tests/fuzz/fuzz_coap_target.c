/* Whatever is taken lies in its room. */
#include "fuzz.h"

#include <stdlib.h>

#include "daemons/ocf-fw-fetch/coap_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct coap_target t;

	if (!coap_target_parse(span_of(data, size), &t))
		return 0;
	for (size_t i = 0; i < t.n_segments; i++)
		if (t.segments[i].len > COAP_OPTION_MAX ||
		    (const char *)t.segments[i].ptr + t.segments[i].len >= t.room + t.used)
			abort();
	return 0;
}

/* What the parser takes is within the property's range; what it refuses leaves no trace. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/doxm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct doxm_update u = {.seen = UINT32_MAX};
	bool ok = doxm_rep_parse(span_of(data, size), &u);

	if (ok ? u.seen >= PROP_BIT(DOXM_ROWNERUUID + 1) || u.oxmsel > UINT16_MAX
	       : u.seen != UINT32_MAX)
		abort();
	return ok ? 0 : -1;
}

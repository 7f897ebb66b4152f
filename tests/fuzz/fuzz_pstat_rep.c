/* What the parser takes is within the property's range; what it refuses leaves no trace. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/pstat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pstat_update u = {.seen = UINT32_MAX};
	bool ok = pstat_rep_parse(span_of(data, size), &u);

	if (ok ? u.dos > DOS_SRESET || u.om > UINT8_MAX : u.seen != UINT32_MAX)
		abort();
	return ok ? 0 : -1;
}

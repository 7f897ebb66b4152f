/* What is taken is a URI or nothing, an action and a time. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/swu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swu_update u = {.when = SWU_AT_NO_TIME};
	enum verdict v = swu_rep_parse(span_of(data, size), &u);

	if (v == V_BAD_REQUEST || v == V_NOT_ACCEPTABLE)
		return -1;
	if (v != V_CHANGED || u.action > SWU_UPGRADE || strlen(u.purl) > SWU_URL_MAX)
		abort();
	if (u.purl[0] && !strstr(u.purl, "://"))
		abort();
	return 0;
}

/* A name that is taken fits its place and reads back as it came. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/sdi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device dev = {.sdi = {.name = "before"}};
	struct sdi_update u;

	if (!sdi_rep_parse(span_of(data, size), &u))
		return -1;
	sdi_apply(&dev, &u);
	if (u.seen == 0)
		abort();
	if ((u.seen & PROP_BIT(SDI_NAME)) && !span_eq(u.name, span_str(dev.sdi.name)))
		abort();
	return 0;
}

/* A base and a reference, separated by a line feed; what resolves must itself be a URL. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span ref = span_of(data, size), base = span_cut(&ref, '\n');
	char out[URL_MAX + 1];
	struct url u;

	(void)!url_check_ref(ref);
	if (url_resolve(base, ref, out) == URL_OK && url_parse(span_str(out), &u) != URL_OK)
		abort();
	return 0;
}

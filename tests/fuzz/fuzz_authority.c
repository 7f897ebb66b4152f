/* An authority's record that is taken is written again as it is, and taken again. */
#include "fuzz.h"

#include <stdlib.h>

#include "obt/authority.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authority *a CLEANUP(authority_freep) = NULL, *back CLEANUP(authority_freep) = NULL;
	struct buf out CLEANUP(buf_done) = BUF_INIT(AUTHORITY_OCTETS_MAX);

	if (authority_parse(span_of(data, size), &a) != CBR_OK)
		return 0;
	authority_write(a, &out);
	if (buf_ok(&out) && authority_parse(buf_span(&out), &back) != CBR_OK)
		abort();
	return 0;
}

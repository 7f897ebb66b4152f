/* The head of a direct file: a length that fits, or a name for what is wrong. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/direct.h"
#include "fw/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT(DIRECT_HEAD);
	size_t len;

	if (direct_head(span_of(data, size), &len) != FWE_OK)
		return -1;
	if (len == 0 || len > MANIFEST_BYTES_MAX)
		abort();
	direct_put_head(len, &b);
	if (!span_eq(buf_span(&b), span_of(data, DIRECT_HEAD)))
		abort();
	return 0;
}

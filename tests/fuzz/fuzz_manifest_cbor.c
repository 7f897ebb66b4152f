/* CBOR payloads: what has both forms comes back the same. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/manifest_cbor.h"

static void must_write(const struct jsn *v, struct buf *out)
{
	if (jsn_write(v, JSN_SORTED, out) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(jsn_freep) struct jsn *first = NULL, *second = NULL;
	struct buf cbor CLEANUP(buf_done) = BUF_INIT(1 << 20);
	struct buf one CLEANUP(buf_done) = BUF_INIT(1 << 20);
	struct buf two CLEANUP(buf_done) = BUF_INIT(1 << 20);
	const char *member;

	if (manifest_from_cbor(span_of(data, size), &first) != FWE_OK)
		return -1;
	must_write(first, &one);
	if (manifest_to_cbor(first, &cbor, &member) < 0)
		return 0;
	if (manifest_from_cbor(buf_span(&cbor), &second) != FWE_OK)
		abort();
	must_write(second, &two);
	if (!span_eq(buf_span(&one), buf_span(&two)))
		abort();
	return 0;
}

/* CBOR that becomes JSON becomes CBOR again, and that the same JSON. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/cbj.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cbr_limits limits = {
		.bytes = 65536, .depth = 16, .items = 8192, .text = 16384, .floats = true};
	struct buf cbor CLEANUP(buf_done) = BUF_INIT(1 << 20),
			a CLEANUP(buf_done) = BUF_INIT(1 << 20),
			b CLEANUP(buf_done) = BUF_INIT(1 << 20);
	struct jsn *v CLEANUP(jsn_freep) = NULL, *back CLEANUP(jsn_freep) = NULL;
	const struct cbr_limits wide = {
		.bytes = 1 << 20, .depth = 16, .items = 8192, .text = 32768, .floats = true};

	if (cbj_read(span_of(data, size), &limits, &v) != CBR_OK)
		return 0;
	if (cbj_write(v, &cbor) < 0 || cbj_read(buf_span(&cbor), &wide, &back) != CBR_OK ||
	    jsn_write(v, JSN_COMPACT, &a) < 0 || jsn_write(back, JSN_COMPACT, &b) < 0 ||
	    !span_eq(buf_span(&a), buf_span(&b)))
		abort();
	return 0;
}

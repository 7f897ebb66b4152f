/* Deterministic CBOR: what has the one form is well-formed, too, and of definite length, and has
 * nothing to join or to find twice. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/cbd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cbr_limits LIMITS = {
		.bytes = 4096, .depth = 8, .items = 512, .text = 512};
	static const struct cbr_limits ANY = {
		.bytes = 4096, .depth = 8, .items = 512, .text = 512, .any = true};
	CLEANUP(buf_done) struct buf joined = BUF_INIT(size + 16), again = BUF_INIT(size + 16);
	enum cbr_err e = cbd_check(span_of(data, size), &LIMITS), keys;
	struct cbr c;

	cbr_open(&c, span_of(data, size), &LIMITS);
	(void)cbr_skip(&c);
	if (e == CBR_OK && cbr_close(&c) != CBR_OK)
		abort();
	if (e == CBR_OK && size > 0 && (data[0] & 0x1f) == 0x1f) /* indefinite */
		abort();
	cbd_join(span_of(data, size), &joined);
	if (joined.len > size || (e == CBR_OK && !span_eq(buf_span(&joined), span_of(data, size))))
		abort();
	cbd_join(buf_span(&joined), &again);
	if (!span_eq(buf_span(&again), buf_span(&joined)))
		abort();
	keys = cbd_check_keys(buf_span(&joined), &ANY);
	if (e == CBR_OK && keys != CBR_OK && keys != CBR_LIMIT)
		abort();
	return e == CBR_OK || keys == CBR_OK ? 0 : -1;
}

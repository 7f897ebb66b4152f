/* Deterministic CBOR: what has the one form is well-formed, too, and of definite length. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/cbd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cbr_limits LIMITS = {
		.bytes = 4096, .depth = 8, .items = 512, .text = 512};
	enum cbr_err e = cbd_check(span_of(data, size), &LIMITS);
	struct cbr c;

	cbr_open(&c, span_of(data, size), &LIMITS);
	(void)cbr_skip(&c);
	if (e == CBR_OK && cbr_close(&c) != CBR_OK)
		abort();
	if (e == CBR_OK && size > 0 && (data[0] & 0x1f) == 0x1f) /* indefinite */
		abort();
	return e == CBR_OK ? 0 : -1;
}

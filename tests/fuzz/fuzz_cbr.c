/* Whatever cbr_skip() accepts as one whole item has all its octets inside the input. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/cbr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cbr_limits LIMITS = {
		.bytes = 4096, .depth = 8, .items = 512, .text = 512};
	struct span item, key;
	struct cbr c;

	cbr_open(&c, span_of(data, size), &LIMITS);
	item = cbr_skip(&c);
	if (cbr_close(&c) == CBR_OK && (item.ptr != data || item.len != size))
		abort();

	cbr_open(&c, span_of(data, size), &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key))
		if (cbr_peek(&c) == CBR_UINT)
			(void)cbr_uint(&c, UINT32_MAX);
		else
			(void)cbr_skip(&c);
	return cbr_close(&c) == CBR_OK ? 0 : -1;
}

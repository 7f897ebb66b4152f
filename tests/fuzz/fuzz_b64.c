/* Strict base64url is canonical: what decodes is encoded back to the same text. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/b64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf octets = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);

	if (b64_decode(span_of(data, size), &octets) == 0) {
		b64_encode(buf_span(&octets), &text);
		if (!span_eq(buf_span(&text), span_of(data, size)))
			abort();
	}
	buf_done(&octets);
	buf_done(&text);
	return 0;
}

/* No piece is longer than what its part has announced. */
#include "fuzz.h"

#include <stdlib.h>

#include "daemons/ocf-fw-fetch/byteranges.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct byteranges b;
	struct span in, piece;
	uint64_t before;

	if (!byteranges_open(&b, SPAN_LIT("multipart/byteranges; boundary=xyz")))
		abort();
	for (size_t step = 1 + size / 3; size > 0; size -= in.len, data += in.len) {
		struct span rest = in = span_of(data, size < step ? size : step);
		int r;

		before = 0;
		while ((r = byteranges_feed(&b, &rest, &piece)) > 0) {
			if (piece.len == 0 || piece.len > in.len - before ||
			    b.left + piece.len > b.part.last - b.part.first + 1)
				abort();
			before += piece.len;
		}
		if (r < 0)
			return 0;
	}
	return 0;
}

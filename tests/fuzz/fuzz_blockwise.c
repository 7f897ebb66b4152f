/* Whatever a server answers, what comes out is no more than what was asked for. */
#include "fuzz.h"

#include <stdlib.h>

#include "daemons/ocf-fw-fetch/blockwise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct blockwise b;
	static uint8_t body[2048];
	uint64_t passed = 0, from = size > 0 ? data[0] * 100U : 0, until = from + 100000;

	blockwise_open(&b);
	blockwise_want(&b, from, until);
	for (size_t i = 1; i + 4 <= size && !blockwise_is_done(&b) && !b.declined; i += 4) {
		struct reply r = {
			.code = data[i] & 1 ? 404 : 205,
			.body = span_of(body, 16U << (data[i + 1] & 7) & 2047),
			.block = {.present = data[i] & 2,
				  .more = data[i] & 4,
				  .szx = data[i + 1] >> 4 & 7,
				  .size = data[i + 2]}
                };
		struct span s;
		uint32_t num;
		unsigned code;
		uint8_t szx;

		if (!blockwise_ask(&b, &num, &szx))
			break;
		r.block.num = data[i + 3] < 200 ? num : data[i + 3];
		if (blockwise_take(&b, num, &r) != FWE_OK)
			break;
		while (blockwise_next(&b, &s, &code) == 1)
			passed += s.len;
		if (passed > until - from)
			abort();
	}
	return 0;
}

/* JSON that parses can be written, and what was written parses again to the same text. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/jsn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct jsn_limits LIMITS = {.bytes = 65536, .depth = 16};
	struct jsn *v CLEANUP(jsn_freep) = NULL, *again CLEANUP(jsn_freep) = NULL;
	struct buf once = BUF_INIT(1 << 20), twice = BUF_INIT(1 << 20);

	if (jsn_parse(span_of(data, size), &LIMITS, &v) != JSN_OK)
		return -1;
	if (jsn_write(v, JSN_COMPACT, &once) == 0) {
		if (jsn_parse(buf_span(&once), &(struct jsn_limits){1 << 20, 16}, &again) !=
			    JSN_OK ||
		    jsn_write(again, JSN_COMPACT, &twice) != 0 ||
		    !span_eq(buf_span(&once), buf_span(&twice)))
			abort();
	}
	buf_done(&once);
	buf_done(&twice);
	return 0;
}

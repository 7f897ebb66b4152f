/* What is taken over is written as it was meant, and read again. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/sp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device dev = {
		.sp = {SP_BIT(SP_BASELINE), SP_BASELINE}
        };
	struct buf b = BUF_INIT(SP_BODY_MAX);
	struct sp_update u, again;

	if (!sp_rep_parse(span_of(data, size), &u) || !sp_apply(&dev, &u))
		return -1;
	buf_put_byte(&b, 0xbf);
	sp_rep_write(&dev, &b);
	buf_put_byte(&b, 0xff);
	if (!sp_rep_parse(buf_span(&b), &again) || again.supported != dev.sp.supported ||
	    again.current != dev.sp.current || !(dev.sp.supported & SP_BIT(dev.sp.current)))
		abort();
	buf_done(&b);
	return 0;
}

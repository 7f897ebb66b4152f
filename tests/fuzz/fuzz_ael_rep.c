/* Filters are taken within their range; events of any text leave a list that can be read. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/cbr.h"
#include "svr/ael.h"

static const struct cbr_limits LIST = {
	.bytes = SIZE_MAX, .depth = CBR_DEPTH_MAX, .items = SIZE_MAX, .text = AUDIT_TEXT_MAX};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device dev = {
		.ael = {AEL_CATEGORIES_ALL, AEL_PRIORITY_LAST, 0, {0}}
        };
	const struct span all = span_of(data, size), aux[] = {all, span_skip(all, 1), all};
	struct buf b = BUF_INIT(REQ_BODY_MAX);
	struct ael_update u;
	struct cbr c;

	for (size_t i = 0; i < 16; i++)
		device_audit(&dev, (enum svr_audit)(1 + i % (AUDIT_COUNT - 1)), aux, i % 4, 0);
	buf_put_byte(&b, 0xbf);
	ael_rep_write(&dev, &b);
	buf_put_byte(&b, 0xff);
	cbr_open(&c, buf_span(&b), &LIST);
	(void)cbr_skip(&c);
	if (cbr_close(&c) != CBR_OK || dev.ael.used > AEL_SPACE)
		abort();
	buf_done(&b);
	if (!ael_rep_parse(all, &u))
		return -1;
	return u.priority <= AEL_PRIORITY_LAST ? 0 : (abort(), 0);
}

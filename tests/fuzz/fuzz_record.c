/* A record that is read writes to a record that is read as the same. */
#include "fuzz.h"

#include <stdlib.h>

#include "obt/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT(2 * RECORD_OCTETS_MAX);
	struct record_device d, again;
	struct record_self self;

	if (record_device_parse(span_of(data, size), &d) == CBR_OK) {
		record_device_write(&d, &b);
		if (!buf_ok(&b) || record_device_parse(buf_span(&b), &again) != CBR_OK ||
		    !secret_eq(&d.key, &again.key))
			abort();
	}
	(void)!record_self_parse(span_of(data, size), &self);
	buf_done(&b);
	return 0;
}

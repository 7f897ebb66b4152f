/* A version or timestamp that parses is written back as it came. */
#include "fuzz.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "fw/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char version[FW_VERSION_TEXT + 1], date[TIMESTAMP_TEXT + 1];
	struct fw_version v;
	uint64_t us;

	if (fw_version_parse(span_of(data, size), &v)) {
		fw_version_format(&v, version);
		if (!span_is(span_of(data, size), version))
			abort();
	}
	if (timestamp_parse(span_of(data, size), &us)) {
		timestamp_format(us, date);
		if (memcmp(date, data, TIMESTAMP_TEXT - 1) != 0) /* all but fraction and Z */
			abort();
	}
	return 0;
}

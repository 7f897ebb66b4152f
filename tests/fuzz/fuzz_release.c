/* A version that is read is written and read again. */
#include "fuzz.h"

#include "fw/release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT(RELEASE_FILE_MAX);
	struct fw_version v, again;

	if (!release_version(span_of(data, size), &v))
		return 0;
	release_write("Model 7", &v, &out);
	if (!release_version(buf_span(&out), &again) || fw_version_cmp(&v, &again) != 0)
		abort();
	buf_done(&out);
	return 0;
}

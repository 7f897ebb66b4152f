#include "fw/direct.h"

#include "fw/manifest.h"

static const char MAGIC[8] = "OCFSIMG1";

bool direct_is(struct span start)
{
	return start.len >= sizeof(MAGIC) && memcmp(start.ptr, MAGIC, sizeof(MAGIC)) == 0;
}

enum fw_error direct_head(struct span start, size_t *ret_manifest_len)
{
	size_t len = 0;

	if (start.len >= sizeof(MAGIC) && !direct_is(start))
		return FWE_IMAGE_FORMAT_UNSUPPORTED;
	if (start.len < DIRECT_HEAD)
		return FWE_IMAGE_TRUNCATED;
	for (size_t i = sizeof(MAGIC); i < DIRECT_HEAD; i++)
		len = len << 8 | start.ptr[i];
	if (len == 0)
		return FWE_IMAGE_SIGNATURE_MISSING;
	if (len > MANIFEST_BYTES_MAX)
		return FWE_MANIFEST_TOO_LARGE;
	*ret_manifest_len = len;
	return FWE_OK;
}

void direct_put_head(size_t manifest_len, struct buf *out)
{
	buf_put(out, span_of(MAGIC, sizeof(MAGIC)));
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_put_byte(out, (uint8_t)(manifest_len >> shift));
}

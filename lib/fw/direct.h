/* lib/fw/direct.h - direct mode (secfu 5.6.1): one file that holds its own signed manifest.
 *
 * "OCFSIMG1", the length of the signed manifest in four octets, the signed manifest in any of its
 * containers, and the image up to the end of the file. The signature comes first, so the image can
 * be judged before it is there. */
#pragma once

#include "base/buf.h"
#include "base/fwerr.h"

#define DIRECT_FILE     "firmware.img" /* in place of manifest.json */
#define DIRECT_LOCATION "#image"       /* firmwareLocation of such a manifest */
#define DIRECT_HEAD     ((size_t)12)   /* octets before the manifest */

/* Does a file that begins so claim to be one? Eight octets are looked at. */
bool direct_is(struct span start);
/* Length of the signed manifest behind the head. FWE_OK; FWE_IMAGE_FORMAT_UNSUPPORTED: other magic;
 * FWE_IMAGE_TRUNCATED: no whole head; FWE_IMAGE_SIGNATURE_MISSING: length 0;
 * FWE_MANIFEST_TOO_LARGE. */
MUST_USE enum fw_error direct_head(struct span start, size_t *ret_manifest_len);
void direct_put_head(size_t manifest_len, struct buf *out);

/* lib/codec/cbj.h - CBOR as JSON values and back (RFC 8949 6), for people and scripts. */
#pragma once

#include "codec/cbr.h"
#include "codec/jsn.h"

/* One whole item as a value owned by the caller. Byte strings become base64url text without
 * padding; map keys must be text. A repeated key is CBR_DUPLICATE, a NUL within text CBR_VALUE. */
MUST_USE enum cbr_err cbj_read(struct span cbor, const struct cbr_limits *limits, struct jsn **ret);
/* Appends the CBOR of a value; a number with fraction or exponent becomes a double. -ENOMEM. */
MUST_USE int cbj_write(const struct jsn *v, struct buf *out);

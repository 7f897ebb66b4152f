/* lib/codec/b64.h - strict base64: for URLs without padding (RFC 4648 5, RFC 7515 2), and the
 * standard form with padding (RFC 4648 4). */
#pragma once

#include "base/buf.h"

/* Appends the decoded octets. -EBADMSG: a character outside A-Z a-z 0-9 - _ (so no padding, no
 * white space), a length of 1 mod 4, or unused bits that are not zero. -ENOMEM: no room. */
MUST_USE int b64_decode(struct span text, struct buf *out);
/* Appends the text. Errors stick in the buffer. */
void b64_encode(struct span data, struct buf *out);

/* The same with A-Z a-z 0-9 + / and padding to a multiple of 4. */
MUST_USE int b64_decode_padded(struct span text, struct buf *out);
void b64_encode_padded(struct span data, struct buf *out);

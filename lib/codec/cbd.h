/* lib/codec/cbd.h - the deterministic encoding of CBOR (RFC 8949 4.2.1). */
#pragma once

#include "codec/cbr.h"

/* Is `item` one whole item, with the shortest heads, definite lengths, and map keys in the bytewise
 * order of their encodings? CBR_OK; CBR_LOOSE if that alone is wrong; CBR_DUPLICATE for a repeated
 * key; else what the reader finds. The first fault in reading order is told. */
MUST_USE enum cbr_err cbd_check(struct span item, const struct cbr_limits *limits);

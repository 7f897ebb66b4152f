/* lib/codec/cbd.h - the deterministic encoding of CBOR (RFC 8949 4.2.1). */
#pragma once

#include "base/buf.h"
#include "codec/cbr.h"

#define CBD_PAIRS_MAX ((size_t)32)

/* Is `item` one whole item, with the shortest heads, definite lengths, and map keys in the bytewise
 * order of their encodings? CBR_OK; CBR_LOOSE if that alone is wrong; CBR_DUPLICATE for a repeated
 * key; else what the reader finds. The first fault in reading order is told. */
MUST_USE enum cbr_err cbd_check(struct span item, const struct cbr_limits *limits);
/* Whatever its form: has no map of `item` a key twice, octet for octet? CBR_OK; CBR_DUPLICATE;
 * CBR_LIMIT for a map of more than CBD_PAIRS_MAX; else what the reader finds. */
MUST_USE enum cbr_err cbd_check_keys(struct span item, const struct cbr_limits *limits);
/* Appends `octets` with each string that comes in chunks in one piece, and all else as it is, from
 * the first octet that is not well-formed on, too. It does not get longer. */
void cbd_join(struct span octets, struct buf *out);

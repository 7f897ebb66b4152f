/* lib/base/parse.h - numbers and hexadecimal from text; the whole span must be consumed. */
#pragma once

#include "base/span.h"

/* Decimal digits only: no sign, no space; a leading zero only for "0". False: *ret untouched. */
MUST_USE bool parse_u32(struct span text, uint32_t *ret);
MUST_USE bool parse_u64(struct span text, uint64_t *ret);
/* yes/no, true/false, on/off, 1/0. */
MUST_USE bool parse_bool(struct span text, bool *ret);

/* Two digits an octet, either case; text.len must be 2 * len. */
MUST_USE bool hex_decode(struct span text, uint8_t *ret, size_t len);
/* Lower case with a NUL: room for 2 * data.len + 1. */
void hex_encode(struct span data, char *ret);

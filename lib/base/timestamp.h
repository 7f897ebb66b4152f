/* lib/base/timestamp.h - RFC 3339 in one spelling. */
#pragma once

#include "base/span.h"

#define TIMESTAMP_TEXT ((size_t)20) /* 2026-06-01T12:00:00Z */

/* 1970 or later, UTC as upper-case Z, seconds required, fraction of 1 to 9 digits (cut to
 * microseconds), real calendar date, no leap second. False: *ret_us is untouched. */
MUST_USE bool timestamp_parse(struct span text, uint64_t *ret_us);
/* The same with any offset, "+01:00" instead of Z, and either case of T and Z. */
MUST_USE bool timestamp_parse_offset(struct span text, uint64_t *ret_us);
/* Whole seconds; later than the year 9999 is cut to its end. */
void timestamp_format(uint64_t us, char ret[TIMESTAMP_TEXT + 1]);

/* daemons/ocf-fw-fetch/content_range.h - the header Content-Range (RFC 9110 14.4). */
#pragma once

#include "base/span.h"

#define CONTENT_RANGE_UNKNOWN UINT64_MAX

struct content_range {
	uint64_t first, last; /* of the octets that follow, both included */
	uint64_t total;       /* of the whole, or CONTENT_RANGE_UNKNOWN */
};

/* `bytes first-last/total` with `*` for an unknown total. False: anything else, also a range that
 * is empty or leaves the whole. */
MUST_USE bool content_range_parse(struct span text, struct content_range *ret);

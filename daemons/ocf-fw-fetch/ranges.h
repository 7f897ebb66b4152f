/* daemons/ocf-fw-fetch/ranges.h - which octets of a body are still wanted. */
#pragma once

#include "child/proto.h"
#include "content_range.h"

#define RANGES_BATCH ((size_t)100) /* of one request: servers refuse more than 128 or 200 */
#define RANGES_TEXT  (RANGES_BATCH * sizeof("18446744073709551615-18446744073709551615,"))

struct ranges {
	int file; /* of struct proto_range; borrowed */
	uint32_t n, read;
	uint64_t end, limit; /* of what was read; of all */
	struct proto_range batch[RANGES_BATCH];
	size_t in_batch, at; /* those before `at` are there */
};

void ranges_open(struct ranges *r, int file, uint32_t n, uint64_t limit);
/* Reads the next batch if this one is there; ranges that touch become one. 1: something is wanted;
 * 0: all is there; -EBADMSG: empty, not ascending or beyond the limit; -EIO: shorter than said. */
MUST_USE int ranges_next(struct ranges *r);
/* "4096-8191,12288-16383": at most `max` of those wanted. Returns how many. */
size_t ranges_text(const struct ranges *r, size_t max, char ret[RANGES_TEXT]);
/* Is it exactly the next range, or what is left of it? */
MUST_USE bool ranges_is_next(const struct ranges *r, const struct content_range *part);
/* Octets of the next range; 0: nothing is wanted. */
uint64_t ranges_left(const struct ranges *r);
/* So many octets of the next range are there; not more than it has. */
void ranges_took(struct ranges *r, uint64_t octets);

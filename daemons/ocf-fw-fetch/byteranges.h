/* daemons/ocf-fw-fetch/byteranges.h - a reply of several ranges: multipart/byteranges, octets in,
 * parts out (RFC 9110 14.6, RFC 2046 5.1). Holds no body. */
#pragma once

#include "content_range.h"

#define BYTERANGES_BOUNDARY_MAX ((size_t)70) /* RFC 2046 5.1.1 */
#define BYTERANGES_LINE_MAX     ((size_t)512)
#define BYTERANGES_HEADERS_MAX  16u /* of a part */

struct byteranges {
	char delimiter[2 + BYTERANGES_BOUNDARY_MAX + 1]; /* "--boundary" */
	char line[BYTERANGES_LINE_MAX];
	size_t line_len;
	enum { BR_DELIMITER, BR_HEADERS, BR_BODY, BR_END } state;
	unsigned headers, empty;
	bool has_range;
	struct content_range part; /* the one at hand */
	uint64_t left;             /* of it */
};

/* From the value of Content-Type. False: not multipart/byteranges with a sound boundary. */
MUST_USE bool byteranges_open(struct byteranges *b, struct span content_type);
/* Takes what it can from the front of *in. 1: *ret are the next octets of part b->part, borrowed;
 * `b->left` of it are to come. 0: *in is used up. -EBADMSG: not a sound message, and
 * nothing more is to be fed. */
MUST_USE int byteranges_feed(struct byteranges *b, struct span *in, struct span *ret);

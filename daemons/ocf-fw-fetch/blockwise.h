/* daemons/ocf-fw-fetch/blockwise.h - a body in blocks of which several are under way (RFC
 * 7959 2.4), put into order. No sockets, no clock.
 *
 * How many are under way grows while all goes well and is halved by a loss, as TCP does (RFC 7252
 * 4.7 leaves that to those who know). */
#pragma once

#include "base/fwerr.h"
#include "transport/endpoint.h"

#define BLOCKWISE_SZX        6u /* blocks of 1024 octets, unless the server likes others */
#define BLOCKWISE_BLOCK      ((size_t)16 << BLOCKWISE_SZX)
#define BLOCKWISE_WHOLE      ((size_t)2048) /* a body that came without a block option */
#define BLOCKWISE_BLOCKS_MAX (UINT32_C(1) << 20)
#define BLOCKWISE_WINDOW_MAX UINT32_C(32)
#define BLOCKWISE_ETAG_MAX   ((size_t)8)

struct blockwise_slot {
	bool here;
	unsigned code;
	size_t len;
	uint8_t data[BLOCKWISE_BLOCK];
};

struct blockwise {
	bool begun;    /* there was an answer: size of blocks, ETag ... are known */
	bool declined; /* the body is too short for what is wanted */
	uint8_t szx;
	uint8_t etag[BLOCKWISE_ETAG_MAX];
	size_t etag_len;
	uint32_t content_format, size; /* of the whole; CF_NONE: not told */
	uint64_t from, until;          /* the octets wanted; until may be UINT64_MAX */
	uint32_t next, ask, end; /* numbers: to be passed on, to be asked for, behind the last */
	uint32_t total;          /* blocks of the whole; BLOCKWISE_BLOCKS_MAX: not known yet */
	uint32_t under_way, window, threshold, recover, round;
	struct blockwise_slot slots[BLOCKWISE_WINDOW_MAX];
	uint8_t whole[BLOCKWISE_WHOLE]; /* instead of blocks */
	size_t whole_len;
};

/* Of a new body. */
void blockwise_open(struct blockwise *b);
/* Begins with the octets from..until of it; those before are done with. Of a new body block 0 is
 * asked for in any case: it names the body, and servers keep the rest at hand for whoever did. */
void blockwise_want(struct blockwise *b, uint64_t from, uint64_t until);
/* Whether to ask for another block now, and which. */
MUST_USE bool blockwise_ask(struct blockwise *b, uint32_t *ret_num, uint8_t *ret_szx);
/* The answer to block `num`, err 0. FWE_FETCH_COAP_BLOCK: not what was asked for, or of another
 * body than the blocks before. */
MUST_USE enum fw_error blockwise_take(struct blockwise *b, uint32_t num, const struct reply *r);
/* The answer to block `num` was late. */
void blockwise_lost(struct blockwise *b, uint32_t num);
/* The next octets, borrowed until the next call. 1; 0: none yet; -EPROTO: *ret_code instead. */
MUST_USE int blockwise_next(struct blockwise *b, struct span *ret, unsigned *ret_code);
MUST_USE bool blockwise_is_done(const struct blockwise *b);

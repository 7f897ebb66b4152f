/* lib/transport/block.h - bodies in blocks, for the server (RFC 7959). */
#pragma once

#include "transport/message.h"
#include "transport/remote.h"

#define BLOCK_BODIES_MAX ((size_t)16)
#define BLOCK_PLAIN_MAX  ((size_t)4) /* of these for unsecured peers, who can forge addresses */

/* A request body that is not complete yet: one for each peer, in order only. */
struct block_body {
	bool used;
	struct remote from;
	uint8_t code;
	char path[REQ_PATH_MAX];
	size_t path_len;
	struct buf body;
	uint64_t touched_us;
};

struct blocks {
	struct block_body bodies[BLOCK_BODIES_MAX];
	size_t body_max;
};

/* Takes a request with Block1. 0: *ret is the whole body, borrowed until blocks_drop(). Else the
 * code to answer: 2.31, 4.00 (block of a wrong size), 4.08 (not the next one), 4.13. */
MUST_USE uint8_t blocks_take(struct blocks *bs, const struct remote *from, const struct message *m,
			     uint64_t now_us, struct span *ret);
void blocks_drop(struct blocks *bs, const struct remote *from);
void blocks_done(struct blocks *bs);

/* Puts `body`, or the block of it that `asked` names, into an answer; `etag` is where the tag of a
 * body of several blocks is kept. False: there is no such block. */
MUST_USE bool block_slice(struct message *answer, struct span body, struct message_block asked,
			  uint8_t etag[4]);

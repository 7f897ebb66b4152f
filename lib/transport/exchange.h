/* lib/transport/exchange.h - requests seen lately and what was answered (RFC 7252 4.5). */
#pragma once

#include "transport/remote.h"

#define EXCHANGE_LIFETIME_US   (UINT64_C(247) * USEC_PER_SEC) /* RFC 7252 4.8.2 */
#define EXCHANGES_MAX          ((size_t)256)
#define EXCHANGES_PER_PEER_MAX ((size_t)16)
#define EXCHANGE_BUCKETS       ((size_t)64)

struct exchange {
	bool used;
	struct remote from;
	uint16_t id;
	uint64_t expires_us;
	struct exchange *next; /* in its bucket, newest first */
	uint8_t *answer;       /* owned; NULL: there was none */
	size_t answer_len;
};

/* The oldest gives way to the newest; a peer displaces only its own beyond its share. */
struct exchanges {
	struct exchange entries[EXCHANGES_MAX]; /* a ring in order of arrival */
	struct exchange *buckets[EXCHANGE_BUCKETS];
	size_t cursor;
};

/* NULL: a new one. Borrowed until the next call. */
const struct exchange *exchanges_find(const struct exchanges *xs, const struct remote *from,
				      uint16_t id, uint64_t now_us);
/* Keeps a copy of `answer`, which may be empty. Without memory a repeat is answered by silence. */
void exchanges_add(struct exchanges *xs, const struct remote *from, uint16_t id, struct span answer,
		   uint64_t now_us);
/* All of one session. */
void exchanges_forget(struct exchanges *xs, uint64_t session);
void exchanges_done(struct exchanges *xs);

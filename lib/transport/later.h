/* lib/transport/later.h - requests that the application answers later (RFC 7252 5.2.2).
 *
 * A fast answer still goes out in the ACK. After LATER_ACK_US the request gets an empty ACK, and
 * the answer becomes a confirmable message of its own. */
#pragma once

#include "transport/confirm.h"
#include "transport/message.h"
#include "transport/remote.h"

#define LATERS_MAX          ((size_t)64)
#define LATERS_PER_PEER_MAX ((size_t)8)
#define LATER_ACK_US        (UINT64_C(500) * 1000) /* well before the peer repeats */

struct later {
	struct later *next;
	uint64_t ticket;
	struct remote from;
	enum message_type type;
	uint16_t id;
	uint64_t ack_us;        /* when the empty ACK is due; NEVER_US: it is sent, or not wanted */
	struct confirm confirm; /* of the answer */
	uint8_t *octets;        /* owned; the request without its body, then the answer */
	size_t len;
};

struct laters {
	struct later *first;
	size_t n;
};

/* False: too many, or no memory. */
MUST_USE bool laters_add(struct laters *ls, const struct remote *from, const struct message *m,
			 struct span datagram, uint64_t ticket, uint64_t now_us);
void laters_drop(struct laters *ls, struct later *l);
void laters_forget(struct laters *ls, uint64_t session);
void laters_done(struct laters *ls);

struct later *laters_find(const struct laters *ls, uint64_t ticket); /* NULL: none */
/* By the request's message id, or by that of the answer under way; NULL: none. */
struct later *laters_find_request(const struct laters *ls, const struct remote *from, uint16_t id);
struct later *laters_find_answer(const struct laters *ls, const struct remote *from, uint16_t id);

/* False: no memory, and the answer is not kept. */
MUST_USE bool later_set_answer(struct later *l, struct span answer, uint16_t id, uint64_t now_us);
struct later *laters_due(const struct laters *ls, uint64_t now_us); /* NULL: none */
uint64_t laters_deadline(const struct laters *ls);

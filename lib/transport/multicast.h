/* lib/transport/multicast.h - requests to a group that wait for their leisure (RFC 7252 8.2). */
#pragma once

#include "transport/message.h"
#include "transport/remote.h"

#define MULTICAST_PENDING_MAX ((size_t)8)
#define MULTICAST_REQUEST_MAX ((size_t)256) /* octets; longer ones are not answered */
#define MULTICAST_SEEN_MAX    ((size_t)64)
#define MULTICAST_SEEN_US     (UINT64_C(145) * USEC_PER_SEC) /* NON_LIFETIME, RFC 7252 4.8.2 */

struct multicast_request {
	uint64_t due_us; /* 0: free */
	struct remote from;
	size_t len;
	uint8_t datagram[MULTICAST_REQUEST_MAX];
};

struct multicast {
	struct multicast_request pending[MULTICAST_PENDING_MAX];
	struct {
		uint64_t until_us;
		struct remote from;
		uint16_t id;
		uint8_t token[MESSAGE_TOKEN_MAX];
		size_t token_len;
	} seen[MULTICAST_SEEN_MAX];
	size_t cursor;
};

/* Only this can be answered at all: NON GET of /oic/res or /oic/sec/doxm without faults. */
bool multicast_is_wanted(const struct message *m);
/* True once for a message id and token of one requester, who may ask over both IP families. */
MUST_USE bool multicast_is_first(struct multicast *mc, const struct remote *from,
				 const struct message *m, uint64_t now_us);
/* Keeps a request until due_us; too many or too long: it is dropped. */
void multicast_defer(struct multicast *mc, const struct remote *from, struct span datagram,
		     uint64_t due_us);
/* Takes out one that is due. False: none. */
MUST_USE bool multicast_take(struct multicast *mc, uint64_t now_us, struct multicast_request *ret);
uint64_t multicast_deadline(const struct multicast *mc);

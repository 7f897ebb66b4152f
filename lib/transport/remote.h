/* lib/transport/remote.h - whom a message comes from or goes to. */
#pragma once

#include "transport/endpoint.h"

struct remote {
	uint64_t session;          /* 0: plain UDP */
	struct endpoint_addr addr; /* the peer's */
	struct in6_addr local;     /* ours; unspecified: the kernel chooses */
	uint32_t ifindex;          /* interface the datagram came in on; 0: any */
	bool multicast;            /* it came to a group; an answer leaves from a unicast address */
};

/* The same endpoint in the sense of RFC 7252 1.2: session, or address, port and scope. */
bool remote_eq(const struct remote *a, const struct remote *b);
uint32_t remote_hash(const struct remote *r);

static inline bool endpoint_addr_eq(const struct endpoint_addr *a, const struct endpoint_addr *b)
{
	return a->sa.sin6_port == b->sa.sin6_port && a->sa.sin6_scope_id == b->sa.sin6_scope_id &&
	       memcmp(&a->sa.sin6_addr, &b->sa.sin6_addr, sizeof(a->sa.sin6_addr)) == 0;
}
uint32_t endpoint_addr_hash(const struct endpoint_addr *a);

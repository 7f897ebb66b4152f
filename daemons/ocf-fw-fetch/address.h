/* daemons/ocf-fw-fetch/address.h - how far away an address is (guard against request forgery). */
#pragma once

#include <sys/socket.h>

#include "base/span.h"
#include "child/proto.h"

/* PROTO_LOOPBACK also stands for what is no single host: unspecified, multicast, broadcast and
 * other families. IPv4 inside IPv6 (mapped, translated, NAT64, 6to4) counts as the IPv4 address. */
enum proto_reach address_reach(const struct sockaddr *a);
/* The same for the host of a URL that somebody else will resolve; a name that is no address counts
 * as public but for those of the host itself (RFC 6761 6.3). */
enum proto_reach address_host_reach(struct span host);
/* The same for text as libcurl gives it; a scope (%1) is ignored. */
enum proto_reach address_text_reach(const char *text);

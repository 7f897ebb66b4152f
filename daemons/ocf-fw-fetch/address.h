/* daemons/ocf-fw-fetch/address.h - how far away an address is (guard against request forgery). */
#pragma once

#include <sys/socket.h>

#include "child/proto.h"

/* PROTO_LOOPBACK also stands for what is no single host: unspecified, multicast, broadcast and
 * other families. IPv4 inside IPv6 (mapped, NAT64, 6to4) counts as the IPv4 address. */
enum proto_reach address_reach(const struct sockaddr *a);
/* The same for text as libcurl gives it; a scope (%1) is ignored. */
enum proto_reach address_text_reach(const char *text);

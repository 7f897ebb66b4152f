/* lib/transport/groups.h - the OCF multicast groups on the interfaces that the configuration
 * allows, as links come and go (rtnetlink). */
#pragma once

#include "transport/remote.h"

#define GROUPS_PORT      5683
#define GROUPS_LINKS_MAX ((size_t)256)

struct groups;

/* Joins the groups on `fd` (borrowed; -1: a client, which joins none) now and later. 0; -ENOMEM;
 * -errno of the netlink socket. */
MUST_USE int groups_new(struct groups **ret, const char *patterns, int fd);
struct groups *groups_free(struct groups *g); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct groups *, groups_free)

/* Readable when links have changed: call groups_update(). */
int groups_fd(const struct groups *g);
void groups_update(struct groups *g);

/* May a datagram that came in on this interface be looked at? */
bool groups_allows(struct groups *g, uint32_t ifindex);
/* Where a request to all devices goes: each allowed interface that is up and has an address of the
 * family. 224.0.1.187 and, with scope 2, 3 or 5, ff0<scope>::158. The number written. */
size_t groups_targets(const struct groups *g, unsigned scope, struct remote *ret, size_t max);

/* "eth* !eth9 !docker*": false if a pattern with "!" matches; else true if another one matches or
 * there is no other one. */
bool groups_pattern_allows(const char *patterns, const char *interface);

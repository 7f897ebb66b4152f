/* daemons/ocf-fwupd/netlink.h - the table of links of the host, kept up to date.
 *
 * The service has no network of its own: its unit is given a socket of the host's, which can only
 * ask and listen. */
#pragma once

#include "links.h"

struct loop;
struct netlink;

/* `fd` is a NETLINK_ROUTE socket that listens (taken); -1: opens one, in our own network namespace.
 * fn hears that something has changed.
 * -ENOMEM, -EPROTOTYPE: not such a socket; -EAFNOSUPPORT and others: what opening one gave. */
MUST_USE int netlink_new(struct netlink **ret, struct loop *loop, int fd, void (*fn)(void *arg),
			 void *arg);
struct netlink *netlink_free(struct netlink *n); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct netlink *, netlink_free)

/* Asks for all links and routes; the kernel answers at once. */
void netlink_refresh(struct netlink *n);
/* As of the last refresh. */
const struct links *netlink_links(const struct netlink *n);

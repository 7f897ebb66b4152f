/* daemons/ocf-fwupd/lease.h - where DHCP clients and the resolver leave the domain of a link.
 *
 * The texts hold what a DHCP server said, so they are hostile; what comes out is checked by
 * discover_domain() before use. All give how many domains they found: at most one a link, the
 * domain name (option 15) if there is one, else the first of the search list (option 119, DHCPv6
 * 24). Spans are borrowed from the text. */
#pragma once

#include "base/span.h"

#define LEASE_FILE_MAX ((size_t)1024 * 1024)

/* A file of systemd-networkd, /run/systemd/netif/leases/N: one link. */
size_t lease_networkd(struct span text, struct span *ret, size_t max);
/* dhclient.leases of ISC dhclient, all links, their last leases. `now` is the time as such files
 * write it, UTC, 2026/06/01 12:00:00: a lease that has expired says nothing. */
size_t lease_dhclient(struct span text, const char *now, struct span *ret, size_t max);
/* resolv.conf: the `domain` line; `search` only if asked for. */
size_t lease_resolv_conf(struct span text, bool search, struct span *ret, size_t max);

/* daemons/ocf-fwupd/lease.h - where DHCP clients and the resolver leave the domain of a link.
 *
 * The texts hold what a DHCP server or a router said, so they are hostile; what comes out is
 * checked by discover_domain() before use. Of each link comes the domain name (option 15) if there
 * is one, else the first of the search list (option 119, DHCPv6 24, DNSSL). Spans are borrowed from
 * the text. */
#pragma once

#include "base/span.h"

#define LEASE_FILE_MAX ((size_t)1024 * 1024)

struct lease_domain {
	struct span link; /* empty: not said */
	struct span domain;
	struct span
		servers; /* name servers of the link, a list as it stands there; empty: not said */
};

/* A file of systemd-networkd, /run/systemd/netif/leases/N or .../links/N: one link each. False: it
 * has no domain. This and the others of one link leave ret->link alone. */
MUST_USE bool lease_networkd(struct span text, struct lease_domain *ret);
/* dhclient.leases or dhclient6.leases of ISC dhclient: of all links, their last leases. One that
 * has expired at `now_s` (since 1970) says nothing. How many were found. */
MUST_USE size_t lease_dhclient(struct span text, uint64_t now_s, struct lease_domain *ret,
			       size_t max);
/* resolv.conf, and what dhcpcd or a resolvconf keeps of one link in the same form: the `domain`
 * line; `search` only if asked for. */
MUST_USE bool lease_resolv_conf(struct span text, bool search, struct lease_domain *ret);
/* What our hook for udhcpc writes. */
MUST_USE bool lease_udhcpc(struct span text, struct lease_domain *ret);
/* The link in a file name: "eth0.dhcp6", "br.7.ra": all before the last dot, if there is one. */
MUST_USE struct span lease_link(const char *file);

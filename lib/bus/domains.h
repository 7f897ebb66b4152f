/* lib/bus/domains.h - what network services tell on the bus: the DHCP domain of each link, when it
 * may have changed, and addresses looked up through a link. */
#pragma once

#include "base/mem.h"

struct bus;

enum bus_domains_source {
	BUS_DOMAINS_NETWORK_MANAGER, /* DHCP options of each device, or what its routers announce */
	BUS_DOMAINS_RESOLVED,        /* what each link's manager told systemd-resolved */
};

#define BUS_DOMAINS_MAX ((size_t)16)

/* As received, not yet checked. */
struct bus_domain {
	const char *domain;  /* or a search list, separated by blanks */
	const char *link;    /* its name; NULL: not said, but: */
	int index;           /* of the link */
	const char *servers; /* its name servers, separated by blanks; NULL: not said */
};

/* `domains` are borrowed during the call, at most BUS_DOMAINS_MAX. */
typedef void (*bus_domains_fn)(void *arg, const struct bus_domain *domains, size_t n);

struct bus_domains; /* a question under way */

/* Asks once and calls fn once, later: with n 0 if the service is not there, says nothing, or has
 * not answered within a second. Does not start the service. -ENOTCONN: there is no bus. -ENOMEM. */
MUST_USE int bus_domains_ask(struct bus_domains **ret, struct bus *b,
			     enum bus_domains_source source, bus_domains_fn fn, void *arg);
/* fn is not called any more. Accepts NULL, returns NULL. */
struct bus_domains *bus_domains_free(struct bus_domains *d);
DEFINE_CLEANUP(struct bus_domains *, bus_domains_free)

struct bus_domains_watch;
/* Calls fn whenever NetworkManager, systemd-networkd or systemd-resolved come, go, or say that
 * something about a link is new. Does not start them. -ENOMEM. */
MUST_USE int bus_domains_watch_new(struct bus_domains_watch **ret, struct bus *b,
				   void (*fn)(void *arg), void *arg);
struct bus_domains_watch *bus_domains_watch_free(struct bus_domains_watch *w); /* NULL is fine */
DEFINE_CLEANUP(struct bus_domains_watch *, bus_domains_watch_free)

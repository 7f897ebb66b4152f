/* lib/bus/domains.h - the DHCP domains that network services tell on the bus. */
#pragma once

#include "base/mem.h"

struct bus;

enum bus_domains_source {
	BUS_DOMAINS_NETWORK_MANAGER, /* DHCP options of each connection */
	BUS_DOMAINS_RESOLVED,        /* what each link's manager told systemd-resolved */
};

#define BUS_DOMAINS_MAX ((size_t)16)

/* `domains` as received, not yet checked: borrowed during the call, at most BUS_DOMAINS_MAX. */
typedef void (*bus_domains_fn)(void *arg, const char *const *domains, size_t n);

struct bus_domains; /* a question under way */

/* Asks once and calls fn once, later: with n 0 if the service is not there, says nothing, or has
 * not answered within a second. Does not start the service. -ENOTCONN: there is no bus. -ENOMEM. */
MUST_USE int bus_domains_ask(struct bus_domains **ret, struct bus *b,
			     enum bus_domains_source source, bus_domains_fn fn, void *arg);
/* fn is not called any more. Accepts NULL, returns NULL. */
struct bus_domains *bus_domains_free(struct bus_domains *d);
DEFINE_CLEANUP(struct bus_domains *, bus_domains_free)

/* daemons/ocf-fwupd/links.h - links, their default routes and what routers announce on them, out
 * of rtnetlink(7) messages. Pure: octets in, table out.
 *
 * The messages come from the kernel; what a router announced in them is hostile. */
#pragma once

#include "fw/discover.h"

#define LINKS_MAX      ((size_t)64) /* later ones are not known by name */
#define LINKS_NO_ROUTE UINT32_MAX   /* as a metric: no default route */

struct link {
	uint32_t index;
	char name[DISCOVER_LINK];
	uint32_t metric; /* of its best default route, IPv4 or IPv6 */
};

/* RFC 8106 5.2: the first name of the search list, as it came, and for how long it holds. */
struct link_domain {
	uint32_t index;
	char domain[DISCOVER_DOMAIN_MAX + 1];
	uint64_t until_us;
};

struct links {
	struct link at[LINKS_MAX];
	size_t n;
	struct link_domain announced[DISCOVER_DOMAINS_MAX];
	size_t n_announced;
};

enum links_news {
	LINKS_CHANGED = 1 << 0, /* something is new: ask for all again */
	LINKS_END = 1 << 1,     /* of the answer to a question */
};

/* Takes the messages of one datagram into the table; those that answer question `seq` fill it, all
 * others only say that there is news. Of LINKS_*. */
unsigned links_read(struct links *l, struct span datagram, uint32_t seq, uint64_t now_us);
/* NULL: not known. */
const struct link *links_by_name(const struct links *l, struct span name);
const struct link *links_by_index(const struct links *l, uint32_t index);
/* What is not in the table is not there: all links found room in it. */
bool links_are_all(const struct links *l);
/* All links have been told: what routers announced on others gives its room back. */
void links_drop_gone(struct links *l);
bool links_have_route(const struct links *l); /* a default route */

/* daemons/ocf-fwupd/watch.h - what the device can reach now: its links and their domains, followed
 * without a wake-up while nothing happens. */
#pragma once

#include "domain.h"

struct loop;
struct watch;

struct reach {
	bool known; /* whether there is a default route is known at all */
	bool has_route;
	struct discover_domains domains;
};

/* Called once after the start, and again when the reach is another one. */
typedef void (*watch_fn)(void *arg, const struct reach *now);

/* `fd` as for netlink_new(); without such a socket links have no names and no metric. All else is
 * borrowed for life. -ENOMEM. */
MUST_USE int watch_new(struct watch **ret, const struct fwupd_config *config, struct loop *loop,
		       struct bus *bus, int fd, watch_fn fn, void *arg);
struct watch *watch_free(struct watch *w); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct watch *, watch_free)

const struct links *watch_links(const struct watch *w);
/* Looks at links and routes again, now. */
void watch_refresh(struct watch *w);

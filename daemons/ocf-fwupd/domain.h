/* daemons/ocf-fwupd/domain.h - the domain of each link, from the first source that knows it. */
#pragma once

#include "config.h"
#include "links.h"

struct bus;

/* `domains` are in the order to ask. What is none that may be asked was told to the log. */
typedef void (*domain_fn)(void *arg, const struct discover_domains *domains);

struct domain_search; /* under way */

/* Asks the configured sources in turn and calls fn once, perhaps before it returns. `bus` may be
 * NULL; all is borrowed until domain_search_free(). -ENOMEM. */
MUST_USE int domain_search_new(struct domain_search **ret, const struct fwupd_config *config,
			       const struct links *links, struct bus *bus, domain_fn fn, void *arg);
/* fn is not called any more; may be called from it. Accepts NULL, returns NULL. */
struct domain_search *domain_search_free(struct domain_search *s);
DEFINE_CLEANUP(struct domain_search *, domain_search_free)

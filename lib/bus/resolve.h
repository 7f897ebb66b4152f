/* lib/bus/resolve.h - the addresses of a host, as the name servers of one link know them, asked of
 * systemd-resolved. */
#pragma once

#include "base/mem.h"

struct bus;

#define BUS_RESOLVE_TEXT ((size_t)256)

/* `addresses`: literals separated by commas, as many as BUS_RESOLVE_TEXT holds; "": there are none;
 * NULL: resolved is not there, or knows no name server on that link. Borrowed during the call. */
typedef void (*bus_resolve_fn)(void *arg, const char *addresses);

struct bus_resolve; /* a question under way */

/* Asks once and calls fn once, later, within `timeout_us`. By DNS only, without search lists. Does
 * not start the service. -ENOTCONN: there is no bus. -ENOMEM. */
MUST_USE int bus_resolve_ask(struct bus_resolve **ret, struct bus *b, uint32_t link,
			     const char *host, uint64_t timeout_us, bus_resolve_fn fn, void *arg);
/* fn is not called any more; may be called from it. Accepts NULL, returns NULL. */
struct bus_resolve *bus_resolve_free(struct bus_resolve *r);
DEFINE_CLEANUP(struct bus_resolve *, bus_resolve_free)

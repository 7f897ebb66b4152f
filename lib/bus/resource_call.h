/* lib/bus/resource_call.h - questions to programs that wait for their answers; for lib/bus only. */
#pragma once

#include "bus/resources.h"

#define RESOURCE_INTERFACE "org.ocfgw.Resource1" /* of the programs' objects */

struct sd_bus;
struct resource_call;

#define RESOURCE_CALLS_MAX ((size_t)16) /* about one resource at a time */

struct resource_calls {
	struct resource_call *first;
};

/* Update(map), or Retrieve() if `map` is NULL, of an object; `fn` gets `it`. -EBADMSG as
 * payload_append(); -EBUSY: too many wait; other errors of the bus. */
MUST_USE int resource_call(struct resource_calls *cs, struct sd_bus *sd, const char *name,
			   const char *path, const struct span *map, bus_resource_fn fn, void *it,
			   uint64_t ticket);
/* All about `it` end with V_UNAVAILABLE. */
void resource_calls_end(struct resource_calls *cs, const void *it);
/* Nobody is told. */
void resource_calls_drop(struct resource_calls *cs);

/* daemons/ocf-fw-fetch/resolve.h - addresses of a host, within a time. */
#pragma once

#include <netdb.h>

#include "base/mem.h"
#include "base/span.h"

#define RESOLVE_MAX ((size_t)8) /* addresses that are tried */

struct resolved {
	struct sockaddr_storage at[RESOLVE_MAX];
	size_t n;
};

/* Asks the system's resolver in a thread, which is left alone when it takes too long. 0;
 * -EHOSTUNREACH: no address; -ETIMEDOUT; -ECANCELED: `control` has become readable; -ENOMEM. */
MUST_USE int resolve(const char *host, uint64_t deadline_us, int control, struct resolved *ret);
/* The addresses of a list with commas. -EINVAL: one is none. */
MUST_USE int resolve_list(const char *addresses, struct resolved *ret);

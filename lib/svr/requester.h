/* lib/svr/requester.h - who asks: what of a request and its session matters to access. */
#pragma once

#include "svr/device.h"

/* A role is the name together with the authority that gives it. */
struct role {
	struct span name, authority; /* borrowed from the device */
};

struct requester {
	const struct req *req;
	const struct svr_wall *wall;
	bool secured;
	const struct uuid *peer; /* NULL: nobody in particular, or nobody any more */
	bool owner_role;         /* has asserted oic.role.owner */
	size_t n_roles;
	struct role roles[SESSION_ROLES_MAX + 1]; /* asserted ones and that of a pairwise key */
};

/* A session outlives the credential it was made with, but the rights do not: without one in force
 * there is no peer. All pointers are borrowed from the arguments. */
void requester_of(const struct device *dev, const struct req *req, const struct svr_wall *wall,
		  struct requester *ret);

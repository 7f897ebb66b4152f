/* tools/ocf-obt/issue.h - the domain's certificate authority at work: its record in the state
 * directory, and what it issues. */
#pragma once

#include "obt/authority.h"
#include "obt/goal.h"
#include "state.h"

/* The authority of this state directory. -ENOENT: none yet, unless `make`. *ret is the caller's.
 * -errno; *ret_trouble is set. */
MUST_USE int issue_open(struct state *s, bool make, struct authority **ret,
			struct trouble *ret_trouble);
MUST_USE int issue_keep(struct state *s, const struct authority *a);
/* A new root with the same key and name, valid from now on. */
MUST_USE int issue_renew_root(struct authority *a, const struct record_self *self);

/* A certificate for the request of a device, PEM into `pem`, noted in `a`. `role` NULL: for its
 * identity. -EBADMSG and *ret_why: the request is bad, or another device's. */
MUST_USE int issue_cert(struct authority *a, const struct uuid *device, struct span csr,
			const struct goal_role *role, struct buf *pem, const char **ret_why);
/* A new list of all that is revoked, DER. */
MUST_USE int issue_crl(struct authority *a, struct buf *der, const char **ret_why);
/* Is the chain over, or soon (30 days)? Also if it cannot be read. */
bool issue_is_due(struct span pem);

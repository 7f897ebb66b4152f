/* lib/svr/roles.h - /oic/sec/roles, the roles asserted in a session: OCF Security 13.11. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

struct roles_update {
	size_t n;
	struct cred roles[SESSION_ROLES_MAX]; /* drafts, texts borrowed from the body */
	const char *why;                      /* what is not supported, if that is what is wrong */
};

/* Body of an UPDATE. False: malformed, an unknown name, a value out of range, more than
 * SESSION_ROLES_MAX; ret->why may say more. */
MUST_USE bool roles_rep_parse(struct span body, struct roles_update *ret);

enum verdict roles_get(struct exchange *x);
enum verdict roles_post(struct exchange *x);
enum verdict roles_delete(struct exchange *x);

/* The anchors, keys or CRL of `dev` are others: drops the roles that do not stand any more. */
void roles_review(struct device *dev, const struct svr_env *env);

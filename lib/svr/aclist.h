/* lib/svr/aclist.h - the access control list of a device: immutable, shared by its copies, with an
 * index, so that a decision costs the same however long it is. */
#pragma once

#include "svr/ace.h"

#define ACLIST_MAX ((size_t)1536 * 1024) /* octets of CBOR: what the record has room for */

struct aclist; /* opaque and counted; NULL is the empty list */

/* Takes the entries of `acl`, which is empty afterwards, and all have an aceid. 0: *ret is owned
 * by the caller, NULL for no entries. -EFBIG: longer than ACLIST_MAX. -ENOMEM. */
MUST_USE int aclist_new(struct aclist **ret, struct acl *acl);
struct aclist *aclist_ref(struct aclist *l);   /* accepts NULL; returns l */
struct aclist *aclist_unref(struct aclist *l); /* accepts NULL, returns NULL */

const struct acl *aclist_acl(const struct aclist *l); /* borrowed from the list */
struct span aclist_octets(const struct aclist *l);    /* value of "aclist2" in CBOR, borrowed */

/* The entries of one subject for one href. `name` is the UUID of ACE_UUID, the name of ACE_ROLE,
 * else empty; the empty href finds those that name a wildcard only. */
struct aclist_walk {
	const struct aclist *list;
	uint32_t hash, at;
};
void aclist_walk(struct aclist_walk *w, const struct aclist *l, enum ace_subject subject,
		 struct span name, struct span href);
/* The next candidate, whose subject and href are still to be compared. False: no more. */
MUST_USE bool aclist_next(struct aclist_walk *w, const struct ace **ret_ace,
			  const struct ace_resource **ret_resource);

/* The name with its leading "/", which deployed tools leave out, taken off. */
static inline struct span href_bare(struct span href)
{
	return span_starts(href, "/") ? span_skip(href, 1) : href;
}

/* lib/svr/acl.h - /oic/sec/acl2, the access control list: OCF Security 13.5. */
#pragma once

#include "codec/cbr.h"
#include "svr/aclist.h"
#include "svr/route.h"

struct acl2_update {
	unsigned seen; /* PROP_BIT()s */
	struct uuid rowneruuid;
	struct acl acl; /* owned; aceid 0: to be assigned */
	bool no_memory;
};

void acl2_update_done(struct acl2_update *u); /* for CLEANUP */

/* Body of an UPDATE; *ret is to be released in any case. False: malformed, an unknown name, a
 * value out of range, more than ACES_MAX, or no_memory. */
MUST_USE bool acl2_rep_parse(struct span body, struct acl2_update *ret);
void acl2_rep_read(struct cbr *c, struct acl2_update *ret);
/* One element of "aclist2". */
void acl2_rep_write(const struct ace *ace, struct buf *b);

enum verdict acl_get(struct exchange *x);
enum verdict acl_post(struct exchange *x);
enum verdict acl_delete(struct exchange *x);

/* lib/svr/doxm.h - /oic/sec/doxm, the owner transfer: OCF Security 13.2. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

#define DOXM_BODY_MAX ((size_t)512)

struct doxm_update {
	unsigned seen; /* PROP_BIT()s */
	unsigned oxmsel;
	bool owned;
	struct uuid deviceuuid, devowneruuid, rowneruuid;
};

/* Body of an UPDATE. False: malformed, an unknown or read-only name, a value out of range. */
MUST_USE bool doxm_rep_parse(struct span body, struct doxm_update *ret);
/* Same from an open reader, for the record. */
void doxm_rep_read(struct cbr *c, struct doxm_update *ret);
void doxm_rep_write(const struct device *dev, struct buf *b);

enum verdict doxm_get(struct exchange *x);
enum verdict doxm_post(struct exchange *x);

/* lib/svr/sp.h - /oic/sec/sp, the security profiles: OCF Security 13.9, 14.8. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

#define SP_BODY_MAX ((size_t)512)

struct sp_update {
	unsigned seen; /* PROP_BIT()s */
	unsigned supported;
	enum sp current;
};

/* Body of an UPDATE. False: malformed, an unknown name or profile, no name at all. */
MUST_USE bool sp_rep_parse(struct span body, struct sp_update *ret);
void sp_rep_read(struct cbr *c, struct sp_update *ret);
void sp_rep_write(const struct device *dev, struct buf *b);
/* Takes over what was seen. False: the current profile would not be a supported one. */
MUST_USE bool sp_apply(struct device *dev, const struct sp_update *u);

enum verdict sp_post(struct exchange *x);

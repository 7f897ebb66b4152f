/* lib/svr/sdi.h - /oic/sec/sdi, the security domain: OCF Security 13.21. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

#define SDI_BODY_MAX ((size_t)512)

struct sdi_update {
	unsigned seen; /* PROP_BIT()s */
	struct uuid uuid;
	struct span name; /* borrowed from the body, no NUL inside */
	bool priv;
};

/* Body of an UPDATE. False: malformed, an unknown name, a value out of range, no name at all. */
MUST_USE bool sdi_rep_parse(struct span body, struct sdi_update *ret);
void sdi_rep_read(struct cbr *c, struct sdi_update *ret);
void sdi_rep_write(const struct device *dev, struct buf *b);
/* Takes over what was seen. */
void sdi_apply(struct device *dev, const struct sdi_update *u);

enum verdict sdi_post(struct exchange *x);

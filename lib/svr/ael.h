/* lib/svr/ael.h - /oic/sec/ael, the auditable events list: OCF Security 13.22.
 *
 * The events are a ring in memory. On disk they would be a way to wear it out from the network;
 * the journal keeps them for longer. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

#define AEL_BODY_MAX ((size_t)128)

struct ael_update {
	unsigned seen; /* PROP_BIT()s */
	uint8_t categories, priority;
};

/* Body of an UPDATE. False: malformed, an unknown or read-only name, a value out of range, no name
 * at all. */
MUST_USE bool ael_rep_parse(struct span body, struct ael_update *ret);
void ael_rep_read(struct cbr *c, struct ael_update *ret);
void ael_rep_write(const struct device *dev, struct buf *b);
/* For the record: the filters, not the events. */
void ael_record_write(const struct device *dev, struct buf *b);
void ael_apply(struct device *dev, const struct ael_update *u);

enum verdict ael_post(struct exchange *x);

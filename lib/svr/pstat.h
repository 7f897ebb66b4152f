/* lib/svr/pstat.h - /oic/sec/pstat, the provisioning status: OCF Security 13.8. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

#define PSTAT_BODY_MAX ((size_t)512)

#define TM_MAX 0x1ffu
/* Reset and take owner are the state's own; the services' bits say something and do nothing. */
#define TM_WRITABLE (TM_MAX & ~(MODE_RESET | MODE_TAKE_OWNER))

struct pstat_update {
	unsigned seen; /* PROP_BIT()s */
	enum dos dos;
	unsigned om;
	uint16_t tm;
	struct uuid rowneruuid;
};

/* Body of an UPDATE. False: malformed, an unknown or read-only name, a value out of range. */
MUST_USE bool pstat_rep_parse(struct span body, struct pstat_update *ret);
void pstat_rep_read(struct cbr *c, struct pstat_update *ret);
void pstat_rep_write(const struct device *dev, struct buf *b);

enum verdict pstat_post(struct exchange *x);

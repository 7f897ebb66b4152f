/* lib/svr/crl.h - /oic/sec/crl, the revocation list: OCF Security 13.4. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

struct crl_update {
	unsigned seen;          /* PROP_BIT()s */
	uint32_t crlid;         /* at most ID_MAX */
	struct span thisupdate; /* text, borrowed */
	struct buf der;         /* owned */
};

void crl_update_done(struct crl_update *u); /* for CLEANUP */

/* Body of an UPDATE; *ret is to be released in any case. False: malformed, an unknown name, a value
 * out of range, or no crldata. */
MUST_USE bool crl_rep_parse(struct span body, struct crl_update *ret);

/* For the record, where the list is octets. */
bool crl_rep_read(struct device *dev, struct cbr *c);
void crl_rep_write_stored(const struct device *dev, struct buf *b);

enum verdict crl_get(struct exchange *x);
enum verdict crl_post(struct exchange *x);

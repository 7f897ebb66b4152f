/* lib/svr/swu.h - /oc/swu, the software update: OCF Core oic.r.softwareupdate, Security 14.5.
 *
 * An action is a job of ocf-fwupd, which the daemon starts and tells the news of. It comes from
 * swupdateaction, at updatetime, or from an edge of pstat.tm, at once; one job at a time, and each
 * does what it was asked for and no more. Only RFPRO and RFNOP begin one. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

#define SWU_BODY_MAX ((size_t)512)

struct swu_update {
	char purl[SWU_URL_MAX + 1]; /* empty: none */
	enum swu_action action;
	enum { SWU_AT_NO_TIME, SWU_NOW, SWU_AT } when;
	uint64_t at_us; /* SWU_AT: wall clock */
};

/* Body of an UPDATE: purl, swupdateaction and updatetime, all three. V_BAD_REQUEST: not CBOR or
 * beyond a limit; V_NOT_ACCEPTABLE: a name that is unknown, read-only, missing or twice, a value
 * that is none. Else V_CHANGED. */
MUST_USE enum verdict swu_rep_parse(struct span body, struct swu_update *ret);
void swu_rep_write(const struct device *dev, struct buf *b);
enum verdict swu_post(struct exchange *x);

/* For the record: what survives a restart. */
void swu_record_write(const struct device *dev, struct buf *b);
MUST_USE bool swu_record_read(struct device *dev, struct cbr *c);

/* tm as a client writes it: an edge asks for a job, a bit taken back is no more asked for. */
void swu_set_tm(struct device *dev, uint16_t tm, const struct svr_env *env, struct svr_out *out);

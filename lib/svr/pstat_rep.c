#include "svr/pstat.h"

#include "codec/cbw.h"

static const struct cbr_limits LIMITS = {
	.bytes = PSTAT_BODY_MAX, .depth = 2, .items = 16, .text = UUID_TEXT};

/* {"s": state}; p is the device's own. */
static enum dos read_dos(struct cbr *c)
{
	enum dos dos = DOS_RESET;
	unsigned seen = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "s", &seen, 1))
			dos = (enum dos)cbr_uint(c, DOS_SRESET);
		else
			cbr_fail(c, CBR_VALUE);
	}
	if (!seen)
		cbr_fail(c, CBR_VALUE);
	return dos;
}

void pstat_rep_read(struct cbr *c, struct pstat_update *ret)
{
	struct pstat_update u = {0};
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "dos", &u.seen, PROP_BIT(PSTAT_DOS))) {
			u.dos = read_dos(c);
		} else if (cbr_member(c, key, "om", &u.seen, PROP_BIT(PSTAT_OM))) {
			u.om = (unsigned)cbr_uint(c, UINT8_MAX);
		} else if (cbr_member(c, key, "tm", &u.seen, PROP_BIT(PSTAT_TM))) {
			u.tm = (uint16_t)cbr_uint(c, TM_MAX);
			if (u.tm & ~TM_WRITABLE)
				cbr_fail(c, CBR_VALUE);
		} else if (cbr_member(c, key, "rowneruuid", &u.seen, PROP_BIT(PSTAT_ROWNERUUID))) {
			u.rowneruuid = cbr_uuid(c);
		} else { /* isop, cm, sm or unknown: refused as a whole, OCF Security 13.8 */
			cbr_fail(c, CBR_VALUE);
		}
	}
	*ret = u;
}

bool pstat_rep_parse(struct span body, struct pstat_update *ret)
{
	struct pstat_update u;
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	pstat_rep_read(&c, &u);
	if (cbr_close(&c) != CBR_OK)
		return false;
	*ret = u;
	return true;
}

void pstat_rep_write(const struct device *dev, struct buf *b)
{
	cbw_str(b, "dos");
	cbw_map(b);
	cbw_kv_bool(b, "p", dev->dos == DOS_RESET);
	cbw_kv_uint(b, "s", dev->dos);
	cbw_end(b);
	cbw_kv_uint(b, "cm", dev->cm);
	cbw_kv_uint(b, "tm", dev->tm);
	cbw_kv_uint(b, "om", dev->om);
	cbw_kv_uint(b, "sm", OM_CLIENT_DIRECTED);
	cbw_kv_bool(b, "isop", dev->dos == DOS_RFNOP);
	cbw_kv_uuid(b, "rowneruuid", &dev->rowner[OWNER_PSTAT]);
}

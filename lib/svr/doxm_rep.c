#include "svr/doxm.h"

#include "codec/cbw.h"

static const struct cbr_limits LIMITS = {
	.bytes = DOXM_BODY_MAX, .depth = 1, .items = 16, .text = UUID_TEXT};

void doxm_rep_read(struct cbr *c, struct doxm_update *ret)
{
	struct doxm_update u = {0};
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "oxmsel", &u.seen, PROP_BIT(DOXM_OXMSEL)))
			u.oxmsel = (unsigned)cbr_uint(c, UINT16_MAX);
		else if (cbr_member(c, key, "owned", &u.seen, PROP_BIT(DOXM_OWNED)))
			u.owned = cbr_bool(c);
		else if (cbr_member(c, key, "deviceuuid", &u.seen, PROP_BIT(DOXM_DEVICEUUID)))
			u.deviceuuid = cbr_uuid(c);
		else if (cbr_member(c, key, "devowneruuid", &u.seen, PROP_BIT(DOXM_DEVOWNERUUID)))
			u.devowneruuid = cbr_uuid(c);
		else if (cbr_member(c, key, "rowneruuid", &u.seen, PROP_BIT(DOXM_ROWNERUUID)))
			u.rowneruuid = cbr_uuid(c);
		else /* read-only or unknown: refused as a whole, OCF Security 13.2 */
			cbr_fail(c, CBR_VALUE);
	}
	*ret = u;
}

bool doxm_rep_parse(struct span body, struct doxm_update *ret)
{
	struct doxm_update u;
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	doxm_rep_read(&c, &u);
	if (cbr_close(&c) != CBR_OK)
		return false;
	*ret = u;
	return true;
}

void doxm_rep_write(const struct device *dev, struct buf *b)
{
	cbw_str(b, "oxms");
	cbw_array(b);
	for (size_t i = 0; i < dev->info->n_oxms; i++)
		cbw_uint(b, dev->info->oxms[i]);
	cbw_end(b);
	cbw_kv_uint(b, "oxmsel", dev->oxmsel);
	cbw_kv_uint(b, "sct", SCT);
	cbw_kv_bool(b, "owned", dev->owned);
	cbw_kv_uuid(b, "devowneruuid", &dev->devowner);
	cbw_kv_uuid(b, "deviceuuid", &dev->uuid);
	cbw_kv_uuid(b, "rowneruuid", &dev->rowner[OWNER_DOXM]);
}

#include "svr/sdi.h"

#include "codec/cbw.h"

static const struct cbr_limits LIMITS = {
	.bytes = SDI_BODY_MAX, .depth = 1, .items = 8, .text = SVR_TEXT_MAX};

static struct span read_name(struct cbr *c)
{
	struct span name = cbr_text(c);

	if (name.len > SVR_TEXT_MAX || (name.len && memchr(name.ptr, '\0', name.len)))
		cbr_fail(c, CBR_VALUE);
	return name;
}

void sdi_rep_read(struct cbr *c, struct sdi_update *ret)
{
	struct sdi_update u = {0};
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "uuid", &u.seen, PROP_BIT(SDI_UUID)))
			u.uuid = cbr_uuid(c);
		else if (cbr_member(c, key, "name", &u.seen, PROP_BIT(SDI_NAME)))
			u.name = read_name(c);
		else if (cbr_member(c, key, "priv", &u.seen, PROP_BIT(SDI_PRIV)))
			u.priv = cbr_bool(c);
		else
			cbr_fail(c, CBR_VALUE);
	}
	*ret = u;
}

bool sdi_rep_parse(struct span body, struct sdi_update *ret)
{
	struct sdi_update u;
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	sdi_rep_read(&c, &u);
	if (cbr_close(&c) != CBR_OK || u.seen == 0)
		return false;
	*ret = u;
	return true;
}

void sdi_rep_write(const struct device *dev, struct buf *b)
{
	cbw_kv_uuid(b, "uuid", &dev->sdi.uuid);
	cbw_kv_str(b, "name", dev->sdi.name);
	cbw_kv_bool(b, "priv", dev->sdi.priv);
}

void sdi_apply(struct device *dev, const struct sdi_update *u)
{
	if (u->seen & PROP_BIT(SDI_UUID))
		dev->sdi.uuid = u->uuid;
	if (u->seen & PROP_BIT(SDI_NAME)) {
		memset(dev->sdi.name, 0, sizeof(dev->sdi.name));
		if (u->name.len)
			memcpy(dev->sdi.name, u->name.ptr, u->name.len);
	}
	if (u->seen & PROP_BIT(SDI_PRIV))
		dev->sdi.priv = u->priv;
}

enum verdict sdi_post(struct exchange *x)
{
	struct sdi_update u;
	struct device *dev;

	if (!sdi_rep_parse(x->req->body, &u))
		return refuse(x, V_BAD_REQUEST, "malformed body or an unknown name");
	if (!access_may_write(x->dev, &x->who, x->access, u.seen))
		return refuse(x, V_BAD_REQUEST, "property is not writable now");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	sdi_apply(dev, &u);
	return V_CHANGED;
}

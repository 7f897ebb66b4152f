#include "svr/sp.h"

#include "codec/cbw.h"

static const struct cbr_limits LIMITS = {.bytes = SP_BODY_MAX, .depth = 2, .items = 16, .text = 32};

static const char *const OIDS[] = {
	[SP_UNSPECIFIED] = "1.3.6.1.4.1.51414.0.0.0.0", [SP_BASELINE] = "1.3.6.1.4.1.51414.0.0.1.0",
	[SP_BLACK] = "1.3.6.1.4.1.51414.0.0.2.0",       [SP_BLUE] = "1.3.6.1.4.1.51414.0.0.3.0",
	[SP_PURPLE] = "1.3.6.1.4.1.51414.0.0.4.0",
};

static enum sp read_profile(struct cbr *c)
{
	struct span oid = cbr_text(c);

	for (enum sp i = SP_UNSPECIFIED; i < ARRAY_SIZE(OIDS); i++)
		if (span_is(oid, OIDS[i]))
			return i;
	cbr_fail(c, CBR_VALUE);
	return SP_UNSPECIFIED;
}

void sp_rep_read(struct cbr *c, struct sp_update *ret)
{
	struct sp_update u = {0};
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "supportedprofiles", &u.seen, PROP_BIT(SP_SUPPORTED))) {
			cbr_array(c);
			while (cbr_more(c))
				cbr_once(c, &u.supported, SP_BIT(read_profile(c)));
		} else if (cbr_member(c, key, "currentprofile", &u.seen, PROP_BIT(SP_CURRENT))) {
			u.current = read_profile(c);
		} else {
			cbr_fail(c, CBR_VALUE);
		}
	}
	*ret = u;
}

bool sp_rep_parse(struct span body, struct sp_update *ret)
{
	struct sp_update u;
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	sp_rep_read(&c, &u);
	if (cbr_close(&c) != CBR_OK || u.seen == 0)
		return false;
	*ret = u;
	return true;
}

void sp_rep_write(const struct device *dev, struct buf *b)
{
	cbw_str(b, "supportedprofiles");
	cbw_array(b);
	for (enum sp i = SP_UNSPECIFIED; i < ARRAY_SIZE(OIDS); i++)
		if (dev->sp.supported & SP_BIT(i))
			cbw_str(b, OIDS[i]);
	cbw_end(b);
	cbw_kv_str(b, "currentprofile", OIDS[dev->sp.current]);
}

bool sp_apply(struct device *dev, const struct sp_update *u)
{
	const bool has_supported = u->seen & PROP_BIT(SP_SUPPORTED);
	const bool has_current = u->seen & PROP_BIT(SP_CURRENT);
	const unsigned supported = has_supported ? u->supported : dev->sp.supported;
	const enum sp current = has_current ? u->current : dev->sp.current;

	if (!(supported & SP_BIT(current)))
		return false;
	dev->sp.supported = supported;
	dev->sp.current = current;
	return true;
}

enum verdict sp_post(struct exchange *x)
{
	struct sp_update u;
	struct device *dev;

	if (!sp_rep_parse(x->req->body, &u))
		return refuse(x, V_BAD_REQUEST, "malformed body, an unknown name or profile");
	if (!access_may_write(x->dev, &x->who, x->access, u.seen))
		return refuse(x, V_BAD_REQUEST, "property is not writable now");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	if (!sp_apply(dev, &u))
		return refuse(x, V_BAD_REQUEST, "the current profile is not a supported one");
	return V_CHANGED;
}

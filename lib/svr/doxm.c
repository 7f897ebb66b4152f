#include "svr/doxm.h"

#include "svr/otm.h"

/* CR 2640 7.3.1: `owned` has to agree with the device; on a group that means silence. */
static bool owned_query_agrees(const struct exchange *x)
{
	struct span value;

	return !query_find(x->req, "owned", &value) ||
	       span_is_nocase(value, x->dev->owned ? "true" : "false");
}

enum verdict doxm_get(struct exchange *x)
{
	if (!owned_query_agrees(x))
		return refuse(x, V_BAD_REQUEST, "query does not agree with owned");
	return get_properties(x);
}

static bool is_offered(const struct device *dev, unsigned oxm)
{
	for (size_t i = 0; i < dev->info->n_oxms; i++)
		if (dev->info->oxms[i] == oxm)
			return true;
	return false;
}

/* A handshake begun under other terms must not become the DOC. */
static enum verdict select_method(struct exchange *x, struct device *dev, const struct otm *otm)
{
	if (dev->info->window_closed)
		return refuse(x, V_UNAVAILABLE, "onboarding window is closed");
	if (otm->profile == SVR_PROFILE_PIN && x->env->now_us < dev->pin.blocked_until_us)
		return refuse(x, V_UNAVAILABLE, "too many wrong PINs");
	if (otm->oxm != dev->oxmsel) {
		dev->oxmsel = otm->oxm;
		x->out->effects |= FX_SIGNAL | FX_CLOSE_OTHERS | FX_REKEY;
		if (device_pin(dev))
			x->out->effects |= FX_PIN_HIDE;
		device_pin_forget(dev);
	}
	return otm->select ? otm->select(x, dev) : V_CHANGED;
}

static bool may_be_owned(const struct device *dev)
{
	const struct uuid *rowner = &dev->rowner[OWNER_DOXM];

	return !uuid_is_nil(&dev->devowner) && !uuid_is_nil(rowner) &&
	       device_admits(dev, rowner, NULL);
}

static enum verdict set_identity(struct exchange *x, struct device *dev,
				 const struct doxm_update *u)
{
	if (u->seen & PROP_BIT(DOXM_DEVICEUUID)) {
		if (uuid_is_nil(&u->deviceuuid))
			return refuse(x, V_BAD_REQUEST, "deviceuuid is nil");
		dev->uuid = u->deviceuuid;
	}
	if (u->seen & PROP_BIT(DOXM_DEVOWNERUUID))
		dev->devowner = u->devowneruuid;
	if (u->seen & PROP_BIT(DOXM_ROWNERUUID))
		dev->rowner[OWNER_DOXM] = u->rowneruuid;
	if (u->seen & PROP_BIT(DOXM_OWNED)) {
		if (u->owned && !may_be_owned(dev))
			return refuse(x, V_BAD_REQUEST, "owned without owner or its credential");
		dev->owned = u->owned;
	}
	x->out->effects |= FX_SIGNAL | FX_REKEY;
	return V_CHANGED;
}

enum verdict doxm_post(struct exchange *x)
{
	const struct otm *otm;
	struct doxm_update u;
	struct device *dev;

	if (!doxm_rep_parse(x->req->body, &u))
		return refuse(x, V_BAD_REQUEST, "malformed body or a name that is not writable");
	if (!access_may_write(x->dev, &x->who, x->access, u.seen))
		return refuse(x, V_BAD_REQUEST, "property is not writable now");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	if (!(u.seen & PROP_BIT(DOXM_OXMSEL)))
		return set_identity(x, dev, &u);
	otm = is_offered(dev, u.oxmsel) ? otm_find(u.oxmsel) : NULL;
	if (!otm)
		return refuse(x, V_BAD_REQUEST, "transfer method is not offered");
	return select_method(x, dev, otm);
}

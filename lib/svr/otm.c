#include "svr/otm.h"

static enum verdict select_random_pin(struct exchange *x, struct device *dev)
{
	if (!device_pin_take(dev, x->env->now_us)) /* the one that is shown stays the valid one */
		return device_pin(dev) ? V_CHANGED
				       : refuse(x, V_UNAVAILABLE, "too many PINs asked for");
	device_pin_renew(dev, x->env);
	x->out->effects |= FX_PIN_SHOW | FX_CLOSE_OTHERS;
	return V_CHANGED;
}

/* The example of a vendor's method: a PIN for life, printed on the label. */
static enum verdict select_fixed_pin(struct exchange *x, struct device *dev)
{
	device_pin_set(dev, x->dev->info->fixed_pin, x->env);
	return V_CHANGED;
}

static const struct otm OTMS[] = {
	{OXM_JUST_WORKS, "just-works",               "oic.sec.doxm.jw",      SVR_PROFILE_ANON, NULL             },
	{OXM_RANDOM_PIN, "random-pin",               "oic.sec.doxm.rdp",     SVR_PROFILE_PIN,  select_random_pin},
	{OXM_MFG_CERT,   "manufacturer-certificate", "oic.sec.doxm.mfgcert", SVR_PROFILE_MFG,  NULL             },
	{OXM_FIXED_PIN,  "fixed-pin",                "x.org.ocfgw.doxm.pin", SVR_PROFILE_PIN,  select_fixed_pin },
};

const struct otm *otm_find(unsigned oxm)
{
	for (size_t i = 0; i < ARRAY_SIZE(OTMS); i++)
		if (OTMS[i].oxm == oxm)
			return &OTMS[i];
	return NULL;
}

const char *oxm_name(enum oxm oxm)
{
	const struct otm *otm = otm_find(oxm);

	return otm ? otm->name : "";
}

bool oxm_parse(struct span name, enum oxm *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(OTMS); i++) {
		if (span_is(name, OTMS[i].name)) {
			*ret = OTMS[i].oxm;
			return true;
		}
	}
	return false;
}

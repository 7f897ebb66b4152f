#include "svr/cert.h"

#include "svr/roles.h"

struct cred factory_cred(const struct svr_factory *factory)
{
	return (struct cred){
		.credid = factory->credid,
		.usage = factory->trustca ? USAGE_MFGTRUSTCA : USAGE_MFGCERT,
		.any = factory->any,
		.subject = factory->subject,
		.public = factory->pem,
	};
}

enum verdict cert_verdict(struct exchange *x, int r, const char *why)
{
	if (r >= 0)
		return V_CHANGED;
	return r == -EBADMSG ? refuse(x, V_BAD_REQUEST, why)
			     : refuse(x, V_INTERNAL, "certificate cannot be judged");
}

/* Made for this device, by a request of ours. */
static enum verdict check_own(struct exchange *x, const struct device *dev, struct span pem)
{
	struct svr_leaf leaf;
	const char *why = NULL;
	int r = x->env->certs->leaf(x->env->ctx, pem, &dev->csr_key, &leaf, &why);

	if (r < 0)
		return cert_verdict(x, r, why);
	if (!leaf.is_own)
		return refuse(x, V_BAD_REQUEST, "certificate is for another key");
	if (!leaf.has_uuid || !uuid_eq(&leaf.uuid, &dev->uuid))
		return refuse(x, V_BAD_REQUEST, "certificate is for another device");
	return V_CHANGED;
}

enum verdict cert_check(struct exchange *x, const struct device *dev, const struct cred *cred)
{
	const struct svr_env *env = x->env;
	const char *why = NULL;
	enum verdict v;

	switch (cred->usage) {
	case USAGE_NONE:
		break;
	case USAGE_TRUSTCA:
		return cert_verdict(x, env->certs->anchor(env->ctx, cred->public, &why), why);
	case USAGE_CERT:
		return check_own(x, dev, cred->public);
	case USAGE_ROLECERT:
		v = check_own(x, dev, cred->public);
		if (v != V_CHANGED)
			return v;
		return cert_verdict(
			x, env->certs->role(env->ctx, dev, &env->wall, cred->public, &why), why);
	case USAGE_MFGTRUSTCA:
	case USAGE_MFGCERT:
		return refuse(x, V_BAD_REQUEST, "factory credentials are installed locally");
	}
	return V_CHANGED;
}

void trust_changed(struct exchange *x, struct device *dev)
{
	roles_review(dev, x->env);
	x->out->effects |= FX_REKEY;
}

#include "svr/pstat.h"

#include "svr/dos.h"
#include "svr/swu.h"

/* A request for the present state changes nothing: OCF Security 8.1. */
static enum verdict change_state(struct exchange *x, struct device *dev, enum dos to)
{
	bool taken;

	if (to == dev->dos)
		return V_CHANGED;
	taken = to == DOS_RESET ? dos_reset(dev, x->req->session, BY_CLIENT, x->out)
				: dos_step(dev, to, BY_CLIENT, x->out);
	return taken ? V_CHANGED : refuse(x, V_BAD_REQUEST, "no such step from this state");
}

enum verdict pstat_post(struct exchange *x)
{
	struct pstat_update u;
	struct device *dev;

	if (!pstat_rep_parse(x->req->body, &u))
		return refuse(x, V_BAD_REQUEST, "malformed body or a name that is not writable");
	if (!access_may_write(x->dev, &x->who, x->access, u.seen))
		return refuse(x, V_BAD_REQUEST, "property is not writable now");
	if ((u.seen & PROP_BIT(PSTAT_OM)) && u.om != OM_CLIENT_DIRECTED)
		return refuse(x, V_BAD_REQUEST, "operational mode is not supported");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	if (u.seen & PROP_BIT(PSTAT_TM))
		swu_set_tm(dev, u.tm, x->env, x->out);
	if (u.seen & PROP_BIT(PSTAT_ROWNERUUID))
		dev->rowner[OWNER_PSTAT] = u.rowneruuid;
	return u.seen & PROP_BIT(PSTAT_DOS) ? change_state(x, dev, u.dos) : V_CHANGED;
}

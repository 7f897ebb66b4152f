/* What happens to the device without a request. */
#include <assert.h>

#include "svr/dos.h"
#include "svr/otm.h"

enum reaction {
	REFUSE,
	NOTHING,
	OPEN_DOC,
	END_ROLES,
	END_DOC,        /* the flag only: there is an owner already */
	COUNT_PIN,      /* a wrong PIN for terms that are void meanwhile */
	COUNT_PIN_WIPE, /* a wrong PIN */
	DESELECT,       /* no method is selected any more */
	BEGIN_RESET,
	WIPE,
};

static enum reaction on_doc_open(const struct device *dev)
{
	switch (dev->dos) {
	case DOS_RFOTM:
		return dev->doc == 0 && dev->oxmsel != OXM_NONE ? OPEN_DOC : REFUSE;
	case DOS_RESET:
		return REFUSE;
	case DOS_RFPRO:
	case DOS_RFNOP:
	case DOS_SRESET:
		return NOTHING;
	}
	return REFUSE;
}

static bool has_roles(const struct device *dev, uint64_t session)
{
	for (size_t i = 0; i < dev->n_asserted; i++)
		if (dev->asserted[i].session == session)
			return true;
	return false;
}

static enum reaction on_closed(const struct device *dev, uint64_t session)
{
	if (session == 0)
		return NOTHING;
	if (dev->dos == DOS_RESET)
		return session == dev->reset_by ? WIPE : NOTHING;
	if (session != dev->doc)
		return has_roles(dev, session) ? END_ROLES : NOTHING;
	return dev->dos == DOS_RFOTM ? WIPE : END_DOC;
}

static enum reaction on_reset(const struct device *dev)
{
	switch (dev->dos) {
	case DOS_RESET:
		return REFUSE;
	case DOS_RFOTM:
		return WIPE;
	case DOS_RFPRO:
	case DOS_RFNOP:
	case DOS_SRESET:
		return BEGIN_RESET;
	}
	return REFUSE;
}

/* The method by which the device waits for a handshake, or NULL. */
static const struct otm *awaited(const struct device *dev)
{
	return dev->dos == DOS_RFOTM && dev->doc == 0 ? otm_find(dev->oxmsel) : NULL;
}

static bool awaits_pin(const struct device *dev)
{
	return awaited(dev) && awaited(dev)->profile == SVR_PROFILE_PIN;
}

/* No guess is free: not even one whose terms the guesser changed before it failed. */
static enum reaction on_pin_failed(const struct device *dev)
{
	if (dev->dos != DOS_RFOTM)
		return REFUSE;
	return awaits_pin(dev) ? COUNT_PIN_WIPE : COUNT_PIN;
}

static enum reaction react(const struct device *dev, enum svr_event event, uint64_t session,
			   uint64_t now_us)
{
	switch (event) {
	case EV_DOC_OPEN:
		return on_doc_open(dev);
	case EV_CLOSED:
		return on_closed(dev, session);
	case EV_PIN_FAILED:
		return on_pin_failed(dev);
	case EV_CERT_FAILED:
		return awaited(dev) && awaited(dev)->profile == SVR_PROFILE_MFG ? WIPE : REFUSE;
	case EV_PIN_EXPIRED:
		return awaits_pin(dev) && now_us >= dev->pin.deadline_us ? DESELECT : REFUSE;
	case EV_WINDOW_CLOSED:
		return awaited(dev) ? DESELECT : NOTHING;
	case EV_RESET:
		return on_reset(dev);
	case EV_RESET_DUE:
		return dev->dos == DOS_RESET ? WIPE : REFUSE;
	}
	return REFUSE;
}

static void open_doc(struct device *dev, uint64_t session, struct svr_out *out)
{
	dev->doc = session;
	out->effects |= FX_SIGNAL | FX_CLOSE_OTHERS;
	if (device_pin(dev)) {
		dev->pin.failures = 0;
		dev->pin.whole_us = 0;
		device_pin_forget(dev);
		out->effects |= FX_PIN_HIDE;
	}
}

static void apply(struct device *dev, enum reaction reaction, uint64_t session,
		  const struct svr_env *env, struct svr_out *out)
{
	switch (reaction) {
	case REFUSE:
	case NOTHING:
		break;
	case OPEN_DOC:
		open_doc(dev, session, out);
		break;
	case END_ROLES:
		device_retract(dev, session, NULL);
		break;
	case END_DOC:
		device_retract(dev, session, NULL);
		dev->doc = 0;
		out->effects |= FX_SIGNAL;
		break;
	case DESELECT:
		device_pin_forget(dev);
		dev->oxmsel = OXM_NONE;
		out->effects |= FX_SIGNAL | FX_PIN_HIDE | FX_CLOSE_OTHERS | FX_REKEY;
		break;
	case BEGIN_RESET:
		if (!dos_reset(dev, 0, BY_DEVICE, out))
			assert(false && "a row from each such state");
		break;
	case COUNT_PIN:
		device_pin_failed(dev, env->now_us);
		break;
	case COUNT_PIN_WIPE:
		device_pin_failed(dev, env->now_us);
		dos_wipe(dev, env, out);
		break;
	case WIPE:
		dos_wipe(dev, env, out);
		break;
	}
}

void svr_event(const struct device *dev, enum svr_event event, uint64_t session,
	       const struct svr_env *env, struct svr_out *out)
{
	enum reaction reaction = react(dev, event, session, env->now_us);

	*out = (struct svr_out){.verdict = V_CHANGED, .body = out->body};
	if (reaction == NOTHING)
		return;
	if (reaction == REFUSE) {
		out->verdict = V_BAD_REQUEST;
		out->why = "event does not fit the state";
		return;
	}
	out->staged = device_copy(dev);
	if (!out->staged) {
		out->verdict = V_INTERNAL;
		out->why = "out of memory";
		return;
	}
	apply(out->staged, reaction, session, env, out);
}

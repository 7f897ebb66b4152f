#include "svr/swu.h"

#include "base/clock.h"
#include "codec/cbw.h"
#include "svr/dos.h"

/* The trigger in pstat.tm, and what success leaves in cm: OCF Security 13.8. */
static const struct {
	uint16_t trigger, done;
} MODES[] = {
	[SWU_ISAC] = {MODE_AVAILABLE, MODE_AVAILABLE                },
	[SWU_ISVV] = {MODE_VALIDATE,  MODE_AVAILABLE | MODE_VALIDATE},
	[SWU_UPGRADE] = {MODE_UPGRADE,   0                             }, /* what was new is what runs */
};

static bool may_begin(const struct device *dev)
{
	return dev->swu.running == SWU_IDLE && (dev->dos == DOS_RFPRO || dev->dos == DOS_RFNOP);
}

static bool is_due(const struct swu *s, uint64_t clock_us)
{
	return s->action != SWU_IDLE && s->at_us != NEVER_US && s->at_us <= clock_us;
}

/* The triggers in their order, then the schedule. */
static enum swu_action next_action(const struct device *dev, uint64_t clock_us)
{
	for (enum swu_action i = SWU_ISAC; i <= SWU_UPGRADE; i++)
		if (dev->swu.asked & MODES[i].trigger)
			return i;
	return is_due(&dev->swu, clock_us) ? dev->swu.action : SWU_IDLE;
}

static void set_cm(struct device *dev, unsigned clear, unsigned set)
{
	dev->cm = (uint16_t)((dev->cm & ~clear) | set);
}

/* Earlier results of this and of the later steps are void. */
static void forget_results(struct device *dev, enum swu_action action)
{
	struct swu *s = &dev->swu;

	s->result = SWU_RESULT_IDLE;
	set_cm(dev, MODE_UPGRADE, 0);
	if (action == SWU_ISVV)
		set_cm(dev, MODE_VALIDATE, 0);
	if (action == SWU_ISAC) {
		set_cm(dev, MODE_SOFTWARE, 0);
		s->state = SWU_STATE_IDLE;
		memset(s->nv, 0, sizeof(s->nv));
	}
}

static void end(struct device *dev, enum swu_state state, enum swu_result result)
{
	struct swu *s = &dev->swu;

	s->asked &= (uint16_t)~MODES[s->running].trigger;
	dev->tm &= (uint16_t)~MODES[s->running].trigger;
	s->running = SWU_IDLE;
	s->state = state;
	s->result = result;
}

/* Whose package can be fetched at all. */
static bool is_supported(const char *purl)
{
	struct span rest = span_str(purl), scheme = span_cut(&rest, ':');

	return purl[0] == '\0' || span_is_nocase(scheme, "http") || span_is_nocase(scheme, "https");
}

/* Begins what is due, if it may and nothing is under way. */
static void begin(struct device *dev, const struct svr_env *env, struct svr_out *out)
{
	struct swu *s = &dev->swu;
	enum swu_action action;

	while (may_begin(dev) && (action = next_action(dev, env->clock_us)) != SWU_IDLE) {
		if (!(s->asked & MODES[action].trigger)) { /* it is the schedule's turn */
			s->action = SWU_IDLE;
			s->at_us = NEVER_US;
		}
		s->running = action;
		s->run++;
		forget_results(dev, action);
		out->effects |= FX_SOFTWARE;
		if (!is_supported(s->purl))
			end(dev, SWU_STATE_IDLE, SWU_RESULT_PROTOCOL);
	}
}

void swu_set_tm(struct device *dev, uint16_t tm, const struct svr_env *env, struct svr_out *out)
{
	const uint16_t edges = (uint16_t)(tm & ~dev->tm & MODE_SOFTWARE);

	dev->tm = tm;
	if (dev->dos == DOS_RFPRO || dev->dos == DOS_RFNOP)
		dev->swu.asked |= edges;
	dev->swu.asked &= tm;
	begin(dev, env, out);
}

/* ---- requests ---- */

static bool schedule(struct swu *s, const struct swu_update *u, uint64_t clock_us)
{
	if (u->when == SWU_AT && u->at_us < clock_us)
		return false;
	if (u->purl[0] || u->action == SWU_IDLE)
		memcpy(s->purl, u->purl, sizeof(s->purl));
	s->action = u->action;
	s->at_us = u->action == SWU_IDLE || u->when == SWU_AT_NO_TIME ? NEVER_US
		   : u->when == SWU_NOW                               ? clock_us
								      : u->at_us;
	return true;
}

enum verdict swu_post(struct exchange *x)
{
	struct swu_update u;
	struct device *dev;
	enum verdict v = swu_rep_parse(x->req->body, &u);

	if (v != V_CHANGED)
		return refuse(x, v, "malformed body, or a name or value that is not taken");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	if (!schedule(&dev->swu, &u, x->env->clock_us))
		return refuse(x, V_NOT_ACCEPTABLE, "updatetime is in the past");
	begin(dev, x->env, x->out);
	x->out->effects |= FX_SOFTWARE;
	rep_open(x);
	swu_rep_write(dev, x->out->body);
	cbw_end(x->out->body);
	return buf_ok(x->out->body) ? V_CHANGED : V_INTERNAL;
}

/* ---- news of the job ---- */

static void set_version(struct swu *s, const char *version)
{
	struct span text = span_str(version);

	if (text.len < sizeof(s->nv)) {
		memset(s->nv, 0, sizeof(s->nv));
		if (text.len)
			memcpy(s->nv, text.ptr, text.len);
	}
}

static void succeed(struct device *dev, enum svr_software_news news, uint64_t clock_us)
{
	const enum swu_action action = dev->swu.running;

	if (news == SOFTWARE_NOTHING || news == SOFTWARE_INSTALLED) {
		set_cm(dev, MODE_SOFTWARE, 0);
		memset(dev->swu.nv, 0, sizeof(dev->swu.nv));
		if (news == SOFTWARE_INSTALLED)
			dev->swu.last_us = clock_us;
		/* To a check that is an answer; the others had something to do. */
		end(dev, SWU_STATE_IDLE,
		    news == SOFTWARE_INSTALLED || action == SWU_ISAC ? SWU_RESULT_SUCCESS
								     : SWU_RESULT_VALIDATION);
	} else {
		set_cm(dev, 0, MODES[action].done);
		end(dev, action == SWU_ISAC ? SWU_STATE_NSA : SWU_STATE_SVA, SWU_RESULT_SUCCESS);
	}
}

/* True: it is over. */
static bool apply(struct device *dev, const struct svr_software *n, uint64_t clock_us)
{
	struct swu *s = &dev->swu;

	if (n->version[0])
		set_version(s, n->version);
	switch (n->news) {
	case SOFTWARE_DUE:
		return false;
	case SOFTWARE_AVAILABLE: /* and the job goes on */
		set_cm(dev, 0, MODE_AVAILABLE);
		s->state = SWU_STATE_NSA;
		return false;
	case SOFTWARE_VERIFYING:
		s->state = SWU_STATE_SVV;
		return false;
	case SOFTWARE_INSTALLING:
		set_cm(dev, 0, MODE_SOFTWARE);
		s->state = SWU_STATE_UPGRADING;
		return false;
	case SOFTWARE_FOUND:
	case SOFTWARE_NOTHING:
	case SOFTWARE_DOWNLOADED:
	case SOFTWARE_INSTALLED:
		succeed(dev, n->news, clock_us);
		return true;
	case SOFTWARE_FAILED:
		set_cm(dev, MODES[s->running].trigger & ~MODE_AVAILABLE, 0);
		end(dev, SWU_STATE_IDLE, n->result);
		return true;
	}
	return false;
}

void svr_software(const struct device *dev, const struct svr_software *n, const struct svr_env *env,
		  struct svr_out *out)
{
	const bool ours = dev->swu.running != SWU_IDLE && n->run == dev->swu.run;
	struct device *staged;

	*out = (struct svr_out){.verdict = V_CHANGED, .body = out->body};
	if (n->news == SOFTWARE_DUE ? !may_begin(dev) || !next_action(dev, env->clock_us) : !ours)
		return;
	staged = device_copy(dev);
	out->staged = staged;
	if (!staged) {
		out->verdict = V_INTERNAL;
		out->why = "out of memory";
		return;
	}
	out->store = apply(staged, n, env->clock_us) || n->news == SOFTWARE_DUE;
	out->store = out->store && dos_is_stored(dev->dos);
	begin(staged, env, out);
}

bool device_software_job(const struct device *dev, struct svr_software_job *ret)
{
	if (dev->swu.running == SWU_IDLE)
		return false;
	*ret = (struct svr_software_job){dev->swu.run, dev->swu.running, dev->swu.purl};
	return true;
}

uint64_t device_software_deadline(const struct device *dev)
{
	return may_begin(dev) && dev->swu.action != SWU_IDLE ? dev->swu.at_us : NEVER_US;
}

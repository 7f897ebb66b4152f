#include "obt/obt.h"

#include "obt/steps.h"

#define BODY_MAX ((size_t)1024)

static const struct {
	const char *name, *label;
	uint16_t oxm;
} METHODS[OBT_METHODS] = {
	[OBT_JUST_WORKS] = {"just-works",               "oic.sec.doxm.jw",      0     },
	[OBT_RANDOM_PIN] = {"random-pin",               "oic.sec.doxm.rdp",     1     },
	[OBT_MFG_CERT] = {"manufacturer-certificate", "oic.sec.doxm.mfgcert", 2     },
	[OBT_FIXED_PIN] = {"fixed-pin",                "x.org.ocfgw.doxm.pin", 0xff00},
};

uint16_t obt_method_oxm(enum obt_method m)
{
	return METHODS[m].oxm;
}

bool obt_method_of(uint16_t oxm, enum obt_method *ret)
{
	for (size_t i = 0; i < OBT_METHODS; i++) {
		if (METHODS[i].oxm != oxm)
			continue;
		*ret = (enum obt_method)i;
		return true;
	}
	return false;
}

const char *obt_method_name(enum obt_method m)
{
	return METHODS[m].name;
}

const char *obt_method_label(enum obt_method m)
{
	return METHODS[m].label;
}

bool obt_method_parse(struct span name, enum obt_method *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(METHODS); i++) {
		if (!span_is(name, METHODS[i].name))
			continue;
		*ret = (enum obt_method)i;
		return true;
	}
	return false;
}

bool obt_method_choose(const struct answer_doxm *doxm, unsigned usable, enum obt_method *ret)
{
	static const enum obt_method STRONGEST_FIRST[] = {OBT_MFG_CERT, OBT_RANDOM_PIN,
							  OBT_FIXED_PIN, OBT_JUST_WORKS};

	for (size_t i = 0; i < ARRAY_SIZE(STRONGEST_FIRST); i++) {
		enum obt_method m = STRONGEST_FIRST[i];

		if (!(usable & OBT_METHOD_BIT(m)) || !answer_doxm_offers(doxm, METHODS[m].oxm))
			continue;
		*ret = m;
		return true;
	}
	return false;
}

void obt_uuid_new(void (*random)(void *ret, size_t len), struct uuid *ret)
{
	do {
		random(ret->b, sizeof(ret->b));
		uuid_set_v4(ret);
	} while (uuid_has_zero_octet(ret));
}

void obt_start(struct obt *o, enum obt_task task, const struct obt_params *params)
{
	*o = (struct obt){
		.task = task,
		.params = *params,
		.has_sdi = params->has_sdi,
		.at = OBT_STEPS,
		.body = {.max = BODY_MAX, .secret = true},
	};
}

static void fail(struct obt *o, enum obt_cause cause, unsigned code, const char *why)
{
	o->failure =
		(struct obt_failure){.step = o->at->name, .cause = cause, .code = code, .why = why};
	o->waiting = false;
	o->at = OBT_CLEAN_UP;
}

static void advance(struct obt *o)
{
	o->waiting = false;
	o->at++;
}

/* Makes the step at hand the one to be reported on. */
static bool prepare(struct obt *o)
{
	buf_reset(&o->body);
	if (o->at->body)
		o->at->body(o, &o->body);
	o->committing |= o->at->commits;
	o->waiting = buf_ok(&o->body);
	return o->waiting;
}

void obt_next(struct obt *o, struct obt_turn *ret)
{
	while (!o->waiting) {
		while (!(o->at->tasks & (unsigned)o->task) || (o->at->when && !o->at->when(o)))
			o->at++;
		if (prepare(o))
			break;
		if (o->failure.cause != OBT_CAUSE_NONE)
			advance(o); /* clean up without what needs memory */
		else
			fail(o, OBT_CAUSE_LOCAL, 0, "out of memory");
	}
	*ret = (struct obt_turn){
		.act = o->at->act,
		.step = o->at->name,
		.secured = o->at->secured,
		.verb = o->at->verb,
		.path = o->at->path,
		.body = buf_span(&o->body),
	};
}

/* Any 2.xx will do for a change, since deployed stacks differ; a GET must bring content. */
static bool is_success(const struct obt_step *s, unsigned code)
{
	return s->verb == OBT_GET ? code == 205 : code / 100 == 2;
}

static void judge(struct obt *o, const struct obt_reply *r)
{
	const struct obt_step *s = o->at;
	enum obt_cause cause = OBT_CAUSE_NONE;
	const char *why;

	if (r->err < 0 && !s->may_vanish) {
		fail(o, r->err == -ETIMEDOUT ? OBT_CAUSE_SILENT : OBT_CAUSE_LOST, 0, NULL);
		return;
	}
	if (s->tolerated)
		o->has_sdi = r->code != s->tolerated;
	if (r->err == 0 && !is_success(s, r->code) && !(s->tolerated && r->code == s->tolerated)) {
		fail(o, r->code >= 400 ? OBT_CAUSE_REFUSED : OBT_CAUSE_BAD, r->code,
		     r->code >= 400 ? NULL : "an answer of an unexpected kind");
		return;
	}
	why = s->check ? s->check(o, r->body, &cause) : NULL;
	if (why)
		fail(o, cause, 0, why);
	else
		advance(o);
}

void obt_reply(struct obt *o, const struct obt_reply *r)
{
	if (o->at->secured && r->err < 0 && r->err != -ETIMEDOUT)
		o->connected = false;
	if (o->failure.cause == OBT_CAUSE_NONE) {
		judge(o, r);
		return;
	}
	o->undone = r->err == 0 && r->code / 100 == 2; /* the only request of a clean-up */
	advance(o);
}

void obt_acted(struct obt *o, const char *failure)
{
	enum obt_act act = o->at->act;

	if (failure && o->failure.cause == OBT_CAUSE_NONE) {
		fail(o, OBT_CAUSE_LOCAL, 0, failure);
		return;
	}
	if (act == OBT_CONNECT)
		o->connected = true;
	else if (act == OBT_CLOSE)
		o->connected = false;
	else if (act == OBT_KEEP_KEY || act == OBT_FORGET_KEY)
		o->key_kept = act == OBT_KEEP_KEY || failure;
	advance(o);
}

void obt_abort(struct obt *o, enum obt_cause cause, const char *why)
{
	if (cause == OBT_CAUSE_LOST)
		o->connected = false;
	if (o->failure.cause == OBT_CAUSE_NONE)
		fail(o, cause, 0, why);
}

void obt_end(struct obt *o)
{
	buf_done(&o->body);
}

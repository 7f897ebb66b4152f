#include "base/clock.h"
#include "base/timestamp.h"
#include "codec/cbw.h"
#include "svr/swu.h"

static const struct cbr_limits LIMITS = {
	.bytes = SWU_BODY_MAX, .depth = 1, .items = 16, .text = 256};

static const char *const ACTIONS[] = {
	[SWU_IDLE] = "idle", [SWU_ISAC] = "isac", [SWU_ISVV] = "isvv", [SWU_UPGRADE] = "upgrade"};
static const char *const STATES[] = {
	[SWU_STATE_IDLE] = "idle",
	[SWU_STATE_NSA] = "nsa",
	[SWU_STATE_SVV] = "svv",
	[SWU_STATE_SVA] = "sva",
	[SWU_STATE_UPGRADING] = "upgrading",
};

static unsigned read_word(struct cbr *c, const char *const *words, size_t n)
{
	struct span text = cbr_text(c);

	for (unsigned i = 0; i < n; i++)
		if (span_is(text, words[i]))
			return i;
	cbr_fail(c, CBR_VALUE);
	return 0;
}

/* RFC 3986 2: what may stand in a URI at all, behind a scheme. Whether it can be followed is for
 * those to say who do. */
static bool is_uri(struct span text)
{
	struct span rest = text, scheme = span_cut(&rest, ':');

	if (scheme.len == 0 || (scheme.ptr[0] | 0x20) < 'a' || (scheme.ptr[0] | 0x20) > 'z' ||
	    !span_starts(rest, "//") || rest.len < 3)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f || strchr("\"<>\\^`{|}", text.ptr[i]))
			return false;
	return true;
}

static void read_purl(struct cbr *c, char ret[SWU_URL_MAX + 1])
{
	struct span text = cbr_text(c);

	if (text.len > SWU_URL_MAX || (text.len && !is_uri(text))) {
		cbr_fail(c, CBR_VALUE);
		return;
	}
	memset(ret, 0, SWU_URL_MAX + 1);
	if (text.len)
		memcpy(ret, text.ptr, text.len);
}

static void read_time(struct cbr *c, struct swu_update *u)
{
	struct span text = cbr_text(c);

	if (span_is(text, "none"))
		u->when = SWU_AT_NO_TIME;
	else if (span_is(text, "now"))
		u->when = SWU_NOW;
	else if (timestamp_parse_offset(text, &u->at_us))
		u->when = SWU_AT;
	else
		cbr_fail(c, CBR_VALUE);
}

enum verdict swu_rep_parse(struct span body, struct swu_update *ret)
{
	enum { PURL = 1, ACTION = 2, TIME = 4, ALL = PURL | ACTION | TIME };
	struct swu_update u = {0};
	unsigned seen = 0;
	struct span key;
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "purl", &seen, PURL))
			read_purl(&c, u.purl);
		else if (cbr_member(&c, key, "swupdateaction", &seen, ACTION))
			u.action = (enum swu_action)read_word(&c, ACTIONS, ARRAY_SIZE(ACTIONS));
		else if (cbr_member(&c, key, "updatetime", &seen, TIME))
			read_time(&c, &u);
		else
			cbr_fail(&c, CBR_VALUE);
	}
	switch (cbr_close(&c)) {
	case CBR_OK:
		break;
	case CBR_MALFORMED:
	case CBR_LIMIT:
	case CBR_LOOSE:
		return V_BAD_REQUEST;
	case CBR_TYPE:
	case CBR_VALUE:
	case CBR_DUPLICATE:
		return V_NOT_ACCEPTABLE;
	}
	if (seen != ALL)
		return V_NOT_ACCEPTABLE;
	*ret = u;
	return V_CHANGED;
}

static void write_time(struct buf *b, const char *key, uint64_t us)
{
	char text[TIMESTAMP_TEXT + 1];

	timestamp_format(us, text);
	cbw_kv_str(b, key, text);
}

void swu_rep_write(const struct device *dev, struct buf *b)
{
	const struct swu *s = &dev->swu;

	cbw_kv_str(b, "purl", s->purl);
	cbw_kv_str(b, "swupdateaction", ACTIONS[s->running ? s->running : s->action]);
	cbw_kv_str(b, "swupdatestate", STATES[s->state]);
	cbw_kv_uint(b, "swupdateresult", s->result);
	if (s->at_us == NEVER_US)
		cbw_kv_str(b, "updatetime", "none");
	else
		write_time(b, "updatetime", s->at_us);
	if (s->nv[0])
		cbw_kv_str(b, "nv", s->nv);
	if (s->last_us)
		write_time(b, "lastupdate", s->last_us);
	cbw_kv_str(b, "signed", "vendor");
}

/* ---- the record ---- */

/* A job does not survive a restart of ours: what it had reached does. */
static enum swu_state settled(enum swu_state state)
{
	switch (state) {
	case SWU_STATE_IDLE:
	case SWU_STATE_NSA:
	case SWU_STATE_SVA:
		return state;
	case SWU_STATE_SVV:
		return SWU_STATE_NSA;
	case SWU_STATE_UPGRADING:
		return SWU_STATE_SVA;
	}
	return SWU_STATE_IDLE;
}

void swu_record_write(const struct device *dev, struct buf *b)
{
	const struct swu *s = &dev->swu;

	cbw_kv_str(b, "purl", s->purl);
	cbw_kv_uint(b, "action", s->action);
	cbw_kv_uint(b, "at", s->at_us);
	cbw_kv_str(b, "nv", s->nv);
	cbw_kv_uint(b, "state", settled(s->state));
	cbw_kv_uint(b, "result", s->result);
	cbw_kv_uint(b, "last", s->last_us);
	cbw_kv_uint(b, "cm", dev->cm & (MODE_AVAILABLE | MODE_VALIDATE));
}

static void read_text(struct cbr *c, char *ret, size_t room)
{
	if (span_to_str(cbr_text(c), ret, room) < 0)
		cbr_fail(c, CBR_VALUE);
}

bool swu_record_read(struct device *dev, struct cbr *c)
{
	enum { PURL, ACTION, AT, NV, STATE, RESULT, LAST, CM, COUNT };
	static const char *const NAMES[] = {"purl",  "action", "at",   "nv",
					    "state", "result", "last", "cm"};
	struct swu s = {.run = dev->swu.run};
	unsigned seen = 0, cm = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		unsigned i = 0;

		while (i < COUNT && !span_is(key, NAMES[i]))
			i++;
		cbr_once(c, &seen, 1u << i);
		if (i == PURL)
			read_purl(c, s.purl);
		else if (i == ACTION)
			s.action = (enum swu_action)cbr_uint(c, SWU_UPGRADE);
		else if (i == AT)
			s.at_us = cbr_uint(c, UINT64_MAX);
		else if (i == NV)
			read_text(c, s.nv, sizeof(s.nv));
		else if (i == STATE)
			s.state = settled((enum swu_state)cbr_uint(c, SWU_STATE_UPGRADING));
		else if (i == RESULT)
			s.result = (enum swu_result)cbr_uint(c, SWU_RESULT_UPGRADE);
		else if (i == LAST)
			s.last_us = cbr_uint(c, UINT64_MAX);
		else if (i == CM)
			cm = (unsigned)cbr_uint(c, UINT16_MAX);
		else
			cbr_fail(c, CBR_VALUE);
	}
	if (c->err != CBR_OK || seen != (1u << COUNT) - 1)
		return false;
	dev->swu = s;
	dev->cm |= (uint16_t)(cm & (MODE_AVAILABLE | MODE_VALIDATE));
	return true;
}

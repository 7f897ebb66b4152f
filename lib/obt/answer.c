#include "obt/answer.h"

static const struct cbr_limits DOXM_LIMITS = {.bytes = 1024, .depth = 6, .items = 96, .text = 128};
static const struct cbr_limits PSTAT_LIMITS = {.bytes = 512, .depth = 6, .items = 64, .text = 128};
static const struct cbr_limits RES_LIMITS = {
	.bytes = 16384, .depth = 8, .items = 1024, .text = 256};
static const struct cbr_limits D_LIMITS = {.bytes = 4096, .depth = 8, .items = 256, .text = 1024};

static uint16_t read_u16(struct cbr *c)
{
	return (uint16_t)cbr_uint(c, UINT16_MAX);
}

static void read_oxms(struct cbr *c, struct answer_doxm *d)
{
	cbr_array(c);
	while (cbr_more(c)) {
		uint16_t oxm = read_u16(c);

		if (d->n_oxms == ANSWER_OXMS_MAX)
			cbr_fail(c, CBR_LIMIT);
		else
			d->oxms[d->n_oxms++] = oxm;
	}
}

enum cbr_err answer_doxm(struct span body, struct answer_doxm *ret)
{
	enum { OXMS = 1, OXMSEL = 2, SCT = 4, OWNED = 8, DEVICE = 16, DEVOWNER = 32, ROWNER = 64 };
	struct answer_doxm d = {0};
	unsigned seen = 0;
	struct span key;
	enum cbr_err err;
	struct cbr c;

	cbr_open(&c, body, &DOXM_LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "oxms", &seen, OXMS))
			read_oxms(&c, &d);
		else if (cbr_member(&c, key, "oxmsel", &seen, OXMSEL))
			d.oxmsel = read_u16(&c);
		else if (cbr_member(&c, key, "sct", &seen, SCT))
			d.sct = read_u16(&c);
		else if (cbr_member(&c, key, "owned", &seen, OWNED))
			d.owned = cbr_bool(&c);
		else if (cbr_member(&c, key, "deviceuuid", &seen, DEVICE))
			d.device = cbr_uuid(&c);
		else if (cbr_member(&c, key, "devowneruuid", &seen, DEVOWNER))
			d.devowner = cbr_uuid(&c);
		else if (cbr_member(&c, key, "rowneruuid", &seen, ROWNER))
			d.rowner = cbr_uuid(&c);
		else
			(void)cbr_skip(&c);
	}
	err = cbr_close_with(&c, seen, OXMS | OXMSEL | SCT | OWNED | DEVICE | DEVOWNER | ROWNER);
	if (err == CBR_OK)
		*ret = d;
	return err;
}

bool answer_doxm_offers(const struct answer_doxm *doxm, uint16_t oxm)
{
	for (size_t i = 0; i < doxm->n_oxms; i++)
		if (doxm->oxms[i] == oxm)
			return true;
	return false;
}

static void read_dos(struct cbr *c, struct answer_pstat *p)
{
	enum { S = 1, P = 2 };
	unsigned seen = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "s", &seen, S))
			p->state = (uint8_t)cbr_uint(c, 4);
		else if (cbr_member(c, key, "p", &seen, P))
			p->pending = cbr_bool(c);
		else
			(void)cbr_skip(c);
	}
	if (seen != (S | P))
		cbr_fail(c, CBR_VALUE);
}

enum cbr_err answer_pstat(struct span body, struct answer_pstat *ret)
{
	enum { DOS = 1, ISOP = 2, CM = 4, TM = 8, OM = 16, SM = 32, ROWNER = 64 };
	struct answer_pstat p = {0};
	unsigned seen = 0;
	struct span key;
	enum cbr_err err;
	struct cbr c;

	cbr_open(&c, body, &PSTAT_LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "dos", &seen, DOS))
			read_dos(&c, &p);
		else if (cbr_member(&c, key, "isop", &seen, ISOP))
			p.isop = cbr_bool(&c);
		else if (cbr_member(&c, key, "cm", &seen, CM))
			p.cm = read_u16(&c);
		else if (cbr_member(&c, key, "tm", &seen, TM))
			p.tm = read_u16(&c);
		else if (cbr_member(&c, key, "om", &seen, OM))
			p.om = read_u16(&c);
		else if (cbr_member(&c, key, "sm", &seen, SM))
			p.sm = read_u16(&c);
		else if (cbr_member(&c, key, "rowneruuid", &seen, ROWNER))
			p.rowner = cbr_uuid(&c);
		else
			(void)cbr_skip(&c);
	}
	err = cbr_close_with(&c, seen, DOS | ISOP | CM | TM | OM | SM | ROWNER);
	if (err == CBR_OK)
		*ret = p;
	return err;
}

const char *answer_state_name(unsigned state)
{
	static const char *const NAMES[] = {"RESET", "RFOTM", "RFPRO", "RFNOP", "SRESET"};

	return state < ARRAY_SIZE(NAMES) ? NAMES[state] : "?";
}

static struct span read_ep(struct cbr *c)
{
	struct span key, uri = {0};
	unsigned seen = 0;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "ep", &seen, 1))
			uri = cbr_text(c);
		else
			(void)cbr_skip(c);
	}
	if (!seen)
		cbr_fail(c, CBR_VALUE);
	return uri;
}

static void read_eps(struct cbr *c, struct answer_res *link)
{
	cbr_array(c);
	while (cbr_more(c)) {
		struct span uri = read_ep(c);

		if (link->n_eps == ANSWER_EPS_MAX)
			cbr_fail(c, CBR_LIMIT);
		else
			link->eps[link->n_eps++] = uri;
	}
}

static struct uuid read_anchor(struct cbr *c)
{
	struct span text = cbr_text(c);
	struct uuid u = {{0}};

	if (!span_starts(text, "ocf://") || !uuid_parse(span_skip(text, 6), &u))
		cbr_fail(c, CBR_VALUE);
	return u;
}

/* One link; its href is in *ret_href. */
static struct answer_res read_link(struct cbr *c, struct span *ret_href)
{
	enum { ANCHOR = 1, HREF = 2, EPS = 4 };
	struct answer_res link = {0};
	unsigned seen = 0;
	struct span key;

	*ret_href = span_of(NULL, 0);
	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "anchor", &seen, ANCHOR))
			link.device = read_anchor(c);
		else if (cbr_member(c, key, "href", &seen, HREF))
			*ret_href = cbr_text(c);
		else if (cbr_member(c, key, "eps", &seen, EPS))
			read_eps(c, &link);
		else
			(void)cbr_skip(c);
	}
	if (seen != (ANCHOR | HREF | EPS))
		cbr_fail(c, CBR_VALUE);
	return link;
}

enum cbr_err answer_res(struct span body, struct answer_res *ret)
{
	struct answer_res found = {0};
	unsigned seen = 0;
	enum cbr_err err;
	struct cbr c;

	cbr_open(&c, body, &RES_LIMITS);
	cbr_array(&c);
	while (cbr_more(&c)) {
		struct span href;
		struct answer_res link = read_link(&c, &href);

		if (!span_is(href, "/oic/sec/doxm"))
			continue;
		cbr_once(&c, &seen, 1);
		found = link;
	}
	err = cbr_close_with(&c, seen, 1);
	if (err == CBR_OK)
		*ret = found;
	return err;
}

static void read_name(struct cbr *c, char ret[ANSWER_NAME_MAX + 1])
{
	if (span_to_str(cbr_text(c), ret, ANSWER_NAME_MAX + 1) < 0)
		cbr_fail(c, CBR_LIMIT);
}

enum cbr_err answer_d(struct span body, struct answer_d *ret)
{
	enum { DI = 1, N = 2 };
	struct answer_d d = {0};
	unsigned seen = 0;
	struct span key;
	enum cbr_err err;
	struct cbr c;

	cbr_open(&c, body, &D_LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "di", &seen, DI))
			d.device = cbr_uuid(&c);
		else if (cbr_member(&c, key, "n", &seen, N))
			read_name(&c, d.name);
		else
			(void)cbr_skip(&c);
	}
	err = cbr_close_with(&c, seen, DI);
	if (err == CBR_OK)
		*ret = d;
	return err;
}

enum cbr_err answer_p(struct span body, struct answer_p *ret)
{
	enum { MNMN = 1, MNMO = 2 };
	struct answer_p p = {0};
	unsigned seen = 0;
	struct span key;
	enum cbr_err err;
	struct cbr c;

	cbr_open(&c, body, &D_LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "mnmn", &seen, MNMN))
			read_name(&c, p.maker);
		else if (cbr_member(&c, key, "mnmo", &seen, MNMO))
			read_name(&c, p.model);
		else
			(void)cbr_skip(&c);
	}
	err = cbr_close(&c);
	if (err == CBR_OK)
		*ret = p;
	return err;
}

#include "svr/acl.h"

#include "codec/cbw.h"
#include "svr/validity.h"

static const struct cbr_limits LIMITS = {
	.bytes = REQ_BODY_MAX, .depth = 6, .items = 16384, .text = ACE_TEXT_MAX};

static const char *const WILDCARDS[] = {[WC_SECURE] = "+", [WC_CLEAR] = "-", [WC_ALL] = "*"};

void acl2_update_done(struct acl2_update *u)
{
	acl_done(&u->acl);
}

/* {"uuid"}, {"role", "authority"?} or {"conntype"}, never mixed. */
static void read_subject(struct cbr *c, struct ace *ace)
{
	enum { UUID = 1, ROLE = 2, AUTHORITY = 4, CONNTYPE = 8 };
	struct span key, text;
	unsigned seen = 0;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "uuid", &seen, UUID)) {
			ace->subject = ACE_UUID;
			ace->uuid = cbr_uuid(c);
		} else if (cbr_member(c, key, "role", &seen, ROLE)) {
			ace->subject = ACE_ROLE;
			ace->role = cbr_text(c);
		} else if (cbr_member(c, key, "authority", &seen, AUTHORITY)) {
			ace->authority = cbr_text(c);
		} else if (cbr_member(c, key, "conntype", &seen, CONNTYPE)) {
			text = cbr_text(c);
			ace->subject =
				span_is(text, "auth-crypt") ? ACE_AUTH_CRYPT : ACE_ANON_CLEAR;
			if (ace->subject == ACE_ANON_CLEAR && !span_is(text, "anon-clear"))
				cbr_fail(c, CBR_VALUE);
		} else {
			cbr_fail(c, CBR_VALUE);
		}
	}
	if (seen != UUID && seen != ROLE && seen != (ROLE | AUTHORITY) && seen != CONNTYPE)
		cbr_fail(c, CBR_VALUE);
}

static enum ace_wildcard read_wildcard(struct cbr *c)
{
	struct span text = cbr_text(c);

	for (enum ace_wildcard wc = WC_SECURE; wc <= WC_ALL; wc++)
		if (span_is(text, WILDCARDS[wc]))
			return wc;
	cbr_fail(c, CBR_VALUE);
	return WC_NONE;
}

/* Deployed tools add "if", "rt" or "rel", which say nothing here. */
static struct ace_resource read_resource(struct cbr *c)
{
	struct ace_resource r = {0};
	unsigned seen = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "href", &seen, 1)) {
			r.href = cbr_text(c);
			if (r.href.len == 0)
				cbr_fail(c, CBR_VALUE);
		} else if (cbr_member(c, key, "wc", &seen, 2)) {
			r.wildcard = read_wildcard(c);
		} else {
			(void)cbr_skip(c);
		}
	}
	if (!seen)
		cbr_fail(c, CBR_VALUE);
	return r;
}

static void read_resources(struct cbr *c, struct ace *ace)
{
	cbr_array(c);
	while (cbr_more(c)) {
		if (ace->n_resources == ACE_RESOURCES_MAX)
			cbr_fail(c, CBR_LIMIT);
		else
			ace->resources[ace->n_resources++] = read_resource(c);
	}
}

static void read_recurrences(struct cbr *c, struct ace_validity *v)
{
	cbr_array(c);
	while (cbr_more(c)) {
		if (v->n_recurrences == ACE_RECURRENCES_MAX)
			cbr_fail(c, CBR_LIMIT);
		else
			v->recurrences[v->n_recurrences++] = cbr_text(c);
	}
	if (v->n_recurrences == 0)
		cbr_fail(c, CBR_VALUE);
}

static struct ace_validity read_validity(struct cbr *c)
{
	enum { PERIOD = 1, RECURRENCE = 2 };
	struct ace_validity v = {0};
	unsigned seen = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "period", &seen, PERIOD))
			v.period = cbr_text(c);
		else if (cbr_member(c, key, "recurrence", &seen, RECURRENCE))
			read_recurrences(c, &v);
		else
			cbr_fail(c, CBR_VALUE);
	}
	if (!validity_is_sound(&v))
		cbr_fail(c, CBR_VALUE);
	return v;
}

/* An empty list would say "never" or "always": nobody can tell. */
static void read_validities(struct cbr *c, struct ace *ace)
{
	cbr_array(c);
	while (cbr_more(c)) {
		if (ace->n_validities == ACE_VALIDITIES_MAX)
			cbr_fail(c, CBR_LIMIT);
		else
			ace->validities[ace->n_validities++] = read_validity(c);
	}
	if (ace->n_validities == 0)
		cbr_fail(c, CBR_VALUE);
}

static void read_ace(struct cbr *c, struct ace *ace)
{
	enum { ACEID = 1, SUBJECT = 2, TARGETS = 4, PERMISSION = 8, VALIDITY = 16 };
	unsigned seen = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "aceid", &seen, ACEID)) {
			ace->aceid = (uint32_t)cbr_uint(c, ID_MAX);
			if (ace->aceid == 0)
				cbr_fail(c, CBR_VALUE);
		} else if (cbr_member(c, key, "subject", &seen, SUBJECT)) {
			read_subject(c, ace);
		} else if (cbr_member(c, key, "resources", &seen, TARGETS)) {
			read_resources(c, ace);
		} else if (cbr_member(c, key, "permission", &seen, PERMISSION)) {
			ace->permission = (unsigned)cbr_uint(c, PERM_ALL);
		} else if (cbr_member(c, key, "validity", &seen, VALIDITY)) {
			read_validities(c, ace);
		} else {
			cbr_fail(c, CBR_VALUE);
		}
	}
	if ((seen | ACEID | VALIDITY) != (ACEID | SUBJECT | TARGETS | PERMISSION | VALIDITY))
		cbr_fail(c, CBR_VALUE);
}

static void read_list(struct cbr *c, struct acl2_update *u)
{
	cbr_array(c);
	while (cbr_more(c)) {
		struct ace_resource resources[ACE_RESOURCES_MAX];
		struct ace_validity validities[ACE_VALIDITIES_MAX];
		struct ace draft = {.resources = resources, .validities = validities};
		CLEANUP(ace_unrefp) struct ace *ace = NULL;

		read_ace(c, &draft);
		if (u->acl.n == ACES_MAX)
			cbr_fail(c, CBR_LIMIT);
		ace = ace_new(&draft);
		if (!ace || !acl_append(&u->acl, ace)) {
			u->no_memory = true;
			cbr_fail(c, CBR_LIMIT);
		}
	}
}

void acl2_rep_read(struct cbr *c, struct acl2_update *ret)
{
	struct span key;

	*ret = (struct acl2_update){0};
	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "aclist2", &ret->seen, PROP_BIT(ACL2_ACLIST2)))
			read_list(c, ret);
		else if (cbr_member(c, key, "rowneruuid", &ret->seen, PROP_BIT(ACL2_ROWNERUUID)))
			ret->rowneruuid = cbr_uuid(c);
		else
			cbr_fail(c, CBR_VALUE);
	}
}

bool acl2_rep_parse(struct span body, struct acl2_update *ret)
{
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	acl2_rep_read(&c, ret);
	return cbr_close(&c) == CBR_OK;
}

static void write_subject(const struct ace *ace, struct buf *b)
{
	cbw_str(b, "subject");
	cbw_map(b);
	switch (ace->subject) {
	case ACE_UUID:
		cbw_kv_uuid(b, "uuid", &ace->uuid);
		break;
	case ACE_ROLE:
		cbw_kv_text(b, "role", ace->role);
		if (ace->authority.len)
			cbw_kv_text(b, "authority", ace->authority);
		break;
	case ACE_AUTH_CRYPT:
		cbw_kv_str(b, "conntype", "auth-crypt");
		break;
	case ACE_ANON_CLEAR:
		cbw_kv_str(b, "conntype", "anon-clear");
		break;
	}
	cbw_end(b);
}

static void write_validities(const struct ace *ace, struct buf *b)
{
	cbw_str(b, "validity");
	cbw_array(b);
	for (size_t i = 0; i < ace->n_validities; i++) {
		const struct ace_validity *v = &ace->validities[i];

		cbw_map(b);
		cbw_kv_text(b, "period", v->period);
		if (v->n_recurrences) {
			cbw_str(b, "recurrence");
			cbw_array(b);
			for (size_t j = 0; j < v->n_recurrences; j++)
				cbw_text(b, v->recurrences[j]);
			cbw_end(b);
		}
		cbw_end(b);
	}
	cbw_end(b);
}

void acl2_rep_write(const struct ace *ace, struct buf *b)
{
	cbw_map(b);
	write_subject(ace, b);
	cbw_str(b, "resources");
	cbw_array(b);
	for (size_t i = 0; i < ace->n_resources; i++) {
		const struct ace_resource *r = &ace->resources[i];

		cbw_map(b);
		if (r->href.len)
			cbw_kv_text(b, "href", r->href);
		if (r->wildcard != WC_NONE)
			cbw_kv_str(b, "wc", WILDCARDS[r->wildcard]);
		cbw_end(b);
	}
	cbw_end(b);
	cbw_kv_uint(b, "permission", ace->permission);
	if (ace->n_validities)
		write_validities(ace, b);
	cbw_kv_uint(b, "aceid", ace->aceid);
	cbw_end(b);
}

#include "obt/plan.h"

#define STATE_RFNOP      3u
#define OM_CLIENT        4u
#define TYPE_PAIRWISE    1u
#define USAGE_ANCHOR     "oic.sec.cred.trustca"
#define USAGE_IDENTITY   "oic.sec.cred.cert"
#define USAGE_ROLE       "oic.sec.cred.rolecert"
#define USAGE_MFG_ANCHOR "oic.sec.cred.mfgtrustca"
#define USAGE_MFG        "oic.sec.cred.mfgcert"

static const enum obt_service OWNER_OF[SVR_COUNT] = {
	[SVR_DOXM] = OBT_DOTS,
	[SVR_PSTAT] = OBT_DOTS,
	[SVR_CRED] = OBT_CMS,
	[SVR_ACL2] = OBT_AMS,
};
static const char *const SVR_NAMES[SVR_COUNT] = {"doxm", "pstat", "cred", "acl2"};
static const char *const SERVICE_NAMES[OBT_SERVICES] = {"owner", "credential service",
							"access service"};

static void add(struct plan *p, enum change_kind kind, uint32_t id, size_t index)
{
	if (p->n < PLAN_CHANGES_MAX)
		p->changes[p->n++] = (struct change){.kind = kind, .id = id, .index = index};
}

/* ---- owners and state ---- */

static void compare_owners(struct plan *p, const struct plan_owners *want,
			   const struct plan_actual *a)
{
	const struct uuid *got[SVR_COUNT] = {&a->doxm.rowner, &a->pstat.rowner, &a->creds.rowner,
					     &a->aces.rowner};

	for (size_t i = 0; i < SVR_COUNT; i++) {
		if (uuid_eq(got[i], &want->of[OWNER_OF[i]]))
			continue;
		add(p, CHANGE_OWNER, 0, i);
		p->soft_reset = true;
	}
}

static const char *find_hopeless(const struct plan_actual *a, const struct uuid *device)
{
	if (!a->doxm.owned)
		return "its doxm says that it has no owner: reset it, and own it again";
	if (!uuid_eq(&a->doxm.device, device))
		return "its doxm holds another deviceuuid than our record";
	return NULL;
}

/* ---- access ---- */

/* ACEs stay that say exactly what a rule of ours says. If all together grant the same, nothing is
 * to be done, however the device arranges them. */
static void compare_access(struct plan *p, const struct goal *g, const struct listed_aces *l,
			   const struct rule **room)
{
	bool same = true, kept[GOAL_RULES_MAX] = {false};

	for (size_t i = 0; i < g->n_rules; i++)
		room[i] = &g->rules[i];
	for (size_t i = 0; i < l->n; i++)
		same &= !l->aces[i].strange && rule_is_covered(&l->aces[i].rule, room, g->n_rules);
	for (size_t i = 0; i < l->n; i++)
		room[i] = &l->aces[i].rule;
	for (size_t i = 0; i < g->n_rules; i++)
		same &= rule_is_covered(&g->rules[i], room, l->n);
	if (same)
		return;
	for (size_t i = 0; i < l->n; i++) {
		size_t k = 0;

		while (k < g->n_rules && (kept[k] || l->aces[i].strange ||
					  !rule_equal(&l->aces[i].rule, &g->rules[k])))
			k++;
		if (k < g->n_rules)
			kept[k] = true;
		else
			add(p, CHANGE_DROP_ACE, l->aces[i].id, i);
	}
	for (size_t i = 0; i < g->n_rules; i++)
		if (!kept[i])
			add(p, CHANGE_ADD_ACE, 0, i);
}

/* ---- credentials ---- */

struct creds_seen {
	bool service[OBT_SERVICES], pair[GOAL_PAIRS_MAX];
	bool anchor, identity;
	size_t roles;
};

/* Marks the key as what it is; false: nobody of ours has it. */
static bool take_key(struct creds_seen *seen, const struct listed_cred *c, const struct goal *g,
		     const struct plan_owners *owners)
{
	struct uuid subject;
	bool ours = false;

	if (!uuid_parse(span_str(c->subject), &subject))
		return false;
	for (size_t i = 0; i < OBT_SERVICES; i++)
		if (uuid_eq(&subject, &owners->of[i]))
			ours = seen->service[i] = true;
	for (size_t i = 0; i < g->n_pairs && !ours; i++)
		if (!seen->pair[i] && uuid_eq(&subject, &g->pairs[i].peer))
			ours = seen->pair[i] = true;
	return ours;
}

/* But for white space behind it. */
static bool same_pem(struct span a, struct span b)
{
	while (a.len > 0 && a.ptr[a.len - 1] <= ' ')
		a.len--;
	while (b.len > 0 && b.ptr[b.len - 1] <= ' ')
		b.len--;
	return span_eq(a, b);
}

static bool take_cred(struct creds_seen *seen, const struct listed_cred *c, const struct goal *g,
		      const struct plan_owners *owners, const struct plan_certs *certs)
{
	struct span usage = span_str(c->usage);

	if (span_is(usage, USAGE_MFG) || span_is(usage, USAGE_MFG_ANCHOR))
		return true;
	if (c->type == TYPE_PAIRWISE)
		return take_key(seen, c, g, owners);
	if (!g->identity)
		return false;
	if (span_is(usage, USAGE_ANCHOR) && !seen->anchor && same_pem(c->data, certs->anchor))
		return seen->anchor = true;
	if (certs->renew)
		return false;
	if (span_is(usage, USAGE_IDENTITY) && !seen->identity)
		return seen->identity = true;
	if (span_is(usage, USAGE_ROLE) && seen->roles < g->n_roles)
		return ++seen->roles > 0;
	return false;
}

static void compare_creds(struct plan *p, const struct goal *g, const struct plan_owners *owners,
			  const struct plan_certs *certs, const struct listed_creds *l)
{
	struct creds_seen seen = {0};

	for (size_t i = 0; i < l->n; i++)
		if (!take_cred(&seen, &l->creds[i], g, owners, certs))
			add(p, CHANGE_DROP_CRED, l->creds[i].id, i);
	for (size_t i = 0; i < OBT_SERVICES; i++)
		if (!seen.service[i]) {
			if (i == OBT_DOTS)
				p->hopeless = "it holds no credential of ours";
			add(p, CHANGE_ADD_SERVICE, 0, i);
		}
	for (size_t i = 0; i < g->n_pairs; i++)
		if (!seen.pair[i])
			add(p, CHANGE_ADD_PAIR, 0, i);
	if (g->identity && !seen.anchor)
		add(p, CHANGE_ADD_ANCHOR, 0, 0);
	if (g->identity && !seen.identity)
		add(p, CHANGE_ADD_IDENTITY, 0, 0);
	for (size_t i = seen.roles; i < g->n_roles; i++)
		add(p, CHANGE_ADD_ROLE, 0, i);
}

int plan_make(const struct goal *goal, const struct uuid *device, const struct plan_owners *owners,
	      const struct plan_certs *certs, const struct plan_actual *actual, struct plan *ret)
{
	const struct rule **room CLEANUP(freep) =
		calloc(LISTING_ACES_MAX + GOAL_RULES_MAX, sizeof(struct rule *));

	*ret = (struct plan){.changes = calloc(PLAN_CHANGES_MAX, sizeof(struct change))};
	if (!room || !ret->changes)
		return -ENOMEM;
	compare_owners(ret, owners, actual);
	compare_access(ret, goal, &actual->aces, room);
	compare_creds(ret, goal, owners, certs, &actual->creds);
	if (actual->pstat.state != STATE_RFNOP || actual->pstat.om != OM_CLIENT)
		add(ret, CHANGE_STATE, actual->pstat.state, 0);
	ret->hopeless =
		find_hopeless(actual, device) ? find_hopeless(actual, device) : ret->hopeless;
	return 0;
}

void plan_done(struct plan *p)
{
	free(p->changes);
	*p = (struct plan){0};
}

/* ---- in words ---- */

static void format_ace(const struct listed_ace *ace, struct buf *out)
{
	buf_printf(out, "remove ACE %u: ", ace->id);
	if (ace->strange)
		buf_put_str(out, "an entry that no rule can say");
	else
		rule_format(&ace->rule, out);
}

static void format_uuid(const struct uuid *u, struct buf *out)
{
	char text[UUID_TEXT + 1];

	uuid_format(u, text);
	buf_put_str(out, text);
}

void plan_format(const struct change *c, const struct goal *g, const struct plan_actual *a,
		 struct buf *out)
{
	switch (c->kind) {
	case CHANGE_OWNER:
		buf_printf(out, "take %s.rowneruuid back, in SRESET", SVR_NAMES[c->index]);
		break;
	case CHANGE_DROP_ACE:
		format_ace(&a->aces.aces[c->index], out);
		break;
	case CHANGE_ADD_ACE:
		buf_put_str(out, "add ");
		rule_format(&g->rules[c->index], out);
		break;
	case CHANGE_DROP_CRED:
		buf_printf(out, "remove credential %u of %s %s", c->id,
			   a->creds.creds[c->index].subject, a->creds.creds[c->index].usage);
		break;
	case CHANGE_ADD_SERVICE:
		buf_printf(out, "add the key of the %s", SERVICE_NAMES[c->index]);
		break;
	case CHANGE_ADD_PAIR:
		buf_put_str(out, "add a key shared with ");
		format_uuid(&g->pairs[c->index].peer, out);
		break;
	case CHANGE_ADD_ANCHOR:
		buf_put_str(out, "add the authority's certificate");
		break;
	case CHANGE_ADD_IDENTITY:
		buf_put_str(out, "issue an identity certificate");
		break;
	case CHANGE_ADD_ROLE:
		buf_printf(out, "issue a certificate of the role %s", g->roles[c->index].name);
		break;
	case CHANGE_STATE:
		buf_printf(out, "set to RFNOP, from %s", answer_state_name(c->id));
		break;
	}
}

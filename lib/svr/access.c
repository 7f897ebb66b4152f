#include "svr/access.h"

#include "svr/validity.h"

#define DOS_BIT(d) (1u << (d))

/* Wildcards see application resources only. */
static bool wildcard_matches(enum ace_wildcard wildcard, const struct target *t)
{
	if (wildcard == WC_NONE)
		return true;
	if (t->kind != RES_NCR)
		return false;
	switch (wildcard) {
	case WC_NONE:
	case WC_ALL:
		return true;
	case WC_SECURE:
		return t->discoverable && t->secure;
	case WC_CLEAR:
		return t->discoverable && t->clear;
	}
	return false;
}

static bool covers(const struct ace_resource *r, const struct target *t)
{
	return (r->href.len == 0 || span_eq(href_bare(r->href), href_bare(span_str(t->href)))) &&
	       wildcard_matches(r->wildcard, t);
}

/* An authority left out means any. */
static bool has_role(const struct requester *who, const struct ace *ace)
{
	for (size_t i = 0; i < who->n_roles; i++)
		if (span_eq(ace->role, who->roles[i].name) &&
		    (ace->authority.len == 0 || span_eq(ace->authority, who->roles[i].authority)))
			return true;
	return false;
}

static bool names_requester(const struct ace *ace, const struct requester *who,
			    const struct target *t)
{
	switch (ace->subject) {
	case ACE_UUID:
		return who->peer && uuid_eq(&ace->uuid, who->peer);
	case ACE_ROLE:
		return has_role(who, ace);
	case ACE_AUTH_CRYPT:
		return t->kind != RES_SVR && who->peer; /* authenticated, not only encrypted */
	case ACE_ANON_CLEAR:
		return t->kind != RES_SVR;
	}
	return false;
}

/* Any of these will do. */
static unsigned wanted(enum method method)
{
	switch (method) {
	case M_GET:
		return PERM_RETRIEVE | PERM_NOTIFY;
	case M_POST:
	case M_PUT:
		return PERM_CREATE | PERM_UPDATE;
	case M_DELETE:
		return PERM_DELETE;
	}
	return 0;
}

/* By entries that name `subject`, and the target either by its name or by a wildcard. */
static bool is_granted_as(const struct device *dev, const struct requester *who,
			  const struct target *t, enum ace_subject subject, struct span name)
{
	const struct span hrefs[] = {
		span_str(t->href), {NULL, 0}
        };
	const struct ace_resource *resource;
	const struct ace *ace;
	struct aclist_walk w;

	for (size_t i = 0; i < ARRAY_SIZE(hrefs); i++) {
		aclist_walk(&w, dev->acl, subject, name, hrefs[i]);
		while (aclist_next(&w, &ace, &resource))
			if (ace->permission & wanted(who->req->method) &&
			    names_requester(ace, who, t) && covers(resource, t) &&
			    ace_holds(ace, who->wall))
				return true;
	}
	return false;
}

static bool is_granted(const struct device *dev, const struct requester *who,
		       const struct target *t)
{
	static const struct span NO_NAME = {NULL, 0};

	if (who->owner_role)
		return true;
	if (who->peer &&
	    is_granted_as(dev, who, t, ACE_UUID, span_of(who->peer, sizeof(*who->peer))))
		return true;
	for (size_t i = 0; i < who->n_roles; i++)
		if (is_granted_as(dev, who, t, ACE_ROLE, who->roles[i].name))
			return true;
	return is_granted_as(dev, who, t, ACE_AUTH_CRYPT, NO_NAME) ||
	       is_granted_as(dev, who, t, ACE_ANON_CLEAR, NO_NAME);
}

static bool is_owner(const struct device *dev, enum owner owner, const struct uuid *peer)
{
	return peer && owner != OWNER_NONE && uuid_eq(&dev->rowner[owner], peer);
}

static bool is_any_owner(const struct device *dev, const struct uuid *peer)
{
	for (enum owner i = 0; i < OWNER_COUNT; i++)
		if (is_owner(dev, i, peer))
			return true;
	return false;
}

/* The steps in their order of precedence: OCF Security 12.1, CR 2640. */
static enum access decide_rfotm(const struct device *dev, const struct req *req,
				const struct target *t)
{
	/* 1. While a DOC is open, it alone is heard, */
	if (dev->doc != 0 && !device_in_doc(dev, req->session))
		return ACCESS_NONE;
	/* 2. application resources are not there yet, */
	if (t->kind == RES_NCR)
		return ACCESS_NONE;
	/* 4. and it reaches all configuration. */
	if (dev->doc != 0)
		return ACCESS_FULL;
	/* 5, 6. Before a DOC, what discovery and the choice of a method need. */
	return t->anyone & METHOD_BIT(req->method) ? ACCESS_FULL : ACCESS_NONE;
}

static enum access decide_owned(const struct device *dev, const struct requester *who,
				const struct target *t)
{
	const struct req *req = who->req;
	const struct uuid *peer = who->peer;

	/* 2, 3. Application resources are there in RFNOP only, and never unsecured. */
	if (t->kind == RES_NCR && (dev->dos != DOS_RFNOP || !who->secured))
		return ACCESS_NONE;
	/* 4. The flag of the DOC ends on entry of RFNOP. */
	if (t->kind != RES_NCR && device_in_doc(dev, req->session))
		return ACCESS_FULL;
	/* 5. What everybody may ask, */
	if (t->always & METHOD_BIT(req->method))
		return ACCESS_FULL;
	/* 7. Security resources, and what else rules the device, are never reached unsecured. */
	if ((t->kind == RES_SVR || (t->kind == RES_DCR && t->secure)) && !who->secured)
		return ACCESS_NONE;
	/* Repair: the device owner has all of them in SRESET, */
	if (t->kind == RES_SVR && dev->dos == DOS_SRESET && peer && uuid_eq(&dev->devowner, peer))
		return ACCESS_FULL;
	/* 8. and a resource owner its own resource in every state. */
	if (is_owner(dev, t->owner, peer))
		return ACCESS_FULL;
	/* 9. What is a session's own, */
	if (t->any_session)
		return ACCESS_FULL;
	/* 10, 11. and the sum of what roles and the list grant. */
	if (is_granted(dev, who, t))
		return ACCESS_FULL;
	/* 8b. CR 2868: credential and access services switch the state, too. */
	if (t->owner == OWNER_PSTAT && (req->method == M_GET || req->method == M_POST) &&
	    is_any_owner(dev, peer))
		return ACCESS_DOS;
	return ACCESS_NONE;
}

enum access access_decide(const struct device *dev, const struct requester *who,
			  const struct target *t)
{
	switch (dev->dos) {
	case DOS_RESET:
		return ACCESS_NONE; /* answered before: a wipe is pending */
	case DOS_RFOTM:
		return decide_rfotm(dev, who->req, t);
	case DOS_RFPRO:
	case DOS_RFNOP:
	case DOS_SRESET:
		return decide_owned(dev, who, t);
	}
	return ACCESS_NONE;
}

/* On top of access: over which connection a property is taken. */
enum via { VIA_ANY, VIA_DOC, VIA_NO_DOC, VIA_OWNER };

#define PROVISIONING (DOS_BIT(DOS_RFOTM) | DOS_BIT(DOS_RFPRO) | DOS_BIT(DOS_SRESET))
#define OWNER_CHANGE (DOS_BIT(DOS_RFOTM) | DOS_BIT(DOS_SRESET))
#define ANY_STATE    (PROVISIONING | DOS_BIT(DOS_RFNOP))

static const struct {
	unsigned states;
	enum via via;
} WRITABLE[] = {
	[DOXM_OXMSEL] = {DOS_BIT(DOS_RFOTM), VIA_NO_DOC},
	[DOXM_OWNED] = {DOS_BIT(DOS_RFOTM), VIA_DOC   },
	[DOXM_DEVICEUUID] = {DOS_BIT(DOS_RFOTM), VIA_DOC   },
	[DOXM_DEVOWNERUUID] = {DOS_BIT(DOS_RFOTM), VIA_DOC   },
	[DOXM_ROWNERUUID] = {OWNER_CHANGE,       VIA_OWNER },
	[PSTAT_DOS] = {ANY_STATE,          VIA_ANY   },
	[PSTAT_OM] = {ANY_STATE,          VIA_ANY   },
	[PSTAT_TM] = {ANY_STATE,          VIA_ANY   },
	[PSTAT_ROWNERUUID] = {OWNER_CHANGE,       VIA_ANY   },
	[CRED_CREDS] = {PROVISIONING,       VIA_ANY   },
	[CRED_ROWNERUUID] = {OWNER_CHANGE,       VIA_ANY   },
	[CRED_OWNER_KEY] = {DOS_BIT(DOS_RFOTM), VIA_DOC   },
	[CRL_CRLID] = {PROVISIONING,       VIA_ANY   },
	[CRL_THISUPDATE] = {PROVISIONING,       VIA_ANY   },
	[CRL_CRLDATA] = {PROVISIONING,       VIA_ANY   },
	[ACL2_ACLIST2] = {PROVISIONING,       VIA_ANY   },
	[ACL2_ROWNERUUID] = {OWNER_CHANGE,       VIA_ANY   },
	[SDI_UUID] = {DOS_BIT(DOS_RFOTM), VIA_ANY   },
	[SDI_NAME] = {PROVISIONING,       VIA_ANY   },
	[SDI_PRIV] = {PROVISIONING,       VIA_ANY   },
	[SP_SUPPORTED] = {PROVISIONING,       VIA_ANY   },
	[SP_CURRENT] = {PROVISIONING,       VIA_ANY   },
	[AEL_CATEGORIES] = {PROVISIONING,       VIA_ANY   },
	[AEL_PRIORITY] = {PROVISIONING,       VIA_ANY   },
};
_Static_assert(ARRAY_SIZE(WRITABLE) == PROPERTY_COUNT, "a row for each property");

static bool via_fits(const struct device *dev, const struct requester *who, enum via via)
{
	const bool in_doc = device_in_doc(dev, who->req->session);
	const struct uuid *peer = who->peer;

	switch (via) {
	case VIA_ANY:
		return true;
	case VIA_DOC:
		return in_doc;
	case VIA_NO_DOC:
		return dev->doc == 0;
	case VIA_OWNER:
		return in_doc || who->owner_role ||
		       (peer && (uuid_eq(&dev->devowner, peer) || is_owner(dev, OWNER_DOXM, peer)));
	}
	return false;
}

bool access_may_write(const struct device *dev, const struct requester *who, enum access access,
		      unsigned properties)
{
	const unsigned dos_only = PROP_BIT(PSTAT_DOS) | PROP_BIT(PSTAT_OM) | PROP_BIT(PSTAT_TM);

	if (access != ACCESS_FULL && (access == ACCESS_NONE || (properties & ~dos_only)))
		return false;
	for (size_t i = 0; i < PROPERTY_COUNT; i++)
		if (properties & PROP_BIT(i) && (!(WRITABLE[i].states & DOS_BIT(dev->dos)) ||
						 !via_fits(dev, who, WRITABLE[i].via)))
			return false;
	return true;
}

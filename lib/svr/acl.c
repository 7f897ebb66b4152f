#include "svr/acl.h"

#include "base/parse.h"
#include "codec/cbw.h"

/* False: malformed. *ret is 0 without a query, which no ACE has. */
static bool query_aceid(const struct req *req, uint32_t *ret)
{
	struct span value;

	*ret = 0;
	return !query_find(req, "aceid", &value) || (parse_u32(value, ret) && *ret != 0);
}

enum verdict acl_get(struct exchange *x)
{
	struct buf *b = x->out->body;
	uint32_t aceid;

	if (!query_aceid(x->req, &aceid))
		return refuse(x, V_BAD_REQUEST, "malformed query");
	rep_open(x);
	cbw_str(b, "aclist2");
	cbw_array(b);
	for (size_t i = 0; i < x->dev->acl.n; i++)
		if (aceid == 0 || x->dev->acl.v[i]->aceid == aceid)
			acl2_rep_write(x->dev->acl.v[i], b);
	cbw_end(b);
	cbw_kv_uuid(b, "rowneruuid", &x->dev->rowner[OWNER_ACL2]);
	cbw_end(b);
	return V_CONTENT;
}

/* A known aceid replaces; without one the entry gets a new one: OCF Security 13.5. */
static enum verdict put(struct exchange *x, struct acl *acl, struct ace *ace)
{
	if (ace->aceid != 0)
		(void)acl_remove(acl, ace->aceid);
	while (ace->aceid == 0 || acl_find(acl, ace->aceid))
		ace->aceid = device_draw_id(x->env);
	if (acl->n == ACES_MAX)
		return refuse(x, V_BAD_REQUEST, "too many access control entries");
	if (!acl_append(acl, ace))
		return refuse(x, V_INTERNAL, "out of memory");
	return V_CHANGED;
}

static bool names_twice(const struct acl *acl, size_t i)
{
	return acl->v[i]->aceid != 0 && acl_find(acl, acl->v[i]->aceid) != acl->v[i];
}

static enum verdict put_all(struct exchange *x, struct acl *acl, const struct acl *news)
{
	for (size_t i = 0; i < news->n; i++)
		if (names_twice(news, i))
			return refuse(x, V_BAD_REQUEST, "the same aceid twice");
	for (size_t i = 0; i < news->n; i++) {
		enum verdict v = put(x, acl, news->v[i]);

		if (v != V_CHANGED)
			return v;
	}
	return V_CHANGED;
}

enum verdict acl_post(struct exchange *x)
{
	CLEANUP(acl2_update_done) struct acl2_update u;
	struct device *dev;

	if (!acl2_rep_parse(x->req->body, &u))
		return u.no_memory ? refuse(x, V_INTERNAL, "out of memory")
				   : refuse(x, V_BAD_REQUEST,
					    "malformed body or an unsupported name or value");
	if (!access_may_write(x->dev, &x->who, x->access, u.seen))
		return refuse(x, V_BAD_REQUEST, "property is not writable now");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	if (u.seen & PROP_BIT(ACL2_ROWNERUUID))
		dev->rowner[OWNER_ACL2] = u.rowneruuid;
	return put_all(x, &dev->acl, &u.acl);
}

enum verdict acl_delete(struct exchange *x)
{
	struct device *dev;
	uint32_t aceid;

	if (!access_may_write(x->dev, &x->who, x->access, PROP_BIT(ACL2_ACLIST2)))
		return refuse(x, V_FORBIDDEN, "nothing is deleted in this state");
	if (!query_aceid(x->req, &aceid))
		return refuse(x, V_NOT_FOUND, "no such access control entry");
	if (!query_has_only(x->req, "aceid", NULL)) /* a slip must not delete all */
		return refuse(x, V_BAD_REQUEST, "unknown query");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	if (aceid == 0)
		acl_done(&dev->acl);
	else if (!acl_remove(&dev->acl, aceid))
		return refuse(x, V_NOT_FOUND, "no such access control entry");
	return V_DELETED;
}

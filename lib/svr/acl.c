#include "svr/acl.h"

#include <errno.h>

#include "base/parse.h"
#include "codec/cbw.h"

/* False: malformed. *ret is 0 without a query, which no ACE has. */
static bool query_aceid(const struct req *req, uint32_t *ret)
{
	struct span value;

	*ret = 0;
	return !query_find(req, "aceid", &value) || (parse_u32(value, ret) && *ret != 0);
}

static void write_one(const struct aclist *list, uint32_t aceid, struct buf *b)
{
	const struct ace *ace = acl_find(aclist_acl(list), aceid);

	cbw_array(b);
	if (ace)
		acl2_rep_write(ace, b);
	cbw_end(b);
}

enum verdict acl_get(struct exchange *x)
{
	struct buf *b = x->out->body;
	uint32_t aceid;

	if (!query_aceid(x->req, &aceid))
		return refuse(x, V_BAD_REQUEST, "malformed query");
	rep_open(x);
	cbw_str(b, "aclist2");
	if (aceid == 0)
		buf_put(b, aclist_octets(x->dev->acl));
	else
		write_one(x->dev->acl, aceid, b);
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

static void aclp(struct acl *acl)
{
	acl_done(acl);
}

/* The staged device gets the list. */
static enum verdict take_list(struct exchange *x, struct device *dev, struct acl *list)
{
	struct aclist *made;
	int r = aclist_new(&made, list);

	if (r == -EFBIG)
		return refuse(x, V_BAD_REQUEST, "the access control list gets too long");
	if (r < 0)
		return refuse(x, V_INTERNAL, "out of memory");
	(void)aclist_unref(dev->acl);
	dev->acl = made;
	return V_CHANGED;
}

enum verdict acl_post(struct exchange *x)
{
	CLEANUP(acl2_update_done) struct acl2_update u;
	CLEANUP(aclp) struct acl list = {0};
	struct device *dev;
	enum verdict v;

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
	if (u.acl.n == 0)
		return V_CHANGED;
	if (!acl_copy(&list, aclist_acl(dev->acl)))
		return refuse(x, V_INTERNAL, "out of memory");
	v = put_all(x, &list, &u.acl);
	return v == V_CHANGED ? take_list(x, dev, &list) : v;
}

enum verdict acl_delete(struct exchange *x)
{
	CLEANUP(aclp) struct acl list = {0};
	struct device *dev;
	uint32_t aceid;
	enum verdict v;

	if (!access_may_write(x->dev, &x->who, x->access, PROP_BIT(ACL2_ACLIST2)))
		return refuse(x, V_FORBIDDEN, "nothing is deleted in this state");
	if (!query_aceid(x->req, &aceid))
		return refuse(x, V_NOT_FOUND, "no such access control entry");
	if (!query_has_only(x->req, "aceid", NULL)) /* a slip must not delete all */
		return refuse(x, V_BAD_REQUEST, "unknown query");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	if (aceid != 0 && !acl_copy(&list, aclist_acl(dev->acl)))
		return refuse(x, V_INTERNAL, "out of memory");
	if (aceid != 0 && !acl_remove(&list, aceid))
		return refuse(x, V_NOT_FOUND, "no such access control entry");
	v = take_list(x, dev, &list);
	return v == V_CHANGED ? V_DELETED : v;
}

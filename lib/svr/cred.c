#include "svr/cred.h"

#include "base/parse.h"
#include "codec/cbw.h"
#include "svr/cert.h"
#include "svr/otm.h"

/* Which entries a query names. */
struct filter {
	bool by_id, by_subject;
	uint32_t credid;
	bool any; /* subject "*" */
	struct uuid subject;
};

static bool filter_parse(const struct req *req, struct filter *ret)
{
	struct filter f = {0};
	struct span value;

	f.by_id = query_find(req, "credid", &value);
	if (f.by_id && !parse_u32(value, &f.credid))
		return false;
	f.by_subject = query_find(req, "subjectuuid", &value);
	f.any = f.by_subject && span_is(value, "*");
	if (f.by_subject && !f.any && !uuid_parse(value, &f.subject))
		return false;
	*ret = f;
	return true;
}

static bool filter_takes(const struct filter *f, const struct cred *cred)
{
	return (!f->by_id || f->credid == cred->credid) &&
	       (!f->by_subject || (f->any ? cred->any : cred_names(cred, &f->subject)));
}

enum verdict cred_get(struct exchange *x)
{
	struct buf *b = x->out->body;
	struct filter f;

	if (!filter_parse(x->req, &f))
		return refuse(x, V_BAD_REQUEST, "malformed query");
	rep_open(x);
	cbw_str(b, "creds");
	cbw_array(b);
	for (size_t i = 0; i < x->dev->info->n_factory; i++) {
		struct cred cred = factory_cred(&x->dev->info->factory[i]);

		if (filter_takes(&f, &cred))
			cred_rep_write(&cred, false, b);
	}
	for (size_t i = 0; i < x->dev->n_creds; i++)
		if (filter_takes(&f, x->dev->creds[i]))
			cred_rep_write(x->dev->creds[i], false, b);
	cbw_end(b);
	cbw_kv_uuid(b, "rowneruuid", &x->dev->rowner[OWNER_CRED]);
	cbw_end(b);
	return V_CONTENT;
}

/* Nobody may lock a resource owner out for good. */
static bool leaves_orphan(const struct exchange *x, const struct device *after)
{
	const struct svr_wall *wall = &x->env->wall;

	for (size_t i = 0; i < OWNER_COUNT; i++)
		if (device_admits(x->dev, &after->rowner[i], wall) &&
		    !device_admits(after, &after->rowner[i], wall))
			return true;
	return false;
}

static bool is_owner_subject(const struct device *dev, const struct uuid *subject)
{
	return uuid_eq(subject, &dev->devowner) || uuid_eq(subject, &dev->rowner[OWNER_DOXM]) ||
	       uuid_eq(subject, &dev->rowner[OWNER_CRED]);
}

/* CR 2868: the owner credential, made by both sides from the keys of the DOC. */
static enum verdict derive(struct exchange *x, const struct device *dev, struct cred *cred)
{
	const struct otm *otm = otm_find(dev->oxmsel); /* a DOC has one */
	int r;

	if (!access_may_write(x->dev, &x->who, x->access, PROP_BIT(CRED_OWNER_KEY)) || !otm)
		return refuse(x, V_BAD_REQUEST, "empty key outside the onboarding connection");
	if (!is_owner_subject(dev, &cred->subject))
		return refuse(x, V_BAD_REQUEST, "empty key for a subject that is not the owner");
	r = x->env->owner_key(x->env->ctx, x->req->session, otm->label, &cred->subject, &dev->uuid,
			      cred->key.b);
	if (r == -EINVAL)
		return refuse(x, V_BAD_REQUEST, "owner credential cannot be derived");
	if (r < 0)
		return refuse(x, V_INTERNAL, "owner credential cannot be derived");
	cred->key.len = KEY_SHORT;
	return V_CHANGED;
}

/* Index of an entry of the device's own; n_creds: unknown. */
static size_t find(const struct device *dev, uint32_t credid)
{
	size_t i = 0;

	while (i < dev->n_creds && dev->creds[i]->credid != credid)
		i++;
	return i;
}

static bool is_factory(const struct device *dev, uint32_t credid)
{
	for (size_t i = 0; i < dev->info->n_factory; i++)
		if (dev->info->factory[i].credid == credid)
			return true;
	return false;
}

static uint32_t draw_credid(const struct device *dev, const struct svr_env *env)
{
	uint32_t id;

	do
		id = device_draw_id(env);
	while (is_factory(dev, id) || find(dev, id) < dev->n_creds);
	return id;
}

static bool is_known(const struct device *dev, const struct cred *cred)
{
	for (size_t i = 0; i < dev->n_creds; i++)
		if (cred_is_same(dev->creds[i], cred))
			return true;
	return false;
}

/* A known credid replaces, an exact duplicate without one is no news: OCF Security 13.3. */
static enum verdict put(struct exchange *x, struct device *dev, struct cred *draft)
{
	size_t i = find(dev, draft->credid);
	struct cred *cred;

	if (is_factory(dev, draft->credid))
		return refuse(x, V_BAD_REQUEST, "factory credentials are not replaced");
	if (draft->credid == NO_CREDID && is_known(dev, draft))
		return V_CHANGED;
	if (i == CREDS_MAX)
		return refuse(x, V_BAD_REQUEST, "too many credentials");
	if (draft->credid == NO_CREDID)
		draft->credid = draw_credid(dev, x->env);
	cred = cred_new(draft);
	if (!cred)
		return refuse(x, V_INTERNAL, "out of memory");
	if (i < dev->n_creds)
		(void)cred_unref(dev->creds[i]);
	else
		dev->n_creds++;
	dev->creds[i] = cred;
	return V_CHANGED;
}

static bool names_twice(const struct cred_update *u, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (u->creds[j].credid == u->creds[i].credid)
			return u->creds[i].credid != NO_CREDID;
	return false;
}

static bool is_to_derive(const struct cred *cred)
{
	return cred->usage == USAGE_NONE && cred->key.len == 0;
}

static enum verdict put_all(struct exchange *x, struct device *dev, struct cred_update *u)
{
	for (size_t i = 0; i < u->n_creds; i++) {
		enum verdict v = V_CHANGED;

		if (names_twice(u, i))
			return refuse(x, V_BAD_REQUEST, "the same credid twice");
		if (is_to_derive(&u->creds[i]))
			v = derive(x, dev, &u->creds[i]);
		if (v == V_CHANGED)
			v = put(x, dev, &u->creds[i]);
		if (v != V_CHANGED)
			return v;
	}
	if (leaves_orphan(x, dev))
		return refuse(x, V_BAD_REQUEST, "would replace the last credential of an owner");
	return V_CHANGED;
}

/* Certificates are judged by the list as it will be: an anchor may come behind what it vouches
 * for. */
static enum verdict check_all(struct exchange *x, const struct device *dev,
			      const struct cred_update *u)
{
	enum verdict v = V_CHANGED;

	for (size_t i = 0; i < u->n_creds && v == V_CHANGED; i++)
		if (u->creds[i].usage != USAGE_NONE)
			v = cert_check(x, dev, &u->creds[i]);
	return v;
}

enum verdict cred_post(struct exchange *x)
{
	CLEANUP(cred_update_wipe) struct cred_update u;
	struct device *dev;
	enum verdict v;

	if (!cred_rep_parse(x->req->body, &u))
		return refuse(x, V_BAD_REQUEST,
			      u.why ? u.why : "malformed body or an unknown name or value");
	if (!access_may_write(x->dev, &x->who, x->access, u.seen))
		return refuse(x, V_BAD_REQUEST, "property is not writable now");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	if (u.seen & PROP_BIT(CRED_ROWNERUUID)) /* before the keys, wherever in the message it is */
		dev->rowner[OWNER_CRED] = u.rowneruuid;
	v = put_all(x, dev, &u);
	if (v == V_CHANGED)
		v = check_all(x, dev, &u);
	if (v == V_CHANGED)
		trust_changed(x, dev);
	return v;
}

/* Factory credentials are there for good, and so is a way back for each owner. */
static bool names_factory(const struct device *dev, const struct filter *f)
{
	for (size_t i = 0; i < dev->info->n_factory; i++) {
		struct cred cred = factory_cred(&dev->info->factory[i]);

		if (filter_takes(f, &cred))
			return true;
	}
	return false;
}

static size_t remove_all(struct device *dev, const struct filter *f)
{
	size_t kept = 0, before = dev->n_creds;

	for (size_t i = 0; i < before; i++)
		if (filter_takes(f, dev->creds[i]))
			(void)cred_unref(dev->creds[i]);
		else
			dev->creds[kept++] = dev->creds[i];
	dev->n_creds = kept;
	return before - kept;
}

enum verdict cred_delete(struct exchange *x)
{
	struct filter f;
	struct device *dev;

	if (!access_may_write(x->dev, &x->who, x->access, PROP_BIT(CRED_CREDS)))
		return refuse(x, V_FORBIDDEN, "nothing is deleted in this state");
	if (!filter_parse(x->req, &f))
		return refuse(x, V_NOT_FOUND, "no such credential");
	if (!query_has_only(x->req, "credid", "subjectuuid")) /* a slip must not delete all */
		return refuse(x, V_BAD_REQUEST, "unknown query");
	if (names_factory(x->dev, &f))
		return refuse(x, V_BAD_REQUEST, "factory credentials are not deleted");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	if (remove_all(dev, &f) == 0 && (f.by_id || f.by_subject))
		return refuse(x, V_NOT_FOUND, "no such credential");
	if (leaves_orphan(x, dev))
		return refuse(x, V_BAD_REQUEST, "would delete the last credential of an owner");
	trust_changed(x, dev);
	return V_DELETED;
}

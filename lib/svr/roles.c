#include "svr/roles.h"

#include "base/parse.h"
#include "codec/cbw.h"
#include "svr/cert.h"
#include "svr/cred.h"

static const struct cbr_limits LIMITS = {
	.bytes = REQ_BODY_MAX, .depth = 4, .items = 512, .text = CRED_PUBLIC_MAX};

static void read_roles(struct cbr *c, struct roles_update *u)
{
	struct cred cred;

	cbr_array(c);
	while (cbr_more(c)) {
		if (!cred_rep_read_one(c, CRED_ROLE, &cred, &u->why))
			continue;
		if (cred.usage != USAGE_ROLECERT)
			cbr_fail(c, CBR_VALUE);
		if (u->n == SESSION_ROLES_MAX)
			cbr_fail(c, CBR_LIMIT);
		else
			u->roles[u->n++] = cred;
	}
}

bool roles_rep_parse(struct span body, struct roles_update *ret)
{
	struct span key;
	unsigned seen = 0;
	struct cbr c;

	*ret = (struct roles_update){0};
	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "roles", &seen, 1))
			read_roles(&c, ret);
		else
			cbr_fail(&c, CBR_VALUE);
	}
	return cbr_close(&c) == CBR_OK && seen != 0;
}

enum verdict roles_get(struct exchange *x)
{
	struct buf *b = x->out->body;

	rep_open(x);
	cbw_str(b, "roles");
	cbw_array(b);
	for (size_t i = 0; i < x->dev->n_asserted; i++)
		if (x->dev->asserted[i].session == x->req->session)
			cred_rep_write(x->dev->asserted[i].cred, false, b);
	cbw_end(b);
	cbw_end(b);
	return V_CONTENT;
}

/* The role's certificate with its issuers, which may come apart from it. */
static void join_chain(const struct cred *cred, struct buf *chain)
{
	buf_put(chain, cred->public);
	if (cred->optional_encoding == ENCODING_PEM) {
		buf_put_byte(chain, '\n');
		buf_put(chain, cred->optional);
	}
}

/* Held by the peer of this session, and by nobody else: OCF Security 9.4.2.4. */
static enum verdict check_holder(struct exchange *x, const struct svr_leaf *leaf)
{
	const struct req *req = x->req;

	if (!x->who.peer || !leaf->has_uuid || !uuid_eq(&leaf->uuid, x->who.peer))
		return refuse(x, V_BAD_REQUEST, "role certificate is for another peer");
	if (req->peer_key.len && !span_eq(req->peer_key, span_of(leaf->key, sizeof(leaf->key))))
		return refuse(x, V_BAD_REQUEST, "role certificate is for another key");
	if (!leaf->has_role)
		return refuse(x, V_BAD_REQUEST, "certificate has no role");
	if (span_starts(span_str(leaf->role), ROLE_RESERVED) && strcmp(leaf->role, ROLE_OWNER) != 0)
		return refuse(x, V_BAD_REQUEST, "role is reserved");
	return V_CHANGED;
}

static enum verdict check(struct exchange *x, struct span chain, struct svr_leaf *ret)
{
	const struct svr_env *env = x->env;
	const char *why = NULL;
	enum verdict v;
	int r;

	r = env->certs->leaf(env->ctx, chain, &x->dev->csr_key, ret, &why);
	if (r < 0)
		return cert_verdict(x, r, why);
	v = check_holder(x, ret);
	if (v != V_CHANGED)
		return v;
	r = env->certs->role(env->ctx, x->dev, &env->wall, chain, &why);
	return cert_verdict(x, r, why);
}

static bool is_asserted(const struct device *dev, uint64_t session, const struct cred *cred)
{
	for (size_t i = 0; i < dev->n_asserted; i++)
		if (dev->asserted[i].session == session &&
		    span_eq(dev->asserted[i].cred->public, cred->public))
			return true;
	return false;
}

static size_t count(const struct device *dev, uint64_t session)
{
	size_t n = 0;

	for (size_t i = 0; i < dev->n_asserted; i++)
		n += dev->asserted[i].session == session;
	return n;
}

static uint32_t draw_credid(const struct device *dev, const struct svr_env *env)
{
	uint32_t id;
	bool taken;

	do {
		id = device_draw_id(env);
		taken = false;
		for (size_t i = 0; i < dev->n_asserted; i++)
			taken = taken || dev->asserted[i].cred->credid == id;
	} while (taken);
	return id;
}

/* Its name, identifier and holder are the certificate's, whatever the peer wrote. */
static enum verdict add(struct exchange *x, struct device *dev, const struct cred *role,
			const struct svr_leaf *leaf)
{
	struct cred draft = *role;
	struct asserted *a;

	if (is_asserted(dev, x->req->session, role))
		return V_CHANGED;
	if (dev->n_asserted == ROLES_MAX || count(dev, x->req->session) == SESSION_ROLES_MAX)
		return refuse(x, V_BAD_REQUEST, "too many roles");
	draft.credid = draw_credid(dev, x->env);
	draft.any = false;
	draft.subject = leaf->uuid;
	draft.role = span_str(leaf->role);
	draft.authority = span_str(leaf->authority);
	a = &dev->asserted[dev->n_asserted];
	*a = (struct asserted){
		.session = x->req->session,
		.anchors = device_anchors(dev, &x->env->wall),
		.from_us = leaf->from_us,
		.until_us = leaf->until_us,
		.cred = cred_new(&draft),
	};
	if (!a->cred)
		return refuse(x, V_INTERNAL, "out of memory");
	dev->n_asserted++;
	return V_CHANGED;
}

static enum verdict assert_one(struct exchange *x, struct device *dev, const struct cred *role)
{
	struct buf chain = BUF_INIT(CRED_PUBLIC_MAX + CRED_OPTIONAL_MAX + 1);
	struct svr_leaf leaf;
	enum verdict v;

	join_chain(role, &chain);
	v = buf_ok(&chain) ? check(x, buf_span(&chain), &leaf)
			   : refuse(x, V_INTERNAL, "out of memory");
	if (v == V_CHANGED)
		v = add(x, dev, role, &leaf);
	buf_done(&chain);
	return v;
}

enum verdict roles_post(struct exchange *x)
{
	enum verdict v = V_CHANGED;
	struct roles_update u;
	struct device *dev;

	if (!roles_rep_parse(x->req->body, &u))
		return refuse(x, V_BAD_REQUEST,
			      u.why ? u.why : "malformed body or an unknown name or value");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	x->out->store = false; /* roles end with their session */
	for (size_t i = 0; i < u.n && v == V_CHANGED; i++)
		v = assert_one(x, dev, &u.roles[i]);
	return v;
}

enum verdict roles_delete(struct exchange *x)
{
	struct device *dev;
	struct span value;
	uint32_t credid = 0;
	size_t before;
	bool by_id;

	if (!query_has_only(x->req, "credid", NULL)) /* a slip must not retract all */
		return refuse(x, V_BAD_REQUEST, "unknown query");
	by_id = query_find(x->req, "credid", &value);
	if (by_id && !parse_u32(value, &credid))
		return refuse(x, V_NOT_FOUND, "no such role");
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	x->out->store = false;
	before = dev->n_asserted;
	device_retract(dev, x->req->session, by_id ? &credid : NULL);
	if (by_id && dev->n_asserted == before)
		return refuse(x, V_NOT_FOUND, "no such role");
	return V_DELETED;
}

static bool still_stands(const struct device *dev, const struct asserted *a,
			 const struct svr_env *env)
{
	struct buf chain = BUF_INIT(CRED_PUBLIC_MAX + CRED_OPTIONAL_MAX + 1);
	const char *why;
	bool stands;

	join_chain(a->cred, &chain);
	stands = buf_ok(&chain) &&
		 env->certs->role(env->ctx, dev, &env->wall, buf_span(&chain), &why) >= 0;
	buf_done(&chain);
	return stands;
}

void roles_review(struct device *dev, const struct svr_env *env)
{
	const uint64_t anchors = device_anchors(dev, &env->wall);
	size_t kept = 0;

	for (size_t i = 0; i < dev->n_asserted; i++) {
		struct asserted *a = &dev->asserted[i];

		if (still_stands(dev, a, env)) {
			dev->asserted[kept] = *a;
			dev->asserted[kept++].anchors = anchors;
		} else {
			(void)cred_unref(a->cred);
		}
	}
	dev->n_asserted = kept;
}

#include "certs.h"

#include "base/log.h"

struct x509_time certs_time(const struct svr_wall *wall)
{
	return (struct x509_time){.us = wall->us, .trusted = wall->trusted};
}

static int add_anchors(struct x509_trust *t, const struct device *dev, const struct svr_wall *wall)
{
	const struct uuid *subject;
	const char *why = NULL;
	struct span pem;

	for (size_t i = 0; svr_anchor(dev, wall, &i, &pem, &subject); i++) {
		int r = x509_trust_add(t, pem, subject, &why);

		if (r == -EBADMSG) /* judged when it came in: by other rules, then */
			log_debug("cred: anchor is not used why=%s", why);
		else if (r < 0)
			return r;
	}
	return 0;
}

int certs_trust(const struct device *dev, const struct svr_wall *wall, struct x509_trust **ret)
{
	CLEANUP(x509_trust_freep) struct x509_trust *t = NULL;
	const char *why = NULL;
	int r = x509_trust_new(&t);

	if (r >= 0)
		r = add_anchors(t, dev, wall);
	if (r >= 0 && svr_crl(dev).len)
		r = x509_trust_add_crl(t, svr_crl(dev), &why);
	if (r == -EBADMSG) { /* its anchor is gone, and all that this one vouched for */
		log_debug("crl: not used why=%s", why);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret = t;
	t = NULL;
	return 0;
}

static int key_new(void *ctx, struct secret *ret)
{
	(void)ctx;
	return x509_secret_new(ret);
}

static int csr(void *ctx, const struct secret *key, const struct uuid *subject, struct buf *ret_pem)
{
	CLEANUP(x509_key_freep) struct x509_key *k = NULL;
	int r = x509_key_from_secret(key, &k);

	(void)ctx;
	if (r >= 0)
		r = x509_csr_write(k, subject, ret_pem);
	return r == -EBADMSG ? -EIO : r; /* the key is ours, not the peer's */
}

static int is_key_of(const struct secret *number, const struct x509_point *point, bool *ret)
{
	CLEANUP(x509_key_freep) struct x509_key *k = NULL;
	int r;

	*ret = false;
	if (number->len == 0)
		return 0;
	r = x509_key_from_secret(number, &k);
	if (r < 0)
		return r == -EBADMSG ? -EIO : r;
	*ret = memcmp(x509_key_point(k), point, sizeof(*point)) == 0;
	return 0;
}

static int leaf(void *ctx, struct span pem, const struct secret *key, struct svr_leaf *ret,
		const char **ret_why)
{
	CLEANUP(x509_chain_freep) struct x509_chain *chain = NULL;
	struct x509_role role;
	int r = x509_chain_parse(pem, &chain, ret_why);

	(void)ctx;
	if (r < 0)
		return r;
	*ret = (struct svr_leaf){0};
	ret->has_uuid = x509_chain_uuid(chain, &ret->uuid);
	memcpy(ret->key, x509_chain_key(chain)->b, sizeof(ret->key));
	x509_chain_period(chain, &ret->from_us, &ret->until_us);
	ret->has_role = x509_chain_role(chain, 0, &role);
	if (ret->has_role) {
		memcpy(ret->role, role.name, sizeof(ret->role));
		memcpy(ret->authority, role.authority, sizeof(ret->authority));
	}
	return is_key_of(key, x509_chain_key(chain), &ret->is_own);
}
_Static_assert(sizeof(((struct svr_leaf *)0)->role) == sizeof(((struct x509_role *)0)->name),
	       "roles of one length");

static int anchor(void *ctx, struct span pem, const char **ret_why)
{
	CLEANUP(x509_trust_freep) struct x509_trust *t = NULL;
	int r = x509_trust_new(&t);

	(void)ctx;
	return r < 0 ? r : x509_trust_add(t, pem, NULL, ret_why);
}

static int role(void *ctx, const struct device *dev, const struct svr_wall *wall, struct span pem,
		const char **ret_why)
{
	CLEANUP(x509_chain_freep) struct x509_chain *chain = NULL;
	CLEANUP(x509_trust_freep) struct x509_trust *t = NULL;
	struct x509_time now = certs_time(wall);
	int r = x509_chain_parse(pem, &chain, ret_why);

	(void)ctx;
	if (r >= 0)
		r = certs_trust(dev, wall, &t);
	if (r >= 0)
		r = x509_verify(chain, X509_ROLE, t, &now, ret_why);
	return r == -EKEYREJECTED || r == -EKEYEXPIRED || r == -EKEYREVOKED || r == -ENOKEY
		       ? -EBADMSG
		       : r;
}

static int crl(void *ctx, const struct device *dev, const struct svr_wall *wall, struct span der,
	       uint64_t *ret_made_us, const char **ret_why)
{
	CLEANUP(x509_trust_freep) struct x509_trust *t = NULL;
	int r = x509_trust_new(&t);

	(void)ctx;
	if (r >= 0)
		r = add_anchors(t, dev, wall);
	if (r >= 0)
		r = x509_trust_add_crl(t, der, ret_why);
	return r < 0 ? r : x509_crl_time(der, ret_made_us);
}

const struct svr_certs CERTS = {
	.key_new = key_new,
	.csr = csr,
	.leaf = leaf,
	.anchor = anchor,
	.role = role,
	.crl = crl,
};

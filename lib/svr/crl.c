#include "svr/crl.h"

#include "codec/b64.h"
#include "codec/cbw.h"
#include "svr/cert.h"

#define CRL_TEXT_MAX (CRL_MAX / 3 * 4 + 4) /* base64 */

static const struct cbr_limits LIMITS = {
	.bytes = REQ_BODY_MAX, .depth = 1, .items = 8, .text = CRL_TEXT_MAX};

void crl_update_done(struct crl_update *u)
{
	buf_done(&u->der);
}

static struct span read_text(struct cbr *c)
{
	struct span text = cbr_text(c);

	if (text.len > SVR_TEXT_MAX || (text.len && memchr(text.ptr, 0, text.len)))
		cbr_fail(c, CBR_VALUE);
	return text;
}

bool crl_rep_parse(struct span body, struct crl_update *ret)
{
	struct span key;
	struct cbr c;

	*ret = (struct crl_update){.der = BUF_INIT(CRL_MAX)};
	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "crlid", &ret->seen, PROP_BIT(CRL_CRLID))) {
			ret->crlid = (uint32_t)cbr_uint(&c, ID_MAX);
		} else if (cbr_member(&c, key, "thisupdate", &ret->seen,
				      PROP_BIT(CRL_THISUPDATE))) {
			ret->thisupdate = read_text(&c);
		} else if (cbr_member(&c, key, "crldata", &ret->seen, PROP_BIT(CRL_CRLDATA))) {
			if (b64_decode_padded(cbr_text(&c), &ret->der) < 0)
				cbr_fail(&c, CBR_VALUE);
		} else {
			cbr_fail(&c, CBR_VALUE);
		}
	}
	return cbr_close(&c) == CBR_OK && ret->der.len > 0;
}

bool crl_rep_read(struct device *dev, struct cbr *c)
{
	struct span key, thisupdate = {0}, der = {0};
	uint32_t crlid = 0;
	unsigned seen = 0;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "crlid", &seen, PROP_BIT(CRL_CRLID)))
			crlid = (uint32_t)cbr_uint(c, ID_MAX);
		else if (cbr_member(c, key, "thisupdate", &seen, PROP_BIT(CRL_THISUPDATE)))
			thisupdate = read_text(c);
		else if (cbr_member(c, key, "crldata", &seen, PROP_BIT(CRL_CRLDATA)))
			der = cbr_bytes(c);
		else
			cbr_fail(c, CBR_VALUE);
	}
	if (c->err != CBR_OK || (seen && der.len == 0) || der.len > CRL_MAX)
		return false;
	dev->crl = seen ? crl_new(crlid, thisupdate, der) : NULL;
	return dev->crl || !seen;
}

static void write_heads(const struct crl *crl, struct buf *b)
{
	cbw_kv_uint(b, "crlid", crl ? crl->crlid : 0);
	cbw_kv_str(b, "thisupdate", crl ? crl->thisupdate : "");
	cbw_str(b, "crldata");
}

void crl_rep_write_stored(const struct device *dev, struct buf *b)
{
	if (!dev->crl)
		return;
	write_heads(dev->crl, b);
	cbw_bytes(b, svr_crl(dev));
}

enum verdict crl_get(struct exchange *x)
{
	struct buf text = BUF_INIT(CRL_TEXT_MAX), *b = x->out->body;

	b64_encode_padded(svr_crl(x->dev), &text);
	rep_open(x);
	write_heads(x->dev->crl, b);
	cbw_text(b, buf_span(&text));
	cbw_end(b);
	b->failed = b->failed || !buf_ok(&text);
	buf_done(&text);
	return V_CONTENT;
}

/* Whoever holds an old list must not bring back what a newer one has revoked. */
static enum verdict check(struct exchange *x, const struct crl_update *u)
{
	const struct svr_env *env = x->env;
	uint64_t made_us, before_us;
	const char *why = NULL;
	int r;

	r = env->certs->crl(env->ctx, x->dev, &env->wall, buf_span(&u->der), &made_us, &why);
	if (r < 0)
		return cert_verdict(x, r, why);
	r = env->certs->crl(env->ctx, x->dev, &env->wall, svr_crl(x->dev), &before_us, &why);
	if (r >= 0 && made_us < before_us)
		return refuse(x, V_BAD_REQUEST,
			      "the revocation list is older than the present one");
	return V_CHANGED; /* a list whose anchor is gone says nothing any more */
}

enum verdict crl_post(struct exchange *x)
{
	CLEANUP(crl_update_done) struct crl_update u;
	struct device *dev;
	struct crl *crl;
	enum verdict v;

	if (!crl_rep_parse(x->req->body, &u))
		return refuse(x, V_BAD_REQUEST, "malformed body or an unknown name");
	if (!access_may_write(x->dev, &x->who, x->access, u.seen))
		return refuse(x, V_BAD_REQUEST, "property is not writable now");
	v = check(x, &u);
	if (v != V_CHANGED)
		return v;
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	crl = crl_new(u.crlid, u.thisupdate, buf_span(&u.der));
	if (!crl)
		return refuse(x, V_INTERNAL, "out of memory");
	(void)crl_unref(dev->crl);
	dev->crl = crl;
	trust_changed(x, dev);
	return V_CHANGED;
}

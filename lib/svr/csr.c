#include "svr/csr.h"

#include "codec/cbw.h"

/* Signatures differ each time: the text is kept, so that the blocks of one answer fit together. */
static bool is_current(const struct device *dev)
{
	return dev->csr.len != 0 && uuid_eq(&dev->csr.subject, &dev->uuid);
}

static int make_key(struct exchange *x, struct device *dev)
{
	int r;

	if (dev->csr_key.len)
		return 0;
	r = x->env->certs->key_new(x->env->ctx, &dev->csr_key);
	if (r >= 0)
		x->out->effects |= FX_REKEY;
	return r;
}

static enum verdict renew(struct exchange *x, struct device *dev)
{
	struct buf pem = BUF_INIT(sizeof(dev->csr.pem));
	int r = make_key(x, dev);

	if (r >= 0)
		r = x->env->certs->csr(x->env->ctx, &dev->csr_key, &dev->uuid, &pem);
	if (r >= 0 && buf_ok(&pem)) {
		memcpy(dev->csr.pem, pem.ptr, pem.len);
		dev->csr.len = pem.len;
		dev->csr.subject = dev->uuid;
	}
	r = r >= 0 && !buf_ok(&pem) ? -EFBIG : r;
	buf_done(&pem);
	return r < 0 ? refuse(x, V_INTERNAL, "certificate request cannot be made") : V_CONTENT;
}

enum verdict csr_get(struct exchange *x)
{
	const struct device *dev = x->dev;
	struct buf *b = x->out->body;

	if (!is_current(dev)) {
		struct device *staged = stage(x);

		if (!staged || renew(x, staged) != V_CONTENT)
			return V_INTERNAL;
		x->out->store = x->out->store && x->dev->csr_key.len == 0;
		dev = staged;
	}
	rep_open(x);
	cbw_kv_text(b, "csr", span_of(dev->csr.pem, dev->csr.len));
	cbw_kv_str(b, "encoding", "oic.sec.encoding.pem");
	cbw_end(b);
	return V_CONTENT;
}

#include "svr/mnt.h"

#include "codec/cbr.h"
#include "codec/cbw.h"
#include "svr/dos.h"

static const struct cbr_limits LIMITS = {.bytes = MNT_BODY_MAX, .depth = 1, .items = 8, .text = 8};

bool mnt_rep_parse(struct span body, bool *ret_reset)
{
	bool reset = false;
	unsigned seen = 0;
	struct span key;
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "fr", &seen, 1))
			reset = cbr_bool(&c);
		else
			cbr_fail(&c, CBR_VALUE);
	}
	if (cbr_close(&c) != CBR_OK || !seen)
		return false;
	*ret_reset = reset;
	return true;
}

void mnt_rep_write(const struct device *dev, struct buf *b)
{
	cbw_kv_bool(b, "fr", dev->dos == DOS_RESET);
}

enum verdict mnt_post(struct exchange *x)
{
	struct device *dev;
	bool reset;

	if (!mnt_rep_parse(x->req->body, &reset))
		return refuse(x, V_BAD_REQUEST, "malformed body or an unknown name");
	if (!reset)
		return V_CHANGED;
	dev = stage(x);
	if (!dev)
		return V_INTERNAL;
	return dos_reset(dev, x->req->session, BY_CLIENT, x->out)
		       ? V_CHANGED
		       : refuse(x, V_BAD_REQUEST, "no such step from this state");
}

/* Each entry taken writes to one that reads back with the same meaning. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/cbw.h"
#include "svr/acl.h"

static void expect_same(struct ace *ace)
{
	struct buf b = BUF_INIT(REQ_BODY_MAX);
	struct acl2_update again;

	if (ace->aceid == 0)
		ace->aceid = 1;
	cbw_map(&b);
	cbw_str(&b, "aclist2");
	cbw_array(&b);
	acl2_rep_write(ace, &b);
	cbw_end(&b);
	cbw_end(&b);
	if (!buf_ok(&b) || !acl2_rep_parse(buf_span(&b), &again) || again.acl.n != 1 ||
	    again.acl.v[0]->subject != ace->subject ||
	    again.acl.v[0]->permission != ace->permission ||
	    again.acl.v[0]->n_resources != ace->n_resources)
		abort();
	acl2_update_done(&again);
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acl2_update u;
	bool ok = acl2_rep_parse(span_of(data, size), &u);

	for (size_t i = 0; ok && i < u.acl.n; i++)
		expect_same(u.acl.v[i]);
	acl2_update_done(&u);
	return ok ? 0 : -1;
}

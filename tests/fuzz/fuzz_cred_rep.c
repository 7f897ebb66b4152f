/* Each credential taken is one that a handshake can use, or one to derive, and it reads back. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/cbw.h"
#include "svr/cred.h"

static void expect_same(const struct cred *cred)
{
	static struct cred_update again;
	struct buf b = BUF_INIT(REQ_BODY_MAX);

	cbw_map(&b);
	cbw_str(&b, "creds");
	cbw_array(&b);
	cred_rep_write(cred, true, &b);
	cbw_end(&b);
	cbw_end(&b);
	if (!buf_ok(&b) || !cred_rep_parse(buf_span(&b), &again) || again.n_creds != 1 ||
	    !cred_is_same(&again.creds[0], cred) || again.creds[0].credid != cred->credid)
		abort();
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cred_update u;

	if (!cred_rep_parse(span_of(data, size), &u))
		return -1;
	for (size_t i = 0; i < u.n_creds; i++) {
		const struct cred *cred = &u.creds[i];
		const bool pairwise = cred->usage == USAGE_NONE;

		if ((uuid_is_nil(&cred->subject) && !cred->any) || pairwise != !cred->public.len ||
		    (cred->key.len != 0 && cred->key.len != KEY_SHORT &&
		     cred->key.len != KEY_LONG) ||
		    (!pairwise && cred->key.len))
			abort();
		if (u.creds[i].credid != NO_CREDID)
			expect_same(&u.creds[i]);
	}
	return 0;
}

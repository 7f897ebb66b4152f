/* Each credential taken is one that a handshake can use, or one to derive, and it reads back. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/cbw.h"
#include "svr/cred.h"

static void expect_same(const struct cred *cred)
{
	static struct cred_update again;
	struct buf b = BUF_INIT(1024);

	cbw_map(&b);
	cbw_str(&b, "creds");
	cbw_array(&b);
	cred_rep_write(cred, true, &b);
	cbw_end(&b);
	cbw_end(&b);
	if (!buf_ok(&b) || !cred_rep_parse(buf_span(&b), &again) || again.n_creds != 1 ||
	    !secret_eq(&again.creds[0].key, &cred->key) || again.creds[0].credid != cred->credid)
		abort();
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cred_update u;

	if (!cred_rep_parse(span_of(data, size), &u))
		return -1;
	for (size_t i = 0; i < u.n_creds; i++) {
		size_t len = u.creds[i].key.len;

		if (uuid_is_nil(&u.creds[i].subject) ||
		    (len != 0 && len != KEY_SHORT && len != KEY_LONG))
			abort();
		if (u.creds[i].credid != NO_CREDID)
			expect_same(&u.creds[i]);
	}
	return 0;
}

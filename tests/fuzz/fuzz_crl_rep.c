/* A list taken has octets, within its limit. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/crl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crl_update u;
	bool taken = crl_rep_parse(span_of(data, size), &u);

	if (taken && (u.der.len == 0 || u.der.len > CRL_MAX || u.thisupdate.len > SVR_TEXT_MAX ||
		      u.crlid > ID_MAX))
		abort();
	crl_update_done(&u);
	return taken ? 0 : -1;
}

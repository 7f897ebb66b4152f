/* COSE messages: all that is read of one lies inside it. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/cose_sign.h"

static bool inside(struct span part, struct span whole)
{
	return part.len == 0 || (part.ptr >= whole.ptr && part.len <= whole.len &&
				 (size_t)(part.ptr - whole.ptr) <= whole.len - part.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cose_sign_freep) struct cose_sign *m = NULL;
	struct span message;

	if (cose_sign_parse(span_of(data, size), "application/vnd.ocf-fw-manifest+cbor", &m) !=
	    FWE_OK)
		return -1;
	message = buf_span(&m->octets);
	if (message.len > size || m->n == 0 || m->n > ENVELOPE_SIGNATURES_MAX ||
	    !inside(m->payload, message))
		abort();
	for (size_t i = 0; i < m->n; i++) {
		const struct cose_entry *e = &m->entries[i];

		if (!inside(e->signature, message) || !inside(e->header.protected, message) ||
		    !buf_ok(&e->kid))
			abort();
		for (size_t p = 0; p < e->header.n; p++)
			if (!inside(e->header.params[p].value, message))
				abort();
	}
	return 0;
}

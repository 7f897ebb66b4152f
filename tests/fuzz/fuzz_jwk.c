/* Trust store files: every key that is taken can be exported and gives the same thumbprint. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(trust_freep) struct trust *trust = NULL;
	char error[128];

	if (trust_parse(span_of(data, size), &trust, error, sizeof(error)) < 0)
		return -1;
	for (size_t i = 0; i < trust_count(trust); i++) {
		CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(trust_at(trust, i)->key);

		if (!span_is(jsn_text(jsn_get(jwk, "kid")), trust_at(trust, i)->thumbprint))
			abort();
	}
	return 0;
}

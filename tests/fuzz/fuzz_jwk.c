/* Trust store files: every key that is taken can be exported, with its kid and thumbprint. */
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
		const struct trust_key *k = trust_at(trust, i);
		CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(k->key);
		char thumbprint[JWK_THUMBPRINT_LEN + 1];

		if (jwk_thumbprint(jwk, thumbprint) < 0 || strcmp(thumbprint, k->thumbprint) != 0 ||
		    !span_is(jsn_text(jsn_get(jwk, "kid")), k->kid))
			abort();
	}
	return 0;
}

/* COSE_Key sets: a key that is taken is written and read again as the same key. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/cose_key.h"
#include "crypto/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(trust_freep) struct trust *trust = NULL;
	char error[128];
	const char *why;

	if (size == 0 || data[0] < 0x80 ||
	    trust_parse(span_of(data, size), &trust, error, sizeof(error)) < 0)
		return -1;
	for (size_t i = 0; i < trust_count(trust); i++) {
		CLEANUP(jsn_freep)
		struct jsn *jwk = jwk_export(trust_at(trust, i)->key), *again = NULL;
		CLEANUP(key_freep) struct key *k = NULL;
		CLEANUP(buf_done) struct buf cbor = BUF_INIT(4096);

		if (cose_key_put(jwk, &cbor) < 0 ||
		    cose_key_to_jwk(buf_span(&cbor), &again, &why) != JWK_OK ||
		    jwk_import(again, &k, &why) != JWK_OK ||
		    key_type(k) != key_type(trust_at(trust, i)->key))
			abort();
	}
	return 0;
}

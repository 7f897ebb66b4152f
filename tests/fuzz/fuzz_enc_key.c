/* Files of keys to decrypt with: what is taken is written and read again as the same key. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/enc_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL, *again = NULL;
	CLEANUP(jsn_freep) struct jsn *jwk = NULL, *second = NULL;
	const char *why;

	if (enc_key_parse(span_of(data, size), &k, &why) < 0)
		return -1;
	jwk = enc_key_export(k, enc_key_is_secret(k));
	if (!jwk || enc_key_import(jwk, &again, &why) != JWK_OK)
		abort();
	second = enc_key_export(again, enc_key_is_secret(again));
	if (!second || enc_key_alg(again) != enc_key_alg(k) ||
	    !span_is(jsn_text(jsn_get(second, "kid")), enc_key_kid(again)))
		abort();
	return 0;
}

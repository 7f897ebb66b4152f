/* Encrypted COSE to a symmetric key and to a pair: what opens is shorter than what hid it. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/cose_encrypt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char WRAP[] = "{\"kty\":\"oct\",\"alg\":\"A128KW\",\"kid\":\"b3VyLXNlY3JldA\","
				   "\"k\":\"hJtXIZ2uSN5kbQfbtTNWbg\"}";
	static const char PAIR[] = "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"alg\":\"ECDH-ES\","
				   "\"x\":\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08\","
				   "\"d\":\"XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os\"}";
	static struct enc_key *wrap, *pair;
	CLEANUP(buf_done) struct buf out = {0};
	struct enc_ring ring = {.n = 2};
	const char *why;

	if (!wrap && (enc_key_parse(span_str(WRAP), &wrap, &why) < 0 ||
		      enc_key_parse(span_str(PAIR), &pair, &why) < 0))
		abort();
	ring.keys[0] = wrap;
	ring.keys[1] = pair;
	if (cose_decrypt(span_of(data, size), span_of(NULL, 0), &ring, &out) == FWE_OK &&
	    out.len >= size)
		abort();
	return 0;
}

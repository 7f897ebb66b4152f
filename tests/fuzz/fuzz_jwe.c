/* JWE to a symmetric key and to a pair: what opens is shorter than the message that hid it. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/jwe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char WRAP[] = "{\"kty\":\"oct\",\"alg\":\"A256KW\",\"kid\":\"MV6EZxHoukAbf-"
				   "b4zgVZ16kX139SgmKyijdE4YNKhas\","
				   "\"k\":\"YPjVUMqiYYZOhECQ2Tm9aVive7du8uW1B_CR2QLlQ24\"}";
	static const char PAIR[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ECDH-ES\","
				   "\"kid\":\"iNZi7b7pccWYxVqtyMYCK5ty5yMyiJoEOEUKvsPFs44\","
				   "\"d\":\"8mRGh740GH7BlCtGJEIRhVhfb3i98XCAVsWfFEiALho\","
				   "\"x\":\"9V826rPOZ-sZ1hncJO-zRyHdvwKFZeN5S23AZ5Siekw\","
				   "\"y\":\"iO1I24tJ04gUMp43P5WilBhwijjebnfrwS9CmFQJSGI\"}";
	static const struct jsn_limits LIMITS = {65536, 16};
	static struct enc_key *wrap, *pair;
	CLEANUP(jsn_freep) struct jsn *root = NULL;
	CLEANUP(buf_done) struct buf out = {0};
	struct enc_ring ring = {.n = 2};
	const char *why;

	if (!wrap && (enc_key_parse(span_str(WRAP), &wrap, &why) < 0 ||
		      enc_key_parse(span_str(PAIR), &pair, &why) < 0))
		abort();
	ring.keys[0] = wrap;
	ring.keys[1] = pair;
	if (size > 0 && data[0] == '{' && jsn_parse(span_of(data, size), &LIMITS, &root) != JSN_OK)
		return -1;
	if (jwe_decrypt(span_of(data, size), root, &ring, &out) == FWE_OK && out.len >= size)
		abort();
	return 0;
}

/* Records of key-info: whatever they say, no key but the installed one has the role root. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/keyset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char STORE[] =
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
		"\"sSVjekythFuAfXCHJj8EYdb0vGRjDeSmDkPNjHujBDA\",\"kid\":\"r\",\"x-ocf-roles\":"
		"[\"root\"],\"x-ocf-manufacturers\":[\"m\"]}],\"x-ocf-key-info-version\":1}";
	static struct trust *store;
	CLEANUP(trust_freep) struct trust *trust = NULL;
	uint64_t version;
	char error[128];

	if (!store && trust_parse(span_str(STORE), &store, error, sizeof(error)) < 0)
		abort();
	if (keyset_trust(store, span_of(data, size), &trust, &version, error, sizeof(error)) < 0)
		return -1;
	for (size_t i = 0; i < trust_count(trust); i++) {
		const struct trust_key *k = trust_at(trust, i);

		if ((k->roles & TRUST_ROOT) != 0 &&
		    strcmp(k->thumbprint, trust_at(store, 0)->thumbprint) != 0)
			abort();
	}
	return 0;
}

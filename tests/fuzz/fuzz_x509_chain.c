/* Chains in PEM, judged for each use at a time when they may be good. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/x509.h"

static const struct x509_time NOW = {.us = UINT64_C(1800000000000000), .trusted = true};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
	CLEANUP(x509_trust_freep) struct x509_trust *trust = NULL;
	const char *why = NULL;
	struct x509_role role;
	struct uuid id;

	if (x509_trust_new(&trust) < 0)
		return -1;
	if (x509_trust_add(trust, span_of(data, size), NULL, &why) < 0 && !why)
		abort();
	if (x509_chain_parse(span_of(data, size), &c, &why) < 0)
		return -1;
	if (x509_chain_uuid(c, &id) && x509_chain_len(c) == 0)
		abort();
	if (x509_chain_is_for(c, ""))
		abort();
	for (size_t i = 0; x509_chain_role(c, i, &role); i++)
		if (!role.name[0] || !role.authority[0])
			abort();
	for (unsigned use = X509_IDENTITY; use <= X509_SERVER; use++)
		if (x509_verify(c, (enum x509_use)use, trust, &NOW, &why) < 0 && !why)
			abort();
	return 0;
}

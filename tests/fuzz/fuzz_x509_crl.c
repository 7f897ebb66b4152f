/* Revocation lists; nobody trusts the signer, so the time is what is read of them. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(x509_trust_freep) struct x509_trust *trust = NULL;
	const char *why = NULL;
	uint64_t when;

	if (x509_trust_new(&trust) < 0)
		return -1;
	if (x509_trust_add_crl(trust, span_of(data, size), &why) == 0 || !why)
		abort();
	return x509_crl_time(span_of(data, size), &when) < 0 ? -1 : 0;
}

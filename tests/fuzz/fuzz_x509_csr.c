/* Certificate requests. */
#include "fuzz.h"

#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct x509_point key;
	const char *why;
	struct uuid id;

	return x509_csr_parse(span_of(data, size), &id, &key, &why) < 0 ? -1 : 0;
}

/* Private keys in PEM: one that is taken can sign a request for itself. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(x509_key_freep) struct x509_key *k = NULL;
	struct buf pem = BUF_INIT(X509_PEM_MAX);
	struct x509_point point;
	const char *why;
	struct uuid id;

	if (x509_key_from_pem(span_of(data, size), &k, &why) < 0)
		return -1;
	if (x509_csr_write(k, &(struct uuid){{1}}, &pem) == 0 &&
	    (x509_csr_parse(buf_span(&pem), &id, &point, &why) < 0 ||
	     memcmp(&point, x509_key_point(k), sizeof(point)) != 0))
		abort();
	buf_done(&pem);
	return 0;
}

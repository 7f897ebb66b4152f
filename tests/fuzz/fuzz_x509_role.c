/* subjectAltNames of certificates that are good otherwise: the input is the extension. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/x509.h"
#include "tests/unit/x509_maker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
	static struct made ca;
	struct spec spec = SPEC_END("CN=uuid:" MAKER_UUID);
	struct x509_role role;
	const char *why;
	struct made m;

	if (size == 0 || size > X509_DER_MAX)
		return -1;
	if (!ca.crt)
		make(&ca, &SPEC_CA("CN=CA", -1), NULL);
	spec.san = data;
	spec.san_len = size;
	make(&m, &spec, &ca);
	if (x509_chain_parse(span_str(m.pem), &c, &why) == 0)
		for (size_t i = 0; x509_chain_role(c, i, &role); i++)
			if (!role.name[0] || !span_is_utf8(span_str(role.authority)))
				abort();
	unmake(&m);
	return 0;
}

/* Containers against a trust store: what opens has a payload and signers that were trusted. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char STORE[] =
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
		"\"sSVjekythFuAfXCHJj8EYdb0vGRjDeSmDkPNjHujBDA\",\"kid\":"
		"\"p9f17ei1QCu8lXxx4VmTUycYYZht-si9_qQMLkWzGtY\",\"x-ocf-roles\":[\"manifest\"],"
		"\"x-ocf-manufacturers\":[\"example.com\"]}]}";
	static const struct envelope_policy POLICY = {
		65536,          SIG_ALL,      1, "ocf-fw-manifest+jws", NULL, NULL,
		TRUST_MANIFEST, "example.com"};
	static struct trust *trust;
	struct envelope env = {0};
	char error[128];

	if (!trust && trust_parse(span_str(STORE), &trust, error, sizeof(error)) < 0)
		abort();
	if (envelope_open(span_of(data, size), trust, &POLICY, &env) == FWE_OK &&
	    (env.n_signers != 1 || env.signers[0] != trust_at(trust, 0)))
		abort();
	envelope_done(&env);
	return 0;
}

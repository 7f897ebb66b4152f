/* A client that looks at certificates takes whatever a server may send it. */
#include "fuzz_dtls.h"

static int fuzz_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	const struct x509_time now = {.us = UINT64_C(1800000000000000), .trusted = true};
	const struct x509_trust *trust = arg;
	const char *why = NULL;
	int r;

	(void)profile;
	r = x509_verify(chain, X509_MANUFACTURER, trust, &now, &why);
	if (r == 0 || !why) /* nobody is trusted */
		abort();
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dtls_offer offer = {.profile = DTLS_MFG, .handshake_us = 1000000};
	static const struct dtls_ops ops = {
		.send = fuzz_send, .psk = fuzz_psk, .cert = fuzz_cert, .data = fuzz_data};
	CLEANUP(dtls_session_freep) struct dtls_session *s = NULL;
	struct span rest = span_of(data, size), datagram;
	static struct x509_trust *trust;
	static struct dtls *d;

	if ((!d && dtls_new(&d) < 0) || (!trust && x509_trust_new(&trust) < 0) ||
	    dtls_connect(&s, d, &offer, &ops, trust, 0) < 0)
		abort();
	while (fuzz_next(&rest, &datagram))
		dtls_feed(s, datagram, 0);
	return 0;
}

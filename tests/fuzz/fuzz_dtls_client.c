/* A client takes whatever a server may send it. */
#include "fuzz_dtls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dtls_offer offer = {
		.profile = DTLS_NORMAL,
		.identity = SPAN_LIT("\0client"),
		.key = {.b = "0123456789abcdef", .len = 16},
		.handshake_us = 1000000,
	};
	CLEANUP(dtls_session_freep) struct dtls_session *s = NULL;
	struct span rest = span_of(data, size), datagram;
	static struct dtls *d;

	if ((!d && dtls_new(&d) < 0) || dtls_connect(&s, d, &offer, &FUZZ_OPS, NULL, 0) < 0)
		abort();
	while (fuzz_next(&rest, &datagram))
		dtls_feed(s, datagram, 0);
	return 0;
}

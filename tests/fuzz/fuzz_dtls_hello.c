/* A server takes whatever a client may send it. A hello gets the cookie it cannot guess. */
#include "fuzz_dtls.h"

static void give_cookie(uint8_t *hello, size_t len, const struct buf *reply)
{
	size_t at = 60 + (size_t)hello[59];

	if (at + 17 <= len && hello[at] == 16)
		memcpy(hello + at + 1, reply->ptr + reply->len - 16, 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dtls_offer offer = {.profile = DTLS_PIN, .handshake_us = 1000000};
	CLEANUP(dtls_session_freep) struct dtls_session *s = NULL;
	CLEANUP(buf_done) struct buf reply = BUF_INIT(64);
	struct span rest = span_of(data, size), peer = SPAN_LIT("peer"), in;
	uint8_t copy[DTLS_INPUT_MAX];
	static struct dtls *d;

	if (!d && dtls_new(&d) < 0)
		abort();
	for (uint64_t now_us = 0; fuzz_next(&rest, &in) && in.len <= sizeof(copy); now_us += 9999) {
		if (in.len > 0)
			memcpy(copy, in.ptr, in.len);
		buf_reset(&reply);
		if (s)
			dtls_feed(s, span_of(copy, in.len), now_us);
		else if (dtls_hello(d, in, peer, now_us, &reply) == DTLS_HELLO_VERIFY)
			give_cookie(copy, in.len, &reply);
		if (!s && dtls_accept(&s, d, &offer, span_of(copy, in.len), peer, &FUZZ_OPS, NULL,
				      now_us) == 0)
			dtls_tick(s, now_us);
	}
	return 0;
}

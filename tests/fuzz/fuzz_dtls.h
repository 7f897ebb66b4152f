/* tests/fuzz/fuzz_dtls.h - what the DTLS targets share: a silent end, and input cut in datagrams.
 */
#pragma once

#include "fuzz.h"

#include "dtls/dtls.h"

static int fuzz_send(void *arg, struct span datagram)
{
	(void)arg, (void)datagram;
	return 0;
}

static int fuzz_psk(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
{
	(void)arg, (void)profile;
	return identity.len && secret_set(ret, SPAN_LIT("0123456789abcdef")) ? 0 : -ENOENT;
}

static void fuzz_data(void *arg, struct span plain)
{
	(void)arg, (void)plain;
}

static const struct dtls_ops FUZZ_OPS = {.send = fuzz_send, .psk = fuzz_psk, .data = fuzz_data};

/* Cuts the next datagram off the input; its length stands before it in two octets. */
static inline bool fuzz_next(struct span *rest, struct span *ret)
{
	size_t len;

	if (rest->len < 2)
		return false;
	len = (size_t)rest->ptr[0] << 8 | rest->ptr[1];
	*rest = span_skip(*rest, 2);
	*ret = span_of(rest->ptr, len < rest->len ? len : rest->len);
	*rest = span_skip(*rest, ret->len);
	return true;
}

#include "crypto/rng.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

void rng_fill(void *ret, size_t len)
{
	if (gnutls_rnd(GNUTLS_RND_KEY, ret, len) < 0)
		abort();
}

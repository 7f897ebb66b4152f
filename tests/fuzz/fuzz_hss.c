/* HSS signatures: one octet says how much of the input is the public key; the rest must not be a
 * signature of a message that nobody signed. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/hss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span public_key;

	if (size == 0 || data[0] > size - 1)
		return -1;
	public_key = span_of(data + 1, data[0]);
	if (hss_verify(public_key, SPAN_LIT("nobody signed this"),
		       span_of(data + 1 + data[0], size - 1 - data[0])))
		abort();
	return hss_public_is_valid(public_key) ? 0 : -1;
}

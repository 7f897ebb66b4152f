/* A datagram that is read can be written, and reads the same again. */
#include "fuzz.h"

#include <stdlib.h>

#include "transport/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t octets[65536];
	struct message m, again;
	size_t len;

	if (message_parse(&m, span_of(data, size)) < 0)
		return 0;
	len = message_write(&m, octets, sizeof(octets));
	if (len == 0 || message_parse(&again, span_of(octets, len)) < 0)
		abort();
	if (again.id != m.id || again.path_len != m.path_len || again.n_query != m.n_query ||
	    again.accept != m.accept || again.block1.num != m.block1.num ||
	    !span_eq(again.payload, m.payload))
		abort();
	return 0;
}

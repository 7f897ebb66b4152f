/* CBOR of a peer to D-Bus and back: what D-Bus takes comes back, and then stays as it is. */
#include "fuzz.h"

#include <stdlib.h>

#include "../unit/bus_message.h"
#include "bus/payload.h"

static int pass(sd_bus *bus, struct span cbor, struct buf *out)
{
	sd_bus_message *m = message_new(bus);
	int r = payload_append(m, cbor);

	if (r == 0) {
		message_seal(m);
		if (payload_read(m, out) < 0)
			abort();
	}
	sd_bus_message_unref(m);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once CLEANUP(buf_done) = BUF_INIT(1 << 20),
			twice CLEANUP(buf_done) = BUF_INIT(1 << 20);
	static sd_bus *bus;
	static int fds[2];

	if (!bus)
		bus = bus_to_nowhere(fds);
	if (pass(bus, span_of(data, size), &once) < 0 || once.len > PAYLOAD_MAX)
		return 0;
	if (pass(bus, buf_span(&once), &twice) < 0 || !span_eq(buf_span(&once), buf_span(&twice)))
		abort();
	return 0;
}

/* Any a{sv} of a program to CBOR; what is taken and fits goes back to D-Bus. Input: octets that
 * choose types and values; an array or map goes on until a zero. */
#include "fuzz.h"

#include "../unit/bus_message.h"
#include "bus/payload.h"

static const uint8_t *at, *end;

/* A variant; errors of the message stick to it. */
static void put(sd_bus_message *m, unsigned depth)
{
	static const char *const BASIC[] = {"y", "n", "q", "i", "u", "x", "t", "b"};
	uint64_t v = at < end ? *at++ * UINT64_C(0x9e3779b97f4a7c15) : 0;

	if (depth == 12 || v % 8 > 3) {
		(void)sd_bus_message_append(m, "v", BASIC[v / 8 % ARRAY_SIZE(BASIC)], v);
	} else if (v % 8 == 3) {
		(void)sd_bus_message_append(m, "v", "(dsay)", (double)v, "text", 1, 7);
	} else if (v % 8 == 2) {
		(void)sd_bus_message_append(m, "v", "a{qs}", v / 8 % 2, (int)(v / 16 % 8), "text");
	} else {
		(void)sd_bus_message_open_container(m, 'v', v % 8 ? "av" : "v");
		if (v % 8)
			(void)sd_bus_message_open_container(m, 'a', "v");
		do
			put(m, depth + 1);
		while (v % 8 && at < end && *at != 0);
		if (v % 8)
			(void)sd_bus_message_close_container(m);
		(void)sd_bus_message_close_container(m);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf cbor CLEANUP(buf_done) = BUF_INIT(1 << 20);
	static sd_bus *bus;
	static int fds[2];
	sd_bus_message *m, *back;

	bus = bus ? bus : bus_to_nowhere(fds);
	m = message_new(bus);
	back = message_new(bus);
	at = data;
	end = data + (size < 1024 ? size : 1024);
	(void)sd_bus_message_open_container(m, 'a', "{sv}");
	for (unsigned i = 0; at < end && i < 100; i++) {
		char key[] = {(char)('!' + i % 90), '\0'};

		(void)sd_bus_message_open_container(m, 'e', "sv");
		(void)sd_bus_message_append_basic(m, 's', key);
		put(m, 0);
		(void)sd_bus_message_close_container(m);
	}
	(void)sd_bus_message_close_container(m);
	message_seal(m);
	if (payload_read(m, &cbor) == 0 && cbor.len <= PAYLOAD_MAX &&
	    payload_append(back, buf_span(&cbor)) < 0)
		abort();
	sd_bus_message_unref(m);
	sd_bus_message_unref(back);
	return 0;
}

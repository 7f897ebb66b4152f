/* The options of a call to org.ocfgw.Firmware1. Input: kind and caller, then octets that choose
 * names, types and texts. */
#include "fuzz.h"

#include "../unit/bus_message.h"
#include "bus/fwupd_call.h"

static const char *const NAMES[] = {"url",
				    "source",
				    "transaction-id",
				    "reinstall",
				    "defer-reboot",
				    "require-manifest-digest",
				    "dry-run",
				    "allow-metered",
				    "allow-downgrade",
				    "retry-rejected",
				    "colour"};

static void put(sd_bus_message *m, uint8_t choice, const uint8_t *rest, size_t len)
{
	const char *name = NAMES[choice % ARRAY_SIZE(NAMES)];
	char text[80] = "";

	for (size_t i = 0; i < len && i < sizeof(text) - 1; i++)
		text[i] = (char)(rest[i] & 0x7f ? rest[i] & 0x7f : '0');
	if (choice / 16 % 4 == 0)
		(void)sd_bus_message_append(m, "{sv}", name, "b", len % 2 != 0);
	else if (choice / 16 % 4 == 1)
		(void)sd_bus_message_append(m, "{sv}", name, "ay", 3, 1, 2, 3);
	else
		(void)sd_bus_message_append(m, "{sv}", name, "s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct fwupd_options o = {.manifest = -1};
	static sd_bus *bus;
	static int fds[2];
	sd_bus_message *m;

	if (size < 2)
		return 0;
	bus = bus ? bus : bus_to_nowhere(fds);
	m = message_new(bus);
	(void)sd_bus_message_open_container(m, 'a', "{sv}");
	for (size_t i = 2; i < size && i < 100; i += 1 + data[i] % 7)
		put(m, data[i], data + i + 1, size - i - 1);
	(void)sd_bus_message_close_container(m);
	message_seal(m);
	if (fwupd_options_read(m, data[0] % (FWUPD_DESCRIBE + 1), 1 << data[1] % 3, &o, &error) >=
		    0 &&
	    data[1] % 3 != 0 && (o.allow_downgrade || o.reinstall || o.retry_rejected))
		abort();
	sd_bus_message_unref(m);
	return 0;
}

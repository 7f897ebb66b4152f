/* tests/unit/bus_message.h - messages without a bus: written, sealed, read. */
#pragma once

#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "base/mem.h"

/* A connection that never gets anywhere, which is enough to make messages. */
static inline sd_bus *bus_to_nowhere(int fds[2])
{
	sd_bus *bus = NULL;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 || sd_bus_new(&bus) < 0 ||
	    sd_bus_set_fd(bus, fds[0], fds[0]) < 0 || sd_bus_start(bus) < 0)
		abort();
	return bus;
}

static inline sd_bus_message *message_new(sd_bus *bus)
{
	sd_bus_message *m = NULL;

	if (sd_bus_message_new_signal(bus, &m, "/x", "x.x", "X") < 0)
		abort();
	return m;
}

static inline void message_seal(sd_bus_message *m)
{
	if (sd_bus_message_seal(m, 1, 0) < 0 || sd_bus_message_rewind(m, true) < 0)
		abort();
}

/* daemons/ocf-fw-fetch/sink.h - where a body goes, and the ear for whoever asked for it. */
#pragma once

#include <stdint.h>

#include "base/mem.h"

struct sink {
	int body;    /* a pipe */
	int control; /* anything that comes here ends the request */
	uint64_t room;
	uint64_t rate;   /* octets a second, 0: no bound */
	uint64_t due_us; /* when the next octets may pass, because of the rate */
	uint64_t octets; /* passed on */
};

/* The pipe must not hold us when its reader is slow: whoever asked may want to stop. */
MUST_USE int sink_open(struct sink *s, int body, int control, uint64_t room, uint64_t rate);
MUST_USE bool sink_is_cancelled(const struct sink *s);
/* All of it. -EFBIG: more than there is room for (one octet more than that was passed on, so that
 * the reader sees it, too); -ECANCELED; or what write() said. */
MUST_USE int sink_put(struct sink *s, const void *data, size_t n);

/* daemons/ocf-fw-fetch/sink.h - where a body goes, and the ear for whoever asked for it. */
#pragma once

#include <stdint.h>

#include "child/proto.h"
#include "base/span.h"

struct sink {
	int body; /* a pipe, or a file ... */
	bool is_file;
	uint64_t synced; /* ... of which so many octets are on the disk */
	int control;     /* anything that comes here ends the request */
	uint64_t room;
	uint64_t rate;   /* octets a second, 0: no bound */
	uint64_t due_us; /* when the next octets may pass, because of the rate */
	uint64_t octets; /* passed on */
};

/* Octets a second below which a peer is too slow; less for who has asked for less himself. */
#define SINK_SLOW UINT64_C(1024)
uint64_t sink_slow(uint64_t rate);
/* The pipe must not hold us when its reader is slow: whoever asked may want to stop. 0, or what
 * fcntl(2) gave. */
MUST_USE int sink_open(struct sink *s, int body, int control, uint64_t room, uint64_t rate);
MUST_USE bool sink_is_cancelled(const struct sink *s);
/* All of it. -EFBIG: more than there is room for (one octet more than that was passed on, so that
 * the reader sees it, too); -ECANCELED; or what write() said. */
MUST_USE int sink_put(struct sink *s, const void *data, size_t n);
/* Tells whoever asked what the octets will be of, before they are there: `size` is that of the
 * whole, or PROTO_SIZE_ANY. -EPIPE ... */
MUST_USE int sink_start(const struct sink *s, uint64_t size, const struct proto_fetched *so_far);
/* sink_put() for the body of a request of this kind; ret->text says why it failed. */
MUST_USE enum fw_error sink_pass(struct sink *s, struct span data, uint32_t kind,
				 struct proto_fetched *ret);

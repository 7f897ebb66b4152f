/* daemons/ocf-fw-fetch/splice.h - a plain body on its way from the socket to the pipe, without a
 * copy by this process. The pipe is given more slots while 512 KiB would fit into them. */
#pragma once

#include "sink.h"

/* The next `octets` (for which the sink has room) that `socket` gives. `slow_s`: seconds of waiting
 * for less than SINK_SLOW octets each that are too many; 0: no bound. 0; -ECANCELED; -ETIMEDOUT:
 * too slow; -ENODATA: the peer has ended before; what splice() said: -EPIPE if nobody reads. */
MUST_USE int splice_body(struct sink *s, int socket, uint64_t octets, uint32_t slow_s);

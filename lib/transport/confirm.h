/* lib/transport/confirm.h - a confirmable message that waits for its ACK (RFC 7252 4.2). */
#pragma once

#include "base/mem.h"

struct confirm {
	bool waiting;
	uint16_t id; /* of the message sent last */
	unsigned tries;
	uint64_t timeout_us, due_us;
};

/* The message `id` has just been sent for the first time. */
void confirm_start(struct confirm *c, uint16_t id, uint64_t now_us);
/* No ACK came in time. True: it is to be sent once more, as `id`; false: the peer is gone. */
MUST_USE bool confirm_again(struct confirm *c, uint16_t id, uint64_t now_us);

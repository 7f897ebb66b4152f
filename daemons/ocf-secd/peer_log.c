#include "peer_log.h"

#include "base/clock.h"

#define LINE_US (USEC_PER_SEC / PEER_LOG_PER_SEC)

bool peer_log_take(struct peer_log *l, uint64_t now_us, unsigned *ret_dropped)
{
	uint64_t full = l->full_us > now_us ? l->full_us : now_us;

	if (full - now_us > (PEER_LOG_BURST - 1) * LINE_US) {
		l->dropped++;
		return false;
	}
	l->full_us = full + LINE_US;
	*ret_dropped = l->dropped;
	l->dropped = 0;
	return true;
}

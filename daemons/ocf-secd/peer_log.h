/* daemons/ocf-secd/peer_log.h - a ceiling for the log lines that a stranger can cause. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PEER_LOG_BURST   20 /* lines at once */
#define PEER_LOG_PER_SEC 1  /* lines a second after that */

struct peer_log {         /* all zero: nothing written yet */
	uint64_t full_us; /* when the allowance is whole again */
	unsigned dropped;
};

/* May one more line be written? *ret_dropped: lines left out since the last one, to be told with
 * this one. */
bool peer_log_take(struct peer_log *l, uint64_t now_us, unsigned *ret_dropped);

#include "transport/confirm.h"

#include "base/clock.h"
#include "transport/chance.h"

#define ACK_TIMEOUT_US (UINT64_C(2) * USEC_PER_SEC) /* RFC 7252 4.8 */
#define MAX_RETRANSMIT 4u

void confirm_start(struct confirm *c, uint16_t id, uint64_t now_us)
{
	uint64_t timeout_us = ACK_TIMEOUT_US + chance_delay(ACK_TIMEOUT_US / 2);

	*c = (struct confirm){
		.waiting = true, .id = id, .timeout_us = timeout_us, .due_us = now_us + timeout_us};
}

bool confirm_again(struct confirm *c, uint16_t id, uint64_t now_us)
{
	if (c->tries >= MAX_RETRANSMIT)
		return false;
	c->tries++;
	c->id = id;
	c->timeout_us *= 2;
	c->due_us = now_us + c->timeout_us;
	return true;
}

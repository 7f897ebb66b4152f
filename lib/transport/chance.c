#include "transport/chance.h"

#include <assert.h>
#include <sys/random.h>
#include <sys/types.h>

void chance_fill(void *ret, size_t len)
{
	ssize_t n = getrandom(ret, len, 0); /* whole and without error up to 256 octets */

	assert(n == (ssize_t)len);
	(void)n;
}

uint64_t chance_delay(uint64_t max_us)
{
	uint32_t r;

	chance_fill(&r, sizeof(r));
	return (uint64_t)((unsigned __int128)r * (max_us + 1) >> 32);
}

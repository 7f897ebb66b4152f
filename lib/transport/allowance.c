#include "transport/allowance.h"

#include "transport/chance.h"

#define OCTET_US(n) ((uint64_t)(n)*USEC_PER_SEC / ALLOWANCE_RATE)

void allowance_init(struct allowance *a)
{
	*a = (struct allowance){0};
	chance_fill(&a->key, sizeof(a->key));
}

static bool is_loopback(const struct in6_addr *addr)
{
	return IN6_IS_ADDR_LOOPBACK(addr) ||
	       (IN6_IS_ADDR_V4MAPPED(addr) && addr->s6_addr[12] == 127);
}

/* The octets that name the requester's network are not the same in both families. */
static size_t cell_of(const struct allowance *a, const struct in6_addr *addr)
{
	const bool v4 = IN6_IS_ADDR_V4MAPPED(addr);
	const uint8_t *network = v4 ? addr->s6_addr + 12 : addr->s6_addr;
	uint32_t hash = a->key;

	for (size_t i = 0; i < (v4 ? 3 : 8); i++) {
		hash = (hash ^ network[i]) * UINT32_C(0x9e3779b1);
		hash ^= hash >> 15;
	}
	return hash % ALLOWANCE_CELLS;
}

bool allowance_take(struct allowance *a, const struct remote *to, size_t request, size_t answer,
		    uint64_t now_us)
{
	const struct in6_addr *addr = &to->addr.sa.sin6_addr;
	uint64_t *paid_us = &a->paid_us[cell_of(a, addr)];
	const uint64_t from_us = *paid_us > now_us ? *paid_us : now_us;

	if (to->session != 0 || answer <= ALLOWANCE_FACTOR * request || is_loopback(addr))
		return true;
	if (from_us + OCTET_US(answer) - now_us > OCTET_US(ALLOWANCE_BURST))
		return false;
	*paid_us = from_us + OCTET_US(answer);
	return true;
}

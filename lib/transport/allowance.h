/* lib/transport/allowance.h - how much of large answers plain UDP may draw from us: whoever forges
 * its source address has them sent to somebody else (RFC 7252 11.3).
 *
 * Each network of requesters (IPv4 /24, IPv6 /64) may have ALLOWANCE_BURST octets at once and
 * ALLOWANCE_RATE a second. Networks share cells by a hash with a secret key: there is nothing that
 * a flood of forged addresses could displace. */
#pragma once

#include "transport/remote.h"

#define ALLOWANCE_CELLS  ((size_t)1024)
#define ALLOWANCE_FACTOR ((size_t)3)          /* answers up to so many times the request are free */
#define ALLOWANCE_BURST  ((size_t)256 * 1024) /* octets */
#define ALLOWANCE_RATE   ((size_t)32 * 1024)  /* octets a second */

struct allowance {
	uint32_t key;
	uint64_t paid_us[ALLOWANCE_CELLS]; /* when all that was sent is paid for */
};

void allowance_init(struct allowance *a);
/* May an answer of so many octets go out? Loopback cannot be forged from elsewhere: always. */
MUST_USE bool allowance_take(struct allowance *a, const struct remote *to, size_t request,
			     size_t answer, uint64_t now_us);

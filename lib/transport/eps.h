/* lib/transport/eps.h - our own endpoints as text, for "eps" of /oic/res. */
#pragma once

#include "transport/remote.h"

#define EPS_TEXT ((size_t)64)

/* The texts of the address asked for last: requests come in runs. */
struct eps {
	uint16_t coap_port, coaps_port;
	bool valid;
	struct in6_addr local;
	char coap[EPS_TEXT], coaps[EPS_TEXT];
};

/* How `from` can reach us on the interface and in the family it used. Borrowed until the next
 * call; both empty if that is not known. */
void eps_for(struct eps *eps, const struct remote *from, struct span *ret_coap,
	     struct span *ret_coaps);

/* A domain that is taken always makes URLs. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/discover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct discover_list list;
	char domain[DISCOVER_DOMAIN_MAX + 1];
	struct discover d = {.manufacturer = "m", .model = "x", .prefix = "_firmware."};

	if (!discover_domain(span_of(data, size), d.prefix, "lan home", domain))
		return 0;
	d.domains[d.n_domains++] = domain;
	if (discover_urls(&d, &list) < 0 || list.n != 2)
		abort();
	return 0;
}

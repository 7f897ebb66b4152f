/* A domain that is taken always makes URLs. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/discover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct discover_list list;
	struct discover_domains domains = {0};
	struct discover_domain domain = {0};
	struct discover d = {
		.manufacturer = "m", .model = "x", .prefix = "_firmware.", .domains = &domains};

	if (!discover_domain(span_of(data, size), d.prefix, "lan home", domain.domain))
		return 0;
	(void)discover_take(&domains, &domain);
	if (discover_urls(&d, &list) < 0 || list.n != 2)
		abort();
	return 0;
}

/* Whatever rtnetlink gives, names end and numbers stay in their bounds. */
#include "fuzz.h"

#include <stdlib.h>

#include "daemons/ocf-fwupd/links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct links l = {0};

	(void)links_read(&l, span_of(data, size), 1, 1000000);
	if (l.n > LINKS_MAX || l.n_announced > DISCOVER_DOMAINS_MAX)
		abort();
	for (size_t i = 0; i < l.n; i++)
		if (!memchr(l.at[i].name, '\0', sizeof(l.at[i].name)))
			abort();
	for (size_t i = 0; i < l.n_announced; i++)
		if (!memchr(l.announced[i].domain, '\0', sizeof(l.announced[i].domain)))
			abort();
	return 0;
}

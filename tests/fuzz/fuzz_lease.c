/* Whatever the files hold, domains lie inside them. */
#include "fuzz.h"

#include <stdlib.h>

#include "daemons/ocf-fwupd/lease.h"

static void inside(struct span text, const struct span *found, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (found[i].ptr < text.ptr || found[i].ptr + found[i].len > text.ptr + text.len)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size), found[4];

	inside(text, found, lease_dhclient(text, "2026/06/01 12:00:00", found, 4));
	inside(text, found, lease_networkd(text, found, 4));
	inside(text, found, lease_resolv_conf(text, true, found, 4));
	return 0;
}

/* Whatever the files hold, domains and links lie inside them. */
#include "fuzz.h"

#include <stdlib.h>

#include "daemons/ocf-fwupd/lease.h"

static void inside(struct span text, struct span s)
{
	if (s.len > 0 && (s.ptr < text.ptr || s.ptr + s.len > text.ptr + text.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lease_domain found[4];
	struct span text = span_of(data, size);
	struct lease_domain one = {0};
	size_t n = lease_dhclient(text, 1780315200, found, 4);

	for (size_t i = 0; i < n; i++) {
		inside(text, found[i].domain);
		inside(text, found[i].link);
		inside(text, found[i].servers);
	}
	if (lease_networkd(text, &one) || lease_resolv_conf(text, true, &one) ||
	    lease_udhcpc(text, &one)) {
		inside(text, one.domain);
		inside(text, one.servers);
	}
	return 0;
}

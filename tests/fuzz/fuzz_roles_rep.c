/* Each role taken is a certificate without a key of its own. */
#include "fuzz.h"

#include <stdlib.h>

#include "svr/roles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct roles_update u;

	if (!roles_rep_parse(span_of(data, size), &u))
		return -1;
	if (u.n > SESSION_ROLES_MAX)
		abort();
	for (size_t i = 0; i < u.n; i++)
		if (u.roles[i].usage != USAGE_ROLECERT || u.roles[i].key.len ||
		    u.roles[i].public.len == 0 || u.roles[i].public.len > CRED_PUBLIC_MAX)
			abort();
	return 0;
}

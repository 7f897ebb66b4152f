/* What is taken for a request stays within it, and asks for nothing that is not configured. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "daemons/ocf-fw-write/runner_process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct runner_request q;
	struct runner_words w;

	if (size > sizeof(q))
		return 0;
	memset(&q, 'x', sizeof(q));
	memcpy(&q, data, size);
	if (!runner_read(&q, size, 2, &w))
		return 0;
	for (size_t i = 0; w.args[i]; i++)
		if (w.args[i][0] == '-' || w.args[i] + strlen(w.args[i]) >= (char *)&q + size)
			abort();
	for (size_t i = 0; w.env[i]; i++)
		if (strncmp(w.env[i], "OCFGW_", 6) != 0)
			abort();
	return w.input.len > size ? -1 : 0;
}

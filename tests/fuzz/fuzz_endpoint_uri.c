/* An address that is taken formats to text that is taken again. */
#include "fuzz.h"

#include <stdlib.h>

#include "transport/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct endpoint_addr VIA = {.sa.sin6_scope_id = 1};
	struct endpoint_addr a, again;
	char text[ENDPOINT_ADDR_TEXT];
	bool secure;

	if (endpoint_uri_parse(span_of(data, size), &VIA, &a, &secure) < 0)
		return 0;
	endpoint_addr_format(&a, text);
	if (endpoint_addr_parse(&again, span_of(text, (size_t)(strrchr(text, ':') - text)),
				ntohs(a.sa.sin6_port)) < 0 ||
	    memcmp(&again.sa, &a.sa, sizeof(a.sa)) != 0)
		abort();
	return 0;
}

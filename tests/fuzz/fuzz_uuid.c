/* A UUID that parses is formatted to the same text, but for the case of its digits. */
#include "fuzz.h"

#include <stdlib.h>
#include <strings.h>

#include "base/uuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[UUID_TEXT + 1];
	struct uuid u;

	if (!uuid_parse(span_of(data, size), &u))
		return 0;
	uuid_format(&u, text);
	if (size != UUID_TEXT || strncasecmp((const char *)data, text, UUID_TEXT) != 0)
		abort();
	return 0;
}

/* A packet that is sound can be read as its type says. */
#include "fuzz.h"

#include <string.h>

#include "child/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proto_msg m;

	if (size < 1 || size - 1 > sizeof(m))
		return 0;
	memset(&m, 'x', sizeof(m));
	memcpy(&m, data + 1, size - 1);
	if (proto_is_sound(&m, size - 1, data[0] & 1) && m.type == PROTO_FETCHED)
		return strlen(m.fetched.url) < PROTO_URL && fw_error_name(m.fetched.error) ? 0 : -1;
	return 0;
}

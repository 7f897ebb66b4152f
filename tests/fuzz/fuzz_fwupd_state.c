/* A stored record, first octet: which of the two. */
#include "fuzz.h"

#include "daemons/ocf-fwupd/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct state s;
	struct span text;

	if (size == 0)
		return 0;
	text = span_of(data + 1, size - 1);
	return (data[0] & 1) != 0 ? state_read_history(&s, text) - 1 : state_read(&s, text) - 1;
}

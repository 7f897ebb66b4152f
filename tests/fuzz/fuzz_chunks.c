/* An index in one piece and octet by octet, as the manifest would have it that its head tells. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/chunks.h"

static int count(void *arg, uint64_t chunk, const uint8_t *digest)
{
	uint64_t *n = arg;

	(void)digest;
	if (chunk != (*n)++)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunks_reader whole = {
		.form = {CHUNKS_OCTETS, size > 19 ? data[18] * 256u + data[19] : 0}
        };
	struct chunks_reader parts = whole;
	uint64_t n = 0, m = 0;
	int r, s = 0;

	if (chunks_index_size(&whole.form) == 0)
		return -1;
	r = chunks_read(&whole, span_of(data, size), count, &n);
	for (size_t i = 0; i < size && s == 0; i++)
		s = chunks_read(&parts, span_of(data + i, 1), count, &m);
	if (r != s || (r == 0 && (n != m || chunks_read_all(&whole) != chunks_read_all(&parts))))
		abort();
	return r == 0 ? 0 : -1;
}

/* Encrypted images: cut into pieces at any place, a stream gives the same, and less than it has. */
#include "fuzz.h"

#include <stdlib.h>

#include "crypto/ece.h"

static int count(void *arg, struct span data)
{
	*(size_t *)arg += data.len;
	return 0;
}

static int run(struct span body, size_t cut, size_t *ret_len)
{
	static const uint8_t IKM[16] = {0xca, 0xa7, 0x65, 0x67, 0xeb, 0x58, 0x7a, 0x67,
					0xe8, 0x81, 0x29, 0xaf, 0xed, 0x6b, 0x39, 0x3d};
	const struct ece_sink sink = {count, ret_len};
	CLEANUP(ece_freep) struct ece *e = NULL;

	*ret_len = 0;
	if (ece_open_new(&e, span_of(IKM, sizeof(IKM)), &sink) < 0 ||
	    ece_feed(e, span_of(body.ptr, cut)) < 0 || ece_feed(e, span_skip(body, cut)) < 0)
		return -1;
	return ece_end(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span body = span_of(data, size);
	size_t whole, parts;

	if ((run(body, size, &whole) == 0) != (run(body, size / 2, &parts) == 0) ||
	    whole != parts || whole > size)
		abort();
	return 0;
}

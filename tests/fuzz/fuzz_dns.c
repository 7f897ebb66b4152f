/* Whatever a name server says, what comes out are addresses. */
#include "fuzz.h"

#include <stdlib.h>

#include "daemons/ocf-fw-fetch/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type TYPES[] = {DNS_A, DNS_AAAA};

	for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++) {
		struct buf out = BUF_INIT(255);
		enum dns_result r =
			dns_answer(span_of(data, size), 7, "_firmware.a.test", TYPES[i], &out);

		if (!buf_ok(&out) || (r == DNS_OTHER && out.len > 0))
			abort();
		for (size_t k = 0; k < out.len; k++)
			if (!strchr("0123456789abcdef:.,", out.ptr[k]))
				abort();
		buf_done(&out);
	}
	return 0;
}

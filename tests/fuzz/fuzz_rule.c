/* Access rules: what is taken in words or as an ACE comes back the same. */
#include "fuzz.h"

#include <stdlib.h>

#include "obt/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT(RULE_TEXT_MAX);
	struct span input = span_of(data, size);
	static struct listed_creds creds;
	struct listed_aces aces;
	struct rule rule, back;

	if (!rule_parse(input, NULL, &rule)) {
		rule_format(&rule, &out);
		if (!buf_ok(&out) || rule_parse(buf_span(&out), NULL, &back) ||
		    !rule_equal(&rule, &back))
			abort();
	}
	buf_done(&out);
	if (listed_aces_read(input, &aces) == CBR_OK && aces.n > LISTING_ACES_MAX)
		abort();
	listed_aces_done(&aces);
	if (listed_creds_read(input, &creds) == CBR_OK && creds.n > LISTING_CREDS_MAX)
		abort();
	return 0;
}

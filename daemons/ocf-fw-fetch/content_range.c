#include "content_range.h"

#include "base/parse.h"

bool content_range_parse(struct span text, struct content_range *ret)
{
	static const char UNIT[] = "bytes ";
	struct content_range r = {.total = CONTENT_RANGE_UNKNOWN};
	struct span total, last, first;

	if (text.len < strlen(UNIT) || strncasecmp((const char *)text.ptr, UNIT, strlen(UNIT)) != 0)
		return false;
	total = span_skip(text, strlen(UNIT));
	last = span_cut(&total, '/');
	first = span_cut(&last, '-');
	if (!parse_u64(first, &r.first) || !parse_u64(last, &r.last) || r.first > r.last ||
	    (!span_is(total, "*") && !parse_u64(total, &r.total)) || r.last >= r.total)
		return false;
	*ret = r;
	return true;
}

/* A goal that is taken is written again as it is, and taken again. */
#include "fuzz.h"

#include <stdlib.h>

#include "obt/goal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out CLEANUP(buf_done) = BUF_INIT(GOAL_OCTETS_MAX);
	struct goal *goal CLEANUP(goal_freep) = NULL, *back CLEANUP(goal_freep) = NULL;

	if (goal_parse(span_of(data, size), &goal) != CBR_OK)
		return 0;
	goal_write(goal, &out);
	if (buf_ok(&out) && goal_parse(buf_span(&out), &back) != CBR_OK)
		abort();
	return 0;
}

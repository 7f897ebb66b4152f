/* A site document: taken or refused with a reason, and its rules go into a goal or not. */
#include "fuzz.h"

#include <stdlib.h>

#include "obt/site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[SITE_WHY_MAX] = "";
	struct site site;

	if (site_parse(span_of(data, size), &site, why) < 0) {
		if (!*why)
			abort();
		return 0;
	}
	for (size_t i = 0; i < site.n; i++) {
		struct goal *goal = goal_new();

		if (goal && !site_fill(&site.devices[i], NULL, goal) &&
		    goal->n_roles > GOAL_ROLES_MAX)
			abort();
		(void)goal_free(goal);
	}
	site_done(&site);
	return 0;
}

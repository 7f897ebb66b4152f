#include "fw/version.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"

bool fw_version_parse(struct span text, struct fw_version *ret)
{
	struct fw_version v;

	for (size_t i = 0; i < ARRAY_SIZE(v.part); i++) {
		/* parse_u32 knows no sign, no blank and no leading zero */
		if (!parse_u32(span_cut(&text, '.'), &v.part[i]))
			return false;
		if ((text.ptr != NULL) != (i + 1 < ARRAY_SIZE(v.part)))
			return false;
	}
	*ret = v;
	return true;
}

void fw_version_format(const struct fw_version *v, char ret[FW_VERSION_TEXT + 1])
{
	(void)snprintf(ret, FW_VERSION_TEXT + 1, "%" PRIu32 ".%" PRIu32 ".%" PRIu32, v->part[0],
		       v->part[1], v->part[2]);
}

int fw_version_cmp(const struct fw_version *a, const struct fw_version *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(a->part); i++) {
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	}
	return 0;
}

/* lib/fw/version.h - firmware versions major.minor.revision. */
#pragma once

#include "base/span.h"

#define FW_VERSION_TEXT ((size_t)32) /* 3 x 10 digits and 2 dots, without the NUL */

struct fw_version {
	uint32_t part[3];
};

/* Three decimal numbers up to 4294967295 with dots; no leading zeros, no suffix. False: *ret is
 * untouched. */
MUST_USE bool fw_version_parse(struct span text, struct fw_version *ret);
void fw_version_format(const struct fw_version *v, char ret[FW_VERSION_TEXT + 1]);
/* Numerically, left to right: < 0, 0, > 0. */
int fw_version_cmp(const struct fw_version *a, const struct fw_version *b);

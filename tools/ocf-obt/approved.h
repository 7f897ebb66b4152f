/* tools/ocf-obt/approved.h - a list of devices that a person has approved in advance. */
#pragma once

#include "base/buf.h"
#include "base/uuid.h"

#define APPROVED_OCTETS_MAX ((size_t)256 * 1024)

/* One identity a line: a UUID, its first four or more characters, or a name. Empty lines and those
 * that begin with # do not count. */
struct approved {
	struct buf text; /* lines end in NUL */
};

/* -errno of reading the file; -EFBIG. */
MUST_USE int approved_load(struct approved *a, const char *path);
bool approved_has(const struct approved *a, const struct uuid *device, const char *name);
void approved_done(struct approved *a);

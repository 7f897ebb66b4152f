/* daemons/ocf-fw-write/files.h - small files that are replaced as a whole, durably. */
#pragma once

#include "base/buf.h"

/* Appends the file's content to `out`. -ENOENT, -ELOOP (a link), -EFBIG (more than out->max), ...
 */
MUST_USE int files_read(int dir, const char *name, struct buf *out);
/* The same of a path of the configuration, links followed. */
MUST_USE int files_load(const char *path, struct buf *out);
/* The old content or the new one, at any point; on the disk at return. -errno. */
MUST_USE int files_put(int dir, const char *name, struct span data);

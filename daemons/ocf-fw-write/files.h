/* daemons/ocf-fw-write/files.h - small files that are replaced as a whole, durably. */
#pragma once

#include "base/buf.h"

/* Appends the file's content to `out`. -ENOENT, -ELOOP (a link), -EFBIG (more than out->max), ...
 */
MUST_USE int files_read(int dir, const char *name, struct buf *out);
/* The same of a path of the configuration, links followed. */
MUST_USE int files_load(const char *path, struct buf *out);
/* The first line of such a file, of 4 KiB at the most; errors of span_to_str(), too. */
MUST_USE int files_load_line(const char *path, char *ret, size_t room);
/* Takes the lock of an open folder, however long another process has it. */
MUST_USE int files_lock(int dir);
/* The old content or the new one, at any point; on the disk at return. -errno. */
MUST_USE int files_put(int dir, const char *name, struct span data);

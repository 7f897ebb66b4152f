/* tools/ocf-obt/file.h - files that the command line names. */
#pragma once

#include "base/buf.h"

/* Appends the whole file; "-" is standard input. -errno; -EFBIG. */
MUST_USE int file_read(const char *path, struct buf *out);
/* Writes a new file with mode 0600, which must not exist yet; "-" is standard output. -errno. */
MUST_USE int file_write(const char *path, struct span data);

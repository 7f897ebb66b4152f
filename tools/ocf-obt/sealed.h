/* tools/ocf-obt/sealed.h - files under a passphrase, which comes from a prompt or a descriptor. */
#pragma once

#include "options.h"

/* Asks (twice, if `twice`) on the terminal, without echo, or reads the first line of
 * --passphrase-file; then seals `data` into the new file `path`, or opens it into `out`. */
enum outcome sealed_write(const struct options *o, const char *path, struct span data);
enum outcome sealed_read(const struct options *o, const char *path, struct buf *out);

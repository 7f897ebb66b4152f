/* tools/ocfctl/catalog.h - the journal's catalog of how updates end, systemd/ocfgw.catalog. */
#pragma once

#include "base/buf.h"

/* Appends the whole file. An error stays in the buffer. */
void catalog_write(struct buf *out);

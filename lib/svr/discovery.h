/* lib/svr/discovery.h - /oic/res: OCF Core 11.2. */
#pragma once

#include "svr/route.h"

/* /.well-known/core: RFC 6690. */
enum verdict discovery_core_get(struct exchange *x);
enum verdict discovery_get(struct exchange *x);

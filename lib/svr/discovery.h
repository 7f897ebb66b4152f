/* lib/svr/discovery.h - /oic/res: OCF Core 11.2. */
#pragma once

#include "svr/route.h"

enum verdict discovery_get(struct exchange *x);

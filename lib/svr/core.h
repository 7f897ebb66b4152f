/* lib/svr/core.h - /oic/d and /oic/p: OCF Core 11. */
#pragma once

#include "svr/device.h"

void core_device_write(const struct device *dev, struct buf *b);
void core_platform_write(const struct device *dev, struct buf *b);

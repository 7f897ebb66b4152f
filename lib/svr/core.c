#include "svr/core.h"

#include "codec/cbw.h"

#define ICV "ocf.2.2.5"
#define DMV "ocf.res.1.3.0,ocf.sh.1.3.0"

/* What lasts for life would tell strangers over each RESET that this is the same device: until one
 * of them opens an onboarding connection they see the temporary identity instead. */
static const struct uuid *lasting(const struct device *dev, const struct uuid *id)
{
	return dev->dos == DOS_RFOTM && dev->doc == 0 ? &dev->uuid : id;
}

void core_device_write(const struct device *dev, struct buf *b)
{
	cbw_kv_uuid(b, "di", &dev->uuid);
	cbw_kv_uuid(b, "piid", lasting(dev, &dev->info->piid));
	cbw_kv_str(b, "n", dev->info->name);
	cbw_kv_str(b, "icv", ICV);
	cbw_kv_str(b, "dmv", DMV);
}

void core_platform_write(const struct device *dev, struct buf *b)
{
	cbw_kv_uuid(b, "pi", lasting(dev, &dev->info->pi));
	cbw_kv_str(b, "mnmn", dev->info->manufacturer);
	if (dev->info->model[0])
		cbw_kv_str(b, "mnmo", dev->info->model);
	if (dev->info->firmware_version[0])
		cbw_kv_str(b, "mnfv", dev->info->firmware_version);
}

/* Whatever the record says, the device starts; what it then stores, it starts from again. */
#include "fuzz.h"

#include "svr_devices.h"

static struct device *start(struct span record, const char **ret_why)
{
	struct device *dev = NULL;

	if (svr_start(&dev, &DEVICES_INFO, record, &DEVICES_ENV, ret_why) < 0 &&
	    svr_record_format(record) <= SVR_RECORD_NEWEST)
		abort();
	return dev;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf disk = BUF_INIT(SVR_RECORD_MAX);
	struct device *dev, *again;
	const char *why;

	dev = start(span_of(data, size), &why);
	if (!dev)
		return -1;
	if (dev->owned != (size > 0) || (why && dev->dos != DOS_SRESET))
		abort();
	svr_record_write(dev, 1 + size % SVR_RECORD_NEWEST, &disk);
	again = start(buf_span(&disk), &why);
	if (!buf_ok(&disk) || (why && dev->owned) || again->dos != dev->dos ||
	    again->n_creds != dev->n_creds ||
	    aclist_acl(again->acl)->n != aclist_acl(dev->acl)->n ||
	    (dev->owned && !uuid_eq(&again->uuid, &dev->uuid)))
		abort();
	buf_done(&disk);
	(void)device_free(again);
	(void)device_free(dev);
	return size > 0 && !why ? 0 : -1;
}

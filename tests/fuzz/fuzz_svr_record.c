/* Whatever one record says, the device starts; what it then stores, it starts from again. */
#include "fuzz.h"

#include "svr_devices.h"

static struct device *start(const struct buf disk[REC_COUNT], const char **ret_why)
{
	struct svr_out out = {0};
	struct span records[REC_COUNT];

	for (size_t i = 0; i < REC_COUNT; i++)
		records[i] = buf_span(&disk[i]);
	if (svr_start(&DEVICES_INFO, records, &DEVICES_ENV, &out, ret_why) < 0)
		abort();
	return out.staged;
}

static void store(struct buf disk[REC_COUNT], const struct device *dev)
{
	for (enum svr_record i = 0; i < REC_COUNT; i++) {
		disk[i].max = (size_t)2 * 1024 * 1024;
		buf_reset(&disk[i]);
		svr_record_write(dev, i, &disk[i]);
		if (!buf_ok(&disk[i]))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf disk[REC_COUNT] = {0};
	struct device *dev, *again;
	const char *why;

	if (size < 2)
		return -1;
	dev = devices_new(DOS_RFNOP);
	store(disk, dev);
	buf_reset(&disk[data[0] % REC_COUNT]);
	buf_put(&disk[data[0] % REC_COUNT], span_of(data + 1, size - 1));
	(void)device_free(dev);
	dev = start(disk, &why);
	if (!dev->owned || dev->dos != (why ? DOS_SRESET : dev->dos))
		abort();
	store(disk, dev);
	again = start(disk, &why);
	if (!why && (again->dos != dev->dos || again->n_creds != dev->n_creds ||
		     again->acl.n != dev->acl.n || !uuid_eq(&again->uuid, &dev->uuid)))
		abort();
	for (size_t i = 0; i < REC_COUNT; i++)
		buf_done(&disk[i]);
	(void)device_free(again);
	(void)device_free(dev);
	return 0;
}

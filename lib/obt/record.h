/* lib/obt/record.h - the stored form of what an onboarding tool knows: itself, and each device it
 * owns (CR 2868 steps 7 to 9). CBOR; a record holds keys, so its memory is to be wiped. */
#pragma once

#include "base/secret.h"
#include "obt/obt.h"

#define RECORD_ADDRESS_MAX   ((size_t)80) /* "[fe80::1%eth0]:48115" and a NUL */
#define RECORD_ADDRESSES_MAX ((size_t)4)
#define RECORD_OCTETS_MAX    ((size_t)2048)

/* One service does all for a device, or three do: then each has an identity and a key of its own.
 */
enum obt_service { OBT_DOTS, OBT_CMS, OBT_AMS, OBT_SERVICES };

struct record_self {
	struct uuid uuid, domain; /* uuid: of the owner transfer service */
	struct uuid cms, ams;     /* nil in the record of an earlier version */
};

struct record_device {
	struct uuid device;
	struct secret key;              /* the owner credential */
	struct secret cms_key, ams_key; /* empty: `key` and its identity do it all */
	enum obt_method method;
	bool complete;     /* false: the transfer is not known to have ended well */
	bool has_sdi;      /* the device took our security domain */
	uint64_t owned_us; /* wall clock at the transfer */
	char name[ANSWER_NAME_MAX + 1];
	char addresses[RECORD_ADDRESSES_MAX][RECORD_ADDRESS_MAX]; /* of its secured endpoint */
	size_t n_addresses;
};

/* Who a service is for a device, and its key; borrowed. */
const struct uuid *record_service_uuid(const struct record_self *self,
				       const struct record_device *dev, enum obt_service as);
const struct secret *record_service_key(const struct record_device *dev, enum obt_service as);
static inline bool record_is_separate(const struct record_device *dev)
{
	return dev->cms_key.len > 0;
}

/* *ret is written only on CBR_OK. */
MUST_USE enum cbr_err record_self_parse(struct span octets, struct record_self *ret);
MUST_USE enum cbr_err record_device_parse(struct span octets, struct record_device *ret);
/* Errors stick in the buffer, which should be a secret one. */
void record_self_write(const struct record_self *self, struct buf *out);
void record_device_write(const struct record_device *dev, struct buf *out);
void record_device_wipe(struct record_device *dev);

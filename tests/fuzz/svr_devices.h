/* tests/fuzz/svr_devices.h - devices in the states of their life, without a request. */
#pragma once

#include <stdlib.h>

#include "svr/dos.h"

#define DEVICES_DOC 7

static const struct uuid DEVICES_OBT = {
	{0xb0, 0xb0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}
};

static inline void devices_random(void *ctx, void *ret, size_t len)
{
	uint64_t *state = ctx;

	for (size_t i = 0; i < len; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)ret)[i] = (uint8_t)(*state >> 40);
	}
}

static inline int devices_owner_key(void *ctx, uint64_t session, const char *label,
				    const struct uuid *obt, const struct uuid *device,
				    uint8_t ret[16])
{
	(void)ctx, (void)label, (void)obt, (void)device;
	memset(ret, 0xc0, 16);
	return session == DEVICES_DOC ? 0 : -EINVAL;
}

/* Certificates: the first octet of their text says what is wrong with them. */
static inline int devices_fault(struct span pem, const char **ret_why)
{
	*ret_why = "wrong";
	return pem.len && pem.ptr[0] == '!' ? -EIO : pem.len && pem.ptr[0] == '-' ? 0 : -EBADMSG;
}

static inline int devices_key_new(void *ctx, struct secret *ret)
{
	devices_random(ctx, ret->b, 32);
	ret->len = 32;
	return 0;
}

static inline int devices_csr(void *ctx, const struct secret *key, const struct uuid *subject,
			      struct buf *ret_pem)
{
	(void)ctx, (void)key, (void)subject;
	buf_put_str(ret_pem, "-request");
	return 0;
}

static inline int devices_leaf(void *ctx, struct span pem, const struct secret *key,
			       struct svr_leaf *ret, const char **ret_why)
{
	(void)ctx, (void)key;
	*ret = (struct svr_leaf){.has_uuid = true,
				 .uuid = DEVICES_OBT,
				 .is_own = true,
				 .has_role = true,
				 .role = "r",
				 .until_us = UINT64_MAX};
	return devices_fault(pem, ret_why);
}

static inline int devices_anchor(void *ctx, struct span pem, const char **ret_why)
{
	(void)ctx;
	return devices_fault(pem, ret_why);
}

static inline int devices_role(void *ctx, const struct device *dev, const struct svr_wall *wall,
			       struct span pem, const char **ret_why)
{
	(void)ctx, (void)dev, (void)wall;
	return devices_fault(pem, ret_why);
}

static inline int devices_crl(void *ctx, const struct device *dev, const struct svr_wall *wall,
			      struct span der, uint64_t *ret_made_us, const char **ret_why)
{
	(void)ctx, (void)dev, (void)wall;
	*ret_made_us = der.len;
	return devices_fault(der, ret_why);
}

static const struct svr_certs DEVICES_CERTS = {.key_new = devices_key_new,
					       .csr = devices_csr,
					       .leaf = devices_leaf,
					       .anchor = devices_anchor,
					       .role = devices_role,
					       .crl = devices_crl};

static uint64_t devices_seed;
static const struct svr_env DEVICES_ENV = {
	.now_us = 1,
	.wall = {.us = 1, .trusted = true},
	.certs = &DEVICES_CERTS,
	.random = devices_random,
	.owner_key = devices_owner_key,
	.ctx = &devices_seed
};
static const struct device_info DEVICES_INFO = {
	.name = "Gateway",
	.manufacturer = "ACME",
	.oxms = {OXM_JUST_WORKS, OXM_RANDOM_PIN},
	.n_oxms = 2
};

/* Kinds: RESET, idle RFOTM, RFPRO, RFNOP, SRESET, and with a DOC: RFOTM, RFPRO, SRESET. */
#define DEVICES_KINDS 8

static inline struct device *devices_new(unsigned kind)
{
	static const enum dos WITH_DOC[] = {DOS_RFOTM, DOS_RFPRO, DOS_SRESET};
	struct device *dev;
	const char *why;

	devices_seed = 0;
	if (svr_start(&dev, &DEVICES_INFO, span_of(NULL, 0), &DEVICES_ENV, &why) < 0)
		abort();
	if (kind == DOS_RFOTM)
		return dev;
	dev->owned = true;
	dev->oxmsel = OXM_JUST_WORKS;
	dev->devowner = DEVICES_OBT;
	for (size_t i = 0; i < OWNER_COUNT; i++)
		dev->rowner[i] = DEVICES_OBT;
	if (!device_add_cred(
		    dev, &(struct cred){.credid = 5, .subject = DEVICES_OBT, .key = {.len = 16}}))
		abort();
	dev->doc = kind > DOS_SRESET ? DEVICES_DOC : 0;
	dos_resume(dev, kind > DOS_SRESET ? WITH_DOC[kind - DOS_SRESET - 1] : (enum dos)kind);
	return dev;
}

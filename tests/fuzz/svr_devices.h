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

static uint64_t devices_seed;
static const struct svr_env DEVICES_ENV = {.now_us = 1,
					   .random = devices_random,
					   .owner_key = devices_owner_key,
					   .ctx = &devices_seed};
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
	dev->creds[dev->n_creds++] =
		(struct cred){.credid = 5, .subject = DEVICES_OBT, .key = {.len = 16}};
	dev->doc = kind > DOS_SRESET ? DEVICES_DOC : 0;
	dos_resume(dev, kind > DOS_SRESET ? WITH_DOC[kind - DOS_SRESET - 1] : (enum dos)kind);
	return dev;
}

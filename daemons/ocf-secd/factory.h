/* daemons/ocf-secd/factory.h - the manufacturer's credentials: files that `ocfctl factory import`
 * writes once and no RESET touches.
 *
 *	chain.pem  the device's certificate and its intermediates
 *	key.pem    its private key, closed to others, or
 *	key.url    where it is: "pkcs11:..." or "tpmkey:..."
 *	trust.pem  CA certificates (oic.sec.cred.mfgtrustca); may be absent */
#pragma once

#include "crypto/x509.h"
#include "svr/svr.h"

#define FACTORY_TRUST_MAX ((size_t)8) /* CA certificates */
/* Of the chain; the others follow. High, where no tool that counts from 1 comes. */
#define FACTORY_CREDID ((uint32_t)INT32_MAX - 15)

struct factory {
	struct x509_own *own; /* owned */
	struct buf chain, trust;
	struct svr_factory creds[1 + FACTORY_TRUST_MAX]; /* their spans point into the two */
	size_t n;
};

/* 0: *ret is filled in and stays where it is. -ENOENT: there are none. -EINVAL and *ret_why: they
 * break a rule of theirs. -errno of the files; -ENOMEM. */
MUST_USE int factory_load(struct factory *ret, const char *dir, const char **ret_why);
void factory_done(struct factory *f);

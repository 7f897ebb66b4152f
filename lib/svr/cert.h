/* lib/svr/cert.h - certificate credentials: OCF Security 9.4, 13.3. */
#pragma once

#include "svr/route.h"

/* How the entry of a manufacturer credential reads. */
struct cred factory_cred(const struct svr_factory *factory);
/* May this certificate be an entry of `dev`? V_CHANGED, or the refusal. */
MUST_USE enum verdict cert_check(struct exchange *x, const struct device *dev,
				 const struct cred *cred);
/* The credentials or the CRL of `dev`, which is staged, are others: judges anew what rests on
 * them. */
void trust_changed(struct exchange *x, struct device *dev);
/* The verdict on what a function of svr_certs has given: 0 is V_CHANGED. */
MUST_USE enum verdict cert_verdict(struct exchange *x, int r, const char *why);

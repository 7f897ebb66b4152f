/* daemons/ocf-secd/certs.h - what the device asks of certificates, answered by crypto/x509. */
#pragma once

#include "crypto/x509.h"
#include "svr/svr.h"

extern const struct svr_certs CERTS; /* its context is not used */

/* The anchors in force and the revocation list, for x509_verify(). 0: *ret is owned by the caller.
 * -ENOMEM. */
MUST_USE int certs_trust(const struct device *dev, const struct svr_wall *wall,
			 struct x509_trust **ret);
struct x509_time certs_time(const struct svr_wall *wall);

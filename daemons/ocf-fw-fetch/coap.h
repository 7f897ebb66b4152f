/* daemons/ocf-fw-fetch/coap.h - one GET at a time over CoAP or CoAPS (RFC 7252, 7959). */
#pragma once

#include "child/proto.h"
#include "config.h"
#include "ranges.h"

/* As http_get(). There are no redirects and no proxies. The ETag of the answer is the one of CoAP
 * in hexadecimal and quotes; status is 404 for 4.04. */
void coap_get(const struct config *config, const struct proto_fetch *f, struct ranges *ranges,
	      int body, int control, struct proto_fetched *ret);

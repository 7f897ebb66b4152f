/* lib/svr/csr.h - /oic/sec/csr, the request for an identity certificate: OCF Security 13.12. */
#pragma once

#include "svr/route.h"

/* The key pair is made by the first GET after a RESET. */
enum verdict csr_get(struct exchange *x);

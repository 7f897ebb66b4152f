/* lib/svr/introspection.h - what the application resources look like, as an OpenAPI 2.0 document in
 * CBOR: OCF Core 11.4, ISO/IEC 30118-1. */
#pragma once

#include "svr/route.h"

#define INTROSPECTION_DATA "/oc/introspection"

/* oic.wk.introspection: where the document is. */
enum verdict introspection_get(struct exchange *x);
/* The document: a path for each application resource that can be discovered, its methods, and the
 * types of the properties heard of last. */
enum verdict introspection_data_get(struct exchange *x);

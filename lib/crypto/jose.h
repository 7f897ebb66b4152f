/* lib/crypto/jose.h - the header of one signature (RFC 7515 4) or recipient (RFC 7516 4).
 *
 * It lies in up to three objects, of which only the first is protected. A name stands in one of
 * them only. */
#pragma once

#include "base/fwerr.h"
#include "codec/jsn.h"

#define JOSE_PARAMS_MAX ((size_t)64) /* in one of the objects */

struct jose_header {
	const struct jsn *protected, *shared, *own; /* borrowed; NULL: there is none */
};

/* From whichever object has it; NULL: none has. */
const struct jsn *jose_param(const struct jose_header *h, const char *name);
/* Objects of at most JOSE_PARAMS_MAX names each, none of which stands in two of them. */
MUST_USE bool jose_is_sound(const struct jose_header *h);
/* jwk, jku, x5u, x5c: a message must not bring or name its own key. */
bool jose_brings_key(const struct jose_header *h);
/* RFC 7515 4.1.11. No extension is understood, so that any good crit is one too many; `b64` counts
 * as critical even where nobody says so. FWE_OK, FWE_MANIFEST_CRIT_INVALID, _CRIT_UNSUPPORTED. */
MUST_USE enum fw_error jose_check_crit(const struct jose_header *h);

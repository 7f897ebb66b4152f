/* lib/fw/keyset.h - the keys in force: the installed trust store, and the newest `key-info` that
 * root keys have signed.
 *
 * A key-info replaces the keys that may sign manifests of its manufacturer. Keys with the role
 * root, and those of other manufacturers, stay as installed; what was revoked once stays revoked.
 * A trust store that is installed later, with a firmware image for instance, says by its member
 * "x-ocf-key-info-version" up to which version its own keys are the newer ones. */
#pragma once

#include "crypto/trust.h"
#include "fw/manifest.h"

#define KEYSET_RECORD_MAX (2 * JWK_FILE_MAX) /* octets */

/* The trust store that is in force. `record` is what keyset_rotate() gave, or empty. 0: *ret is
 * owned by the caller, and *ret_version is the version of the key-info in force (0: none).
 * -EBADMSG: the record is damaged, ret_error says how. -ENOMEM. */
MUST_USE int keyset_trust(const struct trust *store, struct span record, struct trust **ret,
			  uint64_t *ret_version, char *ret_error, size_t room);

/* The record after the key-info of an accepted manifest (fw_judgement.rotates_keys); appended to
 * `out`. -EBADMSG: no usable store would come of it, ret_error says why; -ENOMEM. */
MUST_USE int keyset_rotate(const struct trust *store, struct span record, const struct manifest *m,
			   struct buf *out, char *ret_error, size_t room);

/* daemons/ocf-fw-write/sealed.h - an encrypted image on its way to the slot.
 *
 * One pass: what comes is counted, hashed and decrypted record by record (crypto/ece.h). */
#pragma once

#include "child/proto.h"
#include "crypto/ece.h"

struct sealed; /* opaque */

/* `sink` gets the image. 0: *ret is owned by the caller. -EINVAL: no key or digest. -ENOMEM, -EIO.
 */
MUST_USE int sealed_new(struct sealed **ret, const struct proto_image *i,
			const struct ece_sink *sink);
struct sealed *sealed_free(struct sealed *s); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct sealed *, sealed_free)

/* 0; -EBADMSG: it cannot be decrypted; -ENOMEM, -EIO, or what the sink gave. */
MUST_USE int sealed_feed(struct sealed *s, struct span data);
/* After all octets, `received` of them; the sink may get the rest. 0: *ret is FWE_OK,
 * FWE_IMAGE_SIZE_MISMATCH, FWE_IMAGE_DECRYPT_FAILED or FWE_IMAGE_DIGEST_MISMATCH. -ENOMEM, -EIO, or
 * what the sink gave. */
MUST_USE int sealed_end(struct sealed *s, uint64_t received, enum fw_error *ret);

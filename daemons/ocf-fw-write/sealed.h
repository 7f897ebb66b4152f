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
/* The header that the stream began with; empty: it is not all there yet. */
struct span sealed_header(const struct sealed *s);

/* An image that was interrupted: instead of the octets that were delivered, those of the image that
 * they became, as whole records or all of it. The delivered ones are made again from them. */

/* -EINVAL: that is no header. -ENOMEM. */
MUST_USE int sealed_again(struct sealed *s, struct span header);
MUST_USE int sealed_feed_again(struct sealed *s, struct span image);
/* *ret: octets that were delivered for it; what follows them comes to sealed_feed(). -ENOMEM, -EIO.
 */
MUST_USE int sealed_end_again(struct sealed *s, bool whole, uint64_t *ret);

/* After all octets, `received` of them; the sink may get the rest. 0: *ret is FWE_OK,
 * FWE_IMAGE_SIZE_MISMATCH, FWE_IMAGE_DECRYPT_FAILED or FWE_IMAGE_DIGEST_MISMATCH. -ENOMEM, -EIO, or
 * what the sink gave. */
MUST_USE int sealed_end(struct sealed *s, uint64_t received, enum fw_error *ret);

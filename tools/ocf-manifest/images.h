/* tools/ocf-manifest/images.h - are these the images that a manifest describes? */
#pragma once

#include "verbs.h"

/* Image files as devices receive them, in list order (NULL: not looked at), each read once, from
 * the offset `from` on.
 * `ring` opens the keys of encrypted ones; without any key (NULL) only their outside is checked.
 * FWE_IMAGE_DECRYPT_FAILED: no key of the ring fits.
 * 0 with *ret the first fault found, or FWE_OK; otherwise told. */
MUST_USE int images_check(const struct manifest *m, const struct enc_ring *ring,
			  const struct cli_values *files, uint64_t from, enum fw_error *ret);

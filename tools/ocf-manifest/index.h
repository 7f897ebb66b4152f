/* tools/ocf-manifest/index.h - makes the index of chunks (fw/chunks.h) of images. */
#pragma once

#include "files.h"
#include "fw/chunks.h"

struct index_plan {
	const char *const *files; /* in list order */
	size_t n;
	uint64_t size;   /* of all together */
	uint32_t octets; /* of a chunk */
	unsigned algs;   /* for the digests of the index */
};

/* Makes the index and hashes it; `target` (NULL: none) is replaced by it in one step, unless it has
 * other digests than `want` (NULL: any). 0: *ret is filled. -EINVAL: there is no index for such
 * sizes; -EBADMSG: the images have another size, or the index other digests; what reading or
 * writing gave. */
MUST_USE int index_make(const struct index_plan *plan, const char *target,
			const struct digests *want, struct digests *ret);

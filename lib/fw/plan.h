/* lib/fw/plan.h - what is to be fetched for an accepted manifest, and where it goes (pure). */
#pragma once

#include "base/secret.h"
#include "crypto/enc_key.h"
#include "fw/manifest.h"
#include "fw/url.h"

/* The component of a manifest that names none. */
#define PLAN_COMPONENT "firmware"

struct plan_image {
	char component[MANIFEST_NAME_MAX + 1]; /* to be looked up by the writer, never a path */
	char url[URL_MAX + 1];
	uint64_t size;          /* or MANIFEST_SIZE_UNKNOWN */
	struct digests digests; /* algs 0: those of the whole say it all */
	struct secret ikm;      /* of an encrypted image; empty: it is delivered as it is */
	uint64_t sealed_size;   /* what is delivered then ... */
	struct digests sealed;  /* ... with these digests */
};

/* What block reuse needs, see fw/chunks.h. */
struct plan_index {
	char url[URL_MAX + 1]; /* empty: there is none, or nothing to use it for */
	uint64_t size;
	uint32_t octets; /* of a chunk */
	struct digests digests;
};

struct plan {
	struct fw_version version;
	uint64_t size;          /* of all images, or MANIFEST_SIZE_UNKNOWN */
	struct digests digests; /* over all images, one behind the other */
	struct plan_index index;
	size_t n;
	struct plan_image images[MANIFEST_IMAGES_MAX];
};

/* `manifest_url` is the final one, after redirects; `ring` opens the keys of encrypted images
 * (NULL: none). FWE_OK; FWE_MANIFEST_LOCATION_INVALID: a location that does not resolve;
 * FWE_MANIFEST_IMAGE_LIST_INVALID: two images for one component; FWE_IMAGE_FORMAT_UNSUPPORTED: not
 * raw octets; FWE_IMAGE_DECRYPT_FAILED: no key for an image, or what jwe_decrypt() says. *ret is
 * always filled as far as it went and is ended by plan_done(). */
MUST_USE enum fw_error plan_make(const struct manifest *m, const char *manifest_url,
				 const struct enc_ring *ring, struct plan *ret);
void plan_done(struct plan *p); /* wipes */
/* Can there be a plan, on a device that holds the keys? FWE_OK, or as plan_make(). */
MUST_USE enum fw_error plan_check(const struct manifest *m, const char *manifest_url);
/* Octets that a server has of it, or MANIFEST_SIZE_UNKNOWN. */
uint64_t plan_delivered_size(const struct plan_image *i);

/* lib/fw/manifest.h - the payload of a manifest, read strictly.
 *
 * The seven members of the draft (secfu 4.1) and those beside it. Unknown members are ignored
 * unless `critical` lists them. */
#pragma once

#include "base/fwerr.h"
#include "base/uuid.h"
#include "codec/jsn.h"
#include "crypto/envelope.h"
#include "crypto/hash.h"
#include "fw/url.h"
#include "fw/version.h"

#define MANIFEST_BYTES_MAX   ((size_t)64 * 1024) /* signed form, default */
#define MANIFEST_DEPTH_MAX   16u
#define MANIFEST_IMAGES_MAX  ((size_t)32)
#define MANIFEST_TEXT_MAX    ((size_t)2048)
#define MANIFEST_LIST_MAX    ((size_t)64)  /* hardwareRevisions, requiredVersions, critical */
#define MANIFEST_DIGESTS_MAX ((size_t)16)  /* entries of one commitHash */
#define MANIFEST_NAME_MAX    ((size_t)64)  /* of an image */
#define MANIFEST_ID_MAX      ((size_t)128) /* manufacturer, model */

#define MANIFEST_TYP          "ocf-fw-manifest+jws"
#define MANIFEST_CONTENT_TYPE "application/vnd.ocf-fw-manifest+cbor" /* of COSE; unregistered */
#define MANIFEST_SIZE_UNKNOWN UINT64_MAX
#define MANIFEST_UINT_MAX     UINT64_C(0x1fffffffffffff) /* 2^53-1 */

/* What the server delivers instead of the image: RFC 8188, see crypto/ece.h. */
struct fw_encryption {
	const char *key;        /* compact JWE of the input keying material; NULL: not encrypted */
	uint64_t size;          /* of the encrypted octets */
	struct digests digests; /* over them */
};

struct fw_image {
	const char *name;     /* NULL: the only image of a manifest without `images` */
	const char *location; /* reference; resolve it with manifest_image_url() */
	uint64_t size;        /* octets, or MANIFEST_SIZE_UNKNOWN */
	struct digests digests;
	const char *format, *slot; /* or NULL */
	struct fw_encryption encryption;
};

/* The index of all images together, see fw/chunks.h; it lies beside the image. */
struct fw_chunk_index {
	const char *location;   /* reference, for manifest_chunks_url(); NULL: there is none */
	uint64_t size, octets;  /* of the index, and of a chunk */
	struct digests digests; /* of the index */
};

/* Presence of optional members. */
enum manifest_has {
	MANIFEST_SEQUENCE = 1 << 0,
	MANIFEST_SECURITY = 1 << 1,
	MANIFEST_EXPIRES = 1 << 2,
	MANIFEST_MIN_VERSION = 1 << 3,
	MANIFEST_VENDOR_ID = 1 << 4,
	MANIFEST_CLASS_ID = 1 << 5,
	MANIFEST_KEY_INFO = 1 << 6,
	MANIFEST_SIZE = 1 << 7,
};

/* All texts are borrowed from `tree` and end with it. */
struct manifest {
	struct jsn *tree; /* owned */
	unsigned has;     /* of enum manifest_has */
	const char *manufacturer, *model, *location;
	bool direct; /* location is that of fw/direct.h: the image follows the manifest */
	const char *format, *severity, *release_notes, *release_notes_uri; /* or NULL */
	struct fw_version version, min_version;
	uint64_t timestamp_us, expires_us; /* wall clock */
	uint64_t sequence, security_version;
	struct uuid vendor_id, class_id;
	const struct jsn *hardware, *required_versions; /* checked arrays of texts, or NULL */
	uint64_t size;                   /* of all images together, or MANIFEST_SIZE_UNKNOWN */
	struct digests digests;          /* over all images in list order */
	struct fw_encryption encryption; /* of the only image of a manifest without `images` */
	struct fw_chunk_index chunks;
	size_t n_images; /* at least 1 */
	struct fw_image images[MANIFEST_IMAGES_MAX];
	uint64_t key_info_version;
	const struct jsn *key_info_keys, *key_info_revoked; /* checked public JWKs; kids or NULL */
};

/* Checks 8 to 10 of the agent's order. `required` (of enum manifest_has) names the optional members
 * that this device insists on: MANIFEST_SEQUENCE, MANIFEST_EXPIRES, MANIFEST_SIZE. FWE_OK: *ret is
 * owned by the caller. Else the name of the first failing check. */
MUST_USE enum fw_error manifest_parse(struct span payload, enum envelope_form form,
				      unsigned required, struct manifest **ret);
struct manifest *manifest_free(struct manifest *m); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct manifest *, manifest_free)

/* The absolute URL of image i; `manifest_url` is the final one after redirects. FWE_OK,
 * FWE_MANIFEST_LOCATION_INVALID, FWE_MANIFEST_LOCATION_SCHEME. */
MUST_USE enum fw_error manifest_image_url(const struct manifest *m, size_t i,
					  struct span manifest_url, char ret[URL_MAX + 1]);
/* That of the index, which must be there. */
MUST_USE enum fw_error manifest_chunks_url(const struct manifest *m, struct span manifest_url,
					   char ret[URL_MAX + 1]);
/* The image as received: `size` octets with digests `got` (which must hold all of the image's).
 * FWE_OK, FWE_IMAGE_SIZE_MISMATCH, FWE_IMAGE_DIGEST_MISMATCH. */
MUST_USE enum fw_error fw_image_check(const struct fw_image *image, uint64_t size,
				      const struct digests *got);
/* The same for all images together, against the outer commitHash. */
MUST_USE enum fw_error manifest_images_check(const struct manifest *m, uint64_t size,
					     const struct digests *got);

/* tools/ocf-manifest/publish.h - what is published where, and whether it may be. */
#pragma once

#include <limits.h>

#include "document.h"
#include "verbs.h"

struct publication {
	const struct cli *cli;
	const char *root;
	unsigned threshold;
	const char *name; /* of the manifest below its folder */
	struct document d;
	struct trust *trust;
	struct ring ring; /* for what is published encrypted */
};

/* The path of a file below the folder of the manifest. False: told. */
MUST_USE bool publish_path(const struct publication *p, size_t layout, const char *name,
			   char ret[PATH_MAX]);
/* Those of what devices fetch. */
const struct digests *publish_digests(const struct fw_image *image);
/* The names of image i and of the chunk index below that folder; false: devices fetch it elsewhere,
 * or there is none. */
MUST_USE bool publish_image_name(const struct manifest *m, size_t i, char ret[URL_MAX + 1]);
MUST_USE bool publish_index_name(const struct manifest *m, char ret[URL_MAX + 1]);
/* Devices would take the manifest and the images that are given. False: told. */
MUST_USE bool publish_is_sound(const struct publication *p);
/* It fits to what is published, which nobody else changes meanwhile. False: told. */
MUST_USE bool publish_is_next(const struct publication *p);

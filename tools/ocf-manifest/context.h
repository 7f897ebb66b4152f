/* tools/ocf-manifest/context.h - the imagined device of `verify --context`. */
#pragma once

#include "verbs.h"

struct context {
	struct jsn *tree; /* texts of `fw` are borrowed from it */
	struct fw_context fw;
	struct uuid vendor_id, class_id;
	uint8_t last_sha256[32];
	const char *manifest_url; /* or NULL */
};

/* A device without history, whose clock is right; of any manufacturer and model. */
void context_init(struct context *ret);
/* Members that the file leaves out stay as context_init() has them. 0, or told. */
MUST_USE int context_read(const char *path, struct context *ret);
void context_done(struct context *c);

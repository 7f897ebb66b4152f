/* daemons/ocf-fw-write/slots.h - two slots in a folder, switched by one rename.
 *
 *   DIRECTORY/a/ b/      the images of a version and, written last, its os-release
 *   DIRECTORY/current    a link to the slot that runs or, with Activation=reboot, will run
 *   DIRECTORY/.booted    with Activation=reboot: the slot that this boot started with
 *
 * A slot without os-release is incomplete and never becomes current. The running slot is never
 * written. Each step is on the disk before the next begins, so that an end at any point leaves
 * `current` at a complete version: the old one or the new one. */
#pragma once

#include "child/proto.h"

#define SLOTS_COMPONENTS_MAX ((size_t)32)
#define SLOTS_PATH_MAX       ((size_t)256)

enum slots_activation { SLOTS_IMMEDIATE, SLOTS_REBOOT };

struct slots_config {
	char directory[SLOTS_PATH_MAX];
	char components[512];  /* the names of files in a slot, separated by blanks */
	uint32_t size_max_mib; /* of one image; 0: what the disk holds */
	int activation;        /* enum slots_activation */
};

struct slots; /* opaque */

/* Makes what is missing of the folder's content. Before the program confines itself. An
 * installation stops when the other end of `control` is closed (borrowed; -1: none). -errno. */
MUST_USE int slots_open(struct slots **ret, const struct slots_config *config, int control);
struct slots *slots_free(struct slots *s); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct slots *, slots_free)

void slots_state(struct slots *s, struct proto_slots_are *ret);

/* The steps of one installation, each with its answer. begin() ends an earlier one, and waits
 * for that of another program. With `keep` it leaves the images of a slot that never became
 * complete, and tells their octets. */
void slots_begin(struct slots *s, const struct proto_begin *b, struct proto_done *ret);
/* Reads one image from `pipe` to its end, in one pass to the slot and through the digests; tells
 * `progress` now and then. The caller of the last image learns whether all digests were right. */
void slots_image(struct slots *s, const struct proto_image *i, int pipe,
		 void (*progress)(uint64_t octets), struct proto_done *ret);
/* The same for an image that begin() has kept: nothing is written, all is verified. */
void slots_staged(struct slots *s, const struct proto_image *i, void (*progress)(uint64_t octets),
		  struct proto_done *ret);
void slots_commit(struct slots *s, struct proto_done *ret);

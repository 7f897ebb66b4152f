/* daemons/ocf-fw-write/reuse.h - block reuse: which octets of the new images the running slot has.
 *
 * The signed index (fw/chunks.h) is compared with what the running slot holds: each image with the
 * component of its name, at the same offsets, with zeros behind its end. The other octets are asked
 * for by their ranges. Whatever the running slot gives is hashed again as part of the image. */
#pragma once

#include "backend.h"

#define REUSE_RANGES_MAX 65536u                /* rather some octets too many than more ranges */
#define REUSE_PIECE      ((size_t)1024 * 1024) /* compared at once: the largest chunk */

struct reuse; /* opaque */

/* `b` has chosen its slot and is borrowed for the call; `piece` for life, REUSE_PIECE octets.
 * 0: *ret is owned by the caller. -EINVAL: the sizes do not fit; -ENOENT: nothing runs; -ENOMEM;
 * what opening gave. */
MUST_USE int reuse_new(struct reuse **ret, const struct proto_chunks *c, struct backend *b,
		       uint8_t *piece);
struct reuse *reuse_free(struct reuse *u); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct reuse *, reuse_free)

/* Reads the index from `pipe` and compares; `progress` gets the octets that were compared. 0;
 * -EBADMSG: not the index that was signed; -ECANCELED: the end of `control`; or what reading gave.
 */
MUST_USE int reuse_compare(struct reuse *u, int pipe, int control,
			   void (*progress)(uint64_t octets));
/* Octets of all images that have to be fetched. */
uint64_t reuse_missing(const struct reuse *u);
/* Whether this is the image of that number. */
MUST_USE bool reuse_fits(const struct reuse *u, uint32_t image, const struct proto_image *i);
/* The missing ranges of an image behind its first `from` octets, as a file of struct proto_range.
 * 0: *ret_fd is owned by the caller. */
MUST_USE int reuse_ranges(const struct reuse *u, uint32_t image, uint64_t from, uint32_t *ret_n,
			  int *ret_fd);
/* Octets from `at` on, at most `max`, that all are in the running slot, or all are not. */
size_t reuse_run(const struct reuse *u, uint32_t image, uint64_t at, size_t max, bool *ret_held);
/* 0, or what reading gave. */
MUST_USE int reuse_read(const struct reuse *u, uint32_t image, uint64_t at, uint8_t *to, size_t n);

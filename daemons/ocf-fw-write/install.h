/* daemons/ocf-fw-write/install.h - one installation over any back end: order of steps, limits and
 * digests. */
#pragma once

#include "backend.h"
#include "runner.h"

struct install_config {
	char components[512];  /* names of what a slot holds, separated by blanks */
	bool verify_written;   /* reads each image again from the disk */
	uint32_t size_max_mib; /* of one image; 0: what there is room for */
};

struct install_tell {
	void (*progress)(uint64_t octets); /* of image, now and then */
	void (*kept)(uint64_t octets);     /* with `resume`, once: what the pipe need not give */
	/* With `reuse`, too: what of the rest it has to give. 0, or why it was not told. */
	int (*ranges)(uint32_t n, int fd);
};

struct install; /* opaque */

/* `config`, `b` and `r`, which runs the hooks (NULL: none), are borrowed for life. An installation
 * stops when the other end of `control` is closed (borrowed; -1: none). 0: *ret is owned by the
 * caller. -ENOMEM. */
MUST_USE int install_new(struct install **ret, const struct install_config *config,
			 struct backend *b, struct runner *r, int control);
struct install *install_free(struct install *n); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct install *, install_free)

/* The steps of one installation, each with its answer. begin() ends an earlier one, and waits
 * for that of another program. With `keep` it leaves the images of a slot that never became
 * complete, and tells their octets. */
void install_begin(struct install *n, const struct proto_begin *b, struct proto_done *ret);
/* Before the first image: reads the index of all images and compares it with the running slot, so
 * that images with `reuse` need only what is missing; the answer's octets tell how much. */
void install_chunks(struct install *n, const struct proto_chunks *c, int pipe,
		    void (*progress)(uint64_t octets), struct proto_done *ret);
/* What the pipe of the next image, which has `reuse` but not `resume`, is to give. 0: *ret_fd is
 * owned by the caller. -EINVAL: chunks() has not been asked, or for something else. */
MUST_USE int install_ranges(const struct install *n, const struct proto_image *i, uint32_t *ret_n,
			    int *ret_fd);
/* Reads one image from `pipe` to its end, in one pass to the slot and through the digests. The
 * caller of the last image learns whether all digests were right. With `resume` what begin() has
 * kept of the image is read again first, and the pipe gives the rest. */
void install_image(struct install *n, const struct proto_image *i, int pipe,
		   const struct install_tell *tell, struct proto_done *ret);
void install_commit(struct install *n, uint32_t attempts, struct proto_done *ret);
/* After a trial: the version in that slot is good, or never starts again. */
void install_confirm(struct install *n, const char *slot, struct proto_done *ret);
void install_reject(struct install *n, const char *slot, struct proto_done *ret);

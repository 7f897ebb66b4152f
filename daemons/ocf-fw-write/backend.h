/* daemons/ocf-fw-write/backend.h - where versions are kept: a folder, block devices, a handler.
 *
 * A back end knows two slots, which of them runs, and how the other one is written and made the
 * next to run. It knows nothing of digests, pipes and limits: install.c does that over any of them,
 * in this order:
 *
 *   lock, choose, (kept ...,) clear, { open, writes, finish } per component, commit
 *
 * and, after a trial, confirm or reject.
 *
 * Each step is on the disk before the next begins, so that an end at any point leaves the old
 * version or the new one. The slot that runs is never written. Calls give 0 or -errno. */
#pragma once

#include "base/buf.h"
#include "child/confine.h"
#include "child/proto.h"

#define BACKEND_COMPONENTS_MAX ((size_t)32)
#define BACKEND_PATHS_MAX      ((size_t)24)

enum backend_how {
	BACKEND_NEW,     /* of the chosen slot, empty, to be written from its start */
	BACKEND_KEPT,    /* of the chosen slot, with what it holds, to be read and written on */
	BACKEND_RUNNING, /* of the slot that runs, to be read */
};

struct backend {
	const struct backend_ops *ops;
	char why[PROTO_TEXT];           /* of the last failure, for people; may be empty */
	const struct proto_begin *plan; /* of the installation since choose(), borrowed */
};

struct backend_ops {
	/* Releases everything, the lock too. */
	void (*free)(struct backend *b);
	void (*state)(struct backend *b, struct proto_slots_are *ret);

	/* One writer at a time: waits for an earlier one. Lasts as long as the back end. */
	int (*lock)(struct backend *b);
	/* Chooses the slot that does not run. If it is what the next boot starts, it is so no
	 * longer.
	 */
	int (*choose)(struct backend *b);
	/* Octets of a component in the chosen slot, 0 if there are none or the slot is complete. */
	uint64_t (*kept)(struct backend *b, const char *component);
	/* From now on the chosen slot counts as empty. `size` of all that will be written, or
	 * PROTO_SIZE_ANY. -ENOSPC: there is no room for it. */
	int (*clear)(struct backend *b, uint64_t size);

	/* A few lines about what is being written to the chosen slot, replaced as a whole, durable;
	 * clear() forgets them. -ENOENT: there are none. */
	int (*note)(struct backend *b, struct span text);
	int (*noted)(struct backend *b, struct buf *ret);

	/* *ret_fd is owned by the caller. `size`: of the image, or PROTO_SIZE_ANY. -EFBIG: there
	 * is no place for so many octets; -ENOENT (KEPT): nothing was kept. */
	int (*open)(struct backend *b, const char *component, enum backend_how how, uint64_t size,
		    int *ret_fd);
	/* The first `octets` of the component, written to `fd` (borrowed), are on the disk, and
	 * what kept() tells from now on. May be called by another thread. NULL: this back end keeps
	 * nothing. */
	int (*sync)(struct backend *b, const char *component, int fd, uint64_t octets);
	/* What was written to *fd since open() is on the disk. May take the descriptor, which is
	 * then -1: what it was for cannot be read. */
	int (*finish)(struct backend *b, int *fd);
	/* The chosen slot holds a complete version: the next one to run, to be confirmed within so
	 * many attempts; 0: it is good at once. */
	int (*commit)(struct backend *b, const struct proto_begin *plan, uint32_t attempts);

	/* The version in `slot`, which runs, is confirmed. -EPERM: it does not run. */
	int (*confirm)(struct backend *b, const char *slot);
	/* The version in `slot` is not to start any more. -EPERM: there is no other one. */
	int (*reject)(struct backend *b, const char *slot);

	/* Octets that a component may have, PROTO_SIZE_ANY if only `room` bounds it. */
	uint64_t (*limit)(struct backend *b, const char *component);
	/* What would keep an installation from going well: probe_add(), and ret->room. Changes
	 * nothing. */
	void (*probe)(struct backend *b, struct proto_probed *ret);

	/* Everything it opens by name once the program is confined; how many. */
	size_t (*paths)(struct backend *b, struct confine_path *ret, size_t max);
};

static inline struct backend *backend_free(struct backend *b)
{
	if (b)
		b->ops->free(b);
	return NULL;
}
DEFINE_CLEANUP(struct backend *, backend_free)

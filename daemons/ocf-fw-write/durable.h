/* daemons/ocf-fw-write/durable.h - what is written reaches the disk while more of it is written.
 *
 * A cut costs what is not on the disk yet, so that must not be much; but who waits for the disk
 * after each step is slow. A thread of its own waits. */
#pragma once

#include "backend.h"

#define DURABLE_STEP ((uint64_t)1280 * 1024) /* octets that are worth a wait */
#define DURABLE_LAG  (2 * DURABLE_STEP)      /* that may be behind, and a piece */

struct durable; /* opaque */

/* All is borrowed for life. `octets`: what is there already. 0: *ret is owned by the caller; it
 * is NULL for a back end that keeps nothing. -ENOMEM. */
MUST_USE int durable_new(struct durable **ret, struct backend *b, const char *component, int fd,
			 uint64_t octets);
/* Waits for what is under way. The first error of sync() that nobody was told of: the disk gives it
 * once only, so that a later fsync() would find all well. Accepts NULL. */
MUST_USE int durable_end(struct durable *d);
/* Waits for what is under way; accepts NULL, returns NULL. */
struct durable *durable_free(struct durable *d);
DEFINE_CLEANUP(struct durable *, durable_free)
/* `octets` of the component are written now. Waits while too much is behind. Errors of sync(). */
MUST_USE int durable_wrote(struct durable *d, uint64_t octets);

/* tools/ocf-manifest/files.h - reading with a limit, writing whole files or none. */
#pragma once

#include <limits.h>

#include "base/buf.h"
#include "base/fwerr.h"
#include "crypto/hash.h"

#define FILES_PUBLIC 0644u
#define FILES_SECRET 0600u
#define FILES_WHOLE  UINT64_MAX /* no limit */

/* Appends the file ("-": standard input). 0; -EFBIG beyond out->max; -ENOMEM; what open gave. */
MUST_USE int files_read(const char *path, struct buf *out);
/* The same for a key; *ret_open: group or others have a right to it. */
MUST_USE int files_read_key(const char *path, struct buf *out, bool *ret_open);
/* Replaces the file in one step that survives loss of power ("-": standard output); what is no
 * regular file is written to. `mode` is less what umask forbids. */
MUST_USE int files_write(const char *path, struct span data, unsigned mode);
/* The same, but -EEXIST if it is there. */
MUST_USE int files_create(const char *path, struct span data, unsigned mode);
/* Appends a manifest, or of a direct file (fw/direct.h) the manifest within; *ret_image is where
 * the image begins in it, 0 if it has none. As files_read(); -EBADMSG: a direct file, but damaged,
 * as *ret_fault says.
 */
MUST_USE int files_read_manifest(const char *path, struct buf *out, uint64_t *ret_image,
				 enum fw_error *ret_fault);
/* Reads the file once, from an offset on: its size, its digests `algs`, and, if `also` is not NULL,
 * into that set too. Reading stops behind `limit` octets; *ret_size is then limit + 1. */
MUST_USE int files_digest(const char *path, uint64_t from, unsigned algs, uint64_t limit,
			  struct hash_set *also, struct digests *ret, uint64_t *ret_size);
/* Replaces `to` in one step by `before` and a copy of `from`, if that has exactly these digests
 * (none: any); else -EBADMSG. */
MUST_USE int files_copy(struct span before, const char *from, const char *to,
			const struct digests *want);
/* strerror(), but -EBADMSG is a file that is not what it was a moment ago. */
const char *files_error(int r);
/* Replaces `to` by a link to `from`, or by a copy where links do not work. */
MUST_USE int files_link(const char *from, const char *to);
/* All missing folders of the path before its last slash, mode 0755. */
MUST_USE int files_make_parents(const char *path);

/* A new file beside its target, gone again unless it was put in place; there is one at a time.
 * Begin with {.fd = -1}, end with files_drop(). A target that is no regular file is written to at
 * once. */
struct files_draft {
	int fd;
	bool named; /* to be removed */
};
MUST_USE int files_begin(struct files_draft *d, const char *target, unsigned mode);
MUST_USE int files_put(struct files_draft *d, struct span data);
/* Replaces the target in one step that survives loss of power. */
MUST_USE int files_place(struct files_draft *d, const char *target);
void files_drop(struct files_draft *d);
/* From now on signals that end the process leave no draft behind. */
void files_guard_drafts(void);
/* Hands the file over piece by piece, from an offset on, until `take` gives an error; reading stops
 * behind `limit` octets, of which one more is handed over. */
MUST_USE int files_each(const char *path, uint64_t from, uint64_t limit,
			int (*take)(void *arg, struct span piece), void *arg);

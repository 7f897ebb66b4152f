/* lib/store/store.h - whole-record files; the only code that writes below a state directory. */
#pragma once

#include "base/buf.h"

#define STORE_RECORD_MAX ((size_t)2 * 1024 * 1024) /* octets */
#define STORE_NAME_MAX   ((size_t)40)

struct store; /* opaque: one directory descriptor and its lock */

/* Opens `dir`, which must exist, belong to us and have no right for others (0700). One process at
 * a time. 0: *ret is owned by the caller. -ENOENT, -EPERM (too open, not ours), -EBUSY (locked),
 * -ENOMEM. */
MUST_USE int store_open(struct store **ret, const char *dir);
struct store *store_free(struct store *s); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct store *, store_free)

/* Replaces record `name` as a whole, mode 0600; `data` is borrowed. 0: the octets survive loss of
 * power. Error: the old or the new record is there, never a mix.
 * -EINVAL (name not [a-z0-9_.-]{1,40} or starting with a dot), -EFBIG, -ENOSPC, -EIO ... */
MUST_USE int store_put(struct store *s, const char *name, struct span data);
/* Appends the record to `out`. -ENOENT, -EFBIG, -EINVAL, -EIO. */
MUST_USE int store_get(struct store *s, const char *name, struct buf *out);
/* Removes it durably; a missing record is success. */
MUST_USE int store_del(struct store *s, const char *name);
/* Calls fn for each record name, in no order; stops at the first non-zero return and gives it. */
MUST_USE int store_each(struct store *s, int (*fn)(void *arg, const char *name), void *arg);

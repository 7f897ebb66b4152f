/* tools/ocf-obt/state.h - the tool's own directory: who we are and what we own. */
#pragma once

#include "obt/goal.h"
#include "obt/record.h"
#include "out.h"

struct state; /* opaque: the open directory, our identity and all records in memory */

/* `dir` NULL: $OCF_OBT_DIR, else $XDG_STATE_HOME/ocf-obt, else ~/.local/state/ocf-obt. The
 * directory (0700) and our identity are made at the first use. On failure *ret_trouble is set. */
MUST_USE int state_open(struct state **ret, const char *dir, struct trouble *ret_trouble);
/* The same without making or reading anything, for records to be written. -EEXIST: the directory
 * has an identity already. */
MUST_USE int state_open_empty(struct state **ret, const char *dir, struct trouble *ret_trouble);
struct state *state_free(struct state *s); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct state *, state_free)

const struct record_self *state_self(const struct state *s);
/* Records in order of name and UUID, borrowed until the next change. */
size_t state_count(const struct state *s);
const struct record_device *state_at(const struct state *s, size_t i);
const struct record_device *state_find(const struct state *s, const struct uuid *device);
/* By UUID, by its first characters (four at least) or by name; borrowed until the next change.
 * -ENOENT, -ENOTUNIQ: *ret_trouble says so. */
MUST_USE int state_require(const struct state *s, const char *text,
			   const struct record_device **ret, struct trouble *ret_trouble);
/* The same for rule_names: `arg` is the state. */
bool state_find_name(void *arg, const char *text, struct uuid *ret);

/* Durable when they return 0. -errno of the store, -ENOMEM. */
MUST_USE int state_put(struct state *s, const struct record_device *dev);
MUST_USE int state_forget(struct state *s, const struct uuid *device);

/* What a device of ours shall hold; empty if that was never written. *ret is owned by the caller.
 * -EBADMSG: damaged; -errno of the store, -ENOMEM. state_forget() removes it, too. */
MUST_USE int state_goal(struct state *s, const struct uuid *device, struct goal **ret);
MUST_USE int state_put_goal(struct state *s, const struct uuid *device, const struct goal *goal);

/* Other records of the directory, as octets. */
MUST_USE int state_read(struct state *s, const char *name, struct buf *out);
MUST_USE int state_write(struct state *s, const char *name, struct span octets);
/* As store_each(). */
MUST_USE int state_each(struct state *s, int (*fn)(void *arg, const char *name), void *arg);

/* Does `text` mean this device? A whole UUID, its first four characters or more, or the name. */
bool state_matches(const char *text, const struct uuid *device, const char *name);

/* daemons/ocf-secd/state.h - the device in memory and on disk, changed together. */
#pragma once

#include "plain.h"
#include "svr/svr.h"

struct state {
	struct store *store; /* owned */
	struct device *dev;  /* owned; NULL before state_load() */
	unsigned failures;   /* wrong PINs in a row, as stored */
	bool confirmed;      /* this firmware stays: records rise to their newest format */
	unsigned format;     /* of the device's record on the disk; 0: there is none */
	struct plain identity, pin;
};

/* As store_open(). */
MUST_USE int state_open(struct state *s, const char *dir);
/* The permanent and the platform identity, made at the first start. -ENOTSUP: of a newer format;
 * -errno of the store. */
MUST_USE int state_identity(struct state *s, struct device_info *info);
/* Loads the device, or makes a new one. *ret_damaged says what is wrong with the record, or is
 * NULL. -ENOTSUP: of a newer format; -ENOMEM; -errno of the store. */
MUST_USE int state_load(struct state *s, const struct device_info *info, const struct svr_env *env,
			const char **ret_damaged);
/* The device as the disk has it now, which has to be the one in memory; and can the disk be
 * written? 0: *ret is owned by the caller. -EBADMSG: damaged or another one (*ret_why says what);
 * -ENOMEM; -errno of the store. */
MUST_USE int state_reread(struct state *s, const struct device_info *info,
			  const struct svr_env *env, struct device **ret, const char **ret_why);
/* Stores the record if `out` says so, and makes out->staged the device (taken in any case).
 * On an error nothing has changed, in memory or on disk. */
MUST_USE int state_commit(struct state *s, struct svr_out *out);
/* The firmware is confirmed: what is in an older format is stored in the newest one. -errno of the
 * store: it will be with the next change. */
MUST_USE int state_confirm(struct state *s, const struct device_info *info);
void state_done(struct state *s);

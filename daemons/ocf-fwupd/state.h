/* daemons/ocf-fwupd/state.h - what outlives the program: rollback protection, keys and history.
 *
 * Three records of lib/store, each replaced as a whole. A record that cannot be read is an error
 * and not an empty one: to forget what was accepted would open the way back. */
#pragma once

#include "base/fwerr.h"
#include "crypto/hash.h"
#include "entry.h"
#include "fw/freeze.h"
#include "fw/judge.h"
#include "fw/trial.h"

#define STATE_HISTORY_MAX ((size_t)64) /* entries; the oldest gives way */

struct state_accepted {
	bool any;
	unsigned seen;     /* MANIFEST_SEQUENCE, MANIFEST_EXPIRES: in any accepted manifest */
	uint64_t sequence; /* of the last accepted one, as is the rest */
	uint64_t timestamp_us;
	uint8_t sha256[32]; /* of its octets */
	struct fw_version version;
	struct digests digests;
	uint64_t security; /* becomes the floor when that version runs */
	uint64_t floor;
};

/* A version that has to prove itself (fw/trial.h). */
struct state_trial {
	enum trial_state state;
	char slot[ENTRY_ID]; /* where it is */
	char boot[ENTRY_ID]; /* where it was installed or, once it ran, the last it ran in; empty:
				it has given way to another installation */
	char from[FW_VERSION_TEXT + 1], to[FW_VERSION_TEXT + 1];
	uint64_t deadline_us;           /* CLOCK_BOOTTIME of that boot; 0: none yet */
	uint32_t restarts;              /* asked for since nothing else was left */
	bool deferred;                  /* whoever installed it restarts the device himself */
	char reason[ENTRY_TEXT];        /* why it is given up, for people */
	struct state_accepted accepted; /* what it was installed by; not `any`: unknown */
};

struct state {
	struct store *store;
	struct state_accepted accepted;
	struct state_accepted settled;  /* the same, of the last version that was confirmed */
	struct state_accepted rejected; /* of one that was rolled back, until another comes */
	struct state_trial trial;
	uint64_t last_check_s;                  /* 0: never */
	uint64_t clock_us;                      /* a time that was trusted */
	uint32_t failures;                      /* checks in a row */
	struct freeze freeze[DISCOVER_OFFLINE]; /* by source, without a medium */
	struct buf keys; /* record of fw/keyset.h; empty: no key-info was ever accepted */
	bool confirmed;  /* this firmware stays */
	unsigned format, history_format; /* as found on the disk; 0: nothing there */
	size_t n;
	struct state_entry history[STATE_HISTORY_MAX]; /* newest first */
};

/* 0: *ret is owned by the caller. Errors of store_open(); -EBADMSG: the record of what was
 * accepted is damaged or newer than this program (*ret_name says which), and with it the guard
 * against old firmware. A damaged history only begins anew. */
MUST_USE int state_open(struct state **ret, const char *dir, const char **ret_name);
struct state *state_free(struct state *s); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct state *, state_free)

/* Both store durably; on failure the memory is ahead of the disk. Errors of store_put(). */
MUST_USE int state_save(struct state *s);
MUST_USE int state_save_history(struct state *s);

/* This firmware is not on trial: from now on records take their newest format, and those that have
 * an older one are stored in it now. Until then the firmware that may come back can read them. Any
 * number of times. Errors of store_put(). */
MUST_USE int state_confirm(struct state *s);

/* Stores what keyset_rotate() gave; the memory follows the disk. Errors of store_put(). */
MUST_USE int state_save_keys(struct state *s, struct span record);

/* Takes over what an accepted manifest said. */
void state_accept(struct state *s, const struct fw_judgement *j);
/* Takes over a later time, if it is right. True: something changed. */
bool state_keep_time(struct state *s, bool trusted, uint64_t now_us);
/* `version` runs without a trial: its security version becomes the floor. True: something
 * changed. */
MUST_USE bool state_runs(struct state *s, const struct fw_version *version);
/* The version on trial is confirmed: the same. */
void state_keep(struct state *s);
/* It is not: what was accepted before it counts again, and it is remembered as bad. */
void state_roll_back(struct state *s);
/* What `j` accepts is what was rolled back. */
bool state_is_rejected(const struct state *s, const struct fw_judgement *j);
/* Puts an entry on top. */
void state_add(struct state *s, const struct state_entry *e);
/* Puts it below the one on top, which is that of the job under way. */
void state_add_below(struct state *s, const struct state_entry *e);
/* The entry on top gets its end. A check that ended as the one before did takes its place, so that
 * a quiet year does not wash away what happened before. */
void state_end(struct state *s, const struct state_entry *e);
/* The entry of a job by its number; NULL: none any more. */
struct state_entry *state_find(struct state *s, uint64_t job);
/* The highest number that a job ever had. */
uint64_t state_last_job(const struct state *s);

/* The records as text, for tests. False: not one of ours. */
MUST_USE bool state_read(struct state *s, struct span text);
MUST_USE bool state_read_history(struct state *s, struct span text);

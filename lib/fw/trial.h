/* lib/fw/trial.h - a new version proves itself, as a table.
 *
 * Pure: the daemon tells what it sees and what was decided, and does what the row asks for, in the
 * order of the effects. What no row allows does not happen. */
#pragma once

#include "base/mem.h"

enum trial_state {
	TRIAL_NONE,       /* what runs is confirmed */
	TRIAL_PENDING,    /* installed, waits for a boot */
	TRIAL_ON,         /* runs, not confirmed */
	TRIAL_CONFIRMING, /* decided, the boot variables do not know yet; stored as TRIAL_ON */
	TRIAL_REVERTING,  /* decided; the old version does not run yet */
	TRIAL_STATES,
};

enum trial_event {
	TRIAL_NOTHING, /* of trial_see(): no news */
	/* Seen in the slots. */
	TRIAL_INSTALLED, /* it waits for the next boot */
	TRIAL_BOOTED,    /* it runs, not confirmed */
	TRIAL_SETTLED,   /* it runs, and the back end knows that it is good */
	TRIAL_WAITING,   /* it still waits for the next boot */
	TRIAL_WITHDRAWN, /* it waits no longer, and nothing was booted */
	TRIAL_FELL_BACK, /* the other version runs */
	TRIAL_LEAVING,   /* it runs, and the next boot starts the other one */
	/* Decided. */
	TRIAL_HEALTHY,   /* the health gate, if it may decide */
	TRIAL_CONFIRM,   /* the operator */
	TRIAL_UNHEALTHY, /* the health gate */
	TRIAL_DEADLINE,  /* neither good nor bad in time, or no sight of the slots */
	TRIAL_REJECT,    /* the operator */
	/* Done by the back end. */
	TRIAL_MARKED,
	TRIAL_MARK_FAILED,
	TRIAL_EVENTS,
};

enum trial_effect {
	TRIAL_FX_KEEP = 1 << 0,        /* what was accepted with it holds: floors rise */
	TRIAL_FX_ROLLED_BACK = 1 << 1, /* what was accepted before it holds; remember what failed */
	TRIAL_FX_STORE = 1 << 2,       /* durably, before what follows */
	TRIAL_FX_GATE = 1 << 3,        /* start the health gate and the deadline */
	TRIAL_FX_MARK_GOOD = 1 << 4,   /* tell the back end; then MARKED or MARK_FAILED */
	TRIAL_FX_MARK_BAD = 1 << 5,    /* the same */
	TRIAL_FX_LOOK = 1 << 6,        /* ask for the slots */
	TRIAL_FX_REBOOT = 1 << 7,      /* as the policy says */
	TRIAL_FX_AGAIN = 1 << 8,       /* look at the slots after a while */
	TRIAL_FX_BOUND = 1 << 9,       /* the deadline once more, for the slots to change */
	TRIAL_FX_RESTART = 1 << 10,    /* a reboot, since nothing else is left; not for ever */
};

extern const char *const TRIAL_STATE_NAMES[]; /* as stored */

/* True: the row was taken, *ret_effects is what to do. False: there is none, nothing changed. */
MUST_USE bool trial_step(enum trial_state *s, enum trial_event event, unsigned *ret_effects);

/* What a back end knows of the version that runs. */
enum trial_standing {
	TRIAL_UNKNOWN, /* its boot loader does not tell */
	TRIAL_CONFIRMED,
	TRIAL_UNCONFIRMED,
	TRIAL_HIDDEN, /* nobody tells which slot runs: nothing else that is seen counts */
};

/* What the slots say about the version at hand: the one of the record, else the one that waits or
 * is on trial. */
struct trial_view {
	bool runs;                    /* it is the one that runs ... */
	bool next;                    /* it is the one that the next boot starts */
	bool other_boot;              /* than the one that it was installed in */
	enum trial_standing standing; /* ... and then this is what it is */
};

/* What `v` means to somebody who remembers `s`. */
enum trial_event trial_see(enum trial_state s, const struct trial_view *v);

/* ---- the health gate: all checks good, or one bad, for a while ---- */

enum trial_health { TRIAL_WAIT, TRIAL_GOOD, TRIAL_BAD };

struct trial_gate {
	uint64_t good_since_us, bad_since_us; /* NEVER_US: not */
};

void trial_gate_init(struct trial_gate *g);
/* One round of checks gave `found`; what was good has been so since `since_us` at the earliest (0:
 * no matter). GOOD or BAD: it has been so for `settle_us`. */
enum trial_health trial_gate_round(struct trial_gate *g, enum trial_health found, uint64_t since_us,
				   uint64_t now_us, uint64_t settle_us);

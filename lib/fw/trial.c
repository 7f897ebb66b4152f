#include "fw/trial.h"

#include "base/clock.h"

const char *const TRIAL_STATE_NAMES[] = {
	[TRIAL_NONE] = "none",        [TRIAL_PENDING] = "pending",     [TRIAL_ON] = "trial",
	[TRIAL_CONFIRMING] = "trial", [TRIAL_REVERTING] = "reverting", [TRIAL_STATES] = NULL,
};

#define CONFIRMED (TRIAL_FX_KEEP | TRIAL_FX_STORE)
#define FAILED    (TRIAL_FX_ROLLED_BACK | TRIAL_FX_STORE)
#define REVERT    (TRIAL_FX_STORE | TRIAL_FX_BOUND | TRIAL_FX_MARK_BAD)
#define BEGIN     (TRIAL_FX_STORE | TRIAL_FX_GATE)

/* One row per allowed step. */
static const struct row {
	enum trial_state from;
	enum trial_event event;
	enum trial_state to;
	unsigned effects;
} ROWS[] = {
	{TRIAL_NONE,       TRIAL_INSTALLED,   TRIAL_PENDING,    TRIAL_FX_STORE | TRIAL_FX_REBOOT   },
	{TRIAL_NONE,       TRIAL_BOOTED,      TRIAL_ON,         BEGIN                              },
	{TRIAL_NONE,       TRIAL_FELL_BACK,   TRIAL_NONE,       FAILED                             },
	{TRIAL_PENDING,    TRIAL_INSTALLED,   TRIAL_PENDING,    TRIAL_FX_STORE | TRIAL_FX_REBOOT   },
	{TRIAL_PENDING,    TRIAL_WAITING,     TRIAL_PENDING,    TRIAL_FX_REBOOT                    },
	{TRIAL_PENDING,    TRIAL_BOOTED,      TRIAL_ON,         BEGIN                              },
	{TRIAL_PENDING,    TRIAL_SETTLED,     TRIAL_NONE,       CONFIRMED                          },
	{TRIAL_PENDING,    TRIAL_WITHDRAWN,   TRIAL_NONE,       TRIAL_FX_STORE                     },
	{TRIAL_PENDING,    TRIAL_FELL_BACK,   TRIAL_NONE,       FAILED                             },
	{TRIAL_PENDING,    TRIAL_REJECT,      TRIAL_REVERTING,  REVERT                             },
	{TRIAL_PENDING,    TRIAL_DEADLINE,    TRIAL_PENDING,    TRIAL_FX_RESTART                   },
	{TRIAL_ON,         TRIAL_INSTALLED,   TRIAL_REVERTING,  REVERT                             },
	{TRIAL_ON,         TRIAL_BOOTED,      TRIAL_ON,         BEGIN                              },
	{TRIAL_ON,         TRIAL_SETTLED,     TRIAL_NONE,       CONFIRMED                          },
	{TRIAL_ON,         TRIAL_FELL_BACK,   TRIAL_NONE,       FAILED                             },
	{TRIAL_ON,         TRIAL_HEALTHY,     TRIAL_CONFIRMING, TRIAL_FX_MARK_GOOD                 },
	{TRIAL_ON,         TRIAL_CONFIRM,     TRIAL_CONFIRMING, TRIAL_FX_MARK_GOOD                 },
	{TRIAL_ON,         TRIAL_UNHEALTHY,   TRIAL_REVERTING,  REVERT                             },
	{TRIAL_ON,         TRIAL_DEADLINE,    TRIAL_REVERTING,  REVERT                             },
	{TRIAL_ON,         TRIAL_REJECT,      TRIAL_REVERTING,  REVERT                             },
	{TRIAL_CONFIRMING, TRIAL_MARKED,      TRIAL_NONE,       CONFIRMED | TRIAL_FX_LOOK          },
	{TRIAL_CONFIRMING, TRIAL_MARK_FAILED, TRIAL_ON,         TRIAL_FX_AGAIN                     },
	{TRIAL_REVERTING,  TRIAL_INSTALLED,   TRIAL_REVERTING,  TRIAL_FX_MARK_BAD                  },
	{TRIAL_REVERTING,  TRIAL_BOOTED,      TRIAL_REVERTING,  TRIAL_FX_MARK_BAD                  },
	{TRIAL_REVERTING,  TRIAL_LEAVING,     TRIAL_REVERTING,  TRIAL_FX_REBOOT                    },
	{TRIAL_REVERTING,  TRIAL_FELL_BACK,   TRIAL_NONE,       FAILED                             },
	{TRIAL_REVERTING,  TRIAL_CONFIRM,     TRIAL_CONFIRMING, TRIAL_FX_STORE | TRIAL_FX_MARK_GOOD},
	{TRIAL_REVERTING,  TRIAL_DEADLINE,    TRIAL_REVERTING,  TRIAL_FX_RESTART                   },
	{TRIAL_REVERTING,  TRIAL_MARKED,      TRIAL_REVERTING,  TRIAL_FX_LOOK                      },
	{TRIAL_REVERTING,  TRIAL_MARK_FAILED, TRIAL_REVERTING,  TRIAL_FX_AGAIN                     },
};

bool trial_step(enum trial_state *s, enum trial_event event, unsigned *ret_effects)
{
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		const struct row *row = &ROWS[i];

		if (row->from != *s || row->event != event)
			continue;
		*s = row->to;
		*ret_effects = row->effects;
		return true;
	}
	return false;
}

static enum trial_event see_running(enum trial_state s, const struct trial_view *v)
{
	if (s == TRIAL_REVERTING)
		return v->next ? TRIAL_BOOTED : TRIAL_LEAVING;
	if (v->standing == TRIAL_CONFIRMED)
		return s == TRIAL_NONE ? TRIAL_NOTHING : TRIAL_SETTLED;
	/* Without a record only the back end's word makes a trial of what runs. */
	return s == TRIAL_NONE && v->standing == TRIAL_UNKNOWN ? TRIAL_NOTHING : TRIAL_BOOTED;
}

static enum trial_event see_waiting(enum trial_state s, const struct trial_view *v)
{
	switch (s) {
	case TRIAL_NONE:
		return v->next ? TRIAL_INSTALLED : TRIAL_NOTHING;
	case TRIAL_PENDING:
		if (v->next)
			return TRIAL_WAITING;
		return v->other_boot ? TRIAL_FELL_BACK : TRIAL_WITHDRAWN;
	case TRIAL_ON:
	case TRIAL_REVERTING:
		return v->next ? TRIAL_INSTALLED : TRIAL_FELL_BACK;
	case TRIAL_CONFIRMING:
	case TRIAL_STATES:
		break;
	}
	return TRIAL_NOTHING;
}

enum trial_event trial_see(enum trial_state s, const struct trial_view *v)
{
	if (v->standing == TRIAL_HIDDEN ||
	    s == TRIAL_CONFIRMING) /* then the answer is on its way */
		return TRIAL_NOTHING;
	return v->runs ? see_running(s, v) : see_waiting(s, v);
}

void trial_gate_init(struct trial_gate *g)
{
	*g = (struct trial_gate){NEVER_US, NEVER_US};
}

/* Since when something holds without a break; the moment at hand, if it did not hold before. */
static uint64_t since(uint64_t before_us, uint64_t now_us)
{
	return before_us == NEVER_US ? now_us : before_us;
}

enum trial_health trial_gate_round(struct trial_gate *g, enum trial_health found, uint64_t since_us,
				   uint64_t now_us, uint64_t settle_us)
{
	g->good_since_us = found == TRIAL_GOOD ? since(g->good_since_us, now_us) : NEVER_US;
	g->bad_since_us = found == TRIAL_BAD ? since(g->bad_since_us, now_us) : NEVER_US;
	if (found == TRIAL_GOOD && since_us > g->good_since_us)
		g->good_since_us = since_us < now_us ? since_us : now_us;
	if (found == TRIAL_WAIT ||
	    now_us - (found == TRIAL_GOOD ? g->good_since_us : g->bad_since_us) < settle_us)
		return TRIAL_WAIT;
	return found;
}

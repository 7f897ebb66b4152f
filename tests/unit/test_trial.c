/* fw/trial: every row, every pair without a row, what the slots mean, and the health gate. */
#include "test.h"

#include "base/clock.h"
#include "fw/trial.h"

enum {
	NO = TRIAL_STATES,
	NONE = TRIAL_NONE,
	PEND = TRIAL_PENDING,
	ON = TRIAL_ON,
	CONF = TRIAL_CONFIRMING,
	REVE = TRIAL_REVERTING,
};

/* Where each event leads from each state; NO: nowhere. Written down apart from the code. */
/* clang-format off */
static const uint8_t MAP[TRIAL_STATES][TRIAL_EVENTS] = {
	/*       -     INST  WAIT  WITHD BOOT  SETT  FELL  LEAV  HEAL  CONF  UNHE  DEAD  REJ   MARK  FAIL */
	[NONE] = {NO,  PEND, NO,   NO,   ON,   NO,   NONE, NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO  },
	[PEND] = {NO,  PEND, PEND, NONE, ON,   NONE, NONE, NO,   NO,   NO,   NO,   PEND, REVE, NO,   NO  },
	[ON]   = {NO,  REVE,  NO,   NO,   ON,   NONE, NONE, NO,   CONF, CONF, REVE, REVE, REVE, NO,   NO  },
	[CONF] = {NO,  NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NONE, ON  },
	[REVE] = {NO,  REVE, NO,   NO,   REVE, NO,   NONE, REVE, NO,   CONF,   NO,   REVE, NO,   REVE, REVE},
};
static const enum trial_event COLUMNS[TRIAL_EVENTS] = {
	TRIAL_NOTHING, TRIAL_INSTALLED, TRIAL_WAITING, TRIAL_WITHDRAWN, TRIAL_BOOTED,
	TRIAL_SETTLED, TRIAL_FELL_BACK, TRIAL_LEAVING, TRIAL_HEALTHY, TRIAL_CONFIRM,
	TRIAL_UNHEALTHY, TRIAL_DEADLINE, TRIAL_REJECT, TRIAL_MARKED, TRIAL_MARK_FAILED,
};
/* clang-format on */

static void trial_step__follows_the_table(void **state)
{
	(void)state;
	for (unsigned from = 0; from < TRIAL_STATES; from++) {
		for (size_t i = 0; i < ARRAY_SIZE(COLUMNS); i++) {
			enum trial_state s = (enum trial_state)from;
			unsigned fx = 0;
			bool taken = trial_step(&s, COLUMNS[i], &fx);

			if (taken != (MAP[from][i] != NO) ||
			    (unsigned)s != (taken ? MAP[from][i] : from))
				fail_msg("from %u by column %zu: to %u", from, i, (unsigned)s);
			assert_true(taken == (fx != 0) || (taken && s == TRIAL_NONE));
		}
	}
}

static unsigned effects(enum trial_state s, enum trial_event event)
{
	unsigned fx = 0;

	assert_true(trial_step(&s, event, &fx));
	return fx;
}

/* What may never come apart, whatever the rows are. */
static void trial_step__keeps_the_order(void **state)
{
	(void)state;
	for (unsigned from = 0; from < TRIAL_STATES; from++) {
		for (unsigned e = 0; e < TRIAL_EVENTS; e++) {
			enum trial_state s = (enum trial_state)from;
			bool verdict = e == TRIAL_MARKED || e == TRIAL_SETTLED;
			unsigned fx = 0;

			if (!trial_step(&s, (enum trial_event)e, &fx))
				continue;
			/* The floor rises when the back end has the mark, and only then. */
			assert_int_equal((fx & TRIAL_FX_KEEP) != 0, verdict && s == TRIAL_NONE);
			/* Every change of what is remembered is stored. */
			if ((enum trial_state)from != s && s != TRIAL_CONFIRMING)
				assert_true((fx & TRIAL_FX_STORE) != 0 || s == TRIAL_ON);
			/* Never both ways at once. */
			assert_false((fx & TRIAL_FX_MARK_GOOD) && (fx & TRIAL_FX_MARK_BAD));
			/* Every decision to go back has its end, whatever the writer does. */
			if (from != TRIAL_REVERTING && s == TRIAL_REVERTING)
				assert_true((fx & TRIAL_FX_BOUND) != 0);
			/* Nothing leaves a decision to go back, but by going back. */
			if (from == TRIAL_REVERTING && s == TRIAL_NONE)
				assert_true((fx & TRIAL_FX_ROLLED_BACK) != 0);
		}
	}
	assert_true((effects(TRIAL_ON, TRIAL_DEADLINE) & TRIAL_FX_MARK_BAD) != 0);
	assert_true((effects(TRIAL_PENDING, TRIAL_BOOTED) & TRIAL_FX_GATE) != 0);
	assert_true((effects(TRIAL_REVERTING, TRIAL_LEAVING) & TRIAL_FX_REBOOT) != 0);
	assert_true((effects(TRIAL_REVERTING, TRIAL_CONFIRM) & TRIAL_FX_STORE) != 0);
	assert_int_equal(effects(TRIAL_PENDING, TRIAL_DEADLINE), TRIAL_FX_RESTART);
	assert_int_equal(effects(TRIAL_REVERTING, TRIAL_DEADLINE), TRIAL_FX_RESTART);
}

static const struct {
	const char *name;
	enum trial_state s;
	struct trial_view v;
	enum trial_event want;
} SIGHTS[] = {
	{"nothing new",                 TRIAL_NONE,      {true, true, false, TRIAL_CONFIRMED},    TRIAL_NOTHING  },
	{"a loader that tells nothing",
	 TRIAL_NONE,				     {true, true, false, TRIAL_UNKNOWN},
	 TRIAL_NOTHING											   },
	{"installed, record lost",
	 TRIAL_NONE,				     {false, true, false, TRIAL_CONFIRMED},
	 TRIAL_INSTALLED											 },
	{"on trial, record lost",       TRIAL_NONE,      {true, true, false, TRIAL_UNCONFIRMED},  TRIAL_BOOTED   },
	{"last attempt, record lost",
	 TRIAL_NONE,				     {true, false, false, TRIAL_UNCONFIRMED},
	 TRIAL_BOOTED											    },
	{"waits",		       TRIAL_PENDING,   {false, true, false, TRIAL_CONFIRMED},   TRIAL_WAITING  },
	{"waits, the old booted",
	 TRIAL_PENDING,				  {false, true, true, TRIAL_CONFIRMED},
	 TRIAL_WAITING											   },
	{"another one was begun",
	 TRIAL_PENDING,				  {false, false, false, TRIAL_CONFIRMED},
	 TRIAL_WITHDRAWN											 },
	{"its attempts are used up",
	 TRIAL_PENDING,				  {false, false, true, TRIAL_CONFIRMED},
	 TRIAL_FELL_BACK											 },
	{"booted",		      TRIAL_PENDING,   {true, true, true, TRIAL_UNCONFIRMED},   TRIAL_BOOTED   },
	{"booted, nothing told",        TRIAL_PENDING,   {true, true, true, TRIAL_UNKNOWN},       TRIAL_BOOTED   },
	{"flipped to",                  TRIAL_PENDING,   {true, true, false, TRIAL_UNCONFIRMED},  TRIAL_BOOTED   },
	{"marked good by others",
	 TRIAL_PENDING,				  {true, true, true, TRIAL_CONFIRMED},
	 TRIAL_SETTLED											   },
	{"booted again",                TRIAL_ON,        {true, true, true, TRIAL_UNCONFIRMED},   TRIAL_BOOTED   },
	{"the last attempt",            TRIAL_ON,        {true, false, true, TRIAL_UNCONFIRMED},  TRIAL_BOOTED   },
	{"good, and we died",           TRIAL_ON,        {true, true, false, TRIAL_CONFIRMED},    TRIAL_SETTLED  },
	{"the loader fell back",        TRIAL_ON,        {false, false, true, TRIAL_CONFIRMED},   TRIAL_FELL_BACK},
	{"the old one was chosen",      TRIAL_ON,        {false, true, true, TRIAL_CONFIRMED},    TRIAL_INSTALLED},
	{"decision on its way",
	 TRIAL_CONFIRMING,			       {true, true, false, TRIAL_UNCONFIRMED},
	 TRIAL_NOTHING											   },
	{"not marked yet",              TRIAL_REVERTING, {true, true, false, TRIAL_UNCONFIRMED},  TRIAL_BOOTED   },
	{"good by mistake",             TRIAL_REVERTING, {true, true, false, TRIAL_CONFIRMED},    TRIAL_BOOTED   },
	{"marked, runs on",
	 TRIAL_REVERTING,				{true, false, false, TRIAL_UNCONFIRMED},
	 TRIAL_LEAVING											   },
	{"rejected before its boot",
	 TRIAL_REVERTING,				{false, true, false, TRIAL_CONFIRMED},
	 TRIAL_INSTALLED											 },
	{"gone",			TRIAL_REVERTING, {false, false, false, TRIAL_CONFIRMED},  TRIAL_FELL_BACK},
	{"nobody tells what runs",      TRIAL_ON,        {false, false, true, TRIAL_HIDDEN},      TRIAL_NOTHING  },
	{"nor whether it was booted",
	 TRIAL_PENDING,				  {false, false, true, TRIAL_HIDDEN},
	 TRIAL_NOTHING											   },
	{"gone, after a boot",
	 TRIAL_REVERTING,				{false, false, true, TRIAL_CONFIRMED},
	 TRIAL_FELL_BACK											 },
};

static void trial_see__names_what_happened(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(SIGHTS); i++) {
		enum trial_event got = trial_see(SIGHTS[i].s, &SIGHTS[i].v);

		if (got != SIGHTS[i].want)
			fail_msg("%s: %u", SIGHTS[i].name, (unsigned)got);
	}
}

/* Every pair of what is remembered and what the slots say has a meaning, and that one a row. */
static void trial_see__knows_every_pair(void **state)
{
	(void)state;
	for (unsigned from = 0; from < TRIAL_STATES; from++) {
		for (unsigned bits = 0; bits < 32; bits++) {
			struct trial_view v = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
					       (enum trial_standing)(bits / 8)};
			enum trial_state s = (enum trial_state)from;
			enum trial_event e = trial_see(s, &v);
			bool in_the_dark = v.standing == TRIAL_HIDDEN;
			unsigned fx = 0;

			if (e != TRIAL_NOTHING && !trial_step(&s, e, &fx))
				fail_msg("state %u view %u event %u", from, bits, (unsigned)e);
			/* What is remembered is only passed over for want of sight, ... */
			if (from != TRIAL_NONE && from != TRIAL_CONFIRMING)
				assert_int_equal(e == TRIAL_NOTHING, in_the_dark);
			assert_false(in_the_dark && fx != 0);
			/* ... what runs has not failed, and what waits is not good. */
			assert_false(v.runs && (fx & TRIAL_FX_ROLLED_BACK) != 0);
			assert_false(!v.runs && (fx & (TRIAL_FX_KEEP | TRIAL_FX_GATE)) != 0);
		}
	}
}

static const struct {
	const char *name;
	struct {
		uint64_t now;
		enum trial_health found;
		uint64_t since;
		enum trial_health want;
	} rounds[6];
} GATES[] = {
	{"good for long enough",
	 {{0, TRIAL_GOOD, 0, TRIAL_WAIT},
	  {9, TRIAL_GOOD, 0, TRIAL_WAIT},
	  {10, TRIAL_GOOD, 0, TRIAL_GOOD}} },
	{"broken for a moment",
	 {{0, TRIAL_GOOD, 0, TRIAL_WAIT},
	  {5, TRIAL_BAD, 0, TRIAL_WAIT},
	  {10, TRIAL_GOOD, 0, TRIAL_WAIT},
	  {20, TRIAL_GOOD, 0, TRIAL_GOOD}} },
	{"not yet is neither",
	 {{0, TRIAL_GOOD, 0, TRIAL_WAIT},
	  {5, TRIAL_WAIT, 0, TRIAL_WAIT},
	  {12, TRIAL_GOOD, 0, TRIAL_WAIT},
	  {99, TRIAL_WAIT, 0, TRIAL_WAIT}} },
	{"bad for long enough",
	 {{3, TRIAL_BAD, 0, TRIAL_WAIT},
	  {12, TRIAL_BAD, 0, TRIAL_WAIT},
	  {13, TRIAL_BAD, 0, TRIAL_BAD}}   },
	{"restarted between rounds",
	 {{5, TRIAL_GOOD, 1, TRIAL_WAIT},
	  {14, TRIAL_GOOD, 12, TRIAL_WAIT},
	  {16, TRIAL_GOOD, 12, TRIAL_WAIT},
	  {22, TRIAL_GOOD, 12, TRIAL_GOOD}}},
	{"restarted just now",
	 {{5, TRIAL_GOOD, 9, TRIAL_WAIT},
	  {14, TRIAL_GOOD, 0, TRIAL_WAIT},
	  {15, TRIAL_GOOD, 0, TRIAL_GOOD}} },
};

static void trial_gate_round__waits_until_it_is_sure(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(GATES); i++) {
		struct trial_gate g;

		trial_gate_init(&g);
		for (size_t n = 0; n < ARRAY_SIZE(GATES[i].rounds); n++) {
			if (n > 0 && GATES[i].rounds[n].now == 0)
				break;
			if (trial_gate_round(&g, GATES[i].rounds[n].found, GATES[i].rounds[n].since,
					     GATES[i].rounds[n].now, 10) != GATES[i].rounds[n].want)
				fail_msg("%s: round %zu", GATES[i].name, n);
		}
	}
}

static void trial_gate_round__settles_at_once_if_told(void **state)
{
	struct trial_gate g;

	(void)state;
	trial_gate_init(&g);
	assert_int_equal(trial_gate_round(&g, TRIAL_WAIT, 0, 7, 0), TRIAL_WAIT);
	assert_int_equal(trial_gate_round(&g, TRIAL_GOOD, 7, 7, 0), TRIAL_GOOD);
	trial_gate_init(&g);
	assert_int_equal(trial_gate_round(&g, TRIAL_BAD, 0, 7, 0), TRIAL_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trial_step__follows_the_table),
		cmocka_unit_test(trial_step__keeps_the_order),
		cmocka_unit_test(trial_see__names_what_happened),
		cmocka_unit_test(trial_see__knows_every_pair),
		cmocka_unit_test(trial_gate_round__waits_until_it_is_sure),
		cmocka_unit_test(trial_gate_round__settles_at_once_if_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

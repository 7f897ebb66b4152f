#include "svr_fixture.h"

#include "svr/sp.h"

#define SP       "/oic/sec/sp"
#define OID(n)   "\"1.3.6.1.4.1.51414.0.0." n ".0\""
#define BASELINE OID("1")
#define BLACK    OID("2")
#define DEFAULTS "{\"supportedprofiles\":[" BASELINE "],\"currentprofile\":" BASELINE "}"
#define BOTH     "{\"supportedprofiles\":[" BASELINE "," BLACK "],\"currentprofile\":" BLACK "}"

static void sp_post__takes_or_refuses(void **state)
{
	static const struct {
		const char *name, *body;
		enum verdict want;
	} CASES[] = {
		{"both",            BOTH,								V_CHANGED    },
		{"list",            "{\"supportedprofiles\":[" BLACK "," BASELINE "]}",                  V_CHANGED    },
		{"all five",
		 "{\"supportedprofiles\":[" OID("0") "," BASELINE "," BLACK
						     "," OID("3") "," OID("4") "]}",
		 V_CHANGED											    },
		{"same current",    "{\"currentprofile\":" BASELINE "}",                                 V_CHANGED    },
		{"not supported",   "{\"currentprofile\":" BLACK "}",                                    V_BAD_REQUEST},
		{"current dropped", "{\"supportedprofiles\":[" BLACK "]}",                               V_BAD_REQUEST},
		{"none supported",  "{\"supportedprofiles\":[]}",                                        V_BAD_REQUEST},
		{"unknown profile", "{\"supportedprofiles\":[" BASELINE "," OID("5") "]}",
		 V_BAD_REQUEST											},
		{"profile twice",   "{\"supportedprofiles\":[" BASELINE "," BASELINE "]}",
		 V_BAD_REQUEST											},
		{"unknown name",    "{\"currentprofile\":" BASELINE ",\"x\":1}",                         V_BAD_REQUEST},
		{"name twice",      "{\"currentprofile\":" BASELINE ",\"currentprofile\":" BASELINE "}",
		 V_BAD_REQUEST											},
		{"number",          "{\"currentprofile\":1}",                                            V_BAD_REQUEST},
		{"no list",         "{\"supportedprofiles\":" BASELINE "}",                              V_BAD_REQUEST},
		{"nothing",         "{}",								V_BAD_REQUEST},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_new();
		enum verdict got;

		to_doc(w);
		got = post(w, DOC, NULL, SP, CASES[i].body);
		if (got != CASES[i].want)
			fail_msg("%s: got %d", CASES[i].name, (int)got);
		assert_int_equal(get(w, DOC, NULL, SP), V_CONTENT);
		if (got != V_CHANGED)
			expect_body(w, DEFAULTS);
		world_free(w);
	}
}

static void sp_post__follows_the_states(void **state)
{
	static const struct {
		enum dos dos;
		enum verdict want;
	} CASES[] = {
		{DOS_RFPRO,  V_CHANGED    },
		{DOS_RFNOP,  V_BAD_REQUEST},
		{DOS_SRESET, V_CHANGED    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_new();

		to_provisioned(w, DOS_RFPRO);
		assert_int_equal(post(w, LATER, OBT, SP, BOTH), V_UNAUTHORIZED);
		grant(w, SP);
		if (CASES[i].dos != DOS_RFPRO)
			to_state(w, CASES[i].dos);
		assert_int_equal(post(w, LATER, OBT, SP, BOTH), CASES[i].want);
		assert_int_equal(w->out.store, CASES[i].want == V_CHANGED);
		assert_null(world_start(w)); /* and again from the disk */
		assert_int_equal(get(w, LATER, OBT, SP), V_CONTENT);
		expect_body(w, CASES[i].want == V_CHANGED ? BOTH : DEFAULTS);
		world_free(w);
	}
}

static void sp__is_the_default_after_a_reset(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_doc(w);
	assert_int_equal(post(w, DOC, NULL, SP, BOTH), V_CHANGED);
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	to_doc(w);
	assert_int_equal(get(w, DOC, NULL, SP), V_CONTENT);
	expect_body(w, DEFAULTS);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sp_post__takes_or_refuses),
		cmocka_unit_test(sp_post__follows_the_states),
		cmocka_unit_test(sp__is_the_default_after_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

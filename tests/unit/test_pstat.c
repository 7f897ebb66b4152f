#include "svr_fixture.h"

#include "svr/dos.h"
#include "svr/pstat.h"

#define PSTAT_URI "/oic/sec/pstat"

static void pstat_rep_parse__takes_or_refuses(void **state)
{
	static const struct {
		const char *name, *body;
		bool want;
	} CASES[] = {
		{"nothing",         "{}",								 true },
		{"all",             "{\"dos\":{\"s\":2},\"om\":4,\"tm\":256,\"rowneruuid\":\"" OBT "\"}", true },
		{"isop",            "{\"isop\":true}",						    false},
		{"cm",              "{\"cm\":0}",							 false},
		{"sm",              "{\"sm\":4}",							 false},
		{"dos.p",           "{\"dos\":{\"s\":2,\"p\":false}}",                                    false},
		{"dos without s",   "{\"dos\":{}}",						       false},
		{"s twice",         "{\"dos\":{\"s\":2,\"s\":3}}",                                        false},
		{"s beyond SRESET", "{\"dos\":{\"s\":5}}",                                                false},
		{"s negative",      "{\"dos\":{\"s\":-1}}",                                               false},
		{"dos is no map",   "{\"dos\":2}",							false},
		{"dos twice",       "{\"dos\":{\"s\":2},\"dos\":{\"s\":2}}",                              false},
		{"tm too large",    "{\"tm\":512}",						       false},
		{"tm reset",        "{\"tm\":1}",							 false},
		{"tm take owner",   "{\"tm\":66}",							false},
		{"tm all it may",   "{\"tm\":508}",						       true },
		{"unknown",         "{\"fr\":true}",						      false},
		{"no body",         "",								   false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct buf body = BUF_INIT(PSTAT_BODY_MAX);
		struct pstat_update u = {.seen = 77};
		bool got;

		diag(&body, CASES[i].body);
		got = pstat_rep_parse(buf_span(&body), &u);
		if (got != CASES[i].want)
			fail_msg("%s: got %d", CASES[i].name, got);
		assert_true(got || u.seen == 77);
		buf_done(&body);
	}
}

static void pstat_get__shows_the_values_of_each_state(void **state)
{
	/* clang-format off */
	static const struct {
		enum dos dos;
		const char *body;
	} CASES[] = {
		{DOS_RFPRO, "{\"dos\":{\"p\":false,\"s\":2},\"cm\":0,\"tm\":0,\"om\":4,\"sm\":4,\"isop\":false,\"rowneruuid\":\"" OBT "\"}"},
		{DOS_RFNOP, "{\"dos\":{\"p\":false,\"s\":3},\"cm\":0,\"tm\":0,\"om\":4,\"sm\":4,\"isop\":true,\"rowneruuid\":\"" OBT "\"}"},
		{DOS_SRESET, "{\"dos\":{\"p\":false,\"s\":4},\"cm\":1,\"tm\":0,\"om\":4,\"sm\":4,\"isop\":false,\"rowneruuid\":\"" OBT "\"}"},
	};
	/* clang-format on */
	struct world *w = world_new();

	(void)state;
	assert_int_equal(get(w, CLEAR, NULL, PSTAT_URI), V_CONTENT);
	expect_body(w, "{\"dos\":{\"p\":false,\"s\":1},\"cm\":2,\"tm\":0,\"om\":4,\"sm\":4,"
		       "\"isop\":false,\"rowneruuid\":\"" NIL "\"}");
	world_free(w);
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		w = world_new();
		to_provisioned(w, CASES[i].dos);
		assert_int_equal(get(w, LATER, OBT, PSTAT_URI), V_CONTENT);
		expect_body(w, CASES[i].body);
		world_free(w);
	}
}

static void pstat_post__takes_only_the_steps_of_the_table(void **state)
{
	static const char *const BODIES[] = {"{\"dos\":{\"s\":0}}", "{\"dos\":{\"s\":1}}",
					     "{\"dos\":{\"s\":2}}", "{\"dos\":{\"s\":3}}",
					     "{\"dos\":{\"s\":4}}"};
	/* '=' no-op, 'y' taken, '.' refused; columns 0 to 4 */
	static const struct {
		enum dos from;
		char want[6];
	} CASES[] = {
		{DOS_RFOTM,  "y=y.."},
		{DOS_RFPRO,  "y.=yy"},
		{DOS_RFNOP,  "y.y=y"},
		{DOS_SRESET, "y.y.="},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++)
		for (enum dos to = DOS_RESET; to <= DOS_SRESET; to++) {
			struct world *w = world_new();
			const char want = CASES[i].want[to];
			const bool rfotm = CASES[i].from == DOS_RFOTM;
			enum verdict got;

			if (rfotm)
				to_owned(w);
			else
				to_provisioned(w, CASES[i].from);
			got = post(w, rfotm ? DOC : LATER, rfotm ? NULL : OBT, PSTAT_URI,
				   BODIES[to]);
			if (got != (want == '.' ? V_BAD_REQUEST : V_CHANGED))
				fail_msg("%s -> %s: got %d", dos_name(CASES[i].from), dos_name(to),
					 (int)got);
			assert_int_equal(device_dos(w->dev), want == 'y' ? to : CASES[i].from);
			world_free(w);
		}
}

static void pstat_post__wants_an_owner_for_rfpro(void **state)
{
	/* One of the steps of an owner transfer left out. */
	static const struct {
		const char *name, *uri, *undo;
	} CASES[] = {
		{"owned",                 "/oic/sec/doxm",  "{\"owned\":false}"             },
		{"devowneruuid",          "/oic/sec/doxm",  "{\"devowneruuid\":\"" NIL "\"}"},
		{"doxm.rowneruuid",       "/oic/sec/doxm",  "{\"rowneruuid\":\"" NIL "\"}"  },
		{"pstat.rowneruuid",      "/oic/sec/pstat", "{\"rowneruuid\":\"" NIL "\"}"  },
		{"acl2.rowneruuid",       "/oic/sec/acl2",  "{\"rowneruuid\":\"" NIL "\"}"  },
		{"cred.rowneruuid",       "/oic/sec/cred",  "{\"rowneruuid\":\"" NIL "\"}"  },
		{"credential of the AMS", "/oic/sec/acl2",  "{\"rowneruuid\":\"" OTHER "\"}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_new();

		to_owned(w);
		assert_int_equal(post(w, DOC, NULL, CASES[i].uri, CASES[i].undo), V_CHANGED);
		if (post(w, DOC, NULL, PSTAT_URI, "{\"dos\":{\"s\":2}}") != V_BAD_REQUEST)
			fail_msg("RFPRO without %s", CASES[i].name);
		assert_int_equal(device_dos(w->dev), DOS_RFOTM);
		world_free(w);
	}
}

static void pstat_post__applies_owner_and_mode_before_the_state(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_owned(w);
	assert_int_equal(post(w, DOC, NULL, PSTAT_URI, "{\"rowneruuid\":\"" NIL "\"}"), V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, PSTAT_URI,
			      "{\"dos\":{\"s\":2},\"rowneruuid\":\"" OBT "\",\"om\":4}"),
			 V_CHANGED);
	assert_int_equal(device_dos(w->dev), DOS_RFPRO);
	assert_true(w->out.store);
	world_free(w);
}

static void pstat_post__refuses_other_modes(void **state)
{
	static const char *const BODIES[] = {"{\"om\":0}", "{\"om\":1}", "{\"om\":3}", "{\"om\":7}",
					     "{\"om\":8}"};
	struct world *w = world_new();

	(void)state;
	to_doc(w);
	for (size_t i = 0; i < ARRAY_SIZE(BODIES); i++)
		assert_int_equal(post(w, DOC, NULL, PSTAT_URI, BODIES[i]), V_BAD_REQUEST);
	assert_int_equal(post(w, DOC, NULL, PSTAT_URI, "{\"om\":4}"), V_CHANGED);
	world_free(w);
}

static void pstat_post__keeps_its_owner_outside_transfer_and_repair(void **state)
{
	static const struct {
		enum dos dos;
		enum verdict want;
	} CASES[] = {
		{DOS_RFPRO,  V_BAD_REQUEST},
		{DOS_RFNOP,  V_BAD_REQUEST},
		{DOS_SRESET, V_CHANGED    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_new();

		to_provisioned(w, CASES[i].dos);
		assert_int_equal(post(w, LATER, OBT, PSTAT_URI, "{\"rowneruuid\":\"" OTHER "\"}"),
				 CASES[i].want);
		world_free(w);
	}
}

static void pstat_post__stores_what_is_changed_later(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFNOP);
	assert_int_equal(post(w, LATER, OBT, PSTAT_URI, "{\"tm\":96}"), V_CHANGED);
	assert_true(w->out.store);
	assert_null(world_start(w));
	assert_int_equal(w->dev->tm, 32); /* what was asked for at once is not asked for again */
	world_free(w);
}

static void pstat_post__resets_after_the_answer(void **state)
{
	struct world *w = world_new();
	struct secret key;
	struct uuid obt = uuid_of(OBT);

	(void)state;
	to_provisioned(w, DOS_RFNOP);
	assert_true(svr_psk(w->dev, &obt, &w->env.wall, &key));
	assert_int_equal(post(w, LATER, OBT, PSTAT_URI, "{\"dos\":{\"s\":0}}"), V_CHANGED);
	assert_true(w->out.store);
	assert_int_equal(w->out.effects, FX_SIGNAL | FX_RESET_WAIT);
	assert_int_equal(w->disk.len, 0); /* unowned for good, before the 2.04 */
	assert_true(device_reset_pending(w->dev));
	assert_int_equal(w->dev->cm, 1);
	assert_int_equal(w->dev->tm, 2);
	assert_int_equal(svr_profile(w->dev), SVR_PROFILE_NONE);
	assert_false(svr_psk(w->dev, &obt, &w->env.wall, &key));

	assert_int_equal(post(w, LATER, OBT, PSTAT_URI, "{\"dos\":{\"s\":0}}"), V_UNAVAILABLE);
	assert_int_equal(get(w, LATER, OBT, PSTAT_URI), V_UNAVAILABLE);
	assert_int_equal(get(w, CLEAR, NULL, "/oic/res"), V_UNAVAILABLE);
	assert_int_equal(get(w, CLEAR, NULL, "/unknown"), V_UNAVAILABLE);
	assert_int_equal(multicast(w, "/oic/res"), V_IGNORE);

	assert_int_equal(world_event(w, EV_CLOSED, STRANGER), V_CHANGED);
	assert_true(device_reset_pending(w->dev));
	assert_int_equal(world_event(w, EV_CLOSED, LATER), V_CHANGED); /* the requester's */
	assert_int_equal(device_dos(w->dev), DOS_RFOTM);
	assert_int_equal(world_event(w, EV_RESET_DUE, 0), V_BAD_REQUEST); /* over already */
	world_free(w);
}

static void pstat_post__takes_back_a_transfer_over_the_doc(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_owned(w);
	assert_int_equal(post(w, DOC, NULL, PSTAT_URI, "{\"dos\":{\"s\":0}}"), V_CHANGED);
	assert_false(w->out.store);
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	assert_int_equal(device_dos(w->dev), DOS_RFOTM);
	assert_false(w->out.store); /* nothing was stored */
	assert_false(device_owned(w->dev));
	assert_false(device_doc_open(w->dev));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pstat_rep_parse__takes_or_refuses),
		cmocka_unit_test(pstat_get__shows_the_values_of_each_state),
		cmocka_unit_test(pstat_post__takes_only_the_steps_of_the_table),
		cmocka_unit_test(pstat_post__wants_an_owner_for_rfpro),
		cmocka_unit_test(pstat_post__applies_owner_and_mode_before_the_state),
		cmocka_unit_test(pstat_post__refuses_other_modes),
		cmocka_unit_test(pstat_post__keeps_its_owner_outside_transfer_and_repair),
		cmocka_unit_test(pstat_post__stores_what_is_changed_later),
		cmocka_unit_test(pstat_post__resets_after_the_answer),
		cmocka_unit_test(pstat_post__takes_back_a_transfer_over_the_doc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "svr_fixture.h"

#include "svr/mnt.h"

#define MNT  "/oic/mnt"
#define FR   "{\"fr\":true}"
#define IDLE "{\"fr\":false}"

static void mnt_rep_parse__takes_or_refuses(void **state)
{
	static const struct {
		const char *name, *body;
		bool want;
	} CASES[] = {
		{"reset",    FR,                           true },
		{"no reset", IDLE,                         true },
		{"restart",  "{\"rb\":true}",              false},
		{"both",     "{\"fr\":true,\"rb\":true}",  false},
		{"twice",    "{\"fr\":false,\"fr\":true}", false},
		{"number",   "{\"fr\":1}",                 false},
		{"nothing",  "{}",                         false},
		{"no body",  "",                           false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct buf body = BUF_INIT(MNT_BODY_MAX);
		bool got, reset = false;

		diag(&body, CASES[i].body);
		got = mnt_rep_parse(buf_span(&body), &reset);
		if (got != CASES[i].want)
			fail_msg("%s: got %d", CASES[i].name, got);
		assert_true(got || !reset);
		buf_done(&body);
	}
}

static void mnt_post__resets_from_every_state(void **state)
{
	static const enum dos STATES[] = {DOS_RFPRO, DOS_RFNOP, DOS_SRESET};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(STATES); i++) {
		struct world *w = world_new();

		to_provisioned(w, DOS_RFPRO);
		grant(w, MNT);
		if (STATES[i] != DOS_RFPRO)
			to_state(w, STATES[i]);
		assert_int_equal(get(w, LATER, OBT, MNT), V_CONTENT);
		expect_body(w, IDLE);
		assert_int_equal(post(w, LATER, OBT, MNT, IDLE), V_CHANGED);
		assert_null(w->out.staged);
		assert_int_equal(w->dev->dos, STATES[i]);
		assert_int_equal(post(w, LATER, OBT, MNT, FR), V_CHANGED);
		assert_true(device_reset_pending(w->dev));
		assert_true(w->out.effects & FX_RESET_WAIT);
		assert_int_equal(w->disk.len, 0); /* unowned on disk before the answer */
		assert_int_equal(post(w, LATER, OBT, MNT, FR), V_UNAVAILABLE);
		assert_int_equal(world_event(w, EV_CLOSED, LATER), V_CHANGED);
		assert_int_equal(w->dev->dos, DOS_RFOTM);
		world_free(w);
	}
}

static void mnt_post__resets_over_the_doc(void **state)
{
	struct world *w = world_new();

	(void)state;
	assert_int_equal(post(w, CLEAR, NULL, MNT, FR), V_UNAUTHORIZED);
	to_doc(w);
	assert_int_equal(post(w, DOC, NULL, MNT, FR), V_CHANGED);
	assert_true(device_reset_pending(w->dev));
	world_free(w);
}

/* Not even an entry for everyone opens it to unsecured requests. */
static void mnt_post__is_never_reached_unsecured(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2",
			      "{\"aclist2\":[{\"subject\":{\"conntype\":\"anon-clear\"},"
			      "\"resources\":[{\"href\":\"/oic/mnt\"}],\"permission\":31}]}"),
			 V_CHANGED);
	to_state(w, DOS_RFNOP);
	assert_int_equal(get(w, CLEAR, NULL, MNT), V_UNAUTHORIZED);
	assert_int_equal(post(w, CLEAR, NULL, MNT, FR), V_UNAUTHORIZED);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mnt_rep_parse__takes_or_refuses),
		cmocka_unit_test(mnt_post__resets_from_every_state),
		cmocka_unit_test(mnt_post__resets_over_the_doc),
		cmocka_unit_test(mnt_post__is_never_reached_unsecured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

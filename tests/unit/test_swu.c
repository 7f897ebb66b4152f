#include "svr_fixture.h"

#include "base/clock.h"
#include "svr/swu.h"

#define SWU    "/oc/swu"
#define PSTAT  "/oic/sec/pstat"
#define SECOND USEC_PER_SEC
#define NOW    (UINT64_C(1780315200) * SECOND) /* 2026-06-01T12:00:00Z */
#define URL64  "http://fw.example/0123456789012345678901234567890123456789012345"
#define BODY(purl, action, time)                                                                   \
	"{\"purl\":\"" purl "\",\"swupdateaction\":\"" action "\",\"updatetime\":\"" time "\"}"
#define IDLE                                                                                       \
	"{\"purl\":\"\",\"swupdateaction\":\"idle\",\"swupdatestate\":\"idle\","                   \
	"\"swupdateresult\":0,\"updatetime\":\"none\",\"signed\":\"vendor\"}"

/* The owner may write /oc/swu, and it is noon. */
static struct world *world_with_swu(enum dos dos)
{
	struct world *w = world_new();

	w->env.clock_us = NOW;
	to_provisioned(w, DOS_RFPRO);
	grant(w, SWU);
	if (dos != DOS_RFPRO)
		to_state(w, dos);
	return w;
}

static enum verdict swu(struct world *w, const char *body)
{
	return post(w, LATER, OBT, SWU, body);
}

static enum verdict tm(struct world *w, unsigned bits)
{
	char body[32];

	(void)snprintf(body, sizeof(body), "{\"tm\":%u}", bits);
	return post(w, LATER, OBT, PSTAT, body);
}

/* News of the job under way. */
static void hear(struct world *w, enum svr_software_news news, enum swu_result result,
		 const char *version)
{
	struct svr_software n = {.run = w->dev->swu.run, .news = news, .result = result};

	(void)snprintf(n.version, sizeof(n.version), "%s", version);
	svr_software(w->dev, &n, &w->env, &w->out);
	assert_int_equal(w->out.verdict, V_CHANGED);
	world_commit(w);
}

static enum swu_action job(const struct world *w)
{
	struct svr_software_job j;

	return device_software_job(w->dev, &j) ? j.action : SWU_IDLE;
}

static void swu_post__takes_or_refuses(void **state)
{
	static const struct {
		const char *name, *body;
		enum verdict want;
	} CASES[] = {
		{"check now",        BODY("",						       "isac",									  "now"), V_CHANGED},
		{"idle",         BODY("",								      "idle",																		"none"), V_CHANGED},
		{"later",            BODY("http://h","isvv","2026-06-01T12:00:01Z"), V_CHANGED},
		{"this second",            BODY("http://h",                                               "isvv",															    "2026-06-01T12:00:00Z"), V_CHANGED},
		{"other offset",         BODY("http://h",								      "isvv",																	 "2026-06-01t14:00:01+02:00"), V_CHANGED},
		{"coaps",            BODY("coaps://[fd77::2]/x",    "upgrade","now"), V_CHANGED},
		{"purl of 64",     BODY(URL64,					   "upgrade",                                               "now"), V_CHANGED},
		{"purl of 65",         BODY(URL64 "6",								      "upgrade",																	       "now"), V_NOT_ACCEPTABLE},
		{"past",         BODY("",							     "isac",																						     "2026-06-01T11:59:59Z"), V_NOT_ACCEPTABLE},
		{"past by offset",       BODY("",						      "isac",										  "2026-06-01T13:00:00+02:00"), V_NOT_ACCEPTABLE},
		{"no date",         BODY("",								      "isac",																	  "2026-02-30T00:00:00Z"), V_NOT_ACCEPTABLE},
		{"no time at all",         BODY("","isac",""), V_NOT_ACCEPTABLE},
		{"unknown action",             BODY("",							   "install",									"now"), V_NOT_ACCEPTABLE},
		{"no URI",  BODY("firmware",							       "isac",															       "now"), V_NOT_ACCEPTABLE},
		{"URI with a blank",            BODY("http://a b","isac","now"), V_NOT_ACCEPTABLE},
		{"no host",          BODY("http://",							"isac",							    "now"), V_NOT_ACCEPTABLE},
		{"without purl",  "{\"swupdateaction\":\"isac\",\"updatetime\":\"now\"}",
		 V_NOT_ACCEPTABLE															      },
		{"without action",            "{\"purl\":\"\",\"updatetime\":\"now\"}",                                                                            V_NOT_ACCEPTABLE																											       },
		{"without time",   "{\"purl\":\"\",\"swupdateaction\":\"isac\"}",                                             V_NOT_ACCEPTABLE                                                        },
		{"nv",
		 "{\"purl\":\"\",\"swupdateaction\":\"isac\",\"updatetime\":\"now\",\"nv\":\"1\"}",							       V_NOT_ACCEPTABLE																      },
		{"state",            "{\"swupdatestate\":\"idle\"}",     V_NOT_ACCEPTABLE},
		{"unknown", "{\"x\":1}",                                  V_NOT_ACCEPTABLE														   },
		{"number",  "{\"purl\":1}",							       V_NOT_ACCEPTABLE																     },
		{"twice",            "{\"purl\":\"\",\"purl\":\"\"}",            V_NOT_ACCEPTABLE               },
		{"nothing",     "{}",           V_NOT_ACCEPTABLE																		  },
		{"no map",   "[]",             V_NOT_ACCEPTABLE},
		{"no body",     "",                   V_BAD_REQUEST                                     },
		{"cut",               "{\"purl\"", V_BAD_REQUEST },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_with_swu(DOS_RFNOP);
		enum verdict got = swu(w, CASES[i].body);

		if (got != CASES[i].want)
			fail_msg("%s: got %d, want %d", CASES[i].name, (int)got,
				 (int)CASES[i].want);
		if (got != V_CHANGED) {
			assert_int_equal(get(w, LATER, OBT, SWU), V_CONTENT);
			expect_body(w, IDLE);
		} else {
			assert_true(w->out.store);
		}
		world_free(w);
	}
}

static void swu_post__answers_with_all(void **state)
{
	struct world *w = world_with_swu(DOS_RFNOP);

	(void)state;
	assert_int_equal(swu(w, BODY("http://h", "upgrade", "2026-06-01T13:30:00+01:00")),
			 V_CHANGED);
	expect_body(w, "{\"purl\":\"http://h\",\"swupdateaction\":\"upgrade\","
		       "\"swupdatestate\":\"idle\",\"swupdateresult\":0,"
		       "\"updatetime\":\"2026-06-01T12:30:00Z\",\"signed\":\"vendor\"}");
	assert_int_equal(swu(w, BODY("", "isac", "none")), V_CHANGED); /* the former URL stays */
	assert_true(body_has(w, "\"purl\" \"http://h\""));
	assert_int_equal(device_software_deadline(w->dev), NEVER_US);
	assert_int_equal(swu(w, BODY("", "idle", "none")), V_CHANGED);
	expect_body(w, IDLE);
	assert_int_equal(job(w), SWU_IDLE);
	world_free(w);
}

/* ---- the schedule ---- */

static void swu_begin__waits_for_its_time(void **state)
{
	struct world *w = world_with_swu(DOS_RFNOP);

	(void)state;
	assert_int_equal(swu(w, BODY("", "isvv", "2026-06-01T13:00:00Z")), V_CHANGED);
	assert_int_equal(device_software_deadline(w->dev), NOW + 3600 * SECOND);
	w->env.clock_us += 3599 * SECOND;
	hear(w, SOFTWARE_DUE, 0, "");
	assert_int_equal(job(w), SWU_IDLE);
	assert_null(world_start(w)); /* it survives a restart */
	assert_int_equal(device_software_deadline(w->dev), NOW + 3600 * SECOND);
	w->env.clock_us += SECOND;
	hear(w, SOFTWARE_DUE, 0, "");
	assert_true(w->out.store);
	assert_int_equal(job(w), SWU_ISVV);
	assert_int_equal(device_software_deadline(w->dev), NEVER_US);
	assert_null(world_start(w)); /* the job does not */
	assert_int_equal(job(w), SWU_IDLE);
	assert_int_equal(device_software_deadline(w->dev), NEVER_US);
	world_free(w);
}

static void swu_begin__follows_the_states(void **state)
{
	static const struct {
		enum dos dos;
		bool begins;
	} CASES[] = {
		{DOS_RFPRO,  true },
		{DOS_RFNOP,  true },
		{DOS_SRESET, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_with_swu(CASES[i].dos);

		assert_int_equal(swu(w, BODY("", "isac", "now")), V_CHANGED);
		assert_int_equal(job(w) == SWU_ISAC, CASES[i].begins);
		if (!CASES[i].begins) { /* but later */
			to_state(w, DOS_RFPRO);
			assert_int_equal(device_software_deadline(w->dev), NOW);
			hear(w, SOFTWARE_DUE, 0, "");
			assert_int_equal(job(w), SWU_ISAC);
		}
		world_free(w);

		w = world_with_swu(CASES[i].dos);
		assert_int_equal(tm(w, MODE_AVAILABLE), V_CHANGED);
		assert_int_equal(job(w) == SWU_ISAC, CASES[i].begins);
		assert_int_equal(w->dev->tm, MODE_AVAILABLE);
		if (!CASES[i].begins) { /* nor later: the edge has passed */
			to_state(w, DOS_RFPRO);
			assert_int_equal(tm(w, MODE_AVAILABLE), V_CHANGED);
			assert_int_equal(job(w), SWU_IDLE);
			assert_int_equal(tm(w, 0), V_CHANGED);
			assert_int_equal(tm(w, MODE_AVAILABLE), V_CHANGED);
			assert_int_equal(job(w), SWU_ISAC);
		}
		world_free(w);
	}
}

static void swu_begin__is_void_after_a_reset(void **state)
{
	struct world *w = world_with_swu(DOS_RFNOP);
	uint32_t run;

	(void)state;
	assert_int_equal(swu(w, BODY("http://h", "isac", "now")), V_CHANGED);
	run = w->dev->swu.run;
	to_state(w, DOS_RESET);
	assert_int_equal(world_event(w, EV_RESET_DUE, 0), V_CHANGED);
	assert_int_equal(job(w), SWU_IDLE);
	to_doc(w);
	assert_int_equal(get(w, DOC, NULL, SWU), V_CONTENT);
	expect_body(w, IDLE);
	assert_int_equal(w->dev->swu.run, run); /* so that late news find nobody */
	hear(w, SOFTWARE_FOUND, 0, "2.0.0");
	assert_null(w->out.staged);
	assert_int_equal(w->dev->cm, MODE_TAKE_OWNER);
	world_free(w);
}

/* ---- jobs and what becomes of them ---- */

/* What the resource and pstat say after one piece of news. */
struct after {
	enum svr_software_news news;
	enum swu_result in;
	const char *version;
	/* then */
	enum swu_action action;
	enum swu_state state;
	enum swu_result result;
	unsigned cm;
	const char *nv;
};

#define C3 (MODE_AVAILABLE | MODE_VALIDATE | MODE_UPGRADE)
#define C2 (MODE_AVAILABLE | MODE_VALIDATE)
#define C1 MODE_AVAILABLE

/* clang-format off */
static const struct {
	const char *name;
	unsigned tm;
	struct after then[4];
} COURSES[] = {
	{"check finds", C1, {
		{SOFTWARE_FOUND, 0, "2.0.0", SWU_IDLE, SWU_STATE_NSA, SWU_RESULT_SUCCESS, C1, "2.0.0"}}},
	{"check finds nothing", C1, {
		{SOFTWARE_NOTHING, 0, "", SWU_IDLE, SWU_STATE_IDLE, SWU_RESULT_SUCCESS, 0, ""}}},
	{"check fails", C1, {
		{SOFTWARE_FAILED, SWU_RESULT_CONNECTION, "", SWU_IDLE, SWU_STATE_IDLE, SWU_RESULT_CONNECTION, 0, ""}}},
	{"validation", MODE_VALIDATE, {
		{SOFTWARE_AVAILABLE, 0, "2.0.0", SWU_ISVV, SWU_STATE_NSA, SWU_RESULT_IDLE, C1, "2.0.0"},
		{SOFTWARE_VERIFYING, 0, "", SWU_ISVV, SWU_STATE_SVV, SWU_RESULT_IDLE, C1, "2.0.0"},
		{SOFTWARE_DOWNLOADED, 0, "", SWU_IDLE, SWU_STATE_SVA, SWU_RESULT_SUCCESS, C2, "2.0.0"}}},
	{"validation fails", MODE_VALIDATE, {
		{SOFTWARE_AVAILABLE, 0, "2.0.0", SWU_ISVV, SWU_STATE_NSA, SWU_RESULT_IDLE, C1, "2.0.0"},
		{SOFTWARE_VERIFYING, 0, "", SWU_ISVV, SWU_STATE_SVV, SWU_RESULT_IDLE, C1, "2.0.0"},
		{SOFTWARE_FAILED, SWU_RESULT_VALIDATION, "", SWU_IDLE, SWU_STATE_IDLE, SWU_RESULT_VALIDATION, C1, "2.0.0"}}},
	{"nothing to validate", MODE_VALIDATE, {
		{SOFTWARE_NOTHING, 0, "", SWU_IDLE, SWU_STATE_IDLE, SWU_RESULT_VALIDATION, 0, ""}}},
	{"upgrade", MODE_UPGRADE, {
		{SOFTWARE_AVAILABLE, 0, "2.0.0", SWU_UPGRADE, SWU_STATE_NSA, SWU_RESULT_IDLE, C1, "2.0.0"},
		{SOFTWARE_VERIFYING, 0, "", SWU_UPGRADE, SWU_STATE_SVV, SWU_RESULT_IDLE, C1, "2.0.0"},
		{SOFTWARE_INSTALLING, 0, "", SWU_UPGRADE, SWU_STATE_UPGRADING, SWU_RESULT_IDLE, C3, "2.0.0"},
		{SOFTWARE_INSTALLED, 0, "", SWU_IDLE, SWU_STATE_IDLE, SWU_RESULT_SUCCESS, 0, ""}}},
	{"upgrade fails", MODE_UPGRADE, {
		{SOFTWARE_AVAILABLE, 0, "2.0.0", SWU_UPGRADE, SWU_STATE_NSA, SWU_RESULT_IDLE, C1, "2.0.0"},
		{SOFTWARE_INSTALLING, 0, "", SWU_UPGRADE, SWU_STATE_UPGRADING, SWU_RESULT_IDLE, C3, "2.0.0"},
		{SOFTWARE_FAILED, SWU_RESULT_UPGRADE, "", SWU_IDLE, SWU_STATE_IDLE, SWU_RESULT_UPGRADE, C2, "2.0.0"}}},
};
/* clang-format on */

static void expect_after(const struct world *w, const char *name, size_t i, const struct after *a)
{
	const struct swu *s = &w->dev->swu;

	if (s->running != a->action || s->state != a->state || s->result != a->result ||
	    w->dev->cm != a->cm || strcmp(s->nv, a->nv) != 0)
		fail_msg("%s, %zu: action %d, state %d, result %d, cm %x, nv '%s'", name, i,
			 (int)s->running, (int)s->state, (int)s->result, w->dev->cm, s->nv);
}

static void svr_software__takes_its_course(void **state)
{
	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(COURSES); c++) {
		struct world *w = world_with_swu(DOS_RFNOP);

		assert_int_equal(tm(w, COURSES[c].tm), V_CHANGED);
		for (size_t i = 0; i < 4 && COURSES[c].then[i].news != SOFTWARE_DUE; i++) {
			const struct after *a = &COURSES[c].then[i];

			assert_int_equal(w->dev->tm, COURSES[c].tm);
			hear(w, a->news, a->in, a->version);
			expect_after(w, COURSES[c].name, i, a);
			assert_int_equal(w->out.store, a->action == SWU_IDLE);
			assert_int_equal(w->dev->swu.last_us,
					 a->news == SOFTWARE_INSTALLED ? NOW : 0);
		}
		assert_int_equal(w->dev->tm, 0);
		world_free(w);
	}
}

/* OCF Security 13.8: the edges in their order, one after the other. */
static void swu_set_tm__runs_the_edges_in_order(void **state)
{
	struct world *w = world_with_swu(DOS_RFNOP);

	(void)state;
	assert_int_equal(tm(w, C3), V_CHANGED);
	assert_true(w->out.effects & FX_SOFTWARE);
	assert_int_equal(job(w), SWU_ISAC);
	assert_int_equal(tm(w, C3), V_CHANGED); /* no edge: nothing begins twice */
	assert_false(w->out.effects & FX_SOFTWARE);
	hear(w, SOFTWARE_FOUND, 0, "2.0.0");
	assert_true(w->out.effects & FX_SOFTWARE);
	assert_int_equal(w->dev->tm, MODE_VALIDATE | MODE_UPGRADE);
	assert_int_equal(job(w), SWU_ISVV);
	hear(w, SOFTWARE_DOWNLOADED, 0, "");
	assert_int_equal(w->dev->cm, C2);
	assert_int_equal(job(w), SWU_UPGRADE);
	hear(w, SOFTWARE_INSTALLED, 0, "");
	assert_int_equal(job(w), SWU_IDLE);
	assert_int_equal(w->dev->tm, 0);
	assert_int_equal(w->dev->cm, 0);
	world_free(w);
}

static void swu_set_tm__takes_back_what_has_not_begun(void **state)
{
	struct world *w = world_with_swu(DOS_RFNOP);

	(void)state;
	assert_int_equal(tm(w, MODE_AVAILABLE | MODE_UPGRADE), V_CHANGED);
	assert_int_equal(tm(w, 0), V_CHANGED);
	assert_int_equal(job(w), SWU_ISAC); /* it has */
	hear(w, SOFTWARE_FOUND, 0, "2.0.0");
	assert_int_equal(job(w), SWU_IDLE);
	world_free(w);
}

/* A step of the onboarding states touches two bits of cm only, and a restart none of the results.
 */
static void pstat__keeps_what_the_update_has_reached(void **state)
{
	struct world *w = world_with_swu(DOS_RFNOP);

	(void)state;
	assert_int_equal(tm(w, MODE_VALIDATE), V_CHANGED);
	hear(w, SOFTWARE_DOWNLOADED, 0, "2.0.0");
	to_state(w, DOS_SRESET);
	assert_int_equal(w->dev->cm, C2 | MODE_RESET);
	to_state(w, DOS_RFPRO);
	assert_int_equal(w->dev->cm, C2);
	assert_null(world_start(w));
	assert_int_equal(w->dev->cm, C2);
	assert_int_equal(w->dev->swu.state, SWU_STATE_SVA);
	assert_string_equal(w->dev->swu.nv, "2.0.0");
	world_free(w);
}

/* A restart in the middle: the job is gone, what it had reached before is not. */
static void swu_record__keeps_what_was_settled(void **state)
{
	static const struct {
		enum svr_software_news reached;
		enum swu_state want;
		unsigned cm;
	} CASES[] = {
		{SOFTWARE_AVAILABLE,  SWU_STATE_NSA, C1},
		{SOFTWARE_VERIFYING,  SWU_STATE_NSA, C1},
		{SOFTWARE_INSTALLING, SWU_STATE_SVA, C2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_with_swu(DOS_RFNOP);

		assert_int_equal(tm(w, MODE_UPGRADE), V_CHANGED);
		hear(w, SOFTWARE_AVAILABLE, 0, "2.0.0");
		hear(w, CASES[i].reached, 0, "");
		assert_false(w->out.store);
		assert_int_equal(tm(w, MODE_UPGRADE | 0x20), V_CHANGED); /* stores */
		assert_null(world_start(w));
		assert_int_equal(job(w), SWU_IDLE);
		assert_int_equal(w->dev->tm, 0x20);
		assert_int_equal(w->dev->swu.state, CASES[i].want);
		assert_int_equal(w->dev->cm, CASES[i].cm);
		assert_string_equal(w->dev->swu.nv, "2.0.0");
		world_free(w);
	}
}

static void swu_post__waits_for_the_job_under_way(void **state)
{
	struct world *w = world_with_swu(DOS_RFNOP);

	(void)state;
	assert_int_equal(swu(w, BODY("", "isac", "now")), V_CHANGED);
	assert_int_equal(swu(w, BODY("http://h", "upgrade", "now")), V_CHANGED);
	assert_int_equal(job(w), SWU_ISAC);
	hear(w, SOFTWARE_FOUND, 0, "2.0.0");
	assert_int_equal(job(w), SWU_UPGRADE);
	assert_int_equal(swu(w, BODY("", "isac", "now")), V_CHANGED);
	assert_int_equal(swu(w, BODY("", "idle", "none")), V_CHANGED); /* taken back */
	hear(w, SOFTWARE_INSTALLED, 0, "");
	assert_int_equal(job(w), SWU_IDLE);
	world_free(w);
}

static void svr_software__hears_its_own_job_only(void **state)
{
	struct world *w = world_with_swu(DOS_RFNOP);
	struct svr_software late = {.news = SOFTWARE_INSTALLED};

	(void)state;
	assert_int_equal(tm(w, MODE_AVAILABLE), V_CHANGED);
	late.run = w->dev->swu.run;
	hear(w, SOFTWARE_NOTHING, 0, "");
	assert_int_equal(tm(w, MODE_UPGRADE), V_CHANGED);
	svr_software(w->dev, &late, &w->env, &w->out);
	assert_null(w->out.staged);
	assert_int_equal(job(w), SWU_UPGRADE);
	world_free(w);
}

static void swu_begin__refuses_what_nobody_can_fetch(void **state)
{
	static const struct {
		const char *body;
		enum swu_result want;
	} CASES[] = {
		{BODY("coaps://h/x", "isac", "now"), SWU_RESULT_PROTOCOL},
		{BODY("HTTPS://h/x", "isac", "now"), SWU_RESULT_IDLE    },
		{BODY("",            "isac", "now"), SWU_RESULT_IDLE    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_with_swu(DOS_RFNOP);

		assert_int_equal(swu(w, CASES[i].body), V_CHANGED);
		assert_int_equal(w->dev->swu.result, CASES[i].want);
		assert_int_equal(job(w) == SWU_IDLE, CASES[i].want == SWU_RESULT_PROTOCOL);
		world_free(w);
	}
}

static void swu__is_reached_secured_only(void **state)
{
	struct world *w = world_with_swu(DOS_RFNOP);

	(void)state;
	assert_int_equal(get(w, CLEAR, NULL, SWU), V_UNAUTHORIZED);
	assert_int_equal(get(w, STRANGER, OTHER, SWU), V_UNAUTHORIZED);
	assert_int_equal(get(w, LATER, OBT, SWU "?if=oic.if.baseline"), V_CONTENT);
	assert_true(body_has(w, "\"rt\" [\"oic.r.softwareupdate\"]"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swu_post__takes_or_refuses),
		cmocka_unit_test(swu_post__answers_with_all),
		cmocka_unit_test(swu_begin__waits_for_its_time),
		cmocka_unit_test(swu_begin__follows_the_states),
		cmocka_unit_test(swu_begin__is_void_after_a_reset),
		cmocka_unit_test(swu_begin__refuses_what_nobody_can_fetch),
		cmocka_unit_test(svr_software__takes_its_course),
		cmocka_unit_test(swu_record__keeps_what_was_settled),
		cmocka_unit_test(swu_post__waits_for_the_job_under_way),
		cmocka_unit_test(svr_software__hears_its_own_job_only),
		cmocka_unit_test(swu_set_tm__runs_the_edges_in_order),
		cmocka_unit_test(swu_set_tm__takes_back_what_has_not_begun),
		cmocka_unit_test(pstat__keeps_what_the_update_has_reached),
		cmocka_unit_test(swu__is_reached_secured_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

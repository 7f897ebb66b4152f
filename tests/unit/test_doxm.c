#include "svr_fixture.h"

#include "svr/doxm.h"

#define DOXM "/oic/sec/doxm"

static void doxm_rep_parse__takes_or_refuses(void **state)
{
	static const struct {
		const char *name, *body;
		bool want;
	} CASES[] = {
		{"nothing",                "{}",							true },
		{"all",
		 "{\"oxmsel\":0,\"owned\":true,\"deviceuuid\":\"" FINAL "\",\"devowneruuid\":\"" OBT
		 "\",\"rowneruuid\":\"" OBT "\"}",
		 true											},
		{"upper case",             "{\"rowneruuid\":\"B0B00000-0000-4000-8000-00000000000F\"}", true },
		{"variant bits of no RFC",
		 "{\"rowneruuid\":\"07a4ac42-791e-4ac7-4ba0-43dc02913290\"}",                           true },
		{"vendor method",          "{\"oxmsel\":65280}",                                        true },
		{"read-only oxms",         "{\"oxms\":[0]}",                                            false},
		{"read-only sct",          "{\"sct\":1}",                                               false},
		{"unknown",                "{\"colour\":1}",                                            false},
		{"good and unknown",       "{\"oxmsel\":0,\"colour\":1}",                               false},
		{"twice",                  "{\"oxmsel\":0,\"oxmsel\":1}",                               false},
		{"oxmsel negative",        "{\"oxmsel\":-1}",                                           false},
		{"oxmsel too large",       "{\"oxmsel\":65536}",                                        false},
		{"oxmsel text",            "{\"oxmsel\":\"0\"}",                                        false},
		{"owned integer",          "{\"owned\":1}",                                             false},
		{"UUID too short",         "{\"deviceuuid\":\"a71c3000\"}",                             false},
		{"UUID as octets",         "{\"deviceuuid\":h'a71c3000000040008000000000000002'}",      false},
		{"UUID null",              "{\"deviceuuid\":null}",                                     false},
		{"array",                  "[]",							false},
		{"two items",              "{}{}",						      false},
		{"no body",                "",							  false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct buf body = BUF_INIT(DOXM_BODY_MAX);
		struct doxm_update u = {.seen = 77};
		bool got;

		diag(&body, CASES[i].body);
		got = doxm_rep_parse(buf_span(&body), &u);
		if (got != CASES[i].want)
			fail_msg("%s: got %d", CASES[i].name, got);
		assert_true(got || u.seen == 77); /* untouched */
		buf_done(&body);
	}
}

static void doxm_get__shows_what_an_unowned_device_has(void **state)
{
	struct world *w = world_new();
	char text[512], uuid[UUID_TEXT + 1];

	(void)state;
	uuid_format(device_uuid(w->dev), uuid);
	assert_int_equal(get(w, CLEAR, NULL, DOXM), V_CONTENT);
	(void)snprintf(
		text, sizeof(text),
		"{\"oxms\":[0,1],\"oxmsel\":4,\"sct\":9,\"owned\":false,\"devowneruuid\":\"" NIL
		"\",\"deviceuuid\":\"%s\",\"rowneruuid\":\"" NIL "\"}",
		uuid);
	expect_body(w, text);
	assert_int_equal(get(w, CLEAR, NULL, DOXM "?if=oic.if.baseline"), V_CONTENT);
	assert_true(body_has(w, "\"rt\":[\"oic.r.doxm\"],\"if\":[\"oic.if.rw\",\"oic.if.baseline\"]"
				",\"oxms\":[0,1]"));
	assert_int_equal(get(w, CLEAR, NULL, DOXM "?if=oic.if.rw"), V_CONTENT);
	assert_int_equal(get(w, CLEAR, NULL, DOXM "?if=oic.if.r"), V_FORBIDDEN);
	world_free(w);
}

static void doxm_post__selects_an_offered_method(void **state)
{
	static const struct {
		const char *name, *body;
		enum verdict want;
	} CASES[] = {
		{"Just Works",       "{\"oxmsel\":0}",     V_CHANGED    },
		{"again",            "{\"oxmsel\":0}",     V_CHANGED    },
		{"Random PIN",       "{\"oxmsel\":1}",     V_CHANGED    },
		{"not configured",   "{\"oxmsel\":2}",     V_BAD_REQUEST},
		{"the mark of none", "{\"oxmsel\":4}",     V_BAD_REQUEST},
		{"unknown",          "{\"oxmsel\":7}",     V_BAD_REQUEST},
		{"vendor",           "{\"oxmsel\":65280}", V_BAD_REQUEST},
	};
	struct world *w = world_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		enum oxm before = device_oxmsel(w->dev);
		enum verdict got = post(w, CLEAR, NULL, DOXM, CASES[i].body);

		if (got != CASES[i].want)
			fail_msg("%s: got %d", CASES[i].name, (int)got);
		assert_false(w->out.store); /* nothing durable in RFOTM */
		assert_true(got == V_CHANGED || device_oxmsel(w->dev) == before);
	}
	world_free(w);
}

/* A handshake begun under other terms must not become the DOC. */
static void doxm_post__drops_handshakes_when_the_terms_change(void **state)
{
	struct world *w = world_new();
	char first[SVR_PIN_LEN + 1];

	(void)state;
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":0}"), V_CHANGED);
	assert_int_equal(w->out.effects, FX_SIGNAL | FX_CLOSE_OTHERS | FX_REKEY);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":0}"), V_CHANGED);
	assert_int_equal(w->out.effects, 0); /* an honest repetition disturbs nobody */
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_CHANGED);
	assert_int_equal(w->out.effects, FX_SIGNAL | FX_PIN_SHOW | FX_CLOSE_OTHERS | FX_REKEY);
	strcpy(first, device_pin(w->dev));
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_CHANGED);
	assert_true(w->out.effects & FX_PIN_SHOW);
	assert_string_not_equal(first, device_pin(w->dev)); /* a new PIN each time */
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":0}"), V_CHANGED);
	assert_true(w->out.effects & FX_PIN_HIDE);
	assert_null(device_pin(w->dev));
	world_free(w);
}

static void doxm_post__draws_uniform_pins(void **state)
{
	unsigned counts[SVR_PIN_LEN][10] = {{0}};
	struct world *w = world_new();

	(void)state;
	for (int n = 0; n < 4000; n++) {
		const char *pin;

		w->env.now_us += PIN_EVERY_US;

		assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_CHANGED);
		pin = device_pin(w->dev);
		assert_int_equal(strlen(pin), SVR_PIN_LEN);
		for (size_t i = 0; i < SVR_PIN_LEN; i++) {
			assert_in_range(pin[i], '0', '9');
			counts[i][pin[i] - '0']++;
		}
	}
	for (size_t i = 0; i < SVR_PIN_LEN; i++)
		for (size_t d = 0; d < 10; d++)
			assert_in_range(counts[i][d], 300, 500); /* 400 within five sigma */
	world_free(w);
}

/* Whoever floods the device with selections gets no new PIN, and the shown one stays good. */
static void doxm_post__makes_few_pins(void **state)
{
	struct world *w = world_new();
	char shown[SVR_PIN_LEN + 1];

	(void)state;
	for (int i = 0; i < PIN_BURST; i++) {
		assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_CHANGED);
		assert_true(w->out.effects & FX_PIN_SHOW);
	}
	strcpy(shown, device_pin(w->dev));
	for (int i = 0; i < 1000; i++) {
		w->env.now_us += (PIN_EVERY_US - 1) / 1000;
		assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_CHANGED);
		assert_int_equal(w->out.effects, 0);
		assert_string_equal(device_pin(w->dev), shown);
	}
	w->env.now_us += PIN_EVERY_US;
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_CHANGED);
	assert_true(w->out.effects & FX_PIN_SHOW);
	/* Nor by choosing something else in between, nor by a RESET. */
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":0}"), V_CHANGED);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_UNAVAILABLE);
	assert_int_equal(device_oxmsel(w->dev), OXM_JUST_WORKS);
	assert_int_equal(world_event(w, EV_RESET, 0), V_CHANGED);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_UNAVAILABLE);
	world_free(w);
}

static void doxm_post__gives_the_allowance_back_to_who_knew_the_pin(void **state)
{
	struct world *w = world_new();

	(void)state;
	for (int i = 0; i < 3 * PIN_BURST; i++) {
		assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_CHANGED);
		assert_true(w->out.effects & FX_PIN_SHOW);
		assert_int_equal(world_event(w, EV_DOC_OPEN, DOC), V_CHANGED);
		assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	}
	world_free(w);
}

static void doxm_post__selects_a_fixed_pin(void **state)
{
	struct world *w = world_new();

	(void)state;
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":65280}"), V_BAD_REQUEST);
	w->info.oxms[w->info.n_oxms++] = OXM_FIXED_PIN;
	strcpy(w->info.fixed_pin, "LABEL123");
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":1}"), V_CHANGED);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":65280}"), V_CHANGED);
	assert_int_equal(w->out.effects, FX_SIGNAL | FX_PIN_HIDE | FX_CLOSE_OTHERS | FX_REKEY);
	assert_string_equal(device_pin(w->dev), "LABEL123");
	assert_int_equal(svr_profile(w->dev), SVR_PROFILE_PIN);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":65280}"), V_CHANGED);
	assert_int_equal(w->out.effects, 0); /* it is on the label, and changes for nobody */
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":65281}"), V_BAD_REQUEST);
	assert_int_equal(world_event(w, EV_DOC_OPEN, DOC), V_CHANGED);
	assert_null(device_pin(w->dev));
	world_free(w);
}

static void oxm_name__and_oxm_parse_agree(void **state)
{
	static const enum oxm ALL[] = {OXM_JUST_WORKS, OXM_RANDOM_PIN, OXM_MFG_CERT, OXM_FIXED_PIN};
	enum oxm got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ALL); i++) {
		assert_true(oxm_parse(span_str(oxm_name(ALL[i])), &got));
		assert_int_equal(got, ALL[i]);
	}
	assert_string_equal(oxm_name(OXM_NONE), "");
	assert_false(oxm_parse(SPAN_LIT(""), &got));
	assert_false(oxm_parse(SPAN_LIT("random"), &got));
}

static void draw_in_turn(void *ctx, void *ret, size_t len)
{
	const uint32_t **next = ctx;

	assert_int_equal(len, sizeof(**next));
	memcpy(ret, (*next)++, len);
}

/* Numbers beyond the last whole multiple of the PINs would favour the small ones: drawn again. */
static void doxm_post__draws_again_rather_than_unevenly(void **state)
{
	static const uint32_t DRAWS[] = {UINT32_MAX, 4200000000u, 4199999999u};
	const uint32_t *next = DRAWS;
	struct world *w = world_new();
	struct req req = {.method = M_POST,
			  .path = SPAN_LIT(DOXM),
			  .body = SPAN_LIT("\xa1\x66oxmsel\x01"),
			  .content_format = CF_NONE,
			  .accept = CF_NONE};

	(void)state;
	w->env.random = draw_in_turn;
	w->env.ctx = &next;
	svr_handle(w->dev, &req, &w->env, &w->out);
	assert_int_equal(w->out.verdict, V_CHANGED);
	assert_string_equal(device_pin(w->out.staged), "99999999");
	assert_ptr_equal(next, DRAWS + ARRAY_SIZE(DRAWS));
	w->out.staged = device_free(w->out.staged);
	world_free(w);
}

static void doxm_post__takes_ownership_in_any_order(void **state)
{
	struct world *w = world_new();
	struct uuid temporal = *device_uuid(w->dev);
	char same[64];

	(void)state;
	to_doc(w);
	(void)snprintf(same, sizeof(same), "{\"deviceuuid\":\"");
	uuid_format(&temporal, same + strlen(same));
	strcat(same, "\"}");
	assert_int_equal(post(w, DOC, NULL, DOXM, same), V_CHANGED); /* another tool does so */
	assert_true(uuid_eq(device_uuid(w->dev), &temporal));
	assert_int_equal(post(w, DOC, NULL, DOXM, "{\"devowneruuid\":\"" OBT "\"}"), V_CHANGED);
	assert_true(uuid_eq(device_uuid(w->dev), &temporal)); /* not renewed by itself */
	assert_int_equal(post(w, DOC, NULL, DOXM, "{\"deviceuuid\":\"" NIL "\"}"), V_BAD_REQUEST);
	assert_int_equal(post(w, DOC, NULL, DOXM, "{\"deviceuuid\":\"" FINAL "\"}"), V_CHANGED);
	assert_true(w->out.effects & FX_REKEY);
	expect_uuid(device_uuid(w->dev), FINAL);
	assert_false(w->out.store);
	world_free(w);
}

static void doxm_post__wants_an_owner_and_its_credential_for_owned(void **state)
{
	struct world *w = world_new();
	const char *owned = "{\"owned\":true}",
		   *both = "{\"rowneruuid\":\"" OBT "\",\"owned\":true}";

	(void)state;
	to_doc(w);
	assert_int_equal(post(w, DOC, NULL, DOXM, owned), V_BAD_REQUEST);
	assert_int_equal(post(w, DOC, NULL, DOXM, "{\"devowneruuid\":\"" OBT "\"}"), V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, DOXM, owned), V_BAD_REQUEST);
	assert_int_equal(post(w, DOC, NULL, DOXM, both), V_BAD_REQUEST); /* no credential yet */
	assert_true(uuid_is_nil(&w->dev->rowner[OWNER_DOXM]));           /* and nothing applied */
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/cred", OWNER_KEY_BODY), V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, DOXM, both), V_CHANGED);
	assert_true(device_owned(w->dev));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doxm_rep_parse__takes_or_refuses),
		cmocka_unit_test(doxm_get__shows_what_an_unowned_device_has),
		cmocka_unit_test(doxm_post__selects_an_offered_method),
		cmocka_unit_test(doxm_post__drops_handshakes_when_the_terms_change),
		cmocka_unit_test(doxm_post__draws_uniform_pins),
		cmocka_unit_test(doxm_post__makes_few_pins),
		cmocka_unit_test(doxm_post__gives_the_allowance_back_to_who_knew_the_pin),
		cmocka_unit_test(doxm_post__selects_a_fixed_pin),
		cmocka_unit_test(oxm_name__and_oxm_parse_agree),
		cmocka_unit_test(doxm_post__draws_again_rather_than_unevenly),
		cmocka_unit_test(doxm_post__takes_ownership_in_any_order),
		cmocka_unit_test(doxm_post__wants_an_owner_and_its_credential_for_owned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

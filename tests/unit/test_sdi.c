#include "svr_fixture.h"

#include "svr/sdi.h"

#define SDI    "/oic/sec/sdi"
#define DOMAIN "0f587f03-0e84-4f59-447b-800276484530"
#define FULL   "{\"uuid\":\"" DOMAIN "\",\"name\":\"OBT\",\"priv\":false}"
#define TEN    "0123456789"

static void sdi_rep_parse__takes_or_refuses(void **state)
{
	static const struct {
		const char *name, *body;
		bool want;
	} CASES[] = {
		{"all",            FULL,					      true },
		{"one",            "{\"priv\":true}",                                 true },
		{"nothing",        "{}",					      false},
		{"unknown",        "{\"priv\":true,\"colour\":1}",                    false},
		{"twice",          "{\"priv\":true,\"priv\":true}",                   false},
		{"name of 64",     "{\"name\":\"" TEN TEN TEN TEN TEN TEN "0123\"}",  true },
		{"name of 65",     "{\"name\":\"" TEN TEN TEN TEN TEN TEN "01234\"}", false},
		{"name as octets", "{\"name\":h'41'}",                                false},
		{"uuid short",     "{\"uuid\":\"0f587f03\"}",                         false},
		{"priv integer",   "{\"priv\":0}",                                    false},
		{"no body",        "",						false},
	};
	static const uint8_t NUL_INSIDE[] = {0xa1, 0x64, 'n', 'a', 'm', 'e', 0x63, 'a', 0, 'b'};
	struct sdi_update u;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct buf body = BUF_INIT(SDI_BODY_MAX);
		bool got;

		diag(&body, CASES[i].body);
		got = sdi_rep_parse(buf_span(&body), &u);
		if (got != CASES[i].want)
			fail_msg("%s: got %d", CASES[i].name, got);
		buf_done(&body);
	}
	assert_false(sdi_rep_parse(span_of(NUL_INSIDE, sizeof(NUL_INSIDE)), &u));
}

static void sdi_post__follows_the_states(void **state)
{
	static const struct {
		enum dos dos;
		enum verdict uuid, name;
	} CASES[] = {
		{DOS_RFPRO,  V_BAD_REQUEST, V_CHANGED    },
		{DOS_RFNOP,  V_BAD_REQUEST, V_BAD_REQUEST},
		{DOS_SRESET, V_BAD_REQUEST, V_CHANGED    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_new();

		to_provisioned(w, DOS_RFPRO);
		assert_int_equal(
			post(w, LATER, OBT, "/oic/sec/acl2",
			     "{\"aclist2\":[{\"subject\":{\"uuid\":\"" OBT
			     "\"},\"resources\":[{\"href\":\"/oic/sec/sdi\"}],\"permission\":6}]}"),
			V_CHANGED);
		if (CASES[i].dos != DOS_RFPRO)
			to_state(w, CASES[i].dos);
		assert_int_equal(post(w, LATER, OBT, SDI, FULL), CASES[i].uuid);
		assert_int_equal(post(w, LATER, OBT, SDI, "{\"name\":\"x\",\"priv\":true}"),
				 CASES[i].name);
		assert_int_equal(w->out.store, CASES[i].name == V_CHANGED);
		world_free(w);
	}
}

static void sdi_get__shows_what_was_set(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_doc(w);
	assert_int_equal(get(w, DOC, NULL, SDI), V_CONTENT);
	expect_body(w, "{\"uuid\":\"" NIL "\",\"name\":\"\",\"priv\":false}");
	assert_int_equal(post(w, DOC, NULL, SDI, FULL), V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, SDI), V_CONTENT);
	expect_body(w, FULL);
	assert_int_equal(post(w, DOC, NULL, SDI, "{\"name\":\"x\"}"), V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, SDI), V_CONTENT);
	expect_body(w, "{\"uuid\":\"" DOMAIN "\",\"name\":\"x\",\"priv\":false}");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sdi_rep_parse__takes_or_refuses),
		cmocka_unit_test(sdi_post__follows_the_states),
		cmocka_unit_test(sdi_get__shows_what_was_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

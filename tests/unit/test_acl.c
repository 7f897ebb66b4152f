#include "svr_fixture.h"

#include "svr/acl.h"

#define ACL "/oic/sec/acl2"
#define ACE(id, subject, resources, permission)                                                    \
	"{" id "\"subject\":" subject ",\"resources\":[" resources "],\"permission\":" permission  \
	"}"
#define ACES(list)  "{\"aclist2\":[" list "]}"
#define BY_UUID     "{\"uuid\":\"" OTHER "\"}"
#define ANON        "{\"conntype\":\"anon-clear\"}"
#define HREF        "{\"href\":\"/light\"}"
#define SUBJECT(s)  ACES(ACE("", s, HREF, "2"))
#define RESOURCE(r) ACES(ACE("", ANON, r, "2"))
#define VALIDITY(v) ACES(ACE("\"validity\":[" v "],", ANON, HREF, "2"))

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name, *body;
	bool want;
} PARSES[] = {
	{"nothing", "{}", true},
	{"empty list", ACES(""), true},
	{"uuid", SUBJECT(BY_UUID), true},
	{"role", SUBJECT("{\"role\":\"oic.role.x\"}"), true},
	{"role and authority", SUBJECT("{\"authority\":\"a\",\"role\":\"oic.role.x\"}"), true},
	{"auth-crypt", SUBJECT("{\"conntype\":\"auth-crypt\"}"), true},
	{"anon-clear", SUBJECT(ANON), true},
	{"authority alone", SUBJECT("{\"authority\":\"a\"}"), false},
	{"unknown conntype", SUBJECT("{\"conntype\":\"auth\"}"), false},
	{"uuid and conntype", SUBJECT("{\"uuid\":\"" OTHER "\",\"conntype\":\"anon-clear\"}"), false},
	{"uuid and role", SUBJECT("{\"uuid\":\"" OTHER "\",\"role\":\"x\"}"), false},
	{"no subject", SUBJECT("{}"), false},
	{"uuid twice", SUBJECT("{\"uuid\":\"" OTHER "\",\"uuid\":\"" OTHER "\"}"), false},
	{"any uuid", SUBJECT("{\"uuid\":\"*\"}"), false},
	{"wildcards", RESOURCE("{\"wc\":\"+\"},{\"wc\":\"-\"},{\"wc\":\"*\"}"), true},
	{"both halves", RESOURCE("{\"href\":\"/light\",\"wc\":\"+\"}"), true},
	{"members of other tools", RESOURCE("{\"href\":\"/light\",\"if\":[\"*\"],\"rel\":\"x\"}"), true},
	{"no resources", RESOURCE(""), true},
	{"empty resource", RESOURCE("{}"), false},
	{"neither half", RESOURCE("{\"if\":[\"*\"]}"), false},
	{"empty href", RESOURCE("{\"href\":\"\"}"), false},
	{"unknown wildcard", RESOURCE("{\"wc\":\"?\"}"), false},
	{"href twice", RESOURCE("{\"href\":\"/a\",\"href\":\"/b\"}"), false},
	{"permission 0", ACES(ACE("", ANON, HREF, "0")), true},
	{"permission 31", ACES(ACE("", ANON, HREF, "31")), true},
	{"permission 32", ACES(ACE("", ANON, HREF, "32")), false},
	{"aceid", ACES(ACE("\"aceid\":1,", ANON, HREF, "2")), true},
	{"aceid 0", ACES(ACE("\"aceid\":0,", ANON, HREF, "2")), false},
	{"aceid too large", ACES(ACE("\"aceid\":2147483648,", ANON, HREF, "2")), false},
	{"validity", VALIDITY("{\"period\":\"20200101T000000Z/PT8H\"}"), true},
	{"validity with a recurrence", VALIDITY("{\"period\":\"20200101T000000Z/PT8H\",\"recurrence\":[\"FREQ=DAILY\",\"FREQ=WEEKLY\"]}"), true},
	{"two validities", VALIDITY("{\"period\":\"20200101T000000Z/PT8H\"},{\"period\":\"20200101T000000Z/PT8H\"}"), true},
	{"empty validity", VALIDITY(""), false},
	{"recurrence without a period", VALIDITY("{\"recurrence\":[\"FREQ=DAILY\"]}"), false},
	{"no recurrences", VALIDITY("{\"period\":\"20200101T000000Z/PT8H\",\"recurrence\":[]}"), false},
	{"recurrence that is no list", VALIDITY("{\"period\":\"20200101T000000Z/PT8H\",\"recurrence\":\"FREQ=DAILY\"}"), false},
	{"recurrence that cannot be judged", VALIDITY("{\"period\":\"20200101T000000Z/PT8H\",\"recurrence\":[\"FREQ=YEARLY\"]}"), false},
	{"one bad recurrence of two", VALIDITY("{\"period\":\"20200101T000000Z/PT8H\",\"recurrence\":[\"FREQ=DAILY\",\"FREQ=DAILY;COUNT=2\"]}"), false},
	{"period twice", VALIDITY("{\"period\":\"20200101T000000Z/PT8H\",\"period\":\"20200101T000000Z/PT8H\"}"), false},
	{"period of local time", VALIDITY("{\"period\":\"20200101T000000/PT8H\"}"), false},
	{"unknown member of a validity", VALIDITY("{\"period\":\"20200101T000000Z/PT8H\",\"zone\":\"CET\"}"), false},
	{"href at the wrong level", ACES(ACE("\"href\":\"/light\",", ANON, HREF, "2")), false},
	{"unknown member", ACES(ACE("\"colour\":1,", ANON, HREF, "2")), false},
	{"no permission", "{\"aclist2\":[{\"subject\":" ANON ",\"resources\":[" HREF "]}]}", false},
	{"no resources member", "{\"aclist2\":[{\"subject\":" ANON ",\"permission\":2}]}", false},
	{"resources twice", ACES(ACE("\"resources\":[],", ANON, HREF, "2")), false},
	{"one bad of two", ACES(ACE("", ANON, HREF, "2") "," ACE("", "{}", HREF, "2")), false},
	{"list twice", "{\"aclist2\":[],\"aclist2\":[]}", false},
	{"unknown name", "{\"acl\":[]}", false},
	{"no body", "", false},
};
/* clang-format on */

static void acl2_rep_parse__takes_or_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PARSES); i++) {
		CLEANUP(acl2_update_done) struct acl2_update u;
		struct buf body = BUF_INIT(4096);
		bool got;

		diag(&body, PARSES[i].body);
		got = acl2_rep_parse(buf_span(&body), &u);
		if (got != PARSES[i].want)
			fail_msg("%s: got %d", PARSES[i].name, got);
		assert_false(u.no_memory);
		buf_done(&body);
	}
}

/* Limits of one message: resources of an ACE, and octets of an href. */
static void acl2_rep_parse__keeps_to_its_limits(void **state)
{
	static const struct {
		size_t resources, octets;
		bool want;
	} CASES[] = {
		{ACE_RESOURCES_MAX,     10,               true },
		{ACE_RESOURCES_MAX + 1, 10,               false},
		{1,		     ACE_TEXT_MAX,     true },
		{1,		     ACE_TEXT_MAX + 1, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(acl2_update_done) struct acl2_update u;
		struct buf list = BUF_INIT(65536), body = BUF_INIT(65536);

		buf_put_str(&list,
			    "{\"aclist2\":[{\"subject\":" ANON ",\"permission\":2,\"resources\":[");
		for (size_t j = 0; j < CASES[i].resources; j++)
			buf_printf(&list, "{\"href\":\"/%0*d\"},", (int)CASES[i].octets - 1, 0);
		buf_put_str(&list, "]}]}");
		buf_put_byte(&list, 0);
		diag(&body, (const char *)list.ptr);
		assert_int_equal(acl2_rep_parse(buf_span(&body), &u), CASES[i].want);
		buf_done(&list);
		buf_done(&body);
	}
}

static bool takes(const char *list, size_t n, const char *element, const char *end)
{
	CLEANUP(acl2_update_done) struct acl2_update u;
	struct buf text = BUF_INIT(4096), body = BUF_INIT(4096);
	bool took;

	buf_put_str(&text, list);
	while (n--)
		buf_put_str(&text, element);
	buf_put_str(&text, end);
	buf_put_byte(&text, 0);
	diag(&body, (const char *)text.ptr);
	took = acl2_rep_parse(buf_span(&body), &u);
	buf_done(&body);
	buf_done(&text);
	return took;
}

static void acl2_rep_parse__keeps_to_the_limits_of_validity(void **state)
{
	static const char HEAD[] = "{\"aclist2\":[{\"subject\":" ANON
				   ",\"permission\":2,\"resources\":[],\"validity\":[";
	static const char PERIOD[] = "{\"period\":\"20200101T000000Z/PT8H\"}";
	static const char OPEN[] = "{\"aclist2\":[{\"subject\":" ANON
				   ",\"permission\":2,\"resources\":[],\"validity\":[{"
				   "\"period\":\"20200101T000000Z/PT8H\",\"recurrence\":[";

	(void)state;
	assert_true(takes(HEAD, ACE_VALIDITIES_MAX, PERIOD, "]}]}"));
	assert_false(takes(HEAD, ACE_VALIDITIES_MAX + 1, PERIOD, "]}]}"));
	assert_true(takes(OPEN, ACE_RECURRENCES_MAX, "\"FREQ=DAILY\",", "]}]}]}"));
	assert_false(takes(OPEN, ACE_RECURRENCES_MAX + 1, "\"FREQ=DAILY\",", "]}]}]}"));
}

/* Shown as it came, kept over a restart, and it counts. */
static void acl_post__enforces_validity(void **state)
{
	static const char LIST[] = "{\"subject\":{\"conntype\":\"anon-clear\"},\"resources\":[{"
				   "\"href\":\"/oic/d\"}],\"permission\":2,\"validity\":[{"
				   "\"period\":\"20260601T080000Z/PT2H\",\"recurrence\":[\"FREQ="
				   "DAILY\",\"RRULE:FREQ=WEEKLY;BYDAY=SU\"]}],\"aceid\":5}";
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(
		post(w, LATER, OBT, ACL,
		     ACES(ACE("\"aceid\":5,\"validity\":[{\"period\":\"20260601T080000Z/PT2H\","
			      "\"recurrence\":[\"FREQ=DAILY\",\"RRULE:FREQ=WEEKLY;BYDAY=SU\"]}],",
			      ANON, "{\"href\":\"/oic/d\"}", "2"))),
		V_CHANGED);
	to_state(w, DOS_RFNOP);
	assert_null(world_start(w));
	assert_int_equal(get(w, LATER, OBT, ACL), V_CONTENT);
	assert_true(body_has(w, LIST));
	w->env.wall = (struct svr_wall){.us = UINT64_C(1780390800000000), .trusted = true};
	assert_int_equal(get(w, CLEAR, NULL, "/oic/d"), V_CONTENT); /* 2026-06-02, 9:00 */
	w->env.wall.trusted = false;
	assert_int_equal(get(w, CLEAR, NULL, "/oic/d"), V_UNAUTHORIZED);
	w->env.wall = (struct svr_wall){.us = UINT64_C(1780394400000000), .trusted = true};
	assert_int_equal(get(w, CLEAR, NULL, "/oic/d"), V_UNAUTHORIZED); /* 10:00 */
	world_free(w);
}

static void acl_post__adds_and_replaces(void **state)
{
	struct world *w = world_new();
	char text[512];

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, ACL, ACES(ACE("\"aceid\":5,", BY_UUID, HREF, "2"))),
			 V_CHANGED);
	assert_true(w->out.store);
	assert_int_equal(post(w, LATER, OBT, ACL,
			      ACES(ACE("", ANON, "{\"href\":\"/d\"},{\"wc\":\"-\"}", "6"))),
			 V_CHANGED);
	assert_int_equal(acl_of(w)->n, 2);
	assert_int_equal(
		post(w, LATER, OBT, ACL,
		     ACES(ACE("\"aceid\":5,", "{\"role\":\"r\",\"authority\":\"a\"}", HREF, "31"))),
		V_CHANGED);
	assert_int_equal(acl_of(w)->n, 2);
	assert_int_equal(post(w, LATER, OBT, ACL,
			      ACES(ACE("\"aceid\":6,", ANON, HREF, "2") "," ACE("\"aceid\":6,",
										ANON, HREF, "4"))),
			 V_BAD_REQUEST);
	assert_int_equal(acl_of(w)->n, 2);

	assert_int_equal(get(w, LATER, OBT, ACL), V_CONTENT);
	(void)snprintf(text, sizeof(text),
		       "{\"aclist2\":["
		       "{\"subject\":{\"conntype\":\"anon-clear\"},\"resources\":[{\"href\":\"/"
		       "d\"},{\"wc\":\"-\"}],\"permission\":6,\"aceid\":%u},"
		       "{\"subject\":{\"role\":\"r\",\"authority\":\"a\"},\"resources\":[{\"href\":"
		       "\"/light\"}],\"permission\":31,\"aceid\":5}],"
		       "\"rowneruuid\":\"" OBT "\"}",
		       acl_of(w)->v[0]->aceid);
	expect_body(w, text);
	assert_int_equal(get(w, LATER, OBT, ACL "?aceid=5"), V_CONTENT);
	assert_true(body_has(w, "\"aceid\":5"));
	assert_false(body_has(w, "\"/d\""));
	assert_int_equal(get(w, LATER, OBT, ACL "?aceid=0"), V_BAD_REQUEST);
	world_free(w);
}

/* A staged list that is dropped takes nothing with it. */
static void acl_post__shares_entries_with_its_copies(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, ACL, ACES(ACE("\"aceid\":5,", BY_UUID, HREF, "2"))),
			 V_CHANGED);
	w->stores_left = 0;
	assert_int_equal(post(w, LATER, OBT, ACL, ACES(ACE("\"aceid\":5,", ANON, HREF, "4"))),
			 V_CHANGED);
	assert_true(w->no_power); /* the copy went, the device stays */
	assert_int_equal(acl_of(w)->n, 1);
	assert_int_equal(acl_of(w)->v[0]->refs, 1);
	assert_int_equal(acl_of(w)->v[0]->permission, 2);
	assert_true(span_is(acl_of(w)->v[0]->resources[0].href, "/light"));
	world_free(w);
}

#define BATCH ((size_t)400)

static void acl_post__keeps_to_its_limit(void **state)
{
	struct buf many = BUF_INIT(REQ_BODY_MAX);
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	buf_put_str(&many, "{\"aclist2\":[");
	for (size_t i = 0; i < BATCH; i++)
		buf_put_str(&many, ACE("", BY_UUID, HREF, "2") ",");
	buf_put_str(&many, "]}");
	buf_put_byte(&many, 0);
	for (size_t n = 0; n < ACES_MAX; n += BATCH)
		assert_int_equal(post(w, LATER, OBT, ACL, (const char *)many.ptr), V_CHANGED);
	assert_int_equal(acl_of(w)->n, ACES_MAX);
	assert_int_equal(post(w, LATER, OBT, ACL, ACES(ACE("", BY_UUID, HREF, "2"))),
			 V_BAD_REQUEST);
	buf_done(&many);
	assert_int_equal(acl_of(w)->n, ACES_MAX);
	assert_null(world_start(w));
	assert_int_equal(acl_of(w)->n, ACES_MAX);
	assert_int_equal(del(w, LATER, OBT, ACL), V_DELETED);
	assert_int_equal(acl_of(w)->n, 0);
	world_free(w);
}

static void acl_delete__removes_what_the_query_names(void **state)
{
	static const struct {
		const char *name, *query;
		enum verdict want;
		size_t left;
	} CASES[] = {
		{"one",               "?aceid=5",      V_DELETED,     2},
		{"again",             "?aceid=5",      V_NOT_FOUND,   2},
		{"zero",              "?aceid=0",      V_NOT_FOUND,   2},
		{"no number",         "?aceid=x",      V_NOT_FOUND,   2},
		{"a slip of the key", "?acid=6",       V_BAD_REQUEST, 2},
		{"all",               "?if=oic.if.rw", V_DELETED,     0},
		{"all of none",       "",              V_DELETED,     0},
	};
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, ACL,
			      ACES(ACE("\"aceid\":5,", BY_UUID, HREF, "2") "," ACE(
				      "\"aceid\":6,", BY_UUID, HREF,
				      "4") "," ACE("\"aceid\":7,", BY_UUID, HREF, "8"))),
			 V_CHANGED);
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		char uri[64];
		enum verdict got;

		(void)snprintf(uri, sizeof(uri), ACL "%s", CASES[i].query);
		got = del(w, LATER, OBT, uri);
		if (got != CASES[i].want || acl_of(w)->n != CASES[i].left)
			fail_msg("%s: got %d, %zu left", CASES[i].name, (int)got, acl_of(w)->n);
	}
	world_free(w);
}

static void acl_delete__is_forbidden_in_rfnop(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFNOP);
	assert_int_equal(del(w, LATER, OBT, ACL), V_FORBIDDEN);
	assert_int_equal(post(w, LATER, OBT, ACL, ACES(ACE("", BY_UUID, HREF, "2"))),
			 V_BAD_REQUEST);
	assert_int_equal(post(w, LATER, OBT, ACL, ACES("")), V_BAD_REQUEST);
	world_free(w);
}

static void acl_post__changes_its_owner_in_transfer_and_repair_only(void **state)
{
	struct world *w = world_new();
	const char *body = "{\"rowneruuid\":\"" OTHER "\"}";

	(void)state;
	to_provisioned(w, DOS_RFNOP);
	assert_int_equal(post(w, LATER, OBT, ACL, body), V_BAD_REQUEST);
	to_state(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, ACL, body), V_BAD_REQUEST);
	to_state(w, DOS_SRESET);
	assert_int_equal(post(w, LATER, OBT, ACL, body), V_CHANGED);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/pstat", "{\"dos\":{\"s\":2}}"),
			 V_BAD_REQUEST); /* no credential for the new owner */
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acl2_rep_parse__takes_or_refuses),
		cmocka_unit_test(acl2_rep_parse__keeps_to_its_limits),
		cmocka_unit_test(acl2_rep_parse__keeps_to_the_limits_of_validity),
		cmocka_unit_test(acl_post__enforces_validity),
		cmocka_unit_test(acl_post__adds_and_replaces),
		cmocka_unit_test(acl_post__shares_entries_with_its_copies),
		cmocka_unit_test(acl_post__keeps_to_its_limit),
		cmocka_unit_test(acl_delete__removes_what_the_query_names),
		cmocka_unit_test(acl_delete__is_forbidden_in_rfnop),
		cmocka_unit_test(acl_post__changes_its_owner_in_transfer_and_repair_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "svr_fixture.h"

#include "svr/cred.h"

#define CRED "/oic/sec/cred"
#define KEY1 "000102030405060708090a0b0c0d0e0f"
#define KEY2 "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

#define PAIRWISE(id, subject, data)                                                                \
	"{" id "\"credtype\":1,\"subjectuuid\":\"" subject "\",\"privatedata\":{\"data\":" data    \
	",\"encoding\":\"oic.sec.encoding.raw\"}}"
#define CREDS(list) "{\"creds\":[" list "]}"
#define RAW(data)   "{\"data\":" data ",\"encoding\":\"oic.sec.encoding.raw\"}"
#define WITH(private)                                                                              \
	CREDS("{\"credtype\":1,\"subjectuuid\":\"" OBT "\",\"privatedata\":" private "}")

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name, *body;
	bool want;
} PARSES[] = {
	{"nothing", "{}", true},
	{"empty list", "{\"creds\":[]}", true},
	{"empty map is skipped", CREDS("{}"), true},
	{"16 octets", WITH(RAW("h'" KEY1 "'")), true},
	{"32 octets", WITH(RAW("h'" KEY1 KEY2 "'")), true},
	{"15 octets", WITH(RAW("h'0102030405060708090a0b0c0d0e0f'")), false},
	{"24 octets", WITH(RAW("h'" KEY1 "0001020304050607'")), false},
	{"33 octets", WITH(RAW("h'" KEY1 KEY2 "00'")), false},
	{"80 octets", WITH(RAW("h'" KEY1 KEY1 KEY1 KEY1 KEY1 "'")), false},
	{"no octets", WITH(RAW("h''")), true},
	{"no characters", WITH("{\"data\":\"\",\"encoding\":\"oic.sec.encoding.base64\"}"), true},
	{"no data", WITH("{\"encoding\":\"oic.sec.encoding.raw\"}"), true},
	{"neither", WITH("{}"), true},
	{"base64", WITH("{\"data\":\"AAECAwQFBgcICQoLDA0ODw==\",\"encoding\":\"oic.sec.encoding.base64\"}"), true},
	{"base64 with + and /", WITH("{\"data\":\"++//AwQFBgcICQoLDA0ODw==\",\"encoding\":\"oic.sec.encoding.base64\"}"), true},
	{"base64 of the URL alphabet", WITH("{\"data\":\"--__AwQFBgcICQoLDA0ODw==\",\"encoding\":\"oic.sec.encoding.base64\"}"), false},
	{"base64 without padding", WITH("{\"data\":\"AAECAwQFBgcICQoLDA0ODw\",\"encoding\":\"oic.sec.encoding.base64\"}"), false},
	{"base64 with much padding", WITH("{\"data\":\"AAECAwQFBgcICQoLDA0OD===\",\"encoding\":\"oic.sec.encoding.base64\"}"), false},
	{"base64, 15 octets", WITH("{\"data\":\"AAECAwQFBgcICQoLDA0O\",\"encoding\":\"oic.sec.encoding.base64\"}"), false},
	{"base64, 48 octets", WITH("{\"data\":\"AAECAwQFBgcICQoLDA0OAAECAwQFBgcICQoLDA0OAAECAwQFBgcICQoLDA0OAAEC\",\"encoding\":\"oic.sec.encoding.base64\"}"), false},
	{"base64 as octets", WITH("{\"data\":h'" KEY1 "',\"encoding\":\"oic.sec.encoding.base64\"}"), false},
	{"raw as text", WITH(RAW("\"0123456789abcdef\"")), false},
	{"data without encoding", WITH("{\"data\":h'" KEY1 "'}"), false},
	{"unknown encoding", WITH("{\"data\":h'',\"encoding\":\"oic.sec.encoding.foo\"}"), false},
	{"handle", WITH("{\"handle\":1,\"encoding\":\"oic.sec.encoding.handle\"}"), false},
	{"data twice", WITH("{\"data\":h'',\"data\":h'',\"encoding\":\"oic.sec.encoding.raw\"}"), false},
	{"no privatedata", CREDS("{\"credtype\":1,\"subjectuuid\":\"" OBT "\"}"), false},
	{"no credtype", CREDS("{\"subjectuuid\":\"" OBT "\",\"privatedata\":" RAW("h''") "}"), false},
	{"no subject", CREDS("{\"credtype\":1,\"privatedata\":" RAW("h''") "}"), false},
	{"certificate", CREDS("{\"credtype\":8,\"subjectuuid\":\"" OBT "\",\"privatedata\":" RAW("h''") "}"), false},
	{"any subject", CREDS(PAIRWISE("", "*", "h'" KEY1 "'")), false},
	{"nil subject", CREDS(PAIRWISE("", NIL, "h'" KEY1 "'")), false},
	{"credid", CREDS(PAIRWISE("\"credid\":0,", OBT, "h'" KEY1 "'")), true},
	{"largest credid", CREDS(PAIRWISE("\"credid\":2147483647,", OBT, "h'" KEY1 "'")), true},
	{"credid too large", CREDS(PAIRWISE("\"credid\":2147483648,", OBT, "h'" KEY1 "'")), false},
	{"credid negative", CREDS(PAIRWISE("\"credid\":-1,", OBT, "h'" KEY1 "'")), false},
	{"period", CREDS(PAIRWISE("\"period\":\"20200101T000000Z/20300101T000000Z\",", OBT, "h'" KEY1 "'")), true},
	{"credusage", CREDS(PAIRWISE("\"credusage\":\"oic.sec.cred.cert\",", OBT, "h'" KEY1 "'")), false},
	{"unknown member", CREDS(PAIRWISE("\"colour\":1,", OBT, "h'" KEY1 "'")), false},
	{"one bad of two", CREDS(PAIRWISE("", OBT, "h'" KEY1 "'") "," PAIRWISE("", "x", "h'" KEY1 "'")), false},
	{"unknown name", "{\"crls\":[]}", false},
	{"creds twice", "{\"creds\":[],\"creds\":[]}", false},
	{"creds is a map", "{\"creds\":{}}", false},
	{"no body", "", false},
};
/* clang-format on */

static void cred_rep_parse__takes_or_refuses(void **state)
{
	static struct cred_update u;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PARSES); i++) {
		struct buf body = BUF_INIT(4096);
		bool got;

		diag(&body, PARSES[i].body);
		got = cred_rep_parse(buf_span(&body), &u);
		if (got != PARSES[i].want)
			fail_msg("%s: got %d", PARSES[i].name, got);
		u.why = NULL;
		if (!got)
			for (size_t j = 0; j < sizeof(u); j++)
				assert_int_equal(((uint8_t *)&u)[j], 0); /* no key is left behind */
		buf_done(&body);
	}
	cred_update_wipe(&u);
}

static void cred_rep_parse__reads_base64(void **state)
{
	static const uint8_t WANT[16] = {0xfb, 0xef, 0xff, 3,  4,  5,  6,  7,
					 8,    9,    10,   11, 12, 13, 14, 15};
	struct buf body = BUF_INIT(4096);
	static struct cred_update u;

	(void)state;
	diag(&body, WITH("{\"encoding\":\"oic.sec.encoding.base64\","
			 "\"data\":\"++//AwQFBgcICQoLDA0ODw==\"}"));
	assert_true(cred_rep_parse(buf_span(&body), &u));
	assert_int_equal(u.creds[0].key.len, 16);
	assert_memory_equal(u.creds[0].key.b, WANT, 16);
	cred_update_wipe(&u);
	buf_done(&body);
}

/* CR 2868: every form of an empty key asks for the owner credential, wherever rowneruuid is. */
static void cred_post__derives_the_owner_credential(void **state)
{
	static const char *const BODIES[] = {
		OWNER_KEY_BODY,
		"{\"rowneruuid\":\"" OBT "\",\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OBT
		"\",\"privatedata\":{\"data\":\"\",\"encoding\":\"oic.sec.encoding.base64\"}}]}",
		"{\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OBT
		"\",\"privatedata\":{\"encoding\":\"oic.sec.encoding.raw\"}}],\"rowneruuid\":\"" OBT
		"\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BODIES); i++) {
		struct world *w = world_new();

		to_doc(w);
		assert_int_equal(
			post(w, DOC, NULL, "/oic/sec/doxm", "{\"deviceuuid\":\"" FINAL "\"}"),
			V_CHANGED);
		assert_int_equal(post(w, DOC, NULL, CRED, BODIES[i]), V_CHANGED);
		assert_int_equal(w->body.len, 0);
		assert_string_equal(w->owner_key_label, "oic.sec.doxm.jw");
		expect_uuid(&w->owner_key_obt, OBT);
		expect_uuid(&w->owner_key_device, FINAL); /* not the temporal one */
		assert_int_equal(w->dev->n_creds, 1);
		assert_int_equal(w->dev->creds[0]->key.len, 16);
		assert_int_equal(w->dev->creds[0]->key.b[15], 0xc0);
		assert_int_equal(post(w, DOC, NULL, CRED, BODIES[i]), V_CHANGED); /* repeated */
		assert_int_equal(w->dev->n_creds, 1);
		world_free(w);
	}
}

static void cred_post__labels_the_owner_credential_by_the_method(void **state)
{
	static const struct {
		const char *body, *label;
	} CASES[] = {
		{"{\"oxmsel\":0}",     "oic.sec.doxm.jw"     },
		{"{\"oxmsel\":1}",     "oic.sec.doxm.rdp"    },
		{"{\"oxmsel\":2}",     "oic.sec.doxm.mfgcert"},
		{"{\"oxmsel\":65280}", "x.org.ocfgw.doxm.pin"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_new();

		w->info.oxms[w->info.n_oxms++] = OXM_MFG_CERT;
		w->info.oxms[w->info.n_oxms++] = OXM_FIXED_PIN;
		assert_int_equal(post(w, CLEAR, NULL, "/oic/sec/doxm", CASES[i].body), V_CHANGED);
		assert_int_equal(world_event(w, EV_DOC_OPEN, DOC), V_CHANGED);
		assert_int_equal(post(w, DOC, NULL, CRED, OWNER_KEY_BODY), V_CHANGED);
		assert_string_equal(w->owner_key_label, CASES[i].label);
		world_free(w);
	}
}

static void cred_post__derives_for_the_owner_over_the_doc_only(void **state)
{
	const char *empty_other = CREDS(PAIRWISE("", OTHER, "h''"));
	const char *empty = CREDS(PAIRWISE("", OBT, "h''"));
	struct world *w = world_new();

	(void)state;
	to_doc(w);
	assert_int_equal(post(w, DOC, NULL, CRED, empty), V_BAD_REQUEST); /* owner not known yet */
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/doxm", "{\"devowneruuid\":\"" OBT "\"}"),
			 V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, CRED, empty_other), V_BAD_REQUEST);
	assert_int_equal(w->dev->n_creds, 0);
	w->owner_key_error = -EINVAL;
	assert_int_equal(post(w, DOC, NULL, CRED, empty), V_BAD_REQUEST);
	w->owner_key_error = -EIO;
	assert_int_equal(post(w, DOC, NULL, CRED, empty), V_INTERNAL);
	assert_int_equal(w->dev->n_creds, 0);
	w->owner_key_error = 0;
	assert_int_equal(post(w, DOC, NULL, CRED, empty), V_CHANGED); /* by devowneruuid */
	world_free(w);

	w = world_new();
	to_owned(w);
	to_state(w, DOS_RFPRO);
	assert_int_equal(post(w, DOC, NULL, CRED, empty), V_BAD_REQUEST); /* too late */
	assert_int_equal(post(w, LATER, OBT, CRED, empty), V_BAD_REQUEST);
	world_free(w);
}

static void cred_post__takes_an_explicit_key(void **state)
{
	struct world *w = world_new();
	struct uuid obt = uuid_of(OBT);
	struct secret key = {0};

	(void)state;
	to_doc(w);
	assert_int_equal(post(w, DOC, NULL, CRED, CREDS(PAIRWISE("", OBT, "h'" KEY1 "'"))),
			 V_CHANGED);
	assert_false(svr_psk(w->dev, &obt, &w->env.wall, &key)); /* not before RFPRO */
	world_free(w);

	w = world_new();
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(PAIRWISE("", OTHER, "h'" KEY1 KEY2 "'"))),
			 V_CHANGED);
	assert_true(w->out.store);
	assert_true(svr_psk(
		w->dev,
		&(struct uuid){
			{0x0c, 0x0c, 0x0c, 0x0c, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x0c}
        },
		&w->env.wall, &key));
	assert_int_equal(key.len, 32);
	assert_int_equal(key.b[31], 0xff);
	world_free(w);
}

static void cred_post__replaces_adds_and_repeats(void **state)
{
	struct world *w = world_new();
	struct uuid other = uuid_of(OTHER);

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(w->dev->n_creds, 1);
	assert_int_equal(
		post(w, LATER, OBT, CRED, CREDS(PAIRWISE("\"credid\":5,", OTHER, "h'" KEY1 "'"))),
		V_CHANGED);
	assert_int_equal(w->dev->n_creds, 2);
	assert_int_equal(w->dev->creds[1]->credid, 5);
	assert_int_equal(
		post(w, LATER, OBT, CRED, CREDS(PAIRWISE("\"credid\":5,", OTHER, "h'" KEY2 "'"))),
		V_CHANGED);
	assert_int_equal(w->dev->n_creds, 2); /* replaced */
	assert_int_equal(w->dev->creds[1]->key.b[0], 0xf0);
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(PAIRWISE("", OTHER, "h'" KEY2 "'"))),
			 V_CHANGED);
	assert_int_equal(w->dev->n_creds, 2); /* an exact duplicate is no news */
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(PAIRWISE("", OTHER, "h'" KEY1 "'"))),
			 V_CHANGED);
	assert_int_equal(w->dev->n_creds, 3);
	assert_int_equal(device_psk(w->dev, &other, &w->env.wall)->key.b[0],
			 0); /* the newest is used */
	assert_int_not_equal(w->dev->creds[2]->credid, 5);
	assert_int_equal(post(w, LATER, OBT, CRED,
			      CREDS(PAIRWISE("\"credid\":9,", OTHER, "h'" KEY1 "'") "," PAIRWISE(
				      "\"credid\":9,", OTHER, "h'" KEY2 "'"))),
			 V_BAD_REQUEST);
	assert_int_equal(w->dev->n_creds, 3);
	world_free(w);
}

static void cred_post__keeps_to_its_limit(void **state)
{
	struct world *w = world_new();
	char body[512];

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	for (size_t i = w->dev->n_creds; i <= CREDS_MAX; i++) {
		(void)snprintf(body, sizeof(body),
			       CREDS(PAIRWISE("", "00000000-0000-4000-8000-0000000001%02zx",
					      "h'" KEY1 "'")),
			       i);
		assert_int_equal(post(w, LATER, OBT, CRED, body),
				 i < CREDS_MAX ? V_CHANGED : V_BAD_REQUEST);
	}
	assert_int_equal(w->dev->n_creds, CREDS_MAX);
	assert_null(world_start(w)); /* all of them come back */
	assert_int_equal(w->dev->n_creds, CREDS_MAX);
	world_free(w);
}

/* Nobody locks an owner out for good. */
static void cred_post__does_not_replace_the_last_credential_of_an_owner(void **state)
{
	struct world *w = world_new();
	char body[512];

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	(void)snprintf(body, sizeof(body), CREDS(PAIRWISE("\"credid\":%u,", OTHER, "h'" KEY1 "'")),
		       w->dev->creds[0]->credid);
	assert_int_equal(post(w, LATER, OBT, CRED, body), V_BAD_REQUEST);
	expect_uuid(&w->dev->creds[0]->subject, OBT);
	world_free(w);
}

static void cred_get__never_shows_a_key(void **state)
{
	struct world *w = world_new();
	char text[512];

	(void)state;
	to_provisioned(w, DOS_RFNOP);
	assert_int_equal(get(w, LATER, OBT, CRED), V_CONTENT);
	(void)snprintf(text, sizeof(text),
		       "{\"creds\":[{\"credid\":%u,\"credtype\":1,\"subjectuuid\":\"" OBT
		       "\",\"privatedata\":{\"data\":h'',\"encoding\":\"oic.sec.encoding.raw\"}}],"
		       "\"rowneruuid\":\"" OBT "\"}",
		       w->dev->creds[0]->credid);
	expect_body(w, text);
	world_free(w);
}

static void cred_get__filters(void **state)
{
	static const struct {
		const char *query;
		enum verdict want;
		bool five, six;
	} CASES[] = {
		{"",				V_CONTENT,     true,  true },
		{"?credid=5",                       V_CONTENT,     true,  false},
		{"?credid=77",                      V_CONTENT,     false, false},
		{"?credid=x",                       V_BAD_REQUEST, false, false},
		{"?subjectuuid=" FINAL,             V_CONTENT,     false, true },
		{"?subjectuuid=" FINAL "&credid=5", V_CONTENT,     false, false},
		{"?subjectuuid=x",                  V_BAD_REQUEST, false, false},
	};
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, CRED,
			      CREDS(PAIRWISE("\"credid\":5,", OTHER, "h'" KEY1 "'") "," PAIRWISE(
				      "\"credid\":6,", FINAL, "h'" KEY2 "'"))),
			 V_CHANGED);
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		char uri[128];

		(void)snprintf(uri, sizeof(uri), CRED "%s", CASES[i].query);
		assert_int_equal(get(w, LATER, OBT, uri), CASES[i].want);
		assert_int_equal(body_has(w, "\"credid\":5"), CASES[i].five);
		assert_int_equal(body_has(w, "\"credid\":6"), CASES[i].six);
	}
	world_free(w);
}

static void cred_delete__removes_what_the_query_names(void **state)
{
	static const struct {
		const char *name, *query;
		enum verdict want;
		size_t left;
	} CASES[] = {
		{"one",               "?credid=5",           V_DELETED,     3},
		{"again",             "?credid=5",           V_NOT_FOUND,   3},
		{"unknown",           "?credid=77",          V_NOT_FOUND,   3},
		{"negative",          "?credid=-1",          V_NOT_FOUND,   3},
		{"too large",         "?credid=2147483648",  V_NOT_FOUND,   3},
		{"no number",         "?credid=",            V_NOT_FOUND,   3},
		{"by subject",        "?subjectuuid=" FINAL, V_DELETED,     1},
		{"by subject again",  "?subjectuuid=" FINAL, V_NOT_FOUND,   1},
		{"a slip of the key", "?credids=6",          V_BAD_REQUEST, 1},
		{"the owner's",       "?subjectuuid=" OBT,   V_BAD_REQUEST, 1},
		{"all",               "",                    V_BAD_REQUEST, 1}, /* the owner's is among them */
	};
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(
		post(w, LATER, OBT, CRED,
		     CREDS(PAIRWISE("\"credid\":5,", OTHER, "h'" KEY1 "'") "," PAIRWISE(
			     "\"credid\":6,", FINAL,
			     "h'" KEY1 "'") "," PAIRWISE("\"credid\":7,", FINAL, "h'" KEY2 "'"))),
		V_CHANGED);
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		char uri[128];
		enum verdict got;

		(void)snprintf(uri, sizeof(uri), CRED "%s", CASES[i].query);
		got = del(w, LATER, OBT, uri);
		if (got != CASES[i].want || w->dev->n_creds != CASES[i].left)
			fail_msg("%s: got %d, %zu left", CASES[i].name, (int)got, w->dev->n_creds);
		assert_int_equal(w->out.store, got == V_DELETED);
	}
	world_free(w);
}

static void cred_delete__is_forbidden_in_rfnop(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFNOP);
	assert_int_equal(del(w, LATER, OBT, CRED), V_FORBIDDEN);
	assert_int_equal(del(w, LATER, OBT, CRED "?credid=77"), V_FORBIDDEN);
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(PAIRWISE("", OTHER, "h'" KEY1 "'"))),
			 V_BAD_REQUEST);
	world_free(w);
}

static void cred_post__changes_its_owner_in_transfer_and_repair_only(void **state)
{
	struct world *w = world_new();
	const char *body = "{\"rowneruuid\":\"" OTHER "\"}";

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, CRED, body), V_BAD_REQUEST);
	to_state(w, DOS_SRESET);
	assert_int_equal(post(w, LATER, OBT, CRED, body), V_CHANGED);
	expect_uuid(&w->dev->rowner[OWNER_CRED], OTHER);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cred_rep_parse__takes_or_refuses),
		cmocka_unit_test(cred_rep_parse__reads_base64),
		cmocka_unit_test(cred_post__derives_the_owner_credential),
		cmocka_unit_test(cred_post__labels_the_owner_credential_by_the_method),
		cmocka_unit_test(cred_post__derives_for_the_owner_over_the_doc_only),
		cmocka_unit_test(cred_post__takes_an_explicit_key),
		cmocka_unit_test(cred_post__replaces_adds_and_repeats),
		cmocka_unit_test(cred_post__keeps_to_its_limit),
		cmocka_unit_test(cred_post__does_not_replace_the_last_credential_of_an_owner),
		cmocka_unit_test(cred_get__never_shows_a_key),
		cmocka_unit_test(cred_get__filters),
		cmocka_unit_test(cred_delete__removes_what_the_query_names),
		cmocka_unit_test(cred_delete__is_forbidden_in_rfnop),
		cmocka_unit_test(cred_post__changes_its_owner_in_transfer_and_repair_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* /oic/res, /oic/d and /oic/p */
#include "svr_fixture.h"

#define DOMAIN    "0f587f03-0e84-4f59-447b-800276484530"
#define CLEAR_EP  "{\"ep\":\"coap://[fd77::2]:36540\"}"
#define SECURE_EP "{\"ep\":\"coaps://[fd77::2]:48115\"}"

static void doxm_link(const struct world *w, const char *eps, char *ret, size_t room)
{
	char uuid[UUID_TEXT + 1];

	uuid_format(device_uuid(w->dev), uuid);
	(void)snprintf(
		ret, room,
		"[{\"anchor\":\"ocf://%s\",\"href\":\"/oic/sec/doxm\",\"rt\":[\"oic.r.doxm\"],"
		"\"if\":[\"oic.if.rw\",\"oic.if.baseline\"],\"p\":{\"bm\":1},\"eps\":[%s]}]",
		uuid, eps);
}

static void expect_doxm_link(struct world *w, const char *eps)
{
	char text[512];

	doxm_link(w, eps, text, sizeof(text));
	expect_body(w, text);
}

/* The recorded tool wants anchor and eps in the first element, with coap and coaps before a DOC. */
static void discovery_get__finds_doxm_by_its_type(void **state)
{
	struct world *w = world_new();
	const char *uri = "/oic/res?rt=oic.r.doxm";

	(void)state;
	assert_int_equal(get(w, CLEAR, NULL, uri), V_CONTENT);
	expect_doxm_link(w, CLEAR_EP "," SECURE_EP);
	assert_int_equal(multicast(w, uri), V_CONTENT);
	expect_doxm_link(w, CLEAR_EP "," SECURE_EP);
	to_doc(w);
	assert_int_equal(get(w, DOC, NULL, uri), V_CONTENT);
	expect_doxm_link(w, SECURE_EP);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/doxm", "{\"deviceuuid\":\"" FINAL "\"}"),
			 V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, uri), V_CONTENT);
	expect_doxm_link(w, SECURE_EP); /* the anchor follows at once */
	assert_int_equal(get(w, CLEAR, NULL, uri), V_UNAUTHORIZED);
	assert_int_equal(multicast(w, uri), V_IGNORE);
	world_free(w);
}

static void discovery_get__says_what_can_be_observed(void **state)
{
	static const struct {
		const char *uri, *policy;
	} CASES[] = {
		{"/oic/res?rt=oic.wk.res",  "\"p\",{\"bm\":3}"},
		{"/oic/res?rt=oic.r.pstat", "\"p\",{\"bm\":3}"},
		{"/oic/res?rt=oic.wk.d",    "\"p\",{\"bm\":1}"},
		{"/oic/res?rt=oic.r.cred",  "\"p\",{\"bm\":1}"},
	};
	struct world *w = world_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		assert_int_equal(get(w, CLEAR, NULL, CASES[i].uri), V_CONTENT);
		if (!body_has(w, CASES[i].policy))
			fail_msg("%s", CASES[i].uri);
	}
	world_free(w);
}

static const uint8_t *find(const uint8_t *from, const uint8_t *end, const char *text)
{
	struct buf want = BUF_INIT(512);
	const uint8_t *at;

	diag(&want, text);
	at = memmem(from, (size_t)(end - from), want.ptr, want.len);
	buf_done(&want);
	return at;
}

/* Does the link of `href` have these endpoints, and not only one behind it? */
static bool has_eps(const struct world *w, const char *href, const char *eps)
{
	const uint8_t *end = w->body.ptr + w->body.len, *at, *next;
	char link[64], list[128];

	(void)snprintf(link, sizeof(link), "\"href\":\"%s\"", href);
	(void)snprintf(list, sizeof(list), "\"eps\":[%s]", eps);
	at = find(w->body.ptr, end, link);
	if (!at)
		return false;
	next = find(at, end, "\"anchor\"");
	return find(at, next ? next : end, list) != NULL;
}

static void discovery_get__lists_all_with_their_endpoints(void **state)
{
	/* unsecured endpoint: in idle RFOTM, and later */
	static const struct {
		const char *href;
		bool idle, later;
	} LINKS[] = {
		{"/oic/res",       true,  true },
                {"/oic/d",         true,  true },
		{"/oic/p",         true,  true },
                {"/oic/sec/doxm",  true,  false},
		{"/oic/sec/pstat", true,  false},
                {"/oic/sec/cred",  false, false},
		{"/oic/sec/acl2",  false, false},
                {"/oic/sec/sdi",   false, false},
		{"/oic/sec/sp",    false, false},
                {"/oic/sec/ael",   false, false},
		{"/oic/mnt",       false, false},
                {"/oc/swu",        false, false},
	};
	struct world *w = world_new();

	(void)state;
	assert_int_equal(get(w, CLEAR, NULL, "/oic/res"), V_CONTENT);
	for (size_t i = 0; i < ARRAY_SIZE(LINKS); i++)
		if (!has_eps(w, LINKS[i].href, LINKS[i].idle ? CLEAR_EP "," SECURE_EP : SECURE_EP))
			fail_msg("%s in idle RFOTM", LINKS[i].href);
	assert_true(
		body_has(w, "\"href\":\"/oic/res\",\"rel\":[\"self\"],\"rt\":[\"oic.wk.res\"]"));
	assert_true(body_has(w, "\"rt\":[\"oic.wk.d\",\"oic.d.gateway\"]"));

	to_owned(w);
	to_state(w, DOS_RFPRO);
	assert_int_equal(get(w, DOC, NULL, "/oic/res"), V_CONTENT);
	for (size_t i = 0; i < ARRAY_SIZE(LINKS); i++)
		if (!has_eps(w, LINKS[i].href, LINKS[i].later ? CLEAR_EP "," SECURE_EP : SECURE_EP))
			fail_msg("%s in RFPRO", LINKS[i].href);
	world_free(w);
}

static void discovery_get__answers_by_query(void **state)
{
	static const struct {
		const char *uri;
		enum verdict clear, group, doc;
	} CASES[] = {
		{"/oic/res?rt=oic.wk.d",        V_CONTENT,     V_CONTENT, V_CONTENT    },
		{"/oic/res?rt=oic.d.gateway",   V_CONTENT,     V_CONTENT, V_CONTENT    },
		{"/oic/res?rt=zzz",             V_BAD_REQUEST, V_IGNORE,  V_BAD_REQUEST},
		{"/oic/res?rt=oic.r.nothing",   V_BAD_REQUEST, V_IGNORE,  V_BAD_REQUEST},
		{"/oic/res?if=oic.if.ll",       V_CONTENT,     V_CONTENT, V_CONTENT    },
		{"/oic/res?if=oic.if.baseline", V_CONTENT,     V_CONTENT, V_CONTENT    },
		{"/oic/res?if=oic.if.b",        V_BAD_REQUEST, V_IGNORE,  V_CONTENT    },
		{"/oic/res?if=oic.if.rw",       V_FORBIDDEN,   V_IGNORE,  V_FORBIDDEN  },
		{"/oic/res?sduuid=" NIL,        V_CONTENT,     V_CONTENT, V_CONTENT    },
		{"/oic/res?sduuid=" DOMAIN,     V_IGNORE,      V_IGNORE,  V_IGNORE     },
		{"/oic/res?sduuid=x",           V_IGNORE,      V_IGNORE,  V_IGNORE     },
		{"/oic/res?di=" FINAL,          V_CONTENT,     V_IGNORE,  V_CONTENT    },
		{"/oic/d",                      V_CONTENT,     V_IGNORE,  V_CONTENT    },
		{"/oic/p",                      V_CONTENT,     V_IGNORE,  V_CONTENT    },
		{"/oic/d?if=oic.if.rw",         V_FORBIDDEN,   V_IGNORE,  V_FORBIDDEN  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_new();
		enum verdict got[3];

		got[0] = get(w, CLEAR, NULL, CASES[i].uri);
		got[1] = multicast(w, CASES[i].uri);
		to_doc(w);
		got[2] = get(w, DOC, NULL, CASES[i].uri);
		if (got[0] != CASES[i].clear || got[1] != CASES[i].group || got[2] != CASES[i].doc)
			fail_msg("%s: got %d %d %d", CASES[i].uri, (int)got[0], (int)got[1],
				 (int)got[2]);
		world_free(w);
	}
}

static void discovery_get__answers_a_group_that_names_it(void **state)
{
	struct world *w = world_new();
	char uri[80] = "/oic/res?di=";

	(void)state;
	uuid_format(device_uuid(w->dev), uri + strlen(uri));
	assert_int_equal(multicast(w, uri), V_CONTENT);
	world_free(w);
}

static void discovery_get__shows_the_domain_unless_private(void **state)
{
	struct world *w = world_new();
	const char *uri = "/oic/res?if=oic.if.baseline&rt=oic.wk.p";
	const char *ask = "/oic/res?sduuid=" DOMAIN;

	(void)state;
	to_doc(w);
	assert_int_equal(get(w, DOC, NULL, uri), V_CONTENT);
	assert_true(body_has(w, "\"sduuid\":\"" NIL "\",\"sdname\":\"\",\"links\":"));
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/sdi",
			      "{\"uuid\":\"" DOMAIN "\",\"name\":\"home\",\"priv\":false}"),
			 V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, uri), V_CONTENT);
	assert_true(body_has(w, "\"n\":\"Gateway\",\"sduuid\":\"" DOMAIN "\",\"sdname\":\"home\""));
	assert_int_equal(get(w, DOC, NULL, ask), V_CONTENT);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/sdi", "{\"priv\":true}"), V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, uri), V_CONTENT);
	assert_false(body_has(w, "\"sduuid\""));
	assert_false(body_has(w, "\"sdname\""));
	assert_int_equal(get(w, DOC, NULL, ask), V_IGNORE);
	world_free(w);
}

static void discovery_get__batches_what_may_be_read(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_doc(w);
	assert_int_equal(get(w, DOC, NULL, "/oic/res?if=oic.if.b"), V_CONTENT);
	assert_true(body_has(w, "\"href\":\"/oic/d\",\"rep\":"));
	assert_true(body_has(w, "\"mnfv\":\"1.2.3\""));
	assert_false(body_has(w, "\"/oic/sec/doxm\""));
	world_free(w);

	w = world_new();
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(
		post(w, LATER, OBT, "/oic/sec/acl2",
		     "{\"aclist2\":[{\"subject\":{\"conntype\":\"anon-clear\"},\"resources\":["
		     "{\"href\":\"/oic/res\"},{\"href\":\"/oic/p\"}],\"permission\":2}]}"),
		V_CHANGED);
	to_state(w, DOS_RFNOP);
	assert_int_equal(get(w, STRANGER, OTHER, "/oic/res?if=oic.if.b"), V_CONTENT);
	assert_true(body_has(w, "\"href\":\"/oic/p\",\"rep\":"));
	assert_false(body_has(w, "\"/oic/d\""));                             /* not granted */
	assert_int_equal(multicast(w, "/oic/res?rt=oic.r.doxm"), V_CONTENT); /* by that ACE */
	expect_doxm_link(w, SECURE_EP);
	world_free(w);
}

static void core__shows_device_and_platform(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_doc(w);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/doxm", "{\"deviceuuid\":\"" FINAL "\"}"),
			 V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, "/oic/d"), V_CONTENT);
	expect_body(
		w,
		"{\"di\":\"" FINAL "\",\"piid\":\"01000000-0000-0000-0000-000000000000\","
		"\"n\":\"Gateway\",\"icv\":\"ocf.2.2.5\",\"dmv\":\"ocf.res.1.3.0,ocf.sh.1.3.0\"}");
	assert_int_equal(get(w, DOC, NULL, "/oic/p"), V_CONTENT);
	expect_body(w, "{\"pi\":\"02000000-0000-0000-0000-000000000000\",\"mnmn\":\"ACME\","
		       "\"mnmo\":\"G1\",\"mnfv\":\"1.2.3\"}");
	w->info.firmware_version[0] = '\0'; /* unknown now */
	w->info.model[0] = '\0';
	assert_int_equal(get(w, DOC, NULL, "/oic/p?if=oic.if.baseline"), V_CONTENT);
	expect_body(w, "{\"rt\":[\"oic.wk.p\"],\"if\":[\"oic.if.r\",\"oic.if.baseline\"],"
		       "\"pi\":\"02000000-0000-0000-0000-000000000000\",\"mnmn\":\"ACME\"}");
	world_free(w);
}

/* Two strangers, one before and one behind a RESET, cannot tell that it is the same device. */
static void core__hides_what_lasts_until_a_doc(void **state)
{
	struct world *w = world_new();
	char uuid[UUID_TEXT + 1], text[128];

	(void)state;
	uuid_format(device_uuid(w->dev), uuid);
	assert_int_equal(get(w, CLEAR, NULL, "/oic/d"), V_CONTENT);
	(void)snprintf(text, sizeof(text), "\"piid\":\"%s\"", uuid);
	assert_true(body_has(w, text));
	assert_int_equal(get(w, CLEAR, NULL, "/oic/p"), V_CONTENT);
	(void)snprintf(text, sizeof(text), "\"pi\":\"%s\"", uuid);
	assert_true(body_has(w, text));
	world_free(w);
}

static void core_links__are_for_everyone_in_every_state(void **state)
{
	static const char LINK[] = "</oic/res>;rt=\"oic.wk.res\";"
				   "if=\"oic.if.ll oic.if.b oic.if.baseline\";ct=10000";
	const struct ask ask = {.uri = "/.well-known/core", .accept = CF_LINKS};
	struct world *w = world_new();

	(void)state;
	assert_int_equal(world_ask(w, &ask), V_CONTENT);
	assert_int_equal(w->out.format, CF_LINKS);
	assert_true(span_is(buf_span(&w->body), LINK));
	assert_int_equal(multicast(w, "/.well-known/core"), V_IGNORE);
	assert_int_equal(world_ask(w, &(struct ask){.uri = ask.uri, .accept = CF_OCF_CBOR}),
			 V_NOT_ACCEPTABLE);
	assert_int_equal(post(w, CLEAR, NULL, ask.uri, "{}"), V_UNAUTHORIZED);
	to_provisioned(w, DOS_RFNOP);
	assert_int_equal(world_ask(w, &ask), V_CONTENT);
	assert_int_equal(post(w, CLEAR, NULL, ask.uri, "{}"), V_UNAUTHORIZED);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(discovery_get__finds_doxm_by_its_type),
		cmocka_unit_test(discovery_get__says_what_can_be_observed),
		cmocka_unit_test(discovery_get__lists_all_with_their_endpoints),
		cmocka_unit_test(discovery_get__answers_by_query),
		cmocka_unit_test(discovery_get__answers_a_group_that_names_it),
		cmocka_unit_test(discovery_get__shows_the_domain_unless_private),
		cmocka_unit_test(discovery_get__batches_what_may_be_read),
		cmocka_unit_test(core__shows_device_and_platform),
		cmocka_unit_test(core__hides_what_lasts_until_a_doc),
		cmocka_unit_test(core_links__are_for_everyone_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Resources of other programs: what may be registered, who reaches them, what is said of them. */
#include "svr_fixture.h"

#include "svr/ncr.h"

static const struct {
	const char *href;
	bool good;
} HREFS[] = {
	{"/lamp",             true },
        {"/a",                true },
        {"/kitchen/lamp.1~2", true },
	{"/oice",             true },
        {"",                  false},
        {"/",                 false},
	{"lamp",              false},
        {"//lamp",            false},
        {"/lamp/",            false},
	{"/a//b",             false},
        {"/..",               false},
        {"/a/./b",            false},
	{"/oic",              false},
        {"/oic/res",          false},
        {"/OIC/lamp",         false},
	{"/oc/swu",           false},
        {"/oc",               false},
        {"/.well-known/core", false},
	{"/a?b",              false},
        {"/a%20b",            false},
        {"/a b",              false},
	{"/\xc3\xa9",         false},
};

static void ncr_set_href__takes_what_needs_no_escape(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(HREFS); i++) {
		struct ncr ncr = {0};

		if (ncr_set_href(&ncr, span_str(HREFS[i].href)) != HREFS[i].good)
			fail_msg("%s", HREFS[i].href);
		assert_string_equal(ncr.href, HREFS[i].good ? HREFS[i].href : "");
	}
}

static void ncr_set_href__has_a_limit(void **state)
{
	char href[REQ_PATH_MAX + 1];
	struct ncr ncr = {0};

	(void)state;
	memset(href, 'a', sizeof(href));
	href[0] = '/';
	assert_false(ncr_set_href(&ncr, span_of(href, REQ_PATH_MAX)));
	assert_true(ncr_set_href(&ncr, span_of(href, REQ_PATH_MAX - 1)));
}

static void ncr_add_type__takes_four_that_are_not_ours(void **state)
{
	static const char *const BAD[] = {"", "oic.r.doxm", "OIC.R.DOXM", "oic.wk.anything", "a b"};
	char text[NCR_TYPE_LEN + 1];
	struct ncr ncr = {0};

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		assert_false(ncr_add_type(&ncr, span_str(BAD[i])));
	assert_false(ncr_add_type(&ncr, span_of(text, NCR_TYPE_LEN + 1)));
	for (size_t i = 0; i < NCR_TYPES_MAX; i++)
		assert_true(ncr_add_type(&ncr, span_of(text, NCR_TYPE_LEN)));
	assert_false(ncr_add_type(&ncr, span_of(text, 1)));
}

static void ncr_finish__adds_baseline(void **state)
{
	struct ncr ncr = {0};

	(void)state;
	assert_false(ncr_add_interface(&ncr, SPAN_LIT("oic.if.b")));
	assert_true(ncr_add_interface(&ncr, SPAN_LIT("oic.if.a")));
	assert_false(ncr_add_interface(&ncr, SPAN_LIT("oic.if.a")));
	assert_false(ncr_finish(&ncr));
	assert_true(ncr_set_href(&ncr, SPAN_LIT("/lamp")));
	assert_false(ncr_finish(&ncr));
	assert_true(ncr_add_type(&ncr, SPAN_LIT("oic.r.switch.binary")));
	assert_true(ncr_finish(&ncr));
	assert_string_equal(ncr.interfaces[0], "oic.if.a");
	assert_string_equal(ncr.interfaces[1], "oic.if.baseline");
	assert_null(ncr.interfaces[2]);
}

static bool keep(struct ncr *ncr, const char *text)
{
	struct buf map = BUF_INIT(2 * NCR_REP_MAX);
	bool kept;

	diag(&map, text);
	kept = ncr_keep(ncr, buf_span(&map));
	buf_done(&map);
	return kept;
}

static void ncr_keep__takes_maps_within_limits(void **state)
{
	static const char *const BAD[] = {"[1]", "1", "{\"rt\":[\"x\"]}", "{\"if\":1}", "{}{}"};
	struct buf big = BUF_INIT(2 * NCR_REP_MAX);
	struct ncr ncr = {0};

	(void)state;
	assert_true(keep(&ncr, "{\"value\":true}"));
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		if (keep(&ncr, BAD[i]))
			fail_msg("%s", BAD[i]);
	assert_int_equal(ncr.kept.len, 7); /* the last good one */
	assert_true(keep(&ncr, "{}"));
	assert_int_equal(ncr.kept.len, 0);
	for (size_t extra = 0; extra < 2; extra++) {
		buf_reset(&big);
		cbw_map(&big);
		cbw_str(&big, "v");
		while (big.len < NCR_REP_MAX - 5 + extra)
			buf_put_byte(&big, 0);
		big.ptr[3] = 0x59; /* a byte string of all the rest */
		big.ptr[4] = (uint8_t)((big.len - 6) >> 8);
		big.ptr[5] = (uint8_t)(big.len - 6);
		cbw_end(&big);
		assert_true(ncr_keep(&ncr, buf_span(&big)));
		while (big.len <= NCR_REP_MAX)
			buf_put_byte(&big, 0);
		assert_false(ncr_keep(&ncr, buf_span(&big)));
	}
	buf_done(&big);
	buf_done(&ncr.kept);
}

static void ncrs__have_one_of_a_name_and_a_limit(void **state)
{
	static struct ncr entries[NCRS_MAX + 1];
	static struct ncrs ncrs;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		(void)snprintf(entries[i].href, sizeof(entries[i].href), "/%zu", i);
		assert_int_equal(ncrs_add(&ncrs, &entries[i]), i < NCRS_MAX);
	}
	ncrs_remove(&ncrs, &entries[7]);
	assert_null(ncrs_find(&ncrs, SPAN_LIT("/7")));
	assert_ptr_equal(ncrs_find(&ncrs, SPAN_LIT("/8")), &entries[8]);
	assert_false(ncrs_add(&ncrs, &entries[8]));
	assert_true(ncrs_add(&ncrs, &entries[7]));
	ncrs_remove(&ncrs, &entries[NCRS_MAX]); /* is not there */
	assert_int_equal(ncrs.n, NCRS_MAX);
}

/* ---- served ---- */

struct served {
	struct world *w;
	struct ncr lamp, sensor;
	struct ncrs ncrs;
};

#define ACES                                                                                       \
	"{\"aclist2\":[{\"aceid\":7,\"subject\":{\"uuid\":\"" OTHER "\"},\"permission\":6,"        \
	"\"resources\":[{\"wc\":\"*\"}]},{\"aceid\":8,\"subject\":{\"conntype\":\"anon-clear\"},"  \
	"\"permission\":31,\"resources\":[{\"wc\":\"*\"}]},{\"subject\":{\"uuid\":\"" OTHER        \
	"\"},\"permission\":2,\"resources\":[{\"href\":\"/oic/res\"}]}]}"

static void add(struct served *s, struct ncr *ncr, const char *href, const char *type,
		const char *interface)
{
	assert_true(ncr_set_href(ncr, span_str(href)));
	assert_true(ncr_add_type(ncr, span_str(type)));
	assert_true(ncr_add_interface(ncr, span_str(interface)));
	assert_true(ncr_finish(ncr));
	ncr->discoverable = ncr->observable = true;
	assert_true(ncrs_add(&s->ncrs, ncr));
}

static int served_setup(void **state)
{
	struct served *s = calloc(1, sizeof(*s));

	s->w = world_new();
	s->w->env.ncrs = &s->ncrs;
	add(s, &s->lamp, "/lamp", "oic.r.switch.binary", "oic.if.a");
	add(s, &s->sensor, "/sensor", "oic.r.temperature", "oic.if.s");
	to_provisioned(s->w, DOS_RFPRO);
	assert_int_equal(post(s->w, LATER, OBT, "/oic/sec/acl2", ACES), V_CHANGED);
	assert_int_equal(post(s->w, LATER, OBT, "/oic/sec/cred",
			      "{\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OTHER
			      "\",\"privatedata\":"
			      "{\"encoding\":\"oic.sec.encoding.raw\",\"data\":h'"
			      "000102030405060708090a0b0c0d0e0f'}}]}"),
			 V_CHANGED);
	to_state(s->w, DOS_RFNOP);
	*state = s;
	return 0;
}

static int served_teardown(void **state)
{
	struct served *s = *state;

	buf_done(&s->lamp.kept);
	buf_done(&s->sensor.kept);
	world_free(s->w);
	free(s);
	return 0;
}

static enum verdict ask_as(struct served *s, enum asked asked, enum method method, const char *uri)
{
	return world_ask(s->w, &(struct ask){.method = method,
					     .uri = uri,
					     .session = STRANGER,
					     .peer = OTHER,
					     .asked = asked,
					     .diag = method == M_GET ? NULL : "{\"value\":true}"});
}

static void get__asks_the_program_and_then_says_it(void **state)
{
	struct served *s = *state;

	assert_int_equal(ask_as(s, ASKED_FIRST, M_GET, "/lamp"), V_LATER);
	assert_ptr_equal(s->w->out.ncr, &s->lamp);
	assert_int_equal(ask_as(s, ASKED_READY, M_GET, "/lamp"), V_UNAVAILABLE);
	assert_true(keep(&s->lamp, "{\"value\":true}"));
	assert_int_equal(ask_as(s, ASKED_READY, M_GET, "/lamp"), V_CONTENT);
	assert_true(s->w->out.observable);
	expect_body(s->w, "{\"value\":true}");
	assert_int_equal(ask_as(s, ASKED_KEPT, M_GET, "/lamp?if=oic.if.baseline"), V_CONTENT);
	expect_body(s->w, "{\"rt\":[\"oic.r.switch.binary\"],\"if\":[\"oic.if.a\","
			  "\"oic.if.baseline\"],\"value\":true}");
	s->lamp.observable = false;
	assert_int_equal(ask_as(s, ASKED_READY, M_GET, "/lamp"), V_CONTENT);
	assert_false(s->w->out.observable);
}

static void methods__follow_the_interfaces(void **state)
{
	static const struct {
		enum method method;
		const char *uri;
		enum verdict want;
	} CASES[] = {
		{M_POST, "/lamp",                      V_LATER    },
		{M_POST, "/lamp?if=oic.if.a",          V_LATER    },
		{M_POST, "/lamp?if=oic.if.baseline",   V_LATER    },
		{M_POST, "/lamp?if=oic.if.rw",         V_FORBIDDEN},
		{M_POST, "/sensor",                    V_NO_METHOD},
		{M_POST, "/sensor?if=oic.if.baseline", V_NO_METHOD},
		{M_GET,  "/sensor?if=oic.if.s",        V_LATER    },
		{M_GET,  "/sensor?if=oic.if.a",        V_FORBIDDEN},
		{M_PUT,  "/lamp",                      V_NO_METHOD},
		{M_GET,  "/lamp/",                     V_NOT_FOUND},
	};
	struct served *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++)
		if (ask_as(s, ASKED_FIRST, CASES[i].method, CASES[i].uri) != CASES[i].want)
			fail_msg("%s: %d", CASES[i].uri, (int)s->w->out.verdict);
	assert_int_equal(ask_as(s, ASKED_READY, M_POST, "/lamp"), V_CHANGED);
}

/* Two interfaces of which one is for reading. */
static void post__on_an_interface_for_reading_is_forbidden(void **state)
{
	struct served *s = *state;

	assert_true(ncr_add_interface(&s->lamp, SPAN_LIT("oic.if.r")));
	assert_int_equal(ask_as(s, ASKED_FIRST, M_POST, "/lamp?if=oic.if.r"), V_FORBIDDEN);
	assert_int_equal(ask_as(s, ASKED_FIRST, M_POST, "/lamp"), V_LATER);
}

static void access__is_decided_before_the_program_hears_of_it(void **state)
{
	struct served *s = *state;
	struct world *w = s->w;

	assert_int_equal(get(w, STRANGER, OTHER, "/lamp"), V_LATER);
	assert_int_equal(get(w, CLEAR, NULL, "/lamp"),
			 V_UNAUTHORIZED); /* whatever anon-clear may */
	assert_int_equal(multicast(w, "/lamp"), V_IGNORE);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/pstat", "{\"dos\":{\"s\":2}}"), V_CHANGED);
	assert_int_equal(ask_as(s, ASKED_READY, M_GET, "/lamp"), V_UNAUTHORIZED); /* meanwhile */
	assert_int_equal(del(w, LATER, OBT, "/oic/sec/acl2?aceid=7"), V_DELETED);
	assert_int_equal(del(w, LATER, OBT, "/oic/sec/acl2?aceid=8"), V_DELETED);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/pstat", "{\"dos\":{\"s\":3}}"), V_CHANGED);
	assert_int_equal(get(w, STRANGER, OTHER, "/lamp"), V_UNAUTHORIZED);
	assert_null(w->out.ncr);
}

static void discovery__shows_what_wants_to_be_found(void **state)
{
	struct served *s = *state;
	struct world *w = s->w;

	assert_int_equal(get(w, STRANGER, OTHER, "/oic/res?rt=oic.r.switch.binary"), V_CONTENT);
	assert_true(body_has(w, "\"href\",\"/lamp\",\"rt\",[\"oic.r.switch.binary\"],"
				"\"if\",[\"oic.if.a\",\"oic.if.baseline\"],\"p\",{\"bm\":3},"
				"\"eps\",[{\"ep\":\"coaps://[fd77::2]:48115\"}]"));
	assert_false(body_has(w, "\"href\",\"/sensor\""));
	s->lamp.observable = false;
	s->sensor.discoverable = false;
	assert_int_equal(get(w, STRANGER, OTHER, "/oic/res"), V_CONTENT);
	assert_true(body_has(w, "\"href\",\"/lamp\",\"rt\",[\"oic.r.switch.binary\"],"
				"\"if\",[\"oic.if.a\",\"oic.if.baseline\"],\"p\",{\"bm\":1}"));
	assert_false(body_has(w, "\"href\",\"/sensor\""));
	assert_int_equal(get(w, STRANGER, OTHER, "/oic/res?rt=oic.r.temperature"), V_BAD_REQUEST);
	assert_int_equal(get(w, STRANGER, OTHER, "/sensor"), V_LATER); /* found or not */
}

static void batch__holds_what_is_known_and_may_be_read(void **state)
{
	const char *uri = "/oic/res?if=oic.if.b";
	struct served *s = *state;
	struct world *w = s->w;

	assert_int_equal(get(w, STRANGER, OTHER, uri), V_CONTENT);
	expect_body(w, "[]");
	assert_true(keep(&s->lamp, "{\"value\":true}"));
	assert_int_equal(get(w, STRANGER, OTHER, uri), V_CONTENT);
	expect_body(w, "[{\"href\":\"/lamp\",\"rep\":{\"value\":true}}]");
}

static void introspection__describes_them(void **state)
{
	struct served *s = *state;
	struct world *w = s->w;

	assert_int_equal(get(w, STRANGER, OTHER, "/oc/wk/introspection"), V_CONTENT);
	expect_body(w, "{\"urlInfo\":[{\"protocol\":\"coaps\",\"url\":"
		       "\"coaps://[fd77::2]:48115/oc/introspection\","
		       "\"content-type\":\"application/cbor\",\"version\":1}]}");
	assert_int_equal(get(w, STRANGER, OTHER, "/oic/res?rt=oic.wk.introspection"), V_CONTENT);
	assert_int_equal(get(w, STRANGER, OTHER, "/oic/res?rt=oic.introspection.data"),
			 V_BAD_REQUEST);
	assert_int_equal(get(w, CLEAR, NULL, "/oc/introspection"), V_UNAUTHORIZED);
	s->sensor.discoverable = false;
	assert_true(keep(&s->lamp, "{\"value\":true,\"list\":[1]}"));
	assert_int_equal(get(w, STRANGER, OTHER, "/oc/introspection"), V_CONTENT);
#define IF_LIST  "\"enum\":[\"oic.if.a\",\"oic.if.baseline\"]"
#define IF_QUERY "{\"name\":\"if\",\"in\":\"query\",\"type\":\"string\"," IF_LIST "}"
#define KNOWN    "\"value\":{\"type\":\"boolean\"},\"list\":{\"type\":\"array\",\"items\":{}}"
#define SCHEMA   "\"schema\":{\"type\":\"object\",\"properties\":{" KNOWN "}}"
	expect_body(w,
		    "{\"swagger\":\"2.0\",\"info\":{\"title\":\"Gateway\",\"version\":\"1.2.3\"},"
		    "\"schemes\":[\"http\"],\"consumes\":[\"application/json\"],"
		    "\"produces\":[\"application/json\"],\"paths\":{\"/lamp\":{"
		    "\"get\":{\"parameters\":[" IF_QUERY "],\"responses\":{\"200\":{"
		    "\"description\":\"\",\"schema\":{\"type\":\"object\",\"properties\":{"
		    "\"rt\":{\"type\":\"array\",\"items\":{\"type\":\"string\","
		    "\"enum\":[\"oic.r.switch.binary\"]}},"
		    "\"if\":{\"type\":\"array\",\"items\":{\"type\":\"string\"," IF_LIST "}}," KNOWN
		    "}}}}},"
		    "\"post\":{\"parameters\":[" IF_QUERY ",{\"name\":\"body\",\"in\":\"body\","
		    "\"required\":true," SCHEMA
		    "}],\"responses\":{\"200\":{\"description\":\"\"," SCHEMA "}}}}}}");
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, served_setup, served_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ncr_set_href__takes_what_needs_no_escape),
		cmocka_unit_test(ncr_set_href__has_a_limit),
		cmocka_unit_test(ncr_add_type__takes_four_that_are_not_ours),
		cmocka_unit_test(ncr_finish__adds_baseline),
		cmocka_unit_test(ncr_keep__takes_maps_within_limits),
		cmocka_unit_test(ncrs__have_one_of_a_name_and_a_limit),
		SERVED(get__asks_the_program_and_then_says_it),
		SERVED(methods__follow_the_interfaces),
		SERVED(post__on_an_interface_for_reading_is_forbidden),
		SERVED(access__is_decided_before_the_program_hears_of_it),
		SERVED(discovery__shows_what_wants_to_be_found),
		SERVED(introspection__describes_them),
		SERVED(batch__holds_what_is_known_and_may_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

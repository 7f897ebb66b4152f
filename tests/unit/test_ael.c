#include "svr_fixture.h"

#include "svr/ael.h"

#define AEL "/oic/sec/ael"
#define EMPTY                                                                                      \
	"{\"events\":[],\"usedspace\":0,\"maxspace\":2048,\"unit\":\"Byte\","                      \
	"\"categoryfilter\":255,\"priorityfilter\":4}"

#define NOON (UINT64_C(1780315200) * 1000000) /* 2026-06-01T12:00:00Z */

static void note(struct world *w, enum svr_audit event, const char *const *texts, size_t n)
{
	struct span aux[AUDIT_AUX_MAX + 1];

	for (size_t i = 0; i < n; i++)
		aux[i] = span_str(texts[i]);
	device_audit(w->dev, event, aux, n, NOON);
}

static void read_all(struct world *w)
{
	assert_int_equal(get(w, DOC, NULL, AEL), V_CONTENT);
}

static struct world *world_in_doc(void)
{
	struct world *w = world_new();

	to_doc(w);
	return w;
}

static void ael_get__shows_the_events(void **state)
{
	static const char *const AUX[] = {"[fd77::2]:5683", "/oic/sec/cred", "na\xc3\xafve\n"};
	struct world *w = world_in_doc();

	(void)state;
	read_all(w);
	expect_body(w, EMPTY);
	note(w, AUDIT_ACCESS_DENIED, AUX, 3);
	note(w, AUDIT_HANDSHAKE_FAILED, NULL, 0);
	read_all(w);
	expect_body(w, "{\"events\":[{\"aeid\":\"AC-1\",\"category\":1,\"priority\":2,"
		       "\"timestamp\":\"2026-06-01T12:00:00Z\",\"message\":\"Access Denied\","
		       "\"auxiliaryinfo\":[\"[fd77::2]:5683\",\"/oic/sec/cred\",\"na??ve?\"]},"
		       "{\"aeid\":\"AUTH-1\",\"category\":8,\"priority\":1,"
		       "\"timestamp\":\"2026-06-01T12:00:00Z\","
		       "\"message\":\"DTLS handshake failed\",\"auxiliaryinfo\":[]}],"
		       "\"usedspace\":69,\"maxspace\":2048,\"unit\":\"Byte\","
		       "\"categoryfilter\":255,\"priorityfilter\":4}");
	world_free(w);
}

/* Every event has a category that the filter knows and a priority of the list. */
static void svr_audit_kind__is_one_of_the_standard(void **state)
{
	(void)state;
	for (enum svr_audit i = AUDIT_NONE + 1; i < AUDIT_COUNT; i++) {
		const struct svr_audit_kind *k = svr_audit_kind(i);

		assert_non_null(k->id);
		assert_non_null(k->message);
		assert_int_equal(k->category & ~0x7fu, 0);
		assert_int_equal(k->category & (k->category - 1), 0);
		assert_true(k->priority <= AEL_PRIORITY_LAST);
	}
}

static void device_audit__filters(void **state)
{
	static const struct {
		const char *name;
		uint8_t categories, priority;
		enum svr_audit event;
		bool want;
	} CASES[] = {
		{"all pass",          255,  4, AUDIT_SVR_CHANGED,      true },
		{"its category",      0x10, 4, AUDIT_SVR_CHANGED,      true },
		{"another category",  0xef, 4, AUDIT_SVR_CHANGED,      false},
		{"its priority",      255,  3, AUDIT_SVR_CHANGED,      true },
		{"beyond priority",   255,  2, AUDIT_SVR_CHANGED,      false},
		{"error at error",    255,  1, AUDIT_HANDSHAKE_FAILED, true },
		{"error at critical", 255,  0, AUDIT_HANDSHAKE_FAILED, false},
		{"nothing",           0,    4, AUDIT_ACCESS_DENIED,    false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_in_doc();

		w->dev->ael.categories = CASES[i].categories;
		w->dev->ael.priority = CASES[i].priority;
		note(w, CASES[i].event, NULL, 0);
		if ((w->dev->ael.used != 0) != CASES[i].want)
			fail_msg("%s: %zu", CASES[i].name, w->dev->ael.used);
		world_free(w);
	}
}

/* However many: the newest that fit are there, whole and in their order. */
static void device_audit__drops_the_oldest(void **state)
{
	struct world *w = world_in_doc();
	char number[16];
	size_t first, n = 0;

	(void)state;
	for (unsigned i = 1; i <= 1000; i++) {
		const char *text = number;

		(void)snprintf(number, sizeof(number), "n%u", i);
		note(w, AUDIT_ACCESS_DENIED, &text, 1);
		assert_true(w->dev->ael.used <= AEL_SPACE);
	}
	assert_true(w->dev->ael.used > AEL_SPACE - 32);
	read_all(w);
	for (first = 1; first <= 1000; first++) {
		char want[16];

		(void)snprintf(want, sizeof(want), "[\"n%zu\"]", first);
		n += body_has(w, want);
		assert_true(n == 0 || body_has(w, want)); /* no gap behind the first */
	}
	assert_int_equal(n, AEL_SPACE / 21);
	world_free(w);
}

static void device_audit__cuts_what_is_too_long(void **state)
{
	char text[AUDIT_TEXT_MAX + 3];
	const char *texts[AUDIT_AUX_MAX + 1];
	struct world *w = world_in_doc();

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		texts[i] = text;
	for (int i = 0; i < 5; i++)
		note(w, AUDIT_BAD_MESSAGE, texts, ARRAY_SIZE(texts));
	assert_true(w->dev->ael.used <= AEL_SPACE);
	read_all(w);
	text[AUDIT_TEXT_MAX] = '\0';
	{
		char want[sizeof(text) + 3];

		(void)snprintf(want, sizeof(want), "\"%s\"", text);
		assert_true(body_has(w, want));
	}
	world_free(w);
}

static void ael_post__sets_the_filters(void **state)
{
	static const struct {
		const char *name, *body;
		enum verdict want;
	} CASES[] = {
		{"both",     "{\"categoryfilter\":1,\"priorityfilter\":0}",   V_CHANGED    },
		{"one",      "{\"categoryfilter\":0}",                        V_CHANGED    },
		{"most",     "{\"categoryfilter\":255,\"priorityfilter\":4}", V_CHANGED    },
		{"category", "{\"categoryfilter\":256}",                      V_BAD_REQUEST},
		{"priority", "{\"priorityfilter\":5}",                        V_BAD_REQUEST},
		{"negative", "{\"priorityfilter\":-1}",                       V_BAD_REQUEST},
		{"events",   "{\"events\":[]}",                               V_BAD_REQUEST},
		{"used",     "{\"usedspace\":0,\"categoryfilter\":1}",        V_BAD_REQUEST},
		{"unknown",  "{\"categoryfilter\":1,\"x\":1}",                V_BAD_REQUEST},
		{"twice",    "{\"categoryfilter\":1,\"categoryfilter\":1}",   V_BAD_REQUEST},
		{"nothing",  "{}",					    V_BAD_REQUEST},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_in_doc();

		if (post(w, DOC, NULL, AEL, CASES[i].body) != CASES[i].want)
			fail_msg("%s: got %d", CASES[i].name, (int)w->out.verdict);
		world_free(w);
	}
}

/* The filters are stored, the events are not; a RESET ends both. */
static void ael__lives_as_long_as_it_should(void **state)
{
	static const struct {
		enum dos dos;
		enum verdict want;
	} CASES[] = {
		{DOS_RFPRO,  V_CHANGED  },
		{DOS_SRESET, V_CHANGED  },
		{DOS_RFNOP,  V_FORBIDDEN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_new();

		to_provisioned(w, DOS_RFPRO);
		grant(w, AEL);
		if (CASES[i].dos != DOS_RFPRO)
			to_state(w, CASES[i].dos);
		note(w, AUDIT_ACCESS_DENIED, NULL, 0);
		assert_int_equal(post(w, LATER, OBT, AEL, "{\"priorityfilter\":2}"), CASES[i].want);
		assert_true(w->dev->ael.used > 0);
		assert_null(world_start(w));
		assert_int_equal(w->dev->ael.used, 0);
		assert_int_equal(w->dev->ael.priority, CASES[i].want == V_CHANGED ? 2 : 4);
		note(w, AUDIT_ACCESS_DENIED, NULL, 0);
		to_state(w, DOS_RESET);
		assert_int_equal(world_event(w, EV_RESET_DUE, 0), V_CHANGED);
		to_doc(w);
		read_all(w);
		expect_body(w, EMPTY);
		world_free(w);
	}
}

static void svr_handle__tells_what_is_to_be_audited(void **state)
{
	struct world *w = world_new();

	(void)state;
	assert_int_equal(get(w, CLEAR, NULL, AEL), V_UNAUTHORIZED);
	assert_int_equal(w->out.audit, AUDIT_ACCESS_DENIED);
	assert_int_equal(get(w, CLEAR, NULL, "/oic/sec/doxm"), V_CONTENT);
	assert_int_equal(w->out.audit, AUDIT_NONE);
	assert_int_equal(multicast(w, "/oic/sec/pstat"), V_IGNORE);
	assert_int_equal(w->out.audit, AUDIT_NONE);
	to_doc(w);
	assert_int_equal(multicast(w, "/oic/sec/doxm"), V_IGNORE);
	assert_int_equal(w->out.audit, AUDIT_NONE);
	assert_int_equal(get(w, CLEAR, NULL, "/light"), V_UNAUTHORIZED);
	assert_int_equal(w->out.audit, AUDIT_ACCESS_DENIED);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/pstat", "{\"om\":4}"), V_CHANGED);
	assert_int_equal(w->out.audit, AUDIT_SVR_CHANGED);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/pstat", "{\"om\":9}"), V_BAD_REQUEST);
	assert_int_equal(w->out.audit, AUDIT_NONE);
	assert_int_equal(post(w, DOC, NULL, "/oic/mnt", "{\"fr\":false}"), V_CHANGED);
	assert_int_equal(w->out.audit, AUDIT_NONE);
	world_free(w);
}

static void svr_audit_roles__names_them(void **state)
{
	struct world *w = world_new();
	struct req req = {.session = LATER, .has_peer = true, .peer = uuid_of(OBT)};
	const struct svr_wall wall = {.us = NOON, .trusted = true};
	char text[AUDIT_TEXT_MAX + 1];

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	svr_audit_roles(w->dev, &req, &wall, text);
	assert_string_equal(text, "");
	assert_int_equal(
		post(w, LATER, OBT, "/oic/sec/cred",
		     "{\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OTHER
		     "\",\"roleid\":{\"role\":\"gu\u00ebst\n\"},\"privatedata\":{\"encoding\":"
		     "\"oic.sec.encoding.raw\",\"data\":"
		     "h'000102030405060708090a0b0c0d0e0f'}}]}"),
		V_CHANGED);
	req.peer = uuid_of(OTHER);
	svr_audit_roles(w->dev, &req, &wall, text);
	assert_string_equal(text, "gu??st?");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ael_get__shows_the_events),
		cmocka_unit_test(svr_audit_kind__is_one_of_the_standard),
		cmocka_unit_test(device_audit__filters),
		cmocka_unit_test(device_audit__drops_the_oldest),
		cmocka_unit_test(device_audit__cuts_what_is_too_long),
		cmocka_unit_test(ael_post__sets_the_filters),
		cmocka_unit_test(ael__lives_as_long_as_it_should),
		cmocka_unit_test(svr_audit_roles__names_them),
		cmocka_unit_test(svr_handle__tells_what_is_to_be_audited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Certificate credentials: what of them is taken, kept, shown and used. */
#include "svr_fixture.h"

#include "svr/cred.h"

#define CRED        "/oic/sec/cred"
#define CREDS(list) "{\"creds\":[" list "]}"
#define PEM(text)   "\"publicdata\":{\"data\":\"" text "\",\"encoding\":\"oic.sec.encoding.pem\"}"
#define USAGE(name) "\"credusage\":\"oic.sec.cred." name "\""
#define CERT(usage, more)                                                                          \
	"{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE(usage) "," PEM("x") "," more "}"
#define PAIRWISE(more)                                                                             \
	"{\"credtype\":1,\"subjectuuid\":\"" OTHER                                                 \
	"\",\"privatedata\":{\"data\":h'000102030405060708090a0b0c0d0e0f',"                        \
	"\"encoding\":\"oic.sec.encoding.raw\"}," more "}"
#define PRIVATE(more)  CREDS(CERT("cert", "\"privatedata\":{" more "}"))
#define OPTIONAL(more) CREDS(CERT("trustca", "\"optionaldata\":{" more "}"))
#define RAW            "\"encoding\":\"oic.sec.encoding.raw\""
#define HANDLE         "\"encoding\":\"oic.sec.encoding.handle\""

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name, *body;
	bool want;
	const char *why; /* what the log says of a refusal; NULL: no more than that */
} PARSES[] = {
	{"trust anchor", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("trustca") "," PEM("x") "}"), true, NULL},
	{"anchor for one peer", CREDS("{\"credtype\":8,\"subjectuuid\":\"" OTHER "\"," USAGE("trustca") "," PEM("x") "}"), true, NULL},
	{"PEM in octets", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("trustca") ",\"publicdata\":{\"data\":h'780a',\"encoding\":\"oic.sec.encoding.pem\"}}"), true, NULL},
	{"octets that are no text", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("trustca") ",\"publicdata\":{\"data\":h'78ff',\"encoding\":\"oic.sec.encoding.pem\"}}"), false, "certificates are taken as PEM only"},
	{"a NUL in the PEM", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("trustca") ",\"publicdata\":{\"data\":h'7800',\"encoding\":\"oic.sec.encoding.pem\"}}"), false, "certificates are taken as PEM only"},
	{"DER", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("trustca") ",\"publicdata\":{\"data\":h'30',\"encoding\":\"oic.sec.encoding.raw\"}}"), false, "certificates are taken as PEM only"},
	{"an unknown encoding", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("trustca") ",\"publicdata\":{\"data\":\"x\",\"encoding\":\"oic.sec.encoding.jwt\"}}"), false, "certificates are taken as PEM only"},
	{"no PEM", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("trustca") "," PEM("") "}"), false, "certificates are taken as PEM only"},
	{"no publicdata", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("trustca") "}"), false, NULL},
	{"no credusage", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," PEM("x") "}"), false, NULL},
	{"no subject", CREDS("{\"credtype\":8," USAGE("trustca") "," PEM("x") "}"), false, NULL},
	{"unknown credusage", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("foo") "," PEM("x") "}"), false, NULL},
	{"identity", CREDS("{\"credtype\":8,\"subjectuuid\":\"" FINAL "\"," USAGE("cert") "," PEM("x") "}"), true, NULL},
	{"empty private key", PRIVATE("\"data\":h''," RAW), true, NULL},
	{"nothing private", PRIVATE(""), true, NULL},
	{"a handle", PRIVATE("\"handle\":1," HANDLE), true, NULL},
	{"a handle with another encoding", PRIVATE("\"handle\":1," RAW), false, NULL},
	{"a private key", PRIVATE("\"data\":h'00'," RAW), false, "the device makes the private keys of its certificates"},
	{"a role of an identity", CREDS(CERT("cert", "\"roleid\":{\"role\":\"r\"}")), false, NULL},
	{"a role of a role certificate", CREDS(CERT("rolecert", "\"roleid\":{\"role\":\"r\"}")), true, NULL},
	{"period", CREDS(CERT("trustca", "\"period\":\"20200101T000000Z/P1D\"")), true, NULL},
	{"malformed period", CREDS(CERT("trustca", "\"period\":\"20200101T000000Z\"")), false, "malformed period"},
	{"period too long", CREDS(CERT("trustca", "\"period\":\"20200101T000000Z/P0000001DT0000001H0000001M0000001S                        \"")), false, "malformed period"},
	{"crms", CREDS(CERT("cert", "\"crms\":[\"oic.sec.crm.pk10\",\"oic.sec.crm.pro\"]")), true, NULL},
	{"a crm twice", CREDS(CERT("cert", "\"crms\":[\"oic.sec.crm.pro\",\"oic.sec.crm.pro\"]")), false, NULL},
	{"unknown crm", CREDS(CERT("cert", "\"crms\":[\"oic.sec.crm.foo\"]")), false, NULL},
	{"revstat", OPTIONAL("\"revstat\":false"), true, NULL},
	{"revstat missing", OPTIONAL("\"data\":h''," RAW), false, NULL},
	{"revocation data, octets", OPTIONAL("\"revstat\":false,\"data\":h'00ff'," RAW), true, NULL},
	{"revocation data, text", OPTIONAL("\"revstat\":false,\"data\":\"AA==\",\"encoding\":\"oic.sec.encoding.base64\""), true, NULL},
	{"revocation data, octets as text", OPTIONAL("\"revstat\":false,\"data\":\"AA==\"," RAW), false, NULL},
	{"revocation data, text as octets", OPTIONAL("\"revstat\":false,\"data\":h'00',\"encoding\":\"oic.sec.encoding.pem\""), false, NULL},
	{"revocation data without encoding", OPTIONAL("\"revstat\":false,\"data\":h'00'"), false, NULL},
	{"revocation data in hardware", OPTIONAL("\"revstat\":false," HANDLE), false, NULL},
	{"pairwise with a role", CREDS(PAIRWISE("\"roleid\":{\"role\":\"r\",\"authority\":\"a\"}")), true, NULL},
	{"a role without a name", CREDS(PAIRWISE("\"roleid\":{\"authority\":\"a\"}")), false, NULL},
	{"a role of 65 octets", CREDS(PAIRWISE("\"roleid\":{\"role\":\"01234567890123456789012345678901234567890123456789012345678901234\"}")), false, NULL},
	{"a role of 64 octets", CREDS(PAIRWISE("\"roleid\":{\"role\":\"0123456789012345678901234567890123456789012345678901234567890123\"}")), true, NULL},
	{"a reserved role", CREDS(PAIRWISE("\"roleid\":{\"role\":\"oic.role.owner\"}")), false, "roles of the standard are asserted by certificate only"},
	{"pairwise with crms", CREDS(PAIRWISE("\"crms\":[\"oic.sec.crm.psk\"]")), true, NULL},
	{"pairwise with optionaldata", CREDS(PAIRWISE("\"optionaldata\":{\"revstat\":false}")), false, NULL},
	{"pairwise with a certificate", CREDS(PAIRWISE(PEM("x"))), false, NULL},
	{"pairwise in hardware", CREDS("{\"credtype\":1,\"subjectuuid\":\"" OTHER "\",\"privatedata\":{\"handle\":1," HANDLE "}}"), false, "pairwise keys are not kept in hardware"},
	{"group key", CREDS("{\"credtype\":2,\"subjectuuid\":\"" OTHER "\"}"), false, "only pairwise keys and certificates are supported"},
	{"raw key", CREDS("{\"credtype\":4,\"subjectuuid\":\"" OTHER "\"}"), false, "only pairwise keys and certificates are supported"},
	{"PIN", CREDS("{\"credtype\":16,\"subjectuuid\":\"" OTHER "\"}"), false, "only pairwise keys and certificates are supported"},
	{"no type", CREDS("{\"credtype\":0,\"subjectuuid\":\"" OTHER "\"}"), false, "only pairwise keys and certificates are supported"},
	{"OSCORE", CREDS(PAIRWISE("\"oscore\":{}")), false, "OSCORE is not supported"},
};
/* clang-format on */

static void cred_rep_parse__knows_certificates(void **state)
{
	static struct cred_update u;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PARSES); i++) {
		struct buf body = BUF_INIT(4096);
		bool got;

		diag(&body, PARSES[i].body);
		got = cred_rep_parse(buf_span(&body), &u);
		if (got != PARSES[i].want || (u.why != NULL) != (PARSES[i].why != NULL) ||
		    (u.why && strcmp(u.why, PARSES[i].why) != 0))
			fail_msg("%s: got %d, %s", PARSES[i].name, got, u.why);
		buf_done(&body);
	}
	cred_update_wipe(&u);
}

static void cred_rep_parse__takes_chains_up_to_their_limit(void **state)
{
	static struct cred_update u;

	(void)state;
	for (size_t len = CRED_PUBLIC_MAX; len <= CRED_PUBLIC_MAX + 1; len++) {
		struct buf body = BUF_INIT(8192), pem = BUF_INIT(8192);
		char text[8192];

		for (size_t i = 0; i < len; i++)
			buf_put_byte(&pem, 'x');
		buf_put_byte(&pem, 0);
		(void)snprintf(text, sizeof(text),
			       "{\"creds\":[{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE(
				       "trustca") ",\"publicdata\":{\"data\":\"%s\",\"encoding\":"
						  "\"oic.sec.encoding.pem\"}}]}",
			       (const char *)pem.ptr);
		diag(&body, text);
		assert_int_equal(cred_rep_parse(buf_span(&body), &u), len == CRED_PUBLIC_MAX);
		buf_done(&pem);
		buf_done(&body);
	}
}

/* ---- what the device makes of them ---- */

#define ANCHOR(subject, name)                                                                      \
	"{\"credtype\":8,\"subjectuuid\":\"" subject                                               \
	"\"," USAGE("trustca") "," PEM("ca name=" name) "}"
#define IDENTITY(text)                                                                             \
	"{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("cert") "," PEM("cert ca=root " text) "}"
#define ROLECERT(text)                                                                             \
	"{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("rolecert") "," PEM("cert ca=root " text) "}"

static struct world *world_with_key(void)
{
	struct world *w = world_new();

	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(get(w, LATER, OBT, "/oic/sec/csr"), V_CONTENT);
	return w;
}

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name, *body;
	enum verdict want;
	size_t added;
} POSTS[] = {
	{"anchor", CREDS(ANCHOR("*", "root")), V_CHANGED, 1},
	{"no anchor", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("trustca") "," PEM("cert key=own") "}"), V_BAD_REQUEST, 0},
	{"identity", CREDS(IDENTITY("key=own cn=" FINAL)), V_CHANGED, 1},
	{"identity of another key", CREDS(IDENTITY("key=other cn=" FINAL)), V_BAD_REQUEST, 0},
	{"identity of another device", CREDS(IDENTITY("key=own cn=" OTHER)), V_BAD_REQUEST, 0},
	{"identity of nobody", CREDS(IDENTITY("key=own")), V_BAD_REQUEST, 0},
	{"identity that is none", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("cert") "," PEM("x") "}"), V_BAD_REQUEST, 0},
	{"role after its anchor", CREDS(ANCHOR("*", "root") "," ROLECERT("key=own role=r cn=" FINAL)), V_CHANGED, 2},
	{"role before its anchor", CREDS(ROLECERT("key=own role=r cn=" FINAL) "," ANCHOR("*", "root")), V_CHANGED, 2},
	{"role without an anchor", CREDS(ROLECERT("key=own role=r cn=" FINAL)), V_BAD_REQUEST, 0},
	{"role of another anchor", CREDS(ANCHOR("*", "other") "," ROLECERT("key=own role=r cn=" FINAL)), V_BAD_REQUEST, 0},
	{"role of another key", CREDS(ANCHOR("*", "root") "," ROLECERT("key=other role=r cn=" FINAL)), V_BAD_REQUEST, 0},
	{"role of another device", CREDS(ANCHOR("*", "root") "," ROLECERT("key=own role=r cn=" OTHER)), V_BAD_REQUEST, 0},
	{"role certificate without a role", CREDS(ANCHOR("*", "root") "," ROLECERT("key=own cn=" FINAL)), V_BAD_REQUEST, 0},
	{"role that has expired", CREDS(ANCHOR("*", "root") "," ROLECERT("key=own role=r until=1699999999 cn=" FINAL)), V_BAD_REQUEST, 0},
	{"role by an anchor whose period is over", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\",\"period\":\"20200101T000000Z/P1D\"," USAGE("trustca") "," PEM("ca name=root") "}," ROLECERT("key=own role=r cn=" FINAL)), V_BAD_REQUEST, 0},
	{"factory chain", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("mfgcert") "," PEM("x") "}"), V_BAD_REQUEST, 0},
	{"factory anchor", CREDS("{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("mfgtrustca") "," PEM("ca name=root") "}"), V_BAD_REQUEST, 0},
	{"a bad one behind good ones", CREDS(ANCHOR("*", "root") "," IDENTITY("key=own cn=" FINAL) "," IDENTITY("key=other cn=" FINAL)), V_BAD_REQUEST, 0},
};
/* clang-format on */

static void cred_post__judges_certificates(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(POSTS); i++) {
		struct world *w = world_with_key();
		size_t before = w->dev->n_creds;
		enum verdict got = post(w, LATER, OBT, CRED, POSTS[i].body);

		if (got != POSTS[i].want || w->dev->n_creds != before + POSTS[i].added)
			fail_msg("%s: got %d, %zu added: %s", POSTS[i].name, (int)got,
				 w->dev->n_creds - before, w->out.why);
		if (got == V_CHANGED)
			assert_true(w->out.effects & FX_REKEY);
		assert_null(world_start(w)); /* all of it comes back */
		assert_int_equal(w->dev->n_creds, before + POSTS[i].added);
		world_free(w);
	}
}

static void cred_post__says_when_we_cannot_judge(void **state)
{
	struct world *w = world_with_key();

	(void)state;
	w->certs_error = -ENOMEM;
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(ANCHOR("*", "root"))), V_INTERNAL);
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(IDENTITY("key=own cn=" FINAL))),
			 V_INTERNAL);
	world_free(w);
}

/* Before the key there is nothing that a certificate could be for. */
static void cred_post__wants_a_request_first(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(IDENTITY("key=own cn=" FINAL))),
			 V_BAD_REQUEST);
	world_free(w);
}

/* ---- getters for handshakes ---- */

/* One row a line, however long. */
/* clang-format off */
#define SN(n, more) "{\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("cert") "," PEM("cert key=own sn=" n " cn=" FINAL) more "}"
#define FOUR_IDENTITIES CREDS(SN("1", "") "," SN("2", "") "," SN("3", ",\"period\":\"20200101T000000Z/P1D\"") "," SN("4", ",\"optionaldata\":{\"revstat\":true}"))
#define ONE_IDENTITY "{\"credid\":7,\"credtype\":8,\"subjectuuid\":\"*\"," USAGE("cert") ",\"privatedata\":{%s}," PEM("cert key=own cn=" FINAL)
#define ITS_REST ",\"optionaldata\":{\"data\":h'0102'," RAW ",\"revstat\":false},\"period\":\"20200101T000000Z/PT1H\",\"crms\":[\"oic.sec.crm.pk10\"]}"
/* clang-format on */

static void cred_get__shows_certificates(void **state)
{
	struct world *w = world_with_key();
	char text[1024];

	(void)state;
	(void)snprintf(text, sizeof(text), CREDS(ONE_IDENTITY ITS_REST), "\"handle\":1," HANDLE);
	assert_int_equal(post(w, LATER, OBT, CRED, text), V_CHANGED);
	assert_int_equal(get(w, LATER, OBT, CRED "?credid=7"), V_CONTENT);
	(void)snprintf(text, sizeof(text),
		       "{\"creds\":[" ONE_IDENTITY ITS_REST "],\"rowneruuid\":\"" OBT "\"}",
		       "\"data\":h''," RAW);
	expect_body(w, text);
	assert_int_equal(get(w, LATER, OBT, CRED "?subjectuuid=*"), V_CONTENT);
	assert_true(body_has(w, "\"credid\":7"));
	world_free(w);
}

static void svr_identity__gives_the_newest_in_force(void **state)
{
	struct world *w = world_with_key();
	struct secret key = {0};
	struct span pem;

	(void)state;
	assert_false(svr_identity(w->dev, &w->env.wall, &pem, &key));
	assert_int_equal(post(w, LATER, OBT, CRED, FOUR_IDENTITIES), V_CHANGED);
	assert_true(svr_identity(w->dev, &w->env.wall, &pem, &key));
	assert_true(span_is(pem, "cert key=own sn=2 cn=" FINAL));
	assert_int_equal(key.len, 32);
	assert_memory_equal(key.b, w->dev->csr_key.b, 32);
	world_free(w);
}

static void svr_anchor__names_whom_it_vouches_for(void **state)
{
	struct world *w = world_with_key();
	const struct uuid *subject;
	struct span pem;
	size_t i = 0;

	(void)state;
	assert_int_equal(post(w, LATER, OBT, CRED,
			      CREDS(ANCHOR("*", "a") "," ANCHOR(OTHER, "b") "," IDENTITY(
				      "key=own cn=" FINAL))),
			 V_CHANGED);
	assert_true(svr_anchor(w->dev, &w->env.wall, &i, &pem, &subject));
	assert_true(span_is(pem, "ca name=a") && !subject);
	i++;
	assert_true(svr_anchor(w->dev, &w->env.wall, &i, &pem, &subject));
	assert_true(span_is(pem, "ca name=b"));
	expect_uuid(subject, OTHER);
	i++;
	assert_false(svr_anchor(w->dev, &w->env.wall, &i, &pem, &subject));
	world_free(w);
}

/* ---- periods ---- */

static const struct {
	const char *name;
	struct svr_wall wall;
	bool in_force; /* 2023-11-14T22:13:20Z for one hour */
} CLOCKS[] = {
	{"before",                {UINT64_C(1699999999999999), true},  false},
	{"at its start",          {UINT64_C(1700000000000000), true},  true },
	{"last moment",           {UINT64_C(1700003599999999), true},  true },
	{"at its end",            {UINT64_C(1700003600000000), true},  false},
	{"not known to be begun", {UINT64_C(1600000000000000), false}, true },
	{"not known to be over",  {UINT64_C(1700003599999999), false}, true },
	{"known to be over",      {UINT64_C(1700003600000000), false}, false},
};

/* An expired key opens no session, and one that is open gives no rights. */
static void svr_psk__keeps_to_the_period(void **state)
{
	struct world *w = world_new();
	struct uuid other = uuid_of(OTHER);
	struct secret key = {0};

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2",
			      "{\"aclist2\":[{\"subject\":{\"uuid\":\"" OTHER
			      "\"},\"resources\":[{\"href\":\"/oic/d\"}],\"permission\":2}]}"),
			 V_CHANGED);
	assert_int_equal(
		post(w, LATER, OBT, CRED, CREDS(PAIRWISE("\"period\":\"20231114T221320Z/PT1H\""))),
		V_CHANGED);
	to_state(w, DOS_RFNOP);
	for (size_t i = 0; i < ARRAY_SIZE(CLOCKS); i++) {
		const bool want = CLOCKS[i].in_force;
		bool got;

		w->env.wall = CLOCKS[i].wall;
		got = svr_psk(w->dev, &other, &w->env.wall, &key);
		if (got != want ||
		    get(w, LATER, OTHER, "/oic/d") != (want ? V_CONTENT : V_UNAUTHORIZED))
			fail_msg("%s: got %d", CLOCKS[i].name, got);
	}
	world_free(w);
}

/* A certificate session has rights while an anchor that admits its peer is in force. */
static void requester__needs_an_anchor_in_a_certificate_session(void **state)
{
	struct world *w = world_with_key();
	const struct ask ask = {.uri = "/oic/d", .session = STRANGER, .peer = OTHER, .key = "peer"};

	(void)state;
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2",
			      "{\"aclist2\":[{\"subject\":{\"uuid\":\"" OTHER
			      "\"},\"resources\":[{\"href\":\"/oic/d\"}],\"permission\":2}]}"),
			 V_CHANGED);
	assert_int_equal(world_ask(w, &ask), V_UNAUTHORIZED);
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(ANCHOR(FINAL, "root"))), V_CHANGED);
	assert_int_equal(world_ask(w, &ask), V_UNAUTHORIZED); /* vouches for another one */
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(PAIRWISE("\"credid\":9"))), V_CHANGED);
	assert_int_equal(world_ask(w, &ask), V_UNAUTHORIZED); /* a key that it did not use */
	assert_int_equal(
		post(w, LATER, OBT, CRED,
		     CREDS("{\"credid\":5,\"credtype\":8,\"subjectuuid\":\"*\"," USAGE(
			     "trustca") "," PEM("ca name=root") ",\"period\":"
								"\"20231114T221320Z/PT1H\"}")),
		V_CHANGED);
	assert_int_equal(world_ask(w, &ask), V_CONTENT);
	w->env.wall.us += UINT64_C(3600000000);
	assert_int_equal(world_ask(w, &ask), V_UNAUTHORIZED);
	world_free(w);
}

/* An owner may be known by an anchor of his own, and is not locked out by an expired one. */
static void cred_post__keeps_a_way_back_for_each_owner(void **state)
{
	struct world *w = world_with_key();
	char body[512];
	unsigned id = w->dev->creds[0]->credid;

	(void)state;
	(void)snprintf(body, sizeof(body),
		       "{\"creds\":[{\"credid\":%u,\"credtype\":1,\"subjectuuid\":\"" OBT
		       "\",\"period\":\"20200101T000000Z/P1D\",\"privatedata\":{\"data\":"
		       "h'000102030405060708090a0b0c0d0e0f'," RAW "}}]}",
		       id);
	assert_int_equal(post(w, LATER, OBT, CRED, body), V_BAD_REQUEST);
	(void)snprintf(body, sizeof(body),
		       "{\"creds\":[{\"credid\":%u,\"credtype\":8,\"subjectuuid\":\"*\"," USAGE(
			       "trustca") "," PEM("ca name=root") "}]}",
		       id);
	assert_int_equal(post(w, LATER, OBT, CRED, body), V_BAD_REQUEST); /* anybody's */
	(void)snprintf(body, sizeof(body),
		       "{\"creds\":[{\"credid\":%u,\"credtype\":8,\"subjectuuid\":\"" OBT
		       "\"," USAGE("trustca") "," PEM("ca name=root") "}]}",
		       id);
	assert_int_equal(post(w, LATER, OBT, CRED, body), V_CHANGED);
	assert_null(world_start(w));
	assert_int_equal(device_dos(w->dev), DOS_RFPRO);
	world_free(w);
}

/* ---- the factory's ---- */

static struct svr_factory FACTORY[2];

static struct world *world_of_factory(void)
{
	struct world *w = world_new();

	FACTORY[0] = (struct svr_factory){
		.credid = 3, .subject = uuid_of(FINAL), .pem = SPAN_LIT("cert mfg")};
	FACTORY[1] = (struct svr_factory){
		.credid = 4, .trustca = true, .any = true, .pem = SPAN_LIT("ca mfg")};
	w->info.factory = FACTORY;
	w->info.n_factory = 2;
	return w;
}

#define FACTORY_ENTRIES                                                                            \
	"{\"credid\":3,\"credtype\":8,\"subjectuuid\":\"" FINAL                                    \
	"\"," USAGE("mfgcert") ",\"privatedata\":{\"data\":h''," RAW "}," PEM(                     \
		"cert mfg") "},{\"credid\":4,\"credtype\":8,\"subjectuuid\":"                      \
			    "\"*\"," USAGE("mfgtrustca") "," PEM("ca mfg") "}"

static void cred__keeps_what_the_factory_gave(void **state)
{
	struct world *w = world_of_factory();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(get(w, LATER, OBT, CRED "?credid=3"), V_CONTENT);
	assert_int_equal(del(w, LATER, OBT, CRED "?credid=3"), V_BAD_REQUEST);
	assert_int_equal(del(w, LATER, OBT, CRED "?subjectuuid=*"), V_BAD_REQUEST);
	assert_int_equal(del(w, LATER, OBT, CRED "?subjectuuid=" FINAL), V_BAD_REQUEST);
	assert_int_equal(post(w, LATER, OBT, CRED, CREDS(PAIRWISE("\"credid\":4"))), V_BAD_REQUEST);
	assert_int_equal(w->dev->n_creds, 1);

	to_state(w, DOS_RESET);
	assert_int_equal(world_event(w, EV_RESET_DUE, 0), V_CHANGED);
	to_doc(w);
	assert_int_equal(get(w, DOC, NULL, CRED), V_CONTENT);
	expect_body(w, "{\"creds\":[" FACTORY_ENTRIES "],\"rowneruuid\":\"" NIL "\"}");
	assert_int_equal(del(w, DOC, NULL, CRED), V_BAD_REQUEST);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cred_rep_parse__knows_certificates),
		cmocka_unit_test(cred_rep_parse__takes_chains_up_to_their_limit),
		cmocka_unit_test(cred_post__judges_certificates),
		cmocka_unit_test(cred_post__says_when_we_cannot_judge),
		cmocka_unit_test(cred_post__wants_a_request_first),
		cmocka_unit_test(cred_get__shows_certificates),
		cmocka_unit_test(svr_identity__gives_the_newest_in_force),
		cmocka_unit_test(svr_anchor__names_whom_it_vouches_for),
		cmocka_unit_test(svr_psk__keeps_to_the_period),
		cmocka_unit_test(requester__needs_an_anchor_in_a_certificate_session),
		cmocka_unit_test(cred_post__keeps_a_way_back_for_each_owner),
		cmocka_unit_test(cred__keeps_what_the_factory_gave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* /oic/sec/roles: what a session has asserted, and what it may do with it. */
#include "svr_fixture.h"

#include "svr/roles.h"

#define ROLES        "/oic/sec/roles"
#define CERT_SESSION 20 /* of OTHER, by certificate */

#define TEXT(name, text)                                                                           \
	"\"" name "\":{\"data\":\"" text "\",\"encoding\":\"oic.sec.encoding.pem\"}"
#define HEAD        "\"credtype\":8,\"credusage\":\"oic.sec.cred.rolecert\","
#define ROLE(text)  "{" HEAD TEXT("publicdata", "cert ca=root key=peer cn=" OTHER " " text) "}"
#define LIST(roles) "{\"roles\":[" roles "]}"
#define ANCHOR(id, more)                                                                           \
	"{\"creds\":[{\"credid\":" id ",\"credtype\":8,\"subjectuuid\":\"*\","                     \
	"\"credusage\":\"oic.sec.cred.trustca\"," TEXT("publicdata", "ca name=root") more "}]}"

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name, *body;
	bool want;
} PARSES[] = {
	{"as deployed tools write it", LIST("{\"credtype\":8,\"roleid\":{\"role\":\"oic.role.owner\"},\"credusage\":\"oic.sec.cred.rolecert\"," TEXT("publicdata", "x") "}"), true},
	{"with all its names", LIST("{\"credid\":7,\"subjectuuid\":\"" OTHER "\"," HEAD TEXT("publicdata", "x") ",\"optionaldata\":{\"revstat\":false,\"data\":\"y\",\"encoding\":\"oic.sec.encoding.pem\"}}"), true},
	{"no role", LIST(""), true},
	{"an empty map is skipped", LIST("{}"), true},
	{"nothing", "{}", false},
	{"unknown name", "{\"creds\":[]}", false},
	{"another usage", LIST("{\"credtype\":8,\"credusage\":\"oic.sec.cred.cert\"," TEXT("publicdata", "x") "}"), false},
	{"no usage", LIST("{\"credtype\":8," TEXT("publicdata", "x") "}"), false},
	{"no certificate", LIST("{\"credtype\":8,\"credusage\":\"oic.sec.cred.rolecert\"}"), false},
	{"a pairwise key", LIST("{\"credtype\":1,\"subjectuuid\":\"" OTHER "\",\"privatedata\":{\"data\":h'000102030405060708090a0b0c0d0e0f',\"encoding\":\"oic.sec.encoding.raw\"}}"), false},
	{"no type", LIST("{\"credusage\":\"oic.sec.cred.rolecert\"," TEXT("publicdata", "x") "}"), false},
	{"a private key", LIST("{" HEAD TEXT("publicdata", "x") ",\"privatedata\":{\"data\":h'00',\"encoding\":\"oic.sec.encoding.raw\"}}"), false},
};
/* clang-format on */

static void roles_rep_parse__takes_or_refuses(void **state)
{
	static struct roles_update u;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PARSES); i++) {
		struct buf body = BUF_INIT(4096);
		bool got;

		diag(&body, PARSES[i].body);
		got = roles_rep_parse(buf_span(&body), &u);
		if (got != PARSES[i].want)
			fail_msg("%s: got %d", PARSES[i].name, got);
		buf_done(&body);
	}
}

/* A device with an anchor, and an ACE for the role "r" of authority "a". */
static struct world *world_of_roles(enum dos dos)
{
	struct world *w = world_new();

	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/cred", ANCHOR("5", "")), V_CHANGED);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2",
			      "{\"aclist2\":[{\"subject\":{\"role\":\"r\",\"authority\":\"a\"},"
			      "\"resources\":[{\"href\":\"/oic/sec/sp\"}],\"permission\":2},"
			      "{\"subject\":{\"role\":\"any\"},"
			      "\"resources\":[{\"href\":\"/oic/sec/sdi\"}],\"permission\":2}]}"),
			 V_CHANGED);
	if (dos != DOS_RFPRO)
		to_state(w, dos);
	return w;
}

static enum verdict ask_as(struct world *w, uint64_t session, enum method method, const char *uri,
			   const char *body)
{
	return world_ask(w, &(struct ask){.method = method,
					  .uri = uri,
					  .session = session,
					  .peer = OTHER,
					  .key = "peer",
					  .diag = body});
}

static enum verdict assert_role(struct world *w, const char *body)
{
	return ask_as(w, CERT_SESSION, M_POST, ROLES, body);
}

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name, *body;
	enum verdict want, sp, sdi, cred; /* then what the session reads */
} POSTS[] = {
	{"the role of the entry", LIST(ROLE("role=r authority=a")), V_CHANGED, V_CONTENT, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"another authority", LIST(ROLE("role=r authority=b")), V_CHANGED, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"another name", LIST(ROLE("role=rr authority=a")), V_CHANGED, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"an entry for any authority", LIST(ROLE("role=any authority=b")), V_CHANGED, V_UNAUTHORIZED, V_CONTENT, V_UNAUTHORIZED},
	{"two of them", LIST(ROLE("role=r authority=a") "," ROLE("role=any authority=b")), V_CHANGED, V_CONTENT, V_CONTENT, V_UNAUTHORIZED},
	{"the owner's", LIST(ROLE("role=oic.role.owner authority=x")), V_CHANGED, V_CONTENT, V_CONTENT, V_CONTENT},
	{"another reserved one", LIST(ROLE("role=oic.role.foo authority=x")), V_BAD_REQUEST, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"one of two is reserved", LIST(ROLE("role=r authority=a") "," ROLE("role=oic.role. authority=x")), V_BAD_REQUEST, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"no role in it", LIST(ROLE("")), V_BAD_REQUEST, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"another peer's", LIST("{" HEAD TEXT("publicdata", "cert ca=root key=peer role=r authority=a cn=" FINAL) "}"), V_BAD_REQUEST, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"nobody's", LIST("{" HEAD TEXT("publicdata", "cert ca=root key=peer role=r authority=a") "}"), V_BAD_REQUEST, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"another key's", LIST("{" HEAD TEXT("publicdata", "cert ca=root key=thief role=r authority=a cn=" OTHER) "}"), V_BAD_REQUEST, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"an unknown issuer's", LIST("{" HEAD TEXT("publicdata", "cert ca=evil key=peer role=r authority=a cn=" OTHER) "}"), V_BAD_REQUEST, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"expired", LIST(ROLE("role=r authority=a until=1700000000")), V_BAD_REQUEST, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"no certificate", LIST("{" HEAD TEXT("publicdata", "x") "}"), V_BAD_REQUEST, V_UNAUTHORIZED, V_UNAUTHORIZED, V_UNAUTHORIZED},
	{"issuers apart", LIST("{" HEAD TEXT("publicdata", "cert key=peer cn=" OTHER " role=r authority=a") ",\"optionaldata\":{\"revstat\":false,\"data\":\" ca=root\",\"encoding\":\"oic.sec.encoding.pem\"}}"), V_CHANGED, V_CONTENT, V_UNAUTHORIZED, V_UNAUTHORIZED},
};
/* clang-format on */

static void roles_post__gives_the_rights_of_its_roles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(POSTS); i++) {
		struct world *w = world_of_roles(DOS_RFNOP);
		enum verdict got = assert_role(w, POSTS[i].body);

		if (got != POSTS[i].want)
			fail_msg("%s: got %d, %s", POSTS[i].name, (int)got, w->out.why);
		assert_false(w->out.store);
		if (ask_as(w, CERT_SESSION, M_GET, "/oic/sec/sp", NULL) != POSTS[i].sp ||
		    ask_as(w, CERT_SESSION, M_GET, "/oic/sec/sdi", NULL) != POSTS[i].sdi ||
		    ask_as(w, CERT_SESSION, M_GET, "/oic/sec/cred", NULL) != POSTS[i].cred)
			fail_msg("%s: other rights", POSTS[i].name);
		assert_int_equal(ask_as(w, CERT_SESSION + 1, M_GET, "/oic/sec/sp", NULL),
				 V_UNAUTHORIZED); /* the same peer, another session */
		world_free(w);
	}
}

static void roles_get__shows_those_of_the_session(void **state)
{
	struct world *w = world_of_roles(DOS_RFPRO);
	char text[1024];

	(void)state;
	assert_int_equal(
		assert_role(w, LIST("{\"credid\":77,\"subjectuuid\":\"" FINAL
				    "\"," HEAD TEXT("publicdata", "cert ca=root key=peer cn=" OTHER
								  " role=r authority=a") "}")),
		V_CHANGED);
	assert_int_equal(ask_as(w, CERT_SESSION, M_GET, ROLES, NULL), V_CONTENT);
	(void)snprintf(text, sizeof(text),
		       "{\"roles\":[{\"credid\":%u,\"credtype\":8,\"subjectuuid\":\"" OTHER
		       "\",\"credusage\":\"oic.sec.cred.rolecert\",\"privatedata\":{\"data\":h'',"
		       "\"encoding\":\"oic.sec.encoding.raw\"}," TEXT(
			       "publicdata", "cert ca=root key=peer cn=" OTHER
					     " role=r authority=a") ",\"roleid\":{\"role\":\"r\","
								    "\"authority\":\"a\"}}]}",
		       w->dev->asserted[0].cred->credid);
	expect_body(w, text);
	assert_int_not_equal(w->dev->asserted[0].cred->credid, 77);
	assert_int_equal(ask_as(w, CERT_SESSION + 1, M_GET, ROLES, NULL), V_CONTENT);
	expect_body(w, "{\"roles\":[]}");
	world_free(w);
}

static void roles__are_open_to_each_secured_session(void **state)
{
	static const enum dos STATES[] = {DOS_RFPRO, DOS_RFNOP, DOS_SRESET};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(STATES); i++) {
		struct world *w = world_of_roles(STATES[i]);

		assert_int_equal(get(w, CLEAR, NULL, ROLES), V_UNAUTHORIZED);
		assert_int_equal(get(w, STRANGER, NULL, ROLES), V_CONTENT);
		assert_int_equal(post(w, STRANGER, NULL, ROLES, LIST(ROLE("role=r authority=a"))),
				 V_BAD_REQUEST); /* nobody in particular has no role */
		assert_int_equal(assert_role(w, LIST(ROLE("role=r authority=a"))), V_CHANGED);
		assert_int_equal(ask_as(w, CERT_SESSION, M_DELETE, ROLES, NULL), V_DELETED);
		world_free(w);
	}
}

/* Without a certificate there is no key to compare, but the name is still the peer's. */
static void roles_post__works_in_pairwise_sessions(void **state)
{
	struct world *w = world_of_roles(DOS_RFNOP);
	char body[512];

	(void)state;
	(void)snprintf(body, sizeof(body),
		       LIST("{" HEAD TEXT("publicdata",
					  "cert ca=root key=any role=r authority=a cn=%s") "}"),
		       OTHER);
	assert_int_equal(post(w, LATER, OBT, ROLES, body), V_BAD_REQUEST);
	(void)snprintf(body, sizeof(body),
		       LIST("{" HEAD TEXT("publicdata",
					  "cert ca=root key=any role=r authority=a cn=%s") "}"),
		       OBT);
	assert_int_equal(post(w, LATER, OBT, ROLES, body), V_CHANGED);
	assert_int_equal(get(w, LATER, OBT, "/oic/sec/sp"), V_CONTENT);
	world_free(w);
}

static void roles_delete__retracts(void **state)
{
	struct world *w = world_of_roles(DOS_RFNOP);
	char uri[64];

	(void)state;
	assert_int_equal(assert_role(w, LIST(ROLE("role=r authority=a") "," ROLE("role=any"))),
			 V_CHANGED);
	assert_int_equal(
		ask_as(w, CERT_SESSION + 1, M_POST, ROLES, LIST(ROLE("role=r authority=a"))),
		V_CHANGED);
	(void)snprintf(uri, sizeof(uri), ROLES "?credid=%u", w->dev->asserted[0].cred->credid);
	assert_int_equal(ask_as(w, CERT_SESSION + 1, M_DELETE, uri, NULL), V_NOT_FOUND);
	assert_int_equal(ask_as(w, CERT_SESSION, M_DELETE, ROLES "?credids=1", NULL),
			 V_BAD_REQUEST);
	assert_int_equal(ask_as(w, CERT_SESSION, M_DELETE, ROLES "?credid=x", NULL), V_NOT_FOUND);
	assert_int_equal(ask_as(w, CERT_SESSION, M_DELETE, uri, NULL), V_DELETED);
	assert_int_equal(ask_as(w, CERT_SESSION, M_DELETE, uri, NULL), V_NOT_FOUND);
	assert_int_equal(ask_as(w, CERT_SESSION, M_GET, "/oic/sec/sp", NULL), V_UNAUTHORIZED);
	assert_int_equal(ask_as(w, CERT_SESSION, M_GET, "/oic/sec/sdi", NULL), V_CONTENT);
	assert_int_equal(ask_as(w, CERT_SESSION, M_DELETE, ROLES, NULL), V_DELETED);
	assert_int_equal(ask_as(w, CERT_SESSION, M_GET, "/oic/sec/sdi", NULL), V_UNAUTHORIZED);
	assert_int_equal(w->dev->n_asserted, 1);
	world_free(w);
}

static void roles__end_with_their_session(void **state)
{
	struct world *w = world_of_roles(DOS_RFNOP);

	(void)state;
	assert_int_equal(assert_role(w, LIST(ROLE("role=r authority=a"))), V_CHANGED);
	assert_int_equal(world_event(w, EV_CLOSED, CERT_SESSION + 1), V_CHANGED);
	assert_int_equal(w->dev->n_asserted, 1);
	assert_int_equal(world_event(w, EV_CLOSED, CERT_SESSION), V_CHANGED);
	assert_int_equal(w->dev->n_asserted, 0);
	assert_int_equal(assert_role(w, LIST(ROLE("role=r authority=a"))), V_CHANGED);
	assert_null(world_start(w));
	assert_int_equal(w->dev->n_asserted, 0);
	world_free(w);
}

/* Each way in which a role that was good stops being so. */
static void roles__are_judged_again(void **state)
{
	static const char *const REVOCATION = /* "crl ca=root made=1 revokes=1" */
		"{\"crldata\":\"Y3JsIGNhPXJvb3QgbWFkZT0xIHJldm9rZXM9MQ==\"}";

	(void)state;
	for (int how = 0; how < 6; how++) {
		struct world *w = world_of_roles(DOS_RFPRO);

		assert_int_equal(post(w, LATER, OBT, "/oic/sec/cred",
				      ANCHOR("5", ",\"period\":\"20231114T221320Z/PT4H\"")),
				 V_CHANGED);
		assert_int_equal(assert_role(w, LIST(ROLE("role=r authority=a sn=1 from=1699999000 "
							  "until=1700003600"))),
				 V_CHANGED);
		assert_int_equal(ask_as(w, CERT_SESSION, M_GET, "/oic/sec/sp", NULL), V_CONTENT);
		if (how == 0) /* over */
			w->env.wall.us = UINT64_C(1700003600000000);
		else if (how == 1) /* not yet: the clock was set */
			w->env.wall.us = UINT64_C(1699998999000000);
		else if (how == 2) /* the anchor's period, with another anchor for the session */
			assert_int_equal(post(w, LATER, OBT, "/oic/sec/cred",
					      "{\"creds\":[{\"credid\":6,\"credtype\":8,"
					      "\"subjectuuid\":\"*\",\"credusage\":"
					      "\"oic.sec.cred.trustca\"," TEXT(
						      "publicdata", "ca name=next") "}]}"),
					 V_CHANGED);
		else if (how == 3)
			assert_int_equal(del(w, LATER, OBT, "/oic/sec/cred?credid=5"), V_DELETED);
		else if (how == 4)
			assert_int_equal(post(w, LATER, OBT, "/oic/sec/crl", REVOCATION),
					 V_CHANGED);
		if (how == 2) {
			assert_int_equal(ask_as(w, CERT_SESSION, M_GET, "/oic/sec/sp", NULL),
					 V_CONTENT);
			w->dev->asserted[0].until_us = UINT64_MAX;
			w->env.wall.us = UINT64_C(1700014400000000);
		}
		assert_int_equal(ask_as(w, CERT_SESSION, M_GET, "/oic/sec/sp", NULL),
				 how == 5 ? V_CONTENT : V_UNAUTHORIZED);
		assert_int_equal(w->dev->n_asserted, how != 3 && how != 4);
		world_free(w);
	}
}

static void roles_post__keeps_to_its_limits(void **state)
{
	struct world *w = world_of_roles(DOS_RFNOP);
	char body[512];

	(void)state;
	for (uint64_t session = 100; session <= 100 + ROLES_MAX / SESSION_ROLES_MAX; session++)
		for (size_t i = 0; i <= SESSION_ROLES_MAX; i++) {
			const bool room = i < SESSION_ROLES_MAX &&
					  session < 100 + ROLES_MAX / SESSION_ROLES_MAX;

			(void)snprintf(body, sizeof(body), LIST(ROLE("role=r%zu")), i);
			assert_int_equal(ask_as(w, session, M_POST, ROLES, body),
					 room ? V_CHANGED : V_BAD_REQUEST);
		}
	assert_int_equal(w->dev->n_asserted, ROLES_MAX);
	(void)snprintf(body, sizeof(body), LIST(ROLE("role=r%d")), 0);
	assert_int_equal(ask_as(w, 100, M_POST, ROLES, body), V_CHANGED); /* no news */
	assert_int_equal(w->dev->n_asserted, ROLES_MAX);
	world_free(w);
}

/* The role of a pairwise key, as long as it is the key of the session. */
static void requester__has_the_role_of_its_key(void **state)
{
	struct world *w = world_of_roles(DOS_RFPRO);
	const char *key = "{\"creds\":[{\"credid\":8,\"credtype\":1,\"subjectuuid\":\"" OTHER
			  "\",\"roleid\":{\"role\":\"r\",\"authority\":\"a\"},\"privatedata\":"
			  "{\"data\":h'000102030405060708090a0b0c0d0e0f',"
			  "\"encoding\":\"oic.sec.encoding.raw\"}}]}";

	(void)state;
	assert_int_equal(get(w, STRANGER, OTHER, "/oic/sec/sp"), V_UNAUTHORIZED);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/cred", key), V_CHANGED);
	assert_null(world_start(w));
	assert_int_equal(get(w, STRANGER, OTHER, "/oic/sec/sp"), V_CONTENT);
	assert_int_equal(ask_as(w, CERT_SESSION, M_GET, "/oic/sec/sp", NULL), V_UNAUTHORIZED);
	assert_int_equal(del(w, LATER, OBT, "/oic/sec/cred?credid=8"), V_DELETED);
	assert_int_equal(get(w, STRANGER, OTHER, "/oic/sec/sp"), V_UNAUTHORIZED);
	world_free(w);
}

/* The owner's role reaches all, within the states' limits. */
static void requester__is_an_owner_by_role(void **state)
{
	struct world *w = world_of_roles(DOS_RFNOP);
	const char *to_sreset = "{\"dos\":{\"s\":4}}", *owner = "{\"rowneruuid\":\"" OTHER "\"}";

	(void)state;
	assert_int_equal(assert_role(w, LIST(ROLE("role=oic.role.owner authority=x"))), V_CHANGED);
	assert_int_equal(ask_as(w, CERT_SESSION, M_POST, "/oic/sec/doxm", owner), V_BAD_REQUEST);
	assert_int_equal(ask_as(w, CERT_SESSION, M_POST, "/oic/sec/pstat", to_sreset), V_CHANGED);
	assert_int_equal(ask_as(w, CERT_SESSION, M_POST, "/oic/sec/doxm", owner), V_CHANGED);
	expect_uuid(&w->dev->rowner[OWNER_DOXM], OTHER);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_rep_parse__takes_or_refuses),
		cmocka_unit_test(roles_post__gives_the_rights_of_its_roles),
		cmocka_unit_test(roles_get__shows_those_of_the_session),
		cmocka_unit_test(roles__are_open_to_each_secured_session),
		cmocka_unit_test(roles_post__works_in_pairwise_sessions),
		cmocka_unit_test(roles_delete__retracts),
		cmocka_unit_test(roles__end_with_their_session),
		cmocka_unit_test(roles__are_judged_again),
		cmocka_unit_test(roles_post__keeps_to_its_limits),
		cmocka_unit_test(requester__has_the_role_of_its_key),
		cmocka_unit_test(requester__is_an_owner_by_role),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

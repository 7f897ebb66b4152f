#include "svr_fixture.h"

#include "svr/access.h"
#include "svr/dos.h"

/* ---- CR 2640: the truth table of RETRIEVE /oic/sec/doxm ---- */

enum stage { IDLE, DOC_OPEN, DOC_OWNED, RFPRO, RFNOP, SRESET, PENDING };

static const char *const STAGES[] = {"idle",  "DOC open", "DOC owned", "RFPRO",
				     "RFNOP", "SRESET",   "RESET"};

static struct world *world_at(enum stage stage)
{
	struct world *w = world_new();

	switch (stage) {
	case IDLE:
		break;
	case DOC_OPEN:
		to_doc(w);
		break;
	case DOC_OWNED:
		to_owned(w);
		break;
	case RFPRO:
		to_provisioned(w, DOS_RFPRO);
		break;
	case RFNOP:
		to_provisioned(w, DOS_RFNOP);
		break;
	case SRESET:
		to_provisioned(w, DOS_SRESET);
		break;
	case PENDING:
		to_provisioned(w, DOS_RFNOP);
		to_state(w, DOS_RESET);
		break;
	}
	return w;
}

#define ALL_OWNED {RFPRO, RFNOP, SRESET}, 3

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name;
	enum stage stages[3];
	size_t n_stages;
	char way; /* M multicast, U unsecured, S secured (the DOC, or the owner's session) */
	const char *queries[4];
	enum verdict want;
} TRUTH[] = {
	{"1 idle, group, no query", {IDLE}, 1, 'M', {""}, V_CONTENT},
	{"2 idle, group, owned=false", {IDLE}, 1, 'M', {"?owned=false", "?owned=FALSE", "?Owned=False"}, V_CONTENT},
	{"3 idle, group, owned=true", {IDLE}, 1, 'M', {"?owned=true", "?Owned=TRUE"}, V_IGNORE},
	{"4 idle, group, garbage", {IDLE}, 1, 'M', {"?owned=foo", "?owned", "?owned="}, V_IGNORE},
	{"5 idle, unicast, - or false", {IDLE}, 1, 'U', {"", "?owned=false", "?Owned=FALSE"}, V_CONTENT},
	{"6 idle, unicast, true or garbage", {IDLE}, 1, 'U', {"?owned=true", "?owned=tttt", "?owned"}, V_BAD_REQUEST},
	{"7 DOC open, group, any", {DOC_OPEN, DOC_OWNED}, 2, 'M', {"", "?owned=false", "?owned=true", "?owned=foo"}, V_IGNORE},
	{"8 DOC open, unicast, any", {DOC_OPEN, DOC_OWNED}, 2, 'U', {"", "?owned=false", "?owned=true", "?owned=foo"}, V_UNAUTHORIZED},
	{"9 over the DOC, no query", {DOC_OPEN, DOC_OWNED}, 2, 'S', {""}, V_CONTENT},
	{"10 over the DOC, false agrees", {DOC_OPEN}, 1, 'S', {"?owned=false"}, V_CONTENT},
	{"10 over the DOC, true agrees", {DOC_OWNED}, 1, 'S', {"?owned=true"}, V_CONTENT},
	{"11 over the DOC, true differs", {DOC_OPEN}, 1, 'S', {"?owned=true", "?owned=x"}, V_BAD_REQUEST},
	{"11 over the DOC, false differs", {DOC_OWNED}, 1, 'S', {"?owned=false"}, V_BAD_REQUEST},
	{"12 owned, group, no query", ALL_OWNED, 'M', {""}, V_IGNORE},
	{"13 owned, group, owned=false", ALL_OWNED, 'M', {"?owned=false"}, V_IGNORE},
	{"14 owned, group, owned=true", ALL_OWNED, 'M', {"?owned=true"}, V_IGNORE},
	{"15 owned, unicast, any", ALL_OWNED, 'U', {"", "?owned=false", "?owned=true", "?owned=foo"}, V_UNAUTHORIZED},
	{"16 owner, - or agrees", ALL_OWNED, 'S', {"", "?owned=true"}, V_CONTENT},
	{"17 owner, differs", ALL_OWNED, 'S', {"?owned=false", "?owned=foo"}, V_BAD_REQUEST},
	{"18 pending RESET, group, any", {PENDING}, 1, 'M', {"", "?owned=false", "?owned=true"}, V_IGNORE},
	{"18 pending RESET, unicast", {PENDING}, 1, 'U', {"", "?owned=true"}, V_UNAVAILABLE},
	{"18 pending RESET, secured", {PENDING}, 1, 'S', {"", "?owned=true"}, V_UNAVAILABLE},
};
/* clang-format on */

static void expect_truth(size_t row, enum stage stage, const char *query)
{
	struct world *w = world_at(stage);
	const bool doc = stage == DOC_OPEN || stage == DOC_OWNED;
	const bool secured = TRUTH[row].way == 'S';
	enum verdict got;
	char uri[64];

	if (device_dos(w->dev) == DOS_RFNOP) { /* "regardless of ACEs" */
		to_state(w, DOS_RFPRO);
		assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2",
				      "{\"aclist2\":[{\"subject\":{\"conntype\":\"anon-clear\"},"
				      "\"resources\":[{\"href\":\"/oic/sec/doxm\"},{\"wc\":\"*\"}],"
				      "\"permission\":31}]}"),
				 V_CHANGED);
		to_state(w, DOS_RFNOP);
	}
	(void)snprintf(uri, sizeof(uri), "/oic/sec/doxm%s", query);
	got = world_ask(w, &(struct ask){.uri = uri,
					 .session = !secured ? CLEAR
						    : doc    ? DOC
							     : LATER,
					 .peer = secured && !doc ? OBT : NULL,
					 .multicast = TRUTH[row].way == 'M'});
	if (got != TRUTH[row].want)
		fail_msg("row %s: in %s, query \"%s\": got %d, want %d", TRUTH[row].name,
			 STAGES[stage], query, (int)got, (int)TRUTH[row].want);
	world_free(w);
}

static void doxm_get__follows_the_truth_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TRUTH); i++)
		for (size_t s = 0; s < TRUTH[i].n_stages; s++)
			for (size_t q = 0; q < 4 && TRUTH[i].queries[q]; q++)
				expect_truth(i, TRUTH[i].stages[s], TRUTH[i].queries[q]);
}

/* Row 16 without authorisation: another peer with a session of its own. */
static void doxm_get__refuses_a_peer_without_rights(void **state)
{
	struct world *w = world_at(RFNOP);

	(void)state;
	assert_int_equal(get(w, STRANGER, OTHER, "/oic/sec/doxm"), V_UNAUTHORIZED);
	assert_int_equal(get(w, STRANGER, NULL, "/oic/sec/doxm"), V_UNAUTHORIZED);
	world_free(w);
}

/* ---- RFOTM before and with a DOC ---- */

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name;
	enum method method;
	const char *uri, *body;
	enum verdict idle, open, doc; /* unsecured before, unsecured with, over the DOC */
} RFOTM_CASES[] = {
	{"GET res", M_GET, "/oic/res", NULL, V_CONTENT, V_UNAUTHORIZED, V_CONTENT},
	{"GET d", M_GET, "/oic/d", NULL, V_CONTENT, V_UNAUTHORIZED, V_CONTENT},
	{"GET p", M_GET, "/oic/p", NULL, V_CONTENT, V_UNAUTHORIZED, V_CONTENT},
	{"GET doxm", M_GET, "/oic/sec/doxm", NULL, V_CONTENT, V_UNAUTHORIZED, V_CONTENT},
	{"POST oxmsel", M_POST, "/oic/sec/doxm", "{\"oxmsel\":0}", V_CHANGED, V_UNAUTHORIZED, V_BAD_REQUEST},
	{"POST owned", M_POST, "/oic/sec/doxm", "{\"owned\":false}", V_BAD_REQUEST, V_UNAUTHORIZED, V_CHANGED},
	{"POST deviceuuid", M_POST, "/oic/sec/doxm", "{\"deviceuuid\":\"" FINAL "\"}", V_BAD_REQUEST, V_UNAUTHORIZED, V_CHANGED},
	{"POST devowneruuid", M_POST, "/oic/sec/doxm", "{\"devowneruuid\":\"" OBT "\"}", V_BAD_REQUEST, V_UNAUTHORIZED, V_CHANGED},
	{"POST doxm rowneruuid", M_POST, "/oic/sec/doxm", "{\"rowneruuid\":\"" OBT "\"}", V_BAD_REQUEST, V_UNAUTHORIZED, V_CHANGED},
	{"POST oxmsel and more", M_POST, "/oic/sec/doxm", "{\"oxmsel\":0,\"devowneruuid\":\"" OBT "\"}", V_BAD_REQUEST, V_UNAUTHORIZED, V_BAD_REQUEST},
	{"GET pstat", M_GET, "/oic/sec/pstat", NULL, V_CONTENT, V_UNAUTHORIZED, V_CONTENT},
	{"POST pstat", M_POST, "/oic/sec/pstat", "{\"om\":4}", V_UNAUTHORIZED, V_UNAUTHORIZED, V_CHANGED},
	{"GET cred", M_GET, "/oic/sec/cred", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_CONTENT},
	{"GET acl2", M_GET, "/oic/sec/acl2", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_CONTENT},
	{"GET sdi", M_GET, "/oic/sec/sdi", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_CONTENT},
	{"DELETE cred", M_DELETE, "/oic/sec/cred", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_DELETED},
	{"DELETE acl2", M_DELETE, "/oic/sec/acl2", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_DELETED},
	{"GET csr", M_GET, "/oic/sec/csr", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_CONTENT},
	{"GET roles", M_GET, "/oic/sec/roles", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_CONTENT},
	{"GET crl", M_GET, "/oic/sec/crl", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_CONTENT},
	{"GET sp", M_GET, "/oic/sec/sp", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_CONTENT},
	{"GET mnt", M_GET, "/oic/mnt", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_CONTENT},
	{"GET ael", M_GET, "/oic/sec/ael", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_CONTENT},
	{"PUT doxm", M_PUT, "/oic/sec/doxm", "{}", V_UNAUTHORIZED, V_UNAUTHORIZED, V_NO_METHOD},
	{"PUT cred", M_PUT, "/oic/sec/cred", "{}", V_UNAUTHORIZED, V_UNAUTHORIZED, V_NO_METHOD},
	{"DELETE doxm", M_DELETE, "/oic/sec/doxm", NULL, V_UNAUTHORIZED, V_UNAUTHORIZED, V_NO_METHOD},
	{"unknown", M_GET, "/light", NULL, V_NOT_FOUND, V_UNAUTHORIZED, V_NOT_FOUND},
};
/* clang-format on */

static void svr_handle__serves_in_rfotm_what_the_transfer_needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(RFOTM_CASES); i++) {
		const enum verdict want[] = {RFOTM_CASES[i].idle, RFOTM_CASES[i].open,
					     RFOTM_CASES[i].doc};

		for (int way = 0; way < 3; way++) {
			struct world *w = world_at(way ? DOC_OPEN : IDLE);
			enum verdict got = world_ask(
				w, &(struct ask){RFOTM_CASES[i].method, RFOTM_CASES[i].uri,
						 .session = way == 2 ? DOC : CLEAR,
						 .diag = RFOTM_CASES[i].body});

			if (got != want[way])
				fail_msg("%s, way %d: got %d, want %d", RFOTM_CASES[i].name, way,
					 (int)got, (int)want[way]);
			world_free(w);
		}
	}
}

/* ---- the decision itself ---- */

static const struct target CRED = {.href = "/oic/sec/cred", .kind = RES_SVR, .owner = OWNER_CRED};
static const struct target ACL2 = {.href = "/oic/sec/acl2", .kind = RES_SVR, .owner = OWNER_ACL2};
static const struct target DOXM = {
	.href = "/oic/sec/doxm", .kind = RES_SVR, .owner = OWNER_DOXM, .anyone = 3};
static const struct target PSTAT = {
	.href = "/oic/sec/pstat", .kind = RES_SVR, .owner = OWNER_PSTAT, .anyone = 1};
static const struct target SP = {.href = "/oic/sec/sp", .kind = RES_SVR, .owner = OWNER_NONE};
static const struct target D = {
	.href = "/oic/d", .kind = RES_DCR, .owner = OWNER_NONE, .anyone = 1};
static const struct target LIGHT = {.href = "/light",
				    .kind = RES_NCR,
				    .owner = OWNER_NONE,
				    .discoverable = true,
				    .secure = true,
				    .clear = true};
static const struct target SAFE = {.href = "/safe",
				   .kind = RES_NCR,
				   .owner = OWNER_NONE,
				   .discoverable = true,
				   .secure = true};
static const struct target OPEN = {
	.href = "/open", .kind = RES_NCR, .owner = OWNER_NONE, .discoverable = true, .clear = true};
static const struct target HIDDEN = {
	.href = "/hidden", .kind = RES_NCR, .owner = OWNER_NONE, .secure = true, .clear = true};

#define SUBJECT_OTHER "{\"uuid\":\"" OTHER "\"}"
#define SUBJECT_CLEAR "{\"conntype\":\"anon-clear\"}"
#define SUBJECT_CRYPT "{\"conntype\":\"auth-crypt\"}"
#define SUBJECT_ROLE  "{\"role\":\"oic.role.owner\"}"

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name;
	enum dos dos;
	const char *subject, *resource; /* of the one ACE; NULL: empty list */
	unsigned permission;
	const struct target *target;
	enum method method;
	uint64_t session;
	const char *peer;
	enum access want;
} MATRIX[] = {
	{"2. application resource in RFPRO", DOS_RFPRO, SUBJECT_OTHER, "{\"wc\":\"*\"}", 31, &LIGHT, M_GET, LATER, OTHER, ACCESS_NONE},
	{"2. application resource in SRESET", DOS_SRESET, SUBJECT_OTHER, "{\"wc\":\"*\"}", 31, &LIGHT, M_GET, LATER, OTHER, ACCESS_NONE},
	{"2. application resource in RFNOP", DOS_RFNOP, SUBJECT_OTHER, "{\"wc\":\"*\"}", 31, &LIGHT, M_GET, LATER, OTHER, ACCESS_FULL},
	{"3. unsecured application resource", DOS_RFNOP, SUBJECT_CLEAR, "{\"wc\":\"*\"}", 31, &LIGHT, M_GET, CLEAR, NULL, ACCESS_NONE},
	{"5. /oic/d is open in RFOTM only", DOS_RFNOP, NULL, NULL, 0, &D, M_GET, CLEAR, NULL, ACCESS_NONE},
	{"7. anon-clear does not open an SVR", DOS_RFNOP, SUBJECT_CLEAR, "{\"href\":\"/oic/sec/cred\"}", 31, &CRED, M_GET, CLEAR, NULL, ACCESS_NONE},
	{"7. uuid ACE on an SVR, unsecured", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/oic/sec/cred\"}", 31, &CRED, M_GET, CLEAR, NULL, ACCESS_NONE},
	{"8. cred owner on cred", DOS_RFPRO, NULL, NULL, 0, &CRED, M_POST, LATER, "00000000-0000-4000-8000-0000000000c0", ACCESS_FULL},
	{"8. cred owner on acl2", DOS_RFPRO, NULL, NULL, 0, &ACL2, M_POST, LATER, "00000000-0000-4000-8000-0000000000c0", ACCESS_NONE},
	{"8. acl2 owner on acl2", DOS_RFPRO, NULL, NULL, 0, &ACL2, M_POST, LATER, "00000000-0000-4000-8000-0000000000a0", ACCESS_FULL},
	{"8. acl2 owner on cred", DOS_RFPRO, NULL, NULL, 0, &CRED, M_POST, LATER, "00000000-0000-4000-8000-0000000000a0", ACCESS_NONE},
	{"8. doxm owner on doxm", DOS_RFNOP, NULL, NULL, 0, &DOXM, M_GET, LATER, "00000000-0000-4000-8000-0000000000d0", ACCESS_FULL},
	{"8. doxm owner on acl2", DOS_RFNOP, NULL, NULL, 0, &ACL2, M_GET, LATER, "00000000-0000-4000-8000-0000000000d0", ACCESS_NONE},
	{"8. doxm owner on sp", DOS_RFNOP, NULL, NULL, 0, &SP, M_GET, LATER, "00000000-0000-4000-8000-0000000000d0", ACCESS_NONE},
	{"8. pstat owner on pstat", DOS_RFNOP, NULL, NULL, 0, &PSTAT, M_POST, LATER, OBT, ACCESS_FULL},
	{"8b. cred owner on pstat", DOS_RFNOP, NULL, NULL, 0, &PSTAT, M_POST, LATER, "00000000-0000-4000-8000-0000000000c0", ACCESS_DOS},
	{"8b. acl2 owner on pstat", DOS_RFNOP, NULL, NULL, 0, &PSTAT, M_GET, LATER, "00000000-0000-4000-8000-0000000000a0", ACCESS_DOS},
	{"8b. doxm owner on pstat", DOS_RFPRO, NULL, NULL, 0, &PSTAT, M_POST, LATER, "00000000-0000-4000-8000-0000000000d0", ACCESS_DOS},
	{"8b. not for DELETE", DOS_RFPRO, NULL, NULL, 0, &PSTAT, M_DELETE, LATER, "00000000-0000-4000-8000-0000000000d0", ACCESS_NONE},
	{"8b. pstat owner on cred", DOS_RFPRO, NULL, NULL, 0, &CRED, M_GET, LATER, OBT, ACCESS_NONE},
	{"device owner in SRESET", DOS_SRESET, NULL, NULL, 0, &SP, M_POST, LATER, "00000000-0000-4000-8000-0000000000e0", ACCESS_FULL},
	{"device owner in RFPRO", DOS_RFPRO, NULL, NULL, 0, &CRED, M_POST, LATER, "00000000-0000-4000-8000-0000000000e0", ACCESS_NONE},
	{"10a. uuid", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/oic/sec/sp\"}", 2, &SP, M_GET, LATER, OTHER, ACCESS_FULL},
	{"10a. another uuid", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/oic/sec/sp\"}", 2, &SP, M_GET, LATER, FINAL, ACCESS_NONE},
	{"10a. another href", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/oic/sec/spx\"}", 2, &SP, M_GET, LATER, OTHER, ACCESS_NONE},
	{"10a. href is no prefix", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/oic/sec\"}", 2, &SP, M_GET, LATER, OTHER, ACCESS_NONE},
	{"10a. href without its slash", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"oic/sec/sp\"}", 2, &SP, M_GET, LATER, OTHER, ACCESS_FULL},
	{"10a. href and wildcard must both match", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\",\"wc\":\"+\"}", 2, &SAFE, M_GET, LATER, OTHER, ACCESS_NONE},
	{"10b. no role is asserted yet", DOS_RFNOP, SUBJECT_ROLE, "{\"href\":\"/oic/d\"}", 31, &D, M_GET, LATER, OTHER, ACCESS_NONE},
	{"10c. auth-crypt, secured", DOS_RFNOP, SUBJECT_CRYPT, "{\"href\":\"/oic/d\"}", 2, &D, M_GET, LATER, OTHER, ACCESS_FULL},
	{"10c. auth-crypt, unsecured", DOS_RFNOP, SUBJECT_CRYPT, "{\"href\":\"/oic/d\"}", 2, &D, M_GET, CLEAR, NULL, ACCESS_NONE},
	{"10c. auth-crypt on an SVR", DOS_RFNOP, SUBJECT_CRYPT, "{\"href\":\"/oic/sec/sp\"}", 2, &SP, M_GET, LATER, OTHER, ACCESS_NONE},
	{"10c. auth-crypt, nobody in particular", DOS_RFNOP, SUBJECT_CRYPT, "{\"href\":\"/oic/d\"}", 2, &D, M_GET, LATER, NULL, ACCESS_NONE},
	{"10c. anon-clear, unsecured", DOS_RFNOP, SUBJECT_CLEAR, "{\"href\":\"/oic/d\"}", 2, &D, M_GET, CLEAR, NULL, ACCESS_FULL},
	{"10c. anon-clear, secured", DOS_RFNOP, SUBJECT_CLEAR, "{\"href\":\"/oic/d\"}", 2, &D, M_GET, LATER, OTHER, ACCESS_FULL},
	{"10c. anon-clear on an SVR, secured", DOS_RFNOP, SUBJECT_CLEAR, "{\"href\":\"/oic/sec/sp\"}", 2, &SP, M_GET, LATER, OTHER, ACCESS_NONE},
	{"wc * does not cover an SVR", DOS_RFNOP, SUBJECT_OTHER, "{\"wc\":\"*\"}", 31, &SP, M_GET, LATER, OTHER, ACCESS_NONE},
	{"wc * does not cover /oic/d", DOS_RFNOP, SUBJECT_OTHER, "{\"wc\":\"*\"}", 31, &D, M_GET, LATER, OTHER, ACCESS_NONE},
	{"wc * covers what is hidden", DOS_RFNOP, SUBJECT_OTHER, "{\"wc\":\"*\"}", 31, &HIDDEN, M_GET, LATER, OTHER, ACCESS_FULL},
	{"wc + covers a secure endpoint", DOS_RFNOP, SUBJECT_OTHER, "{\"wc\":\"+\"}", 31, &SAFE, M_GET, LATER, OTHER, ACCESS_FULL},
	{"wc + does not cover clear only", DOS_RFNOP, SUBJECT_OTHER, "{\"wc\":\"+\"}", 31, &OPEN, M_GET, LATER, OTHER, ACCESS_NONE},
	{"wc + does not cover what is hidden", DOS_RFNOP, SUBJECT_OTHER, "{\"wc\":\"+\"}", 31, &HIDDEN, M_GET, LATER, OTHER, ACCESS_NONE},
	{"wc - covers a clear endpoint", DOS_RFNOP, SUBJECT_OTHER, "{\"wc\":\"-\"}", 31, &OPEN, M_GET, LATER, OTHER, ACCESS_FULL},
	{"wc - does not cover secure only", DOS_RFNOP, SUBJECT_OTHER, "{\"wc\":\"-\"}", 31, &SAFE, M_GET, LATER, OTHER, ACCESS_NONE},
	{"11. R: GET", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 2, &LIGHT, M_GET, LATER, OTHER, ACCESS_FULL},
	{"11. R: no POST", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 2, &LIGHT, M_POST, LATER, OTHER, ACCESS_NONE},
	{"11. N: GET", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 16, &LIGHT, M_GET, LATER, OTHER, ACCESS_FULL},
	{"11. U: POST", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 4, &LIGHT, M_POST, LATER, OTHER, ACCESS_FULL},
	{"11. U: no GET", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 4, &LIGHT, M_GET, LATER, OTHER, ACCESS_NONE},
	{"11. U: no DELETE", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 4, &LIGHT, M_DELETE, LATER, OTHER, ACCESS_NONE},
	{"11. C: POST", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 1, &LIGHT, M_POST, LATER, OTHER, ACCESS_FULL},
	{"11. C: PUT", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 1, &LIGHT, M_PUT, LATER, OTHER, ACCESS_FULL},
	{"11. D: DELETE", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 8, &LIGHT, M_DELETE, LATER, OTHER, ACCESS_FULL},
	{"11. D: no GET", DOS_RFNOP, SUBJECT_OTHER, "{\"href\":\"/light\"}", 8, &LIGHT, M_GET, LATER, OTHER, ACCESS_NONE},
	{"nil is nobody", DOS_SRESET, NULL, NULL, 0, &CRED, M_GET, LATER, NIL, ACCESS_NONE},
};
/* clang-format on */

/* Separate owners for all resources: pstat is the OBT's. */
static struct world *world_of_owners(enum dos dos)
{
	static const char *const PEERS[] = {"00000000-0000-4000-8000-0000000000c0",
					    "00000000-0000-4000-8000-0000000000a0",
					    "00000000-0000-4000-8000-0000000000d0",
					    "00000000-0000-4000-8000-0000000000e0",
					    OTHER,
					    FINAL};
	struct world *w = world_new();

	to_provisioned(w, DOS_RFPRO);
	w->dev->rowner[OWNER_CRED] = uuid_of("00000000-0000-4000-8000-0000000000c0");
	w->dev->rowner[OWNER_ACL2] = uuid_of("00000000-0000-4000-8000-0000000000a0");
	w->dev->rowner[OWNER_DOXM] = uuid_of("00000000-0000-4000-8000-0000000000d0");
	w->dev->devowner = uuid_of("00000000-0000-4000-8000-0000000000e0");
	for (size_t i = 0; i < ARRAY_SIZE(PEERS); i++)
		assert_true(device_add_cred(w->dev, &(struct cred){.credid = (uint32_t)i,
								   .subject = uuid_of(PEERS[i])}));
	w->dev->dos = dos;
	return w;
}

static enum access decide(struct world *w, const struct req *req, const struct target *t)
{
	struct requester who;

	requester_of(w->dev, req, &w->env.wall, &who);
	return access_decide(w->dev, &who, t);
}

static void access_decide__follows_the_algorithm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(MATRIX); i++) {
		struct world *w = world_of_owners(DOS_RFPRO);
		struct req req = {.method = MATRIX[i].method,
				  .session = MATRIX[i].session,
				  .has_peer = MATRIX[i].peer != NULL};
		enum access got;
		char ace[512];

		if (MATRIX[i].peer)
			req.peer = uuid_of(MATRIX[i].peer);
		(void)snprintf(ace, sizeof(ace),
			       "{\"aclist2\":[{\"subject\":%s,\"resources\":[{\"href\":\"/x\"},%s],"
			       "\"permission\":%u}]}",
			       MATRIX[i].subject, MATRIX[i].resource, MATRIX[i].permission);
		if (MATRIX[i].subject)
			assert_int_equal(post(w, LATER, "00000000-0000-4000-8000-0000000000a0",
					      "/oic/sec/acl2", ace),
					 V_CHANGED);
		w->dev->dos = MATRIX[i].dos;
		if (strcmp(MATRIX[i].name, "nil is nobody") == 0)
			w->dev->rowner[OWNER_CRED] = w->dev->devowner = uuid_of(NIL);
		got = decide(w, &req, MATRIX[i].target);
		if (got != MATRIX[i].want)
			fail_msg("%s: got %d", MATRIX[i].name, (int)got);
		world_free(w);
	}
}

static void access_decide__adds_up_the_entries(void **state)
{
	struct world *w = world_of_owners(DOS_RFPRO);
	struct req req = {.session = LATER, .has_peer = true, .peer = uuid_of(OTHER)};
	const char *amd = "00000000-0000-4000-8000-0000000000a0";

	(void)state;
	assert_int_equal(post(w, LATER, amd, "/oic/sec/acl2",
			      "{\"aclist2\":["
			      "{\"subject\":" SUBJECT_OTHER
			      ",\"resources\":[{\"href\":\"/light\"}],\"permission\":2},"
			      "{\"subject\":" SUBJECT_CRYPT
			      ",\"resources\":[{\"wc\":\"+\"}],\"permission\":4}]}"),
			 V_CHANGED);
	w->dev->dos = DOS_RFNOP;
	for (req.method = M_GET; req.method <= M_DELETE; req.method++)
		assert_int_equal(decide(w, &req, &LIGHT),
				 req.method == M_DELETE ? ACCESS_NONE : ACCESS_FULL);
	world_free(w);
}

/* A session outlives its credential; the rights do not. */
static void access_decide__knows_no_peer_without_a_credential(void **state)
{
	struct world *w = world_of_owners(DOS_RFPRO);
	const char *cms = "00000000-0000-4000-8000-0000000000c0";
	struct req req = {.session = LATER, .has_peer = true, .peer = uuid_of(OTHER)};

	(void)state;
	assert_int_equal(post(w, LATER, "00000000-0000-4000-8000-0000000000a0", "/oic/sec/acl2",
			      "{\"aclist2\":[{\"subject\":" SUBJECT_OTHER
			      ",\"resources\":[{\"href\":\"/oic/d\"}],\"permission\":2}]}"),
			 V_CHANGED);
	assert_int_equal(decide(w, &req, &D), ACCESS_FULL);
	assert_int_equal(del(w, LATER, cms, "/oic/sec/cred?subjectuuid=" OTHER), V_DELETED);
	assert_int_equal(decide(w, &req, &D), ACCESS_NONE);
	world_free(w);
}

/* The other owners' access to pstat ends at its owner. */
static void pstat_post__takes_the_state_only_from_other_owners(void **state)
{
	struct world *w = world_of_owners(DOS_RFPRO);
	const char *cms = "00000000-0000-4000-8000-0000000000c0";

	(void)state;
	assert_int_equal(post(w, LATER, cms, "/oic/sec/pstat", "{\"om\":4,\"tm\":0}"), V_CHANGED);
	w->dev->dos = DOS_SRESET;
	assert_int_equal(post(w, LATER, cms, "/oic/sec/pstat", "{\"rowneruuid\":\"" OTHER "\"}"),
			 V_BAD_REQUEST);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/pstat", "{\"rowneruuid\":\"" OTHER "\"}"),
			 V_CHANGED);
	world_free(w);
}

/* ---- the state columns: which property is writable when, and over what ---- */

static const struct {
	enum property property;
	/* idle RFOTM, then over the DOC in RFOTM, RFPRO, SRESET, then by owner RFPRO, RFNOP, SRESET
	 */
	const char *writable;
} COLUMNS[] = {
	{DOXM_OXMSEL,       "w......"},
        {DOXM_OWNED,        ".w....."},
        {DOXM_DEVICEUUID,   ".w....."},
	{DOXM_DEVOWNERUUID, ".w....."},
        {DOXM_ROWNERUUID,   ".w.w..w"},
        {PSTAT_DOS,         "wwwwwww"},
	{PSTAT_OM,          "wwwwwww"},
        {PSTAT_TM,          "wwwwwww"},
        {PSTAT_ROWNERUUID,  "ww.w..w"},
	{CRED_CREDS,        "wwwww.w"},
        {CRED_ROWNERUUID,   "ww.w..w"},
        {CRED_OWNER_KEY,    ".w....."},
	{CRL_CRLID,         "wwwww.w"},
        {CRL_THISUPDATE,    "wwwww.w"},
        {CRL_CRLDATA,       "wwwww.w"},
	{ACL2_ACLIST2,      "wwwww.w"},
        {ACL2_ROWNERUUID,   "ww.w..w"},
        {SDI_UUID,          "ww....."},
	{SDI_NAME,          "wwwww.w"},
        {SDI_PRIV,          "wwwww.w"},
        {SP_SUPPORTED,      "wwwww.w"},
	{SP_CURRENT,        "wwwww.w"},
        {AEL_CATEGORIES,    "wwwww.w"},
        {AEL_PRIORITY,      "wwwww.w"},
};

static void access_may_write__follows_the_state_columns(void **state)
{
	static const struct {
		enum dos dos;
		bool doc_open;
		uint64_t session;
		const char *peer;
	} SITUATIONS[] = {
		{DOS_RFOTM,  false, CLEAR, NULL},
                {DOS_RFOTM,  true,  DOC,   NULL},
		{DOS_RFPRO,  true,  DOC,   NULL},
                {DOS_SRESET, true,  DOC,   NULL},
		{DOS_RFPRO,  false, LATER, OBT },
                {DOS_RFNOP,  false, LATER, OBT },
		{DOS_SRESET, false, LATER, OBT },
	};
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(ARRAY_SIZE(COLUMNS), PROPERTY_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(COLUMNS); i++)
		for (size_t s = 0; s < ARRAY_SIZE(SITUATIONS); s++) {
			struct req req = {.session = SITUATIONS[s].session,
					  .has_peer = SITUATIONS[s].peer != NULL,
					  .peer = uuid_of(OBT)};
			struct requester who;
			bool got;

			w->dev->dos = SITUATIONS[s].dos;
			w->dev->doc = SITUATIONS[s].doc_open ? DOC : 0;
			requester_of(w->dev, &req, &w->env.wall, &who);
			got = access_may_write(w->dev, &who, ACCESS_FULL,
					       PROP_BIT(COLUMNS[i].property));
			if (got != (COLUMNS[i].writable[s] == 'w'))
				fail_msg("property %d, situation %zu: got %d",
					 (int)COLUMNS[i].property, s, got);
		}
	world_free(w);
}

/* An ACE lets a peer write in SRESET, but not become the owner. */
static void doxm_post__changes_its_owner_for_the_owner_only(void **state)
{
	struct world *w = world_of_owners(DOS_RFPRO);
	const char *uri = "/oic/sec/doxm", *body = "{\"rowneruuid\":\"" FINAL "\"}";

	(void)state;
	assert_int_equal(post(w, LATER, "00000000-0000-4000-8000-0000000000a0", "/oic/sec/acl2",
			      "{\"aclist2\":[{\"subject\":" SUBJECT_OTHER
			      ",\"resources\":[{\"href\":\"/oic/sec/doxm\"}],\"permission\":4}]}"),
			 V_CHANGED);
	w->dev->dos = DOS_SRESET;
	assert_int_equal(post(w, LATER, OTHER, uri, body), V_BAD_REQUEST);
	assert_int_equal(post(w, LATER, "00000000-0000-4000-8000-0000000000d0", uri, body),
			 V_CHANGED);
	assert_true(w->out.store);
	expect_uuid(&w->dev->rowner[OWNER_DOXM], FINAL);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doxm_get__follows_the_truth_table),
		cmocka_unit_test(doxm_get__refuses_a_peer_without_rights),
		cmocka_unit_test(svr_handle__serves_in_rfotm_what_the_transfer_needs),
		cmocka_unit_test(access_decide__follows_the_algorithm),
		cmocka_unit_test(access_decide__adds_up_the_entries),
		cmocka_unit_test(access_decide__knows_no_peer_without_a_credential),
		cmocka_unit_test(pstat_post__takes_the_state_only_from_other_owners),
		cmocka_unit_test(access_may_write__follows_the_state_columns),
		cmocka_unit_test(doxm_post__changes_its_owner_for_the_owner_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

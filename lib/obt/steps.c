#include "obt/steps.h"

#include "codec/cbw.h"

#define OWN       (OBT_OWN | OBT_OWN_AND_PROVISION)
#define PROVISION (OBT_OWN_AND_PROVISION | OBT_PROVISION)
#define ALL       (OWN | PROVISION | OBT_RESET)

#define DOXM  "/oic/sec/doxm"
#define PSTAT "/oic/sec/pstat"
#define CRED  "/oic/sec/cred"
#define ACL2  "/oic/sec/acl2"
#define SDI   "/oic/sec/sdi"

enum { STATE_RESET = 0, STATE_RFOTM = 1, STATE_RFPRO = 2, STATE_RFNOP = 3 };
enum { PERM_R = 2, PERM_RUD = 14, OM_CLIENT_DIRECTED = 4, CREDTYPE_PAIRWISE = 1, SCT_PAIRWISE = 1 };

static void body_oxmsel(const struct obt *o, struct buf *b)
{
	cbw_map(b);
	cbw_kv_uint(b, "oxmsel", obt_method_oxm(o->params.method));
	cbw_end(b);
}

static void body_om(const struct obt *o, struct buf *b)
{
	(void)o;
	cbw_map(b);
	cbw_kv_uint(b, "om", OM_CLIENT_DIRECTED);
	cbw_end(b);
}

static void body_devowner(const struct obt *o, struct buf *b)
{
	cbw_map(b);
	cbw_kv_uuid(b, "devowneruuid", &o->params.obt);
	cbw_end(b);
}

static void body_deviceuuid(const struct obt *o, struct buf *b)
{
	cbw_map(b);
	cbw_kv_uuid(b, "deviceuuid", &o->params.renamed);
	cbw_end(b);
}

static void body_rowner(const struct obt *o, struct buf *b)
{
	cbw_map(b);
	cbw_kv_uuid(b, "rowneruuid", &o->params.obt);
	cbw_end(b);
}

static void body_ams(const struct obt *o, struct buf *b)
{
	cbw_map(b);
	cbw_kv_uuid(b, "rowneruuid", &o->params.ams);
	cbw_end(b);
}

static void put_key(struct buf *b, const struct uuid *subject, struct span key)
{
	cbw_map(b);
	cbw_kv_uint(b, "credtype", CREDTYPE_PAIRWISE);
	cbw_kv_uuid(b, "subjectuuid", subject);
	cbw_str(b, "privatedata");
	cbw_map(b);
	cbw_kv_str(b, "encoding", "oic.sec.encoding.raw");
	cbw_str(b, "data");
	cbw_bytes(b, key);
	cbw_end(b);
	cbw_end(b);
}

/* CR 2868: an empty privatedata makes the device derive the owner credential. Services of their own
 * get keys of their own, which say nothing about the owner's. */
static void body_cred(const struct obt *o, struct buf *b)
{
	cbw_map(b);
	cbw_str(b, "creds");
	cbw_array(b);
	put_key(b, &o->params.obt, span_of(NULL, 0));
	if (o->params.cms_key)
		put_key(b, &o->params.cms, secret_span(o->params.cms_key));
	if (o->params.ams_key)
		put_key(b, &o->params.ams, secret_span(o->params.ams_key));
	cbw_end(b);
	cbw_kv_uuid(b, "rowneruuid", &o->params.cms);
	cbw_end(b);
}

static void body_sdi(const struct obt *o, struct buf *b)
{
	cbw_map(b);
	cbw_kv_uuid(b, "uuid", &o->params.domain);
	cbw_kv_str(b, "name", o->params.domain_name);
	cbw_kv_bool(b, "priv", false);
	cbw_end(b);
}

static void body_owned(const struct obt *o, struct buf *b)
{
	(void)o;
	cbw_map(b);
	cbw_kv_bool(b, "owned", true);
	cbw_end(b);
}

static void state_body(struct buf *b, unsigned state)
{
	cbw_map(b);
	cbw_str(b, "dos");
	cbw_map(b);
	cbw_kv_uint(b, "s", state);
	cbw_end(b);
	cbw_end(b);
}

static void body_rfpro(const struct obt *o, struct buf *b)
{
	(void)o;
	state_body(b, STATE_RFPRO);
}

static void body_rfnop(const struct obt *o, struct buf *b)
{
	(void)o;
	state_body(b, STATE_RFNOP);
}

static void body_reset(const struct obt *o, struct buf *b)
{
	(void)o;
	state_body(b, STATE_RESET);
}

/* One ACE; `peer` NULL: everybody, secured or not. */
static void ace(struct buf *b, const struct uuid *peer, const char *const *hrefs, unsigned perm)
{
	cbw_map(b);
	cbw_str(b, "subject");
	cbw_map(b);
	if (peer)
		cbw_kv_uuid(b, "uuid", peer);
	else
		cbw_kv_str(b, "conntype", "anon-clear");
	cbw_end(b);
	cbw_str(b, "resources");
	cbw_array(b);
	for (; *hrefs; hrefs++) {
		cbw_map(b);
		cbw_kv_str(b, "href", *hrefs);
		cbw_end(b);
	}
	cbw_end(b);
	cbw_kv_uint(b, "permission", perm);
	cbw_end(b);
}

/* What deployed tools write: the owner's own access, and the discovery resources for everybody. */
static void body_acl(const struct obt *o, struct buf *b)
{
	static const char *const SP[] = {"/oic/sec/sp", NULL};
	static const char *const CSR[] = {"/oic/sec/csr", NULL};
	const char *const open[] = {"/oic/d", "/oic/p", "/oic/res", o->has_sdi ? SDI : NULL, NULL};

	cbw_map(b);
	cbw_str(b, "aclist2");
	cbw_array(b);
	ace(b, &o->params.obt, SP, PERM_RUD);
	ace(b, &o->params.cms, CSR, PERM_R);
	ace(b, NULL, open, PERM_R);
	cbw_end(b);
	cbw_end(b);
}

static const char *unreadable(enum obt_cause *cause, const char *what)
{
	*cause = OBT_CAUSE_BAD;
	return what;
}

static const char *check_unowned(const struct obt *o, struct span body, enum obt_cause *cause)
{
	struct answer_doxm d;

	if (answer_doxm(body, &d) != CBR_OK)
		return unreadable(cause, "its doxm cannot be read");
	*cause = OBT_CAUSE_MISMATCH;
	if (d.owned)
		return "it has an owner already";
	if (!uuid_eq(&d.device, &o->params.device))
		return "its UUID has changed since discovery: discover it again";
	if (!answer_doxm_offers(&d, obt_method_oxm(o->params.method)))
		return "it does not offer this transfer method";
	if (!(d.sct & SCT_PAIRWISE))
		return "its sct does not list pairwise symmetric keys, and the owner's is one";
	return NULL;
}

static const char *check_doxm(const struct obt *o, struct span body, enum obt_cause *cause)
{
	struct answer_doxm d;

	if (answer_doxm(body, &d) != CBR_OK)
		return unreadable(cause, "its doxm cannot be read");
	*cause = OBT_CAUSE_MISMATCH;
	if (d.owned)
		return "doxm says owned before we said so";
	if (d.oxmsel != obt_method_oxm(o->params.method))
		return "doxm holds another transfer method";
	if (!uuid_eq(&d.devowner, &o->params.obt))
		return "doxm holds another devowneruuid than written";
	if (!uuid_eq(&d.device, &o->params.renamed))
		return "doxm holds another deviceuuid than written";
	return NULL;
}

static const char *check_pstat(const struct obt *o, struct span body, enum obt_cause *cause)
{
	struct answer_pstat p;

	(void)o;
	if (answer_pstat(body, &p) != CBR_OK)
		return unreadable(cause, "its pstat cannot be read");
	*cause = OBT_CAUSE_MISMATCH;
	if (p.state != STATE_RFOTM || p.pending)
		return "pstat says that it is not in RFOTM";
	if (p.om != OM_CLIENT_DIRECTED)
		return "pstat holds another om than written";
	return NULL;
}

static bool by_pin(const struct obt *o)
{
	return o->params.method == OBT_RANDOM_PIN || o->params.method == OBT_FIXED_PIN;
}

/* Over the owner's session the access list is another service's, if there is one. */
static bool may_write_acl(const struct obt *o)
{
	return !(o->task & OBT_PROVISION) || uuid_eq(&o->params.ams, &o->params.obt);
}

static bool by_certificate(const struct obt *o)
{
	return o->params.method == OBT_MFG_CERT;
}

static bool can_undo(const struct obt *o)
{
	return o->committing && o->connected && o->failure.cause != OBT_CAUSE_SILENT;
}

static bool key_is_void(const struct obt *o)
{
	return o->key_kept && (!o->committing || o->undone);
}

static bool is_connected(const struct obt *o)
{
	return o->connected;
}

#define ACT(what)              .act = OBT_##what
#define CALL(way, what, where) ACT(CALL), .secured = (way), .verb = OBT_##what, .path = (where)
#define PLAIN                  false
#define SECURED                true

/* clang-format off */
const struct obt_step OBT_STEPS[] = {
	{"read-doxm",     OWN,             CALL(PLAIN, GET, DOXM), .check = check_unowned},
	{"approve",       OWN | OBT_RESET, ACT(APPROVE)}, /* CR 2935 step 2 */
	{"select-method", OWN,             CALL(PLAIN, POST, DOXM), .body = body_oxmsel}, /* 4 */
	{"enter-pin",     OWN,             ACT(PIN), .when = by_pin},
	{"connect",       ALL,             ACT(CONNECT)}, /* 5 */
	{"show-chain",    OWN,             ACT(SHOW_CHAIN), .when = by_certificate}, /* before 6 */
	{"set-mode",      OWN,             CALL(SECURED, POST, PSTAT), .body = body_om}, /* 6 */
	{"set-owner",     OWN,             CALL(SECURED, POST, DOXM), .body = body_devowner}, /* 7 */
	{"set-uuid",      OWN,             CALL(SECURED, POST, DOXM), .body = body_deviceuuid}, /* 9 */
	{"verify-doxm",   OWN,             CALL(SECURED, GET, DOXM), .check = check_doxm},
	{"verify-pstat",  OWN,             CALL(SECURED, GET, PSTAT), .check = check_pstat},
	{"own-doxm",      OWN,             CALL(SECURED, POST, DOXM), .body = body_rowner},
	{"own-acl2",      OWN,             CALL(SECURED, POST, ACL2), .body = body_ams},
	{"own-pstat",     OWN,             CALL(SECURED, POST, PSTAT), .body = body_rowner},
	{"keep-key",      OWN,             ACT(KEEP_KEY)},
	{"own-cred",      OWN,             CALL(SECURED, POST, CRED), .body = body_cred},
	{"set-domain",    OWN,             CALL(SECURED, POST, SDI), .body = body_sdi, .tolerated = 404},
	{"set-owned",     OWN,             CALL(SECURED, POST, DOXM), .body = body_owned},
	{"enter-rfpro",   OWN | PROVISION, CALL(SECURED, POST, PSTAT), .body = body_rfpro, .commits = true},
	{"clear-acl",     PROVISION,       CALL(SECURED, DELETE, ACL2), .when = may_write_acl},
	{"write-acl",     PROVISION,       CALL(SECURED, POST, ACL2), .body = body_acl, .when = may_write_acl},
	{"enter-rfnop",   PROVISION,       CALL(SECURED, POST, PSTAT), .body = body_rfnop},
	{"reset",         OBT_RESET,       CALL(SECURED, POST, PSTAT), .body = body_reset, .may_vanish = true},
	{"forget-key",    OBT_RESET,       ACT(FORGET_KEY)},
	{"close",         ALL,             ACT(CLOSE), .when = is_connected},
	{"done",          ALL,             ACT(DONE)},
};

const struct obt_step OBT_CLEAN_UP[] = {
	{"undo",          OWN,             CALL(SECURED, POST, PSTAT), .body = body_reset, .when = can_undo},
	{"forget-key",    OWN,             ACT(FORGET_KEY), .when = key_is_void},
	{"close",         ALL,             ACT(CLOSE), .when = is_connected},
	{"failed",        ALL,             ACT(FAILED)},
};
/* clang-format on */

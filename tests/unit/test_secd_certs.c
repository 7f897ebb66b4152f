/* ocf-secd/certs: the device's questions about certificates, with real ones from end to end. */
#include "svr_fixture.h"

#include "certs.h"
#include "codec/b64.h"
#include "crypto/x509_issue.h"

#define NOW_US UINT64_C(1700000000000000)
#define DAY_US UINT64_C(86400000000)

/* A certificate authority, with keys for others to use. */
struct ca {
	struct x509_key *key;
	struct buf pem;
};

static struct x509_key *new_key(void)
{
	struct secret number;
	struct x509_key *key;

	assert_int_equal(x509_secret_new(&number), 0);
	assert_int_equal(x509_key_from_secret(&number, &key), 0);
	return key;
}

static struct ca ca_new(const char *name)
{
	struct ca ca = {.key = new_key(), .pem = BUF_INIT(X509_PEM_MAX)};

	assert_int_equal(x509_root_issue(ca.key, name,
					 &(struct x509_period){NOW_US - DAY_US, NOW_US + DAY_US},
					 &ca.pem),
			 0);
	return ca;
}

static void ca_free(struct ca *ca)
{
	(void)x509_key_free(ca->key);
	buf_done(&ca->pem);
}

static struct buf issue(const struct ca *ca, enum x509_use use, const char *uuid,
			const struct x509_point *key, const char *role)
{
	const struct x509_authority authority = {ca->key, buf_span(&ca->pem)};
	struct x509_role named = {.authority = "home"};
	struct x509_grant grant = {
		.use = use,
		.subject = uuid_of(uuid),
		.key = *key,
		.role = role ? &named : NULL,
		.valid = {NOW_US - DAY_US, NOW_US + DAY_US}
        };
	struct buf pem = BUF_INIT(X509_PEM_MAX);
	const char *why;

	if (role)
		strcpy(named.name, role);
	assert_int_equal(x509_issue(&authority, &grant, &pem, &why), 0);
	return pem;
}

static enum verdict post_body(struct world *w, const struct ask *as, const char *uri,
			      struct buf *body)
{
	struct ask ask = *as;
	enum verdict v;

	ask.method = M_POST;
	ask.uri = uri;
	ask.raw = buf_span(body);
	v = world_ask(w, &ask);
	buf_done(body);
	return v;
}

static void write_entry(struct buf *b, const char *usage, struct span pem)
{
	cbw_map(b);
	cbw_kv_uint(b, "credtype", 8);
	cbw_kv_str(b, "subjectuuid", "*");
	cbw_kv_str(b, "credusage", usage);
	cbw_str(b, "publicdata");
	cbw_map(b);
	cbw_kv_text(b, "data", pem);
	cbw_kv_str(b, "encoding", "oic.sec.encoding.pem");
	cbw_end(b);
	cbw_end(b);
}

/* As the owner, or as a peer with a certificate of this key. */
static enum verdict post_entry(struct world *w, const struct ask *as, const char *uri,
			       const char *list, const char *usage, struct buf *pem)
{
	struct buf body = BUF_INIT(REQ_BODY_MAX);

	cbw_map(&body);
	cbw_str(&body, list);
	cbw_array(&body);
	write_entry(&body, usage, buf_span(pem));
	cbw_end(&body);
	cbw_end(&body);
	buf_done(pem);
	return post_body(w, as, uri, &body);
}

static const struct ask OWNER = {.session = LATER, .peer = OBT};

static enum verdict post_cred(struct world *w, const char *usage, struct buf pem)
{
	return post_entry(w, &OWNER, "/oic/sec/cred", "creds", usage, &pem);
}

static struct buf copy_of(const struct buf *from)
{
	struct buf copy = BUF_INIT(X509_PEM_MAX);

	buf_put(&copy, buf_span(from));
	return copy;
}

/* A device that believes in the authority. */
static struct world *world_of(const struct ca *ca)
{
	struct world *w = world_new();

	w->env.certs = &CERTS;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post_cred(w, "oic.sec.cred.trustca", copy_of(&ca->pem)), V_CHANGED);
	return w;
}

/* The public key of the device's request. */
static struct x509_point requested(struct world *w, const char *uuid)
{
	struct x509_point point;
	struct uuid subject;
	const char *why;
	struct span pem;

	assert_int_equal(get(w, LATER, OBT, "/oic/sec/csr"), V_CONTENT);
	pem = span_of(w->dev->csr.pem, w->dev->csr.len);
	assert_int_equal(x509_csr_parse(pem, &subject, &point, &why), 0);
	expect_uuid(&subject, uuid);
	return point;
}

static void certs__take_an_identity_for_the_request(void **state)
{
	struct ca ca = ca_new("Root");
	struct world *w = world_of(&ca);
	struct x509_point own = requested(w, FINAL);
	struct x509_key *other = new_key();
	CLEANUP(x509_key_freep) struct x509_key *key = NULL;
	struct secret number;
	struct span pem;

	(void)state;
	assert_int_equal(
		post_cred(w, "oic.sec.cred.cert", issue(&ca, X509_IDENTITY, OTHER, &own, NULL)),
		V_BAD_REQUEST);
	assert_int_equal(post_cred(w, "oic.sec.cred.cert",
				   issue(&ca, X509_IDENTITY, FINAL, x509_key_point(other), NULL)),
			 V_BAD_REQUEST);
	assert_int_equal(
		post_cred(w, "oic.sec.cred.trustca", issue(&ca, X509_IDENTITY, FINAL, &own, NULL)),
		V_BAD_REQUEST); /* no authority */
	assert_int_equal(
		post_cred(w, "oic.sec.cred.cert", issue(&ca, X509_IDENTITY, FINAL, &own, NULL)),
		V_CHANGED);
	assert_true(svr_identity(w->dev, &w->env.wall, &pem, &number));
	assert_int_equal(x509_key_from_secret(&number, &key), 0);
	assert_memory_equal(x509_key_point(key), &own, sizeof(own));
	(void)x509_key_free(other);
	world_free(w);
	ca_free(&ca);
}

static void certs__take_roles_of_the_device(void **state)
{
	struct ca ca = ca_new("Root"), other = ca_new("Other");
	struct world *w = world_of(&ca);
	struct x509_point own = requested(w, FINAL);

	(void)state;
	assert_int_equal(
		post_cred(w, "oic.sec.cred.rolecert", issue(&other, X509_ROLE, FINAL, &own, "r")),
		V_BAD_REQUEST);
	assert_int_equal(
		post_cred(w, "oic.sec.cred.rolecert", issue(&ca, X509_IDENTITY, FINAL, &own, NULL)),
		V_BAD_REQUEST);
	assert_int_equal(
		post_cred(w, "oic.sec.cred.rolecert", issue(&ca, X509_ROLE, FINAL, &own, "r")),
		V_CHANGED);
	world_free(w);
	ca_free(&other);
	ca_free(&ca);
}

static enum verdict assert_role(struct world *w, const struct ask *as, struct buf pem)
{
	return post_entry(w, as, "/oic/sec/roles", "roles", "oic.sec.cred.rolecert", &pem);
}

static struct buf crl_body(const struct ca *ca, const struct buf *revoked, uint64_t made_us)
{
	const struct x509_authority authority = {ca->key, buf_span(&ca->pem)};
	struct buf der = BUF_INIT(X509_CRL_MAX), text = BUF_INIT(REQ_BODY_MAX);
	struct buf body = BUF_INIT(REQ_BODY_MAX);
	CLEANUP(x509_chain_freep) struct x509_chain *chain = NULL;
	struct x509_serial serial;
	const char *why;

	assert_int_equal(x509_chain_parse(buf_span(revoked), &chain, &why), 0);
	x509_chain_serial(chain, &serial);
	assert_int_equal(x509_crl_issue(&authority, &serial, 1, 1,
					&(struct x509_period){made_us, made_us + DAY_US}, &der,
					&why),
			 0);
	b64_encode_padded(buf_span(&der), &text);
	cbw_map(&body);
	cbw_kv_text(&body, "crldata", buf_span(&text));
	cbw_end(&body);
	buf_done(&text);
	buf_done(&der);
	return body;
}

/* A role that is asserted, and lost again by a revocation. */
static void certs__judge_roles_and_revocations(void **state)
{
	struct ca ca = ca_new("Root"), other = ca_new("Other");
	struct world *w = world_of(&ca);
	struct x509_key *key = new_key();
	struct ask peer = {.session = STRANGER, .peer = OTHER};
	struct buf role = issue(&ca, X509_ROLE, OTHER, x509_key_point(key), "r");
	struct buf body;

	(void)state;
	peer.point = x509_key_point(key)->b;
	assert_int_equal(
		assert_role(w, &peer, issue(&ca, X509_ROLE, OTHER, x509_key_point(other.key), "r")),
		V_BAD_REQUEST); /* another key */
	assert_int_equal(assert_role(w, &peer, copy_of(&role)), V_CHANGED);
	assert_int_equal(w->dev->n_asserted, 1);
	assert_true(span_is(w->dev->asserted[0].cred->role, "r"));
	assert_true(span_is(w->dev->asserted[0].cred->authority, "home"));
	assert_int_equal(w->dev->asserted[0].until_us, NOW_US + DAY_US + 999999);

	body = crl_body(&other, &role, NOW_US - DAY_US / 2);
	assert_int_equal(post_body(w, &OWNER, "/oic/sec/crl", &body), V_BAD_REQUEST);
	body = crl_body(&ca, &role, NOW_US - DAY_US / 2);
	assert_int_equal(post_body(w, &OWNER, "/oic/sec/crl", &body), V_CHANGED);
	assert_int_equal(w->dev->n_asserted, 0);
	assert_int_equal(assert_role(w, &peer, copy_of(&role)), V_BAD_REQUEST);
	body = crl_body(&ca, &role, NOW_US - DAY_US);
	assert_int_equal(post_body(w, &OWNER, "/oic/sec/crl", &body), V_BAD_REQUEST); /* older */
	buf_done(&role);
	(void)x509_key_free(key);
	world_free(w);
	ca_free(&other);
	ca_free(&ca);
}

/* What an anchor vouches for, and for how long. */
static void certs_trust__has_the_anchors_in_force(void **state)
{
	struct ca ca = ca_new("Root"), other = ca_new("Other");
	struct world *w = world_of(&ca);
	CLEANUP(x509_trust_freep) struct x509_trust *now = NULL, *later = NULL;
	struct buf role = issue(&ca, X509_ROLE, OTHER, x509_key_point(other.key), "r");
	struct buf body = crl_body(&ca, &role, NOW_US - DAY_US);
	struct svr_wall wall = w->env.wall;

	(void)state;
	assert_int_equal(certs_trust(w->dev, &wall, &now), 0);
	assert_int_equal(x509_trust_len(now), 1);
	assert_int_equal(post_cred(w, "oic.sec.cred.trustca", copy_of(&other.pem)), V_CHANGED);
	assert_int_equal(post_body(w, &OWNER, "/oic/sec/crl", &body), V_CHANGED);
	/* Without its anchor the revocation list is passed over. */
	assert_int_equal(w->dev->n_creds, 3);
	w->dev->creds[1]->revoked = true;
	assert_int_equal(certs_trust(w->dev, &wall, &later), 0);
	assert_int_equal(x509_trust_len(later), 1);
	buf_done(&role);
	world_free(w);
	ca_free(&other);
	ca_free(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certs__take_an_identity_for_the_request),
		cmocka_unit_test(certs__take_roles_of_the_device),
		cmocka_unit_test(certs__judge_roles_and_revocations),
		cmocka_unit_test(certs_trust__has_the_anchors_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "test.h"

#include "crypto/x509_issue.h"

#define NOW_US  UINT64_C(1800000000000000)
#define YEAR_US (UINT64_C(365) * 86400 * 1000000)
#define WHO     "b0b00000-0000-4000-8000-000000000001"

static const struct x509_time NOW = {.us = NOW_US, .trusted = true};
static const struct x509_period YEAR = {NOW_US - 1000000, NOW_US + YEAR_US};
static const struct x509_role COOK = {"cook, \"first\"", "kitchen \xc3\xa9"};

struct authority {
	struct x509_key *key, *subject;
	struct buf pem;
	struct x509_authority as;
	struct x509_trust *trust;
	struct x509_grant grant;
};

static struct x509_key *new_key(void)
{
	struct x509_key *k = NULL;
	struct secret s;

	assert_int_equal(x509_secret_new(&s), 0);
	assert_int_equal(x509_key_from_secret(&s, &k), 0);
	return k;
}

static void authority_init(struct authority *a)
{
	const char *why = NULL;

	*a = (struct authority){.key = new_key(), .subject = new_key()};
	a->pem = BUF_INIT(X509_PEM_MAX);
	assert_int_equal(x509_root_issue(a->key, "Home, sweet home", &YEAR, &a->pem), 0);
	a->as = (struct x509_authority){.key = a->key, .pem = buf_span(&a->pem)};
	assert_int_equal(x509_trust_new(&a->trust), 0);
	assert_int_equal(x509_trust_add(a->trust, a->as.pem, NULL, &why), 0);
	a->grant = (struct x509_grant){
		.use = X509_IDENTITY, .key = *x509_key_point(a->subject), .valid = YEAR};
	assert_true(uuid_parse(SPAN_LIT(WHO), &a->grant.subject));
}

static void authority_done(struct authority *a)
{
	x509_key_free(a->key);
	x509_key_free(a->subject);
	buf_done(&a->pem);
	x509_trust_free(a->trust);
}

/* Judged for its use; the chain is the caller's. */
static int issue_and_judge(struct authority *a, enum x509_use use, struct x509_chain **ret)
{
	struct buf pem = BUF_INIT(X509_PEM_MAX);
	const char *why = "?";
	int r;

	if (x509_issue(&a->as, &a->grant, &pem, &why) < 0 ||
	    x509_chain_parse(buf_span(&pem), ret, &why) < 0)
		fail_msg("%s", why);
	buf_done(&pem);
	r = x509_verify(*ret, use, a->trust, &NOW, &why);
	return r;
}

static void x509_issue__makes_identities(void **state)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
	struct authority a;
	struct uuid id;

	(void)state;
	authority_init(&a);
	assert_int_equal(issue_and_judge(&a, X509_IDENTITY, &c), 0);
	assert_true(x509_chain_uuid(c, &id));
	assert_true(uuid_eq(&id, &a.grant.subject));
	assert_memory_equal(x509_chain_key(c), &a.grant.key, sizeof(a.grant.key));
	authority_done(&a);
}

static void x509_issue__makes_roles(void **state)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL, *d = NULL;
	struct x509_role role = COOK, got;
	struct authority a;

	(void)state;
	authority_init(&a);
	a.grant.use = X509_ROLE;
	a.grant.role = &role;
	assert_int_equal(issue_and_judge(&a, X509_ROLE, &c), 0);
	assert_true(x509_chain_role(c, 0, &got));
	assert_string_equal(got.name, COOK.name);
	assert_string_equal(got.authority, COOK.authority);
	role.authority[0] = '\0';
	assert_int_equal(issue_and_judge(&a, X509_ROLE, &d), 0);
	assert_true(x509_chain_role(d, 0, &got));
	assert_string_equal(got.authority, "Home, sweet home");
	authority_done(&a);
}

static void x509_issue__takes_the_longest_role(void **state)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
	struct x509_role role, got;
	struct authority a;

	(void)state;
	authority_init(&a);
	memset(&role, 'r', sizeof(role));
	role.name[X509_NAME_MAX] = role.authority[X509_NAME_MAX] = '\0';
	a.grant.use = X509_ROLE;
	a.grant.role = &role;
	assert_int_equal(issue_and_judge(&a, X509_ROLE, &c), 0);
	assert_true(x509_chain_role(c, 0, &got));
	assert_memory_equal(&got, &role, sizeof(role));
	authority_done(&a);
}

static void x509_issue__refuses_what_is_no_authority(void **state)
{
	struct buf pem = BUF_INIT(X509_PEM_MAX), leaf = BUF_INIT(X509_PEM_MAX);
	struct x509_authority other;
	struct authority a;
	const char *why;

	(void)state;
	authority_init(&a);
	other = (struct x509_authority){.key = a.subject, .pem = a.as.pem};
	assert_int_equal(x509_issue(&other, &a.grant, &pem, &why), -EBADMSG);
	assert_int_equal(x509_issue(&a.as, &a.grant, &leaf, &why), 0);
	other.pem = buf_span(&leaf); /* its own, but no CA */
	assert_int_equal(x509_issue(&other, &a.grant, &pem, &why), -EBADMSG);
	a.grant.use = X509_ROLE;
	assert_int_equal(x509_issue(&a.as, &a.grant, &pem, &why), -EBADMSG);
	assert_int_equal(pem.len, 0);
	assert_int_equal(x509_root_issue(a.key, "", &YEAR, &pem), -EINVAL);
	assert_int_equal(x509_root_issue(a.key,
					 "01234567890123456789012345678901"
					 "012345678901234567890123456789012",
					 &YEAR, &pem),
			 -EINVAL);
	buf_done(&leaf);
	authority_done(&a);
}

static void x509_issue__can_be_without_end(void **state)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
	struct authority a;
	uint64_t from, until;

	(void)state;
	authority_init(&a);
	a.grant.valid.until_us = UINT64_MAX;
	assert_int_equal(issue_and_judge(&a, X509_IDENTITY, &c), 0);
	x509_chain_period(c, &from, &until);
	assert_int_equal(from, YEAR.from_us);
	assert_int_equal(until, UINT64_MAX);
	authority_done(&a);
}

static void x509_crl_issue__revokes_what_it_lists(void **state)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL, *d = NULL;
	struct buf der = BUF_INIT(X509_CRL_MAX);
	struct x509_serial serial, other;
	struct authority a;
	const char *why;
	uint64_t made;

	(void)state;
	authority_init(&a);
	assert_int_equal(issue_and_judge(&a, X509_IDENTITY, &c), 0);
	x509_chain_serial(c, &serial);
	assert_int_equal(serial.len, 16);
	assert_int_equal(x509_crl_issue(&a.as, &serial, 1, 7, &YEAR, &der, &why), 0);
	assert_int_equal(x509_crl_time(buf_span(&der), &made), 0);
	assert_int_equal(made, YEAR.from_us);
	assert_int_equal(x509_trust_add_crl(a.trust, buf_span(&der), &why), 0);
	assert_int_equal(x509_verify(c, X509_IDENTITY, a.trust, &NOW, &why), -EKEYREVOKED);
	assert_int_equal(issue_and_judge(&a, X509_IDENTITY, &d), 0);
	x509_chain_serial(d, &other);
	assert_memory_not_equal(serial.b, other.b, 16);
	buf_reset(&der);
	assert_int_equal(x509_crl_issue(&a.as, NULL, 0, 8, &YEAR, &der, &why), 0); /* nobody */
	assert_int_equal(x509_trust_add_crl(a.trust, buf_span(&der), &why), 0);
	buf_done(&der);
	authority_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x509_issue__makes_identities),
		cmocka_unit_test(x509_issue__makes_roles),
		cmocka_unit_test(x509_issue__takes_the_longest_role),
		cmocka_unit_test(x509_issue__refuses_what_is_no_authority),
		cmocka_unit_test(x509_issue__can_be_without_end),
		cmocka_unit_test(x509_crl_issue__revokes_what_it_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

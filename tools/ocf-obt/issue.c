#include "issue.h"

#include "base/clock.h"
#include "crypto/x509_issue.h"

#define RECORD   "authority"
#define DAY_US   (UINT64_C(86400) * USEC_PER_SEC)
#define ROOT_US  (3650 * DAY_US)
#define LEAF_US  (825 * DAY_US)
#define EARLY_US DAY_US /* clocks of devices may be behind */
#define DUE_US   (30 * DAY_US)
#define CRL_US   (90 * DAY_US)

static int make_root(struct authority *a, const struct record_self *self)
{
	struct x509_period valid = {.from_us = clock_real_us() - EARLY_US};
	struct x509_key *key CLEANUP(x509_key_freep) = NULL;
	struct buf pem CLEANUP(buf_done) = BUF_INIT(AUTHORITY_PEM_MAX);
	char name[64] = "ocf-obt ";
	int r = x509_key_from_secret(&a->key, &key);

	valid.until_us = valid.from_us + ROOT_US;
	uuid_format(&self->domain, name + strlen(name));
	if (r >= 0)
		r = x509_root_issue(key, name, &valid, &pem);
	return r < 0 ? r : span_to_str(buf_span(&pem), a->pem, sizeof(a->pem));
}

int issue_renew_root(struct authority *a, const struct record_self *self)
{
	return make_root(a, self);
}

int issue_keep(struct state *s, const struct authority *a)
{
	struct buf octets CLEANUP(buf_done) = {.max = AUTHORITY_OCTETS_MAX, .secret = true};

	authority_write(a, &octets);
	return buf_ok(&octets) ? state_write(s, RECORD, buf_span(&octets)) : -EFBIG;
}

static int make(struct state *s, struct authority **ret)
{
	struct authority *a CLEANUP(authority_freep) = authority_new();
	int r = a ? x509_secret_new(&a->key) : -ENOMEM;

	if (r >= 0)
		r = make_root(a, state_self(s));
	if (r >= 0)
		r = issue_keep(s, a);
	if (r < 0)
		return r;
	*ret = a;
	a = NULL;
	return 0;
}

int issue_open(struct state *s, bool may_make, struct authority **ret, struct trouble *t)
{
	struct buf octets CLEANUP(buf_done) = {.max = AUTHORITY_OCTETS_MAX, .secret = true};
	int r = state_read(s, RECORD, &octets);

	if (r == -ENOENT && may_make)
		r = make(s, ret);
	else if (r >= 0 && authority_parse(buf_span(&octets), ret) != CBR_OK)
		r = -EBADMSG;
	if (r < 0)
		trouble_set(t, OUT_STATE, "the authority: %s",
			    r == -ENOENT    ? "there is none yet, see certify"
			    : r == -EBADMSG ? "its record is damaged"
					    : strerror(-r));
	return r;
}

/* ---- issuing ---- */

static int check_request(const struct uuid *device, struct span csr, struct x509_grant *grant,
			 const char **ret_why)
{
	int r = x509_csr_parse(csr, &grant->subject, &grant->key, ret_why);

	if (r < 0 || uuid_eq(&grant->subject, device))
		return r;
	*ret_why = "its request is for another UUID";
	return -EBADMSG;
}

static int note(struct authority *a, const struct x509_grant *grant, struct span pem,
		const char **ret_why)
{
	struct authority_cert cert = {.device = grant->subject, .until_us = grant->valid.until_us};
	struct x509_chain *chain CLEANUP(x509_chain_freep) = NULL;
	struct x509_serial serial;
	int r = x509_chain_parse(pem, &chain, ret_why);

	if (r < 0)
		return r;
	x509_chain_serial(chain, &serial);
	memcpy(cert.serial, serial.b, serial.len);
	cert.len = serial.len;
	if (authority_note(a, &cert, clock_real_us()))
		return 0;
	*ret_why = "too many certificates are in force";
	return -ENOSPC;
}

int issue_cert(struct authority *a, const struct uuid *device, struct span csr,
	       const struct goal_role *role, struct buf *pem, const char **ret_why)
{
	struct x509_key *key CLEANUP(x509_key_freep) = NULL;
	struct x509_grant grant = {.use = role ? X509_ROLE : X509_IDENTITY};
	struct x509_role name = {.name = ""};
	uint64_t now = clock_real_us();
	int r = x509_key_from_secret(&a->key, &key);

	if (r >= 0)
		r = check_request(device, csr, &grant, ret_why);
	if (r < 0)
		return r;
	if (role) {
		(void)snprintf(name.name, sizeof(name.name), "%s", role->name);
		(void)snprintf(name.authority, sizeof(name.authority), "%s", role->authority);
		grant.role = &name;
	}
	grant.valid = (struct x509_period){.from_us = now - EARLY_US, .until_us = now + LEAF_US};
	r = x509_issue(&(struct x509_authority){.key = key, .pem = span_str(a->pem)}, &grant, pem,
		       ret_why);
	return r < 0 ? r : note(a, &grant, buf_span(pem), ret_why);
}

int issue_crl(struct authority *a, struct buf *der, const char **ret_why)
{
	struct x509_serial *serials CLEANUP(freep) =
		calloc(AUTHORITY_ISSUED_MAX, sizeof(struct x509_serial));
	struct x509_key *key CLEANUP(x509_key_freep) = NULL;
	struct x509_period valid = {.from_us = clock_real_us()};
	size_t n = 0;
	int r = serials ? x509_key_from_secret(&a->key, &key) : -ENOMEM;

	for (size_t i = 0; i < a->n_issued && r >= 0; i++) {
		if (!a->issued[i].revoked)
			continue;
		memcpy(serials[n].b, a->issued[i].serial, a->issued[i].len);
		serials[n++].len = a->issued[i].len;
	}
	valid.until_us = valid.from_us + CRL_US;
	if (r >= 0)
		r = x509_crl_issue(&(struct x509_authority){.key = key, .pem = span_str(a->pem)},
				   serials, n, ++a->crl_number, &valid, der, ret_why);
	return r;
}

bool issue_is_due(struct span pem)
{
	struct x509_chain *chain CLEANUP(x509_chain_freep) = NULL;
	uint64_t from, until;
	const char *why;

	if (x509_chain_parse(pem, &chain, &why) < 0)
		return true;
	x509_chain_period(chain, &from, &until);
	return until < clock_real_us() + DUE_US;
}

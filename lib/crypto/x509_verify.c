/* Trust, and the rules that a chain is judged by: OCF Security 9.4. */
#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "base/clock.h"
#include "crypto/x509_parts.h"

#define EXTENSIONS_MAX 64u

/* The library judges a list's dates by its own clock, whatever it is told; they do not matter. */
#define CRL_DATES                                                                                  \
	(GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED |                            \
	 GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE)

enum tier { END_ENTITY, INTERMEDIATE, ROOT, TIERS };

enum path {
	PATH_NO_CA, /* CA false, no path length */
	PATH_ZERO,  /* CA true, path length 0: nothing but end entities below */
	PATH_DEPTH, /* CA true, path length absent or covering what is below */
};

enum {
	EKU_SERVER = 1,
	EKU_CLIENT = 2,
	EKU_IDENTITY = 4,
	EKU_ROLE = 8,
	EKU_ANY = 16,
};

static const struct {
	const char *oid;
	unsigned bit;
} PURPOSES[] = {
	{"1.3.6.1.5.5.7.3.1", EKU_SERVER  },
        {"1.3.6.1.5.5.7.3.2", EKU_CLIENT  },
	{X509_OID_IDENTITY,   EKU_IDENTITY},
        {X509_OID_ROLE,       EKU_ROLE    },
	{"2.5.29.37.0",       EKU_ANY     },
};

#define CERT_SIGN GNUTLS_KEY_KEY_CERT_SIGN
#define CRL_SIGN  GNUTLS_KEY_CRL_SIGN
#define SIGN      GNUTLS_KEY_DIGITAL_SIGNATURE
#define AGREE     GNUTLS_KEY_KEY_AGREEMENT
#define EKU_TLS   (EKU_SERVER | EKU_CLIENT)

/* What a certificate must be. */
struct rule {
	enum path path;
	unsigned usage, usage_more; /* key usage: all of the first, nothing beyond both */
	unsigned eku, eku_not;
	bool uuid, role; /* must be in there */
};

/* By the use of the chain and the place in it. In a transfer a CA must be fit to revoke, and there
 * are three tiers at most. */
/* clang-format off */
static const struct rule RULES[][TIERS] = {
	[X509_IDENTITY] = {
		[END_ENTITY] = {PATH_NO_CA, SIGN | AGREE, 0,
				EKU_TLS | EKU_IDENTITY, EKU_ROLE | EKU_ANY, true, false},
		[INTERMEDIATE] = {PATH_DEPTH, CERT_SIGN, CRL_SIGN | SIGN, 0, 0, false, false},
		[ROOT] = {PATH_DEPTH, CERT_SIGN, CRL_SIGN | SIGN, 0, 0, false, false},
	},
	[X509_ROLE] = {
		[END_ENTITY] = {PATH_NO_CA, SIGN | AGREE, 0,
				EKU_TLS | EKU_ROLE, EKU_IDENTITY | EKU_ANY, true, true},
		[INTERMEDIATE] = {PATH_DEPTH, CERT_SIGN, CRL_SIGN | SIGN, 0, 0, false, false},
		[ROOT] = {PATH_DEPTH, CERT_SIGN, CRL_SIGN | SIGN, 0, 0, false, false},
	},
	[X509_MANUFACTURER] = {
		[END_ENTITY] = {PATH_NO_CA, SIGN | AGREE, 0,
				EKU_TLS | EKU_IDENTITY, EKU_ROLE | EKU_ANY, false, false},
		[INTERMEDIATE] = {PATH_ZERO, CERT_SIGN | CRL_SIGN, SIGN, 0, 0, false, false},
		[ROOT] = {PATH_DEPTH, CERT_SIGN | CRL_SIGN, SIGN, 0, 0, false, false},
	},
	[X509_SERVER] = {
		[END_ENTITY] = {PATH_NO_CA, SIGN, AGREE | GNUTLS_KEY_KEY_ENCIPHERMENT,
				EKU_SERVER, 0, false, false},
		[INTERMEDIATE] = {PATH_DEPTH, CERT_SIGN, CRL_SIGN | SIGN, 0, 0, false, false},
		[ROOT] = {PATH_DEPTH, CERT_SIGN, CRL_SIGN | SIGN, 0, 0, false, false},
	},
};
/* clang-format on */

struct anchor {
	struct x509_chain *ca; /* one certificate */
	bool any;
	struct uuid subject; /* unless any */
};

struct x509_trust {
	size_t n, n_crls;
	struct anchor anchors[X509_ANCHORS_MAX];
	gnutls_x509_crl_t crls[X509_CRLS_MAX];
};

/* --- one certificate --- */

/* Bits of PURPOSES. False: the extension is malformed. */
static bool read_purposes(gnutls_x509_crt_t crt, unsigned *ret)
{
	unsigned bits = 0;

	for (unsigned i = 0;; i++) {
		char oid[128];
		size_t len = sizeof(oid);
		int r = gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &len, NULL);

		if (r == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue; /* none of ours is that long */
		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
			*ret = bits;
			return true;
		}
		if (r < 0)
			return false;
		for (size_t p = 0; p < ARRAY_SIZE(PURPOSES); p++)
			if (strcmp(oid, PURPOSES[p].oid) == 0)
				bits |= PURPOSES[p].bit;
	}
}

static const char *judge_path(gnutls_x509_crt_t crt, enum path path, size_t depth)
{
	unsigned ca = 0;
	int length = -1;
	int r = gnutls_x509_crt_get_basic_constraints(crt, NULL, &ca, &length);

	if (r < 0 && r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return "basic constraints are malformed";
	if (path == PATH_NO_CA)
		return ca || length >= 0 ? "end entity is a CA or has a path length" : NULL;
	if (!ca)
		return "issuer is not a CA";
	if (path == PATH_ZERO && (length != 0 || x509_is_self_issued(crt)))
		return length ? "path length of an intermediate is not 0"
			      : "an intermediate signs itself";
	return length >= 0 && (size_t)length < depth ? "path length does not cover the chain"
						     : NULL;
}

static const char *judge_usage(gnutls_x509_crt_t crt, const struct rule *rule)
{
	unsigned usage = 0, purposes = 0;

	if (gnutls_x509_crt_get_key_usage(crt, &usage, NULL) < 0)
		return "no key usage";
	if ((usage & rule->usage) != rule->usage)
		return "key usage lacks a bit";
	if (usage & ~(rule->usage | rule->usage_more))
		return "key usage has an extra bit";
	if (!read_purposes(crt, &purposes))
		return "extended key usage is malformed";
	if ((purposes & rule->eku) != rule->eku)
		return "extended key usage lacks a purpose";
	return purposes & rule->eku_not ? "extended key usage has a forbidden purpose" : NULL;
}

static enum tier tier_of(gnutls_x509_crt_t crt, size_t i, size_t top)
{
	if (i == 0)
		return END_ENTITY;
	return i == top && x509_is_self_issued(crt) ? ROOT : INTERMEDIATE;
}

/* NULL, or the rule that certificate `i` of the chain breaks, whose highest one is number `top`;
 * `crt` is it, or its anchor. */
static const char *judge(const struct x509_chain *c, gnutls_x509_crt_t crt, size_t i, size_t top,
			 enum x509_use use)
{
	const enum tier tier = tier_of(crt, i, top);
	const struct rule *rule = &RULES[use][tier];
	const char *why = judge_path(crt, rule->path, i > 0 ? i - 1 : 0);
	struct x509_role role;
	struct uuid id;

	if (!why)
		why = judge_usage(crt, rule);
	if (!why && rule->uuid && !x509_chain_uuid(c, &id))
		why = "common name has no UUID";
	if (!why && rule->role && !x509_chain_role(c, 0, &role))
		why = "subject alternative name has no role";
	return why;
}

static bool is_signed_by(gnutls_x509_crt_t crt, gnutls_x509_crt_t ca)
{
	unsigned status = 0;

	/* Also refuses critical extensions that nobody here knows. */
	return gnutls_x509_crt_verify(crt, &ca, 1,
				      GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
					      GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS |
					      GNUTLS_VERIFY_DO_NOT_ALLOW_SAME,
				      &status) >= 0 &&
	       status == 0;
}

static int judge_time(gnutls_x509_crt_t crt, const struct x509_time *now, const char **ret_why)
{
	const int64_t now_s = (int64_t)(now->us / USEC_PER_SEC);
	int64_t from, to;

	if (!x509_validity(crt, &from, &to)) {
		*ret_why = "validity is malformed";
		return -EKEYREJECTED;
	}
	if (to < now_s) {
		*ret_why = "certificate has expired";
		return -EKEYEXPIRED;
	}
	if (now->trusted && from > now_s) {
		*ret_why = "certificate is not yet valid";
		return -EKEYEXPIRED;
	}
	return 0;
}

/* --- anchors --- */

int x509_trust_new(struct x509_trust **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

struct x509_trust *x509_trust_free(struct x509_trust *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		(void)x509_chain_free(t->anchors[i].ca);
	for (size_t i = 0; i < t->n_crls; i++)
		gnutls_x509_crl_deinit(t->crls[i]);
	free(t);
	return NULL;
}

size_t x509_trust_len(const struct x509_trust *t)
{
	return t->n;
}

int x509_trust_add(struct x509_trust *t, struct span pem, const struct uuid *subject,
		   const char **ret_why)
{
	CLEANUP(x509_chain_freep) struct x509_chain *ca = NULL;
	int r;

	if (t->n == X509_ANCHORS_MAX)
		return -ENOSPC;
	r = x509_chain_parse(pem, &ca, ret_why);
	if (r < 0)
		return r;
	*ret_why = "an anchor is one certificate";
	if (ca->n == 1)
		*ret_why = judge(ca, ca->crt[0], 1, 1, X509_IDENTITY);
	if (!*ret_why && x509_is_self_issued(ca->crt[0]) && !is_signed_by(ca->crt[0], ca->crt[0]))
		*ret_why = "signature is wrong";
	if (*ret_why)
		return -EBADMSG;
	t->anchors[t->n++] = (struct anchor){
		.ca = ca,
		.any = !subject,
		.subject = subject ? *subject : (struct uuid){{0}},
	};
	ca = NULL;
	return 0;
}

static bool vouches(const struct anchor *a, const struct x509_chain *c)
{
	struct uuid id;

	return a->any || (x509_chain_uuid(c, &id) && uuid_eq(&id, &a->subject));
}

/* The anchor above certificate `last`; or NULL and the reason. */
static gnutls_x509_crt_t find_anchor(const struct x509_trust *t, const struct x509_chain *c,
				     size_t last, const char **ret_why)
{
	*ret_why = "no trust anchor issued it";
	for (size_t i = 0; i < t->n; i++) {
		const struct anchor *a = &t->anchors[i];

		if (!is_signed_by(c->crt[last], a->ca->crt[0]))
			continue;
		if (vouches(a, c))
			return a->ca->crt[0];
		*ret_why = "its trust anchor is for another peer";
	}
	return NULL;
}

/* --- revocation --- */

/* NULL, or why the list cannot be used. What it limits itself to by a critical extension is not
 * understood here. */
static const char *judge_crl(gnutls_x509_crl_t crl)
{
	if (gnutls_x509_crl_get_signature_algorithm(crl) != GNUTLS_SIGN_ECDSA_SHA256)
		return "revocation list is not signed by ecdsa-with-SHA256";
	for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
		char oid[128];
		size_t len = sizeof(oid);
		unsigned critical = 0;
		int r = gnutls_x509_crl_get_extension_info(crl, i, oid, &len, &critical);

		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return NULL;
		if (r < 0 || critical)
			break;
	}
	return "revocation list has an extension that is not supported";
}

static bool crl_is_signed(const struct x509_trust *t, gnutls_x509_crl_t crl)
{
	for (size_t i = 0; i < t->n; i++) {
		gnutls_x509_crt_t ca = t->anchors[i].ca->crt[0];
		unsigned usage = 0, status = 0;

		if (gnutls_x509_crt_get_key_usage(ca, &usage, NULL) >= 0 && usage & CRL_SIGN &&
		    gnutls_x509_crl_verify(crl, &ca, 1, 0, &status) >= 0 &&
		    (status | CRL_DATES) == CRL_DATES)
			return true;
	}
	return false;
}

static int crl_parse(struct span der, gnutls_x509_crl_t *ret)
{
	gnutls_datum_t d = {(unsigned char *)(uintptr_t)der.ptr, (unsigned)der.len};
	gnutls_x509_crl_t crl;

	if (der.len > X509_CRL_MAX)
		return -EBADMSG;
	if (gnutls_x509_crl_init(&crl) < 0)
		return -ENOMEM;
	if (gnutls_x509_crl_import(crl, &d, GNUTLS_X509_FMT_DER) < 0) {
		gnutls_x509_crl_deinit(crl);
		return -EBADMSG;
	}
	*ret = crl;
	return 0;
}

int x509_trust_add_crl(struct x509_trust *t, struct span der, const char **ret_why)
{
	gnutls_x509_crl_t crl;
	int r;

	if (t->n_crls == X509_CRLS_MAX)
		return -ENOSPC;
	*ret_why = "no revocation list in DER";
	r = crl_parse(der, &crl);
	if (r < 0)
		return r;
	*ret_why = judge_crl(crl);
	if (!*ret_why && !crl_is_signed(t, crl))
		*ret_why = "no trust anchor signed the revocation list";
	if (*ret_why) {
		gnutls_x509_crl_deinit(crl);
		return -EBADMSG;
	}
	t->crls[t->n_crls++] = crl;
	return 0;
}

int x509_crl_time(struct span der, uint64_t *ret_us)
{
	gnutls_x509_crl_t crl;
	int r = crl_parse(der, &crl);
	time_t t;

	if (r < 0)
		return r;
	t = gnutls_x509_crl_get_this_update(crl);
	gnutls_x509_crl_deinit(crl);
	if (t < 0)
		return -EBADMSG;
	*ret_us = (uint64_t)t * USEC_PER_SEC;
	return 0;
}

/* Also if it cannot be read to its end: what is behind might be this one. */
static bool lists(gnutls_x509_crl_t crl, struct span serial)
{
	gnutls_x509_crl_iter_t at = NULL;
	bool found = false;
	int r;

	do {
		uint8_t other[64];
		size_t len = sizeof(other);
		time_t when;

		r = gnutls_x509_crl_iter_crt_serial(crl, &at, other, &len, &when);
		found = r >= 0 && span_eq(serial, span_of(other, len));
	} while (r >= 0 && !found);
	gnutls_x509_crl_iter_deinit(at);
	return found || r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

static bool is_revoked(const struct x509_trust *t, gnutls_x509_crt_t crt, gnutls_x509_crt_t ca)
{
	uint8_t serial[64];
	size_t len = sizeof(serial);

	if (gnutls_x509_crt_get_serial(crt, serial, &len) < 0)
		return true; /* nobody can say */
	for (size_t i = 0; i < t->n_crls; i++)
		if (gnutls_x509_crl_check_issuer(t->crls[i], ca) &&
		    lists(t->crls[i], span_of(serial, len)))
			return true;
	return false;
}

/* --- the chain --- */

const char *x509_own_fault(const struct x509_chain *c, enum x509_use use)
{
	const char *why = NULL;

	if (x509_is_self_issued(c->crt[0]))
		return "the certificate signs itself";

	for (size_t i = 0; i < c->n && !why; i++) {
		why = judge(c, c->crt[i], i, c->n - 1, use);
		if (!why && i + 1 < c->n && !is_signed_by(c->crt[i], c->crt[i + 1]))
			why = "signature is wrong";
	}
	return why;
}

/* How many are below the anchor, which the chain may bring along. */
static size_t below_anchor(const struct x509_chain *c, const struct x509_trust *t)
{
	gnutls_x509_crt_t last = c->crt[c->n - 1];

	if (x509_is_self_issued(last))
		return c->n - 1;
	for (size_t i = 0; i < t->n; i++)
		if (gnutls_x509_crt_equals(last, t->anchors[i].ca->crt[0]))
			return c->n - 1;
	return c->n;
}

int x509_verify(const struct x509_chain *c, enum x509_use use, const struct x509_trust *trust,
		const struct x509_time *now, const char **ret_why)
{
	const size_t n = below_anchor(c, trust);
	gnutls_x509_crt_t anchor;
	int r = 0;

	*ret_why = "the certificate signs itself";
	anchor = n > 0 ? find_anchor(trust, c, n - 1, ret_why) : NULL;
	if (!anchor)
		return -ENOKEY;
	for (size_t i = 0; i <= n && r == 0; i++) {
		gnutls_x509_crt_t crt = i < n ? c->crt[i] : anchor;
		gnutls_x509_crt_t ca = i + 1 < n ? c->crt[i + 1] : anchor;

		*ret_why = judge(c, crt, i, n, use);
		if (!*ret_why && i < n && !is_signed_by(crt, ca))
			*ret_why = "signature is wrong";
		r = *ret_why ? -EKEYREJECTED : judge_time(crt, now, ret_why);
		if (r == 0 && i < n && is_revoked(trust, crt, ca)) {
			*ret_why = "certificate is revoked";
			r = -EKEYREVOKED;
		}
	}
	return r;
}

/* Certificates as they come: parsing and what can be read of them. */
#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "base/clock.h"
#include "crypto/x509_parts.h"

#define TEXT_MAX ((size_t)1024)
#define SAN_OID  "2.5.29.17"
#define NAME_CN  "2.5.4.3"
#define NAME_OU  "2.5.4.11"

static int error_of(int gnutls, int otherwise)
{
	return gnutls == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : otherwise;
}

static gnutls_datum_t datum(struct span s)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)s.ptr, (unsigned)s.len};
}

struct x509_chain *x509_chain_free(struct x509_chain *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->n; i++)
		gnutls_x509_crt_deinit(c->crt[i]);
	free(c);
	return NULL;
}

/* --- parsing --- */

static bool same_name(const gnutls_datum_t *a, const gnutls_datum_t *b)
{
	return span_eq(span_of(a->data, a->size), span_of(b->data, b->size));
}

/* Is the subject of `ca` the issuer of `crt`, octet by octet? */
static bool is_issued_by(gnutls_x509_crt_t crt, gnutls_x509_crt_t ca)
{
	gnutls_datum_t issuer = {0}, subject = {0};
	bool ok = gnutls_x509_crt_get_raw_issuer_dn(crt, &issuer) >= 0 &&
		  gnutls_x509_crt_get_raw_dn(ca, &subject) >= 0 && same_name(&issuer, &subject);

	gnutls_free(issuer.data);
	gnutls_free(subject.data);
	return ok;
}

bool x509_is_self_issued(gnutls_x509_crt_t crt)
{
	return is_issued_by(crt, crt);
}

static bool point_of_crt(gnutls_x509_crt_t crt, struct x509_point *ret)
{
	gnutls_pubkey_t pub;
	bool ok;

	if (gnutls_pubkey_init(&pub) < 0)
		return false;
	ok = gnutls_pubkey_import_x509(pub, crt, 0) >= 0 && x509_point_of(pub, ret);
	gnutls_pubkey_deinit(pub);
	return ok;
}

/* NULL, or what keeps the certificates from being a chain of ours. */
static const char *check(struct x509_chain *c)
{
	struct x509_point key;

	for (size_t i = 0; i < c->n; i++) {
		if (gnutls_x509_crt_get_version(c->crt[i]) != 3)
			return "certificate is not of version 3";
		if (gnutls_x509_crt_get_signature_algorithm(c->crt[i]) != GNUTLS_SIGN_ECDSA_SHA256)
			return "certificate is not signed by ecdsa-with-SHA256";
		if (!point_of_crt(c->crt[i], i == 0 ? &c->key : &key))
			return "certificate's key is not on P-256";
		if (i > 0 && !is_issued_by(c->crt[i - 1], c->crt[i]))
			return "certificates are not in order";
	}
	return c->n > 0 ? NULL : "no certificate";
}

static int finish(struct x509_chain **c, struct x509_chain **ret, const char **ret_why)
{
	const char *why = check(*c);

	if (why) {
		*ret_why = why;
		return -EBADMSG;
	}
	*ret = *c;
	*c = NULL;
	return 0;
}

static struct span find(struct span in, const char *text)
{
	const uint8_t *at = in.len ? memmem(in.ptr, in.len, text, strlen(text)) : NULL;

	return at ? span_skip(in, (size_t)(at - in.ptr)) : span_of(NULL, 0);
}

bool x509_pem_next(struct span *rest, struct span *ret)
{
	const char *end = "-----END CERTIFICATE-----";
	const struct span from = find(*rest, "-----BEGIN CERTIFICATE-----");
	const struct span last = find(from, end);

	if (last.len == 0)
		return false;
	*ret = span_of(from.ptr, (size_t)(last.ptr - from.ptr) + strlen(end));
	*rest = span_skip(last, strlen(end));
	return true;
}

int x509_chain_parse(struct span pem, struct x509_chain **ret, const char **ret_why)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = calloc(1, sizeof(*c));
	unsigned n = X509_CHAIN_MAX;
	gnutls_datum_t d = datum(pem);
	int r;

	if (!c)
		return -ENOMEM;
	*ret_why = "chain is too long";
	if (pem.len > X509_PEM_MAX)
		return -EBADMSG;
	r = gnutls_x509_crt_list_import(c->crt, &n, &d, GNUTLS_X509_FMT_PEM,
					GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	if (r < 0) {
		if (r != GNUTLS_E_SHORT_MEMORY_BUFFER)
			*ret_why = "no certificates in PEM";
		return error_of(r, -EBADMSG);
	}
	c->n = (size_t)r;
	return finish(&c, ret, ret_why);
}

int x509_chain_from_der(const struct span *der, size_t n, struct x509_chain **ret,
			const char **ret_why)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*ret_why = "chain is too long";
	if (n > X509_CHAIN_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		gnutls_datum_t d = datum(der[i]);
		int r;

		if (der[i].len > X509_DER_MAX)
			return -EBADMSG;
		if (gnutls_x509_crt_init(&c->crt[i]) < 0)
			return -ENOMEM;
		c->n = i + 1;
		r = gnutls_x509_crt_import(c->crt[i], &d, GNUTLS_X509_FMT_DER);
		*ret_why = "certificate is malformed";
		if (r < 0)
			return error_of(r, -EBADMSG);
	}
	return finish(&c, ret, ret_why);
}

size_t x509_chain_len(const struct x509_chain *c)
{
	return c->n;
}

const struct x509_point *x509_chain_key(const struct x509_chain *c)
{
	return &c->key;
}

/* --- UUID --- */

bool x509_name_uuid(struct span text, struct uuid *ret)
{
	const struct span prefix = SPAN_LIT("uuid:");
	const uint8_t *at = text.len ? memmem(text.ptr, text.len, prefix.ptr, prefix.len) : NULL;
	struct span rest = {0};
	struct uuid id;

	if (at)
		rest = span_skip(text, (size_t)(at - text.ptr) + prefix.len);
	if (rest.len < UUID_TEXT || !uuid_parse(span_of(rest.ptr, UUID_TEXT), &id) ||
	    uuid_is_nil(&id)) /* it stands for nobody */
		return false;
	*ret = id;
	return true;
}

bool x509_chain_uuid(const struct x509_chain *c, struct uuid *ret)
{
	char name[TEXT_MAX];
	size_t len = sizeof(name);

	return gnutls_x509_crt_get_dn_by_oid(c->crt[0], GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
					     &len) >= 0 &&
	       x509_name_uuid(span_of(name, len), ret);
}

bool x509_chain_is_for(const struct x509_chain *c, const char *host)
{
	size_t len = 0;

	/* Without one the library would look into the CN. */
	return gnutls_x509_crt_get_extension_by_oid(c->crt[0], SAN_OID, 0, NULL, &len, NULL) !=
		       GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE &&
	       gnutls_x509_crt_check_hostname2(c->crt[0], host, 0) != 0;
}

/* --- validity --- */

bool x509_validity(gnutls_x509_crt_t crt, int64_t *ret_from, int64_t *ret_to)
{
	const time_t from = gnutls_x509_crt_get_activation_time(crt);
	const time_t to = gnutls_x509_crt_get_expiration_time(crt);

	if (from == (time_t)-1 || to == (time_t)-1)
		return false;
	*ret_from = from;
	*ret_to = to == GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION ? INT64_MAX : to;
	return true;
}

void x509_chain_period(const struct x509_chain *c, uint64_t *ret_from_us, uint64_t *ret_until_us)
{
	int64_t from = 0, to = INT64_MAX, f, t;

	for (size_t i = 0; i < c->n; i++) {
		if (!x509_validity(c->crt[i], &f, &t) || t < 0)
			t = f = -1;
		from = f > from ? f : from;
		to = t < to ? t : to;
	}
	*ret_from_us = to < 0 ? UINT64_MAX : (uint64_t)from * USEC_PER_SEC;
	*ret_until_us = to < 0            ? 0
			: to == INT64_MAX ? UINT64_MAX
					  : ((uint64_t)to + 1) * USEC_PER_SEC - 1;
}

/* --- roles --- */

enum {
	DER_UTF8 = 0x0c,
	DER_PRINTABLE = 0x13,
	DER_IA5 = 0x16,
	DER_SEQUENCE = 0x30,
	DER_DIRECTORY_NAME = 0xa4, /* [4] of a GeneralName */
};

/* Cuts one element off *rest. False: it is malformed, or longer than a certificate. */
static bool der_cut(struct span *rest, uint8_t *ret_tag, struct span *ret)
{
	size_t len, head = 2;

	if (rest->len < 2)
		return false;
	len = rest->ptr[1];
	if (len >= 0x80) {
		size_t more = len - 0x80;

		if (more == 0 || more > 2 || rest->len < 2 + more)
			return false;
		head += more;
		for (len = 0; more > 0; more--)
			len = len << 8 | rest->ptr[head - more];
	}
	if (len > rest->len - head)
		return false;
	*ret_tag = rest->ptr[0];
	*ret = span_of(rest->ptr + head, len);
	*rest = span_skip(*rest, head + len);
	return true;
}

/* Text that can be compared with an ACE's and shown in a log. */
static bool take_text(const gnutls_x509_ava_st *ava, char ret[X509_NAME_MAX + 1])
{
	struct span text = span_of(ava->value.data, ava->value.size);

	if (ava->value_tag != DER_UTF8 && ava->value_tag != DER_PRINTABLE &&
	    ava->value_tag != DER_IA5)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return false;
	return text.len > 0 && span_is_utf8(text) && span_to_str(text, ret, X509_NAME_MAX + 1) == 0;
}

/* The first attribute of a kind in a name; "" if there is none. False: it is no such text. */
static bool attribute(gnutls_x509_dn_t dn, const char *oid, char ret[X509_NAME_MAX + 1])
{
	gnutls_x509_ava_st ava;

	ret[0] = '\0';
	for (int rdn = 0; gnutls_x509_dn_get_rdn_ava(dn, rdn, 0, &ava) >= 0; rdn++) {
		for (int i = 0; gnutls_x509_dn_get_rdn_ava(dn, rdn, i, &ava) >= 0; i++)
			if (span_is(span_of(ava.oid.data,
					    strnlen((char *)ava.oid.data, ava.oid.size)),
				    oid))
				return take_text(&ava, ret);
	}
	return true;
}

static bool issuer_name(gnutls_x509_crt_t crt, char ret[X509_NAME_MAX + 1])
{
	gnutls_x509_dn_t dn;

	return gnutls_x509_crt_get_issuer(crt, &dn) >= 0 && attribute(dn, NAME_CN, ret);
}

/* A name without CN is no role: it says something else. */
static bool read_role(gnutls_x509_crt_t crt, struct span name, struct x509_role *ret)
{
	gnutls_datum_t d = datum(name);
	gnutls_x509_dn_t dn;
	struct x509_role role = {0};
	bool ok;

	if (gnutls_x509_dn_init(&dn) < 0)
		return false;
	ok = gnutls_x509_dn_import(dn, &d) >= 0 && attribute(dn, NAME_CN, role.name) &&
	     role.name[0] && attribute(dn, NAME_OU, role.authority);
	gnutls_x509_dn_deinit(dn);
	if (ok && !role.authority[0])
		ok = issuer_name(crt, role.authority) && role.authority[0];
	if (ok)
		*ret = role;
	return ok;
}

bool x509_chain_role(const struct x509_chain *c, size_t i, struct x509_role *ret)
{
	uint8_t der[X509_DER_MAX], tag;
	size_t len = sizeof(der);
	struct span rest, names, name;
	struct x509_role role;

	if (gnutls_x509_crt_get_extension_by_oid(c->crt[0], SAN_OID, 0, der, &len, NULL) < 0)
		return false;
	rest = span_of(der, len);
	if (!der_cut(&rest, &tag, &names) || tag != DER_SEQUENCE)
		return false;
	while (der_cut(&names, &tag, &name)) {
		if (tag != DER_DIRECTORY_NAME || !read_role(c->crt[0], name, &role))
			continue;
		if (i-- == 0) {
			*ret = role;
			return true;
		}
	}
	return false;
}

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdio.h>

#include "crypto/x509_parts.h"

#define COMMON_NAME_MAX ((size_t)256)

static int error_of(int gnutls)
{
	return gnutls == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO;
}

static int set_subject(gnutls_x509_crq_t crq, const struct uuid *subject)
{
	char id[UUID_TEXT + 1], name[sizeof("uuid:") + UUID_TEXT];

	uuid_format(subject, id);
	(void)snprintf(name, sizeof(name), "uuid:%s", id);
	return gnutls_x509_crq_set_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 0, name,
					     (unsigned)strlen(name));
}

static int sign(gnutls_x509_crq_t crq, const struct x509_key *k, const struct uuid *subject)
{
	gnutls_pubkey_t pub = x509_pubkey_new(&k->point);
	int r = pub ? 0 : GNUTLS_E_MEMORY_ERROR;

	if (r >= 0)
		r = gnutls_x509_crq_set_version(crq, 1);
	if (r >= 0)
		r = set_subject(crq, subject);
	if (r >= 0)
		r = gnutls_x509_crq_set_pubkey(crq, pub);
	if (r >= 0)
		r = gnutls_x509_crq_privkey_sign(crq, k->priv, GNUTLS_DIG_SHA256, 0);
	if (pub)
		gnutls_pubkey_deinit(pub);
	return r;
}

int x509_csr_write(const struct x509_key *k, const struct uuid *subject, struct buf *pem)
{
	gnutls_datum_t der = {0}, text = {0};
	gnutls_x509_crq_t crq;
	int r;

	if (gnutls_x509_crq_init(&crq) < 0)
		return -ENOMEM;
	r = sign(crq, k, subject);
	if (r >= 0)
		r = gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_DER, &der);
	if (r >= 0) /* its own PEM says NEW, which not all tools read (RFC 7468 7) */
		r = gnutls_pem_base64_encode2("CERTIFICATE REQUEST", &der, &text);
	gnutls_free(der.data);
	gnutls_x509_crq_deinit(crq);
	if (r < 0)
		return error_of(r);
	buf_put(pem, span_of(text.data, text.size));
	gnutls_free(text.data);
	return buf_ok(pem) ? 0 : -ENOMEM;
}

/* NULL, or what is wrong with the request. */
static const char *judge(gnutls_x509_crq_t crq, gnutls_pubkey_t pub, struct uuid *ret_subject,
			 struct x509_point *ret_key)
{
	char name[COMMON_NAME_MAX];
	size_t len = sizeof(name);

	if (gnutls_pubkey_import_x509_crq(pub, crq, 0) < 0 || !x509_point_of(pub, ret_key))
		return "the request's key is not on P-256";
	if (gnutls_x509_crq_get_signature_algorithm(crq) != GNUTLS_SIGN_ECDSA_SHA256)
		return "the request is not signed by ecdsa-with-SHA256";
	if (gnutls_x509_crq_verify(crq, 0) < 0)
		return "the request's signature is wrong";
	if (gnutls_x509_crq_get_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) < 0 ||
	    !x509_name_uuid(span_of(name, len), ret_subject))
		return "the request's common name has no UUID";
	return NULL;
}

int x509_csr_parse(struct span pem, struct uuid *ret_subject, struct x509_point *ret_key,
		   const char **ret_why)
{
	gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem.ptr, (unsigned)pem.len};
	gnutls_pubkey_t pub = NULL;
	gnutls_x509_crq_t crq;
	struct x509_point key;
	struct uuid subject;
	const char *why = "no certificate request in PEM";

	if (gnutls_x509_crq_init(&crq) < 0)
		return -ENOMEM;
	if (gnutls_pubkey_init(&pub) < 0) {
		gnutls_x509_crq_deinit(crq);
		return -ENOMEM;
	}
	if (pem.len <= X509_PEM_MAX && gnutls_x509_crq_import(crq, &text, GNUTLS_X509_FMT_PEM) >= 0)
		why = judge(crq, pub, &subject, &key);
	gnutls_pubkey_deinit(pub);
	gnutls_x509_crq_deinit(crq);
	if (why) {
		*ret_why = why;
		return -EBADMSG;
	}
	*ret_subject = subject;
	*ret_key = key;
	return 0;
}

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "crypto/x509_parts.h"

struct x509_own {
	unsigned owners;
	struct x509_chain *chain;
	gnutls_certificate_credentials_t credentials;
};

struct x509_own *x509_own_ref(struct x509_own *o)
{
	if (o)
		o->owners++;
	return o;
}

struct x509_own *x509_own_unref(struct x509_own *o)
{
	if (!o || --o->owners > 0)
		return NULL;
	(void)x509_chain_free(o->chain);
	if (o->credentials)
		gnutls_certificate_free_credentials(o->credentials);
	free(o);
	return NULL;
}

/* Everything but the root goes out. The key is taken on success. */
static int load(struct x509_own *o, struct x509_key *key)
{
	gnutls_pcert_st sent[X509_CHAIN_MAX];
	const struct x509_chain *c = o->chain;
	size_t n = 0;
	int r = gnutls_certificate_allocate_credentials(&o->credentials);

	if (r >= 0) /* compared already, and with no test signature of a token */
		gnutls_certificate_set_flags(o->credentials,
					     GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	while (r >= 0 && n < c->n && (n == 0 || !x509_is_self_issued(c->crt[n]))) {
		r = gnutls_pcert_import_x509(&sent[n], c->crt[n], 0);
		if (r >= 0)
			n++;
	}
	if (r >= 0)
		r = gnutls_certificate_set_key(o->credentials, NULL, 0, sent, (int)n, key->priv);
	if (r >= 0)
		key->priv = NULL;
	for (size_t i = 0; r < 0 && i < n; i++)
		gnutls_pcert_deinit(&sent[i]);
	return r;
}

int x509_own_new(struct x509_own **ret, struct span chain_pem, struct x509_key *key,
		 enum x509_use use, const char **ret_why)
{
	CLEANUP(x509_key_freep) struct x509_key *taken = key;
	CLEANUP(x509_own_unrefp) struct x509_own *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	o->owners = 1;
	r = x509_chain_parse(chain_pem, &o->chain, ret_why);
	if (r < 0)
		return r;
	*ret_why = x509_own_fault(o->chain, use);
	if (!*ret_why && memcmp(&o->chain->key, &key->point, sizeof(key->point)) != 0)
		*ret_why = "the private key belongs to another certificate";
	if (*ret_why)
		return -EBADMSG;
	r = load(o, taken);
	if (r < 0) {
		*ret_why = gnutls_strerror(r);
		return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EBADMSG;
	}
	*ret = o;
	o = NULL;
	return 0;
}

const struct x509_chain *x509_own_chain(const struct x509_own *o)
{
	return o->chain;
}

gnutls_certificate_credentials_t x509_own_credentials(const struct x509_own *o)
{
	return o->credentials;
}

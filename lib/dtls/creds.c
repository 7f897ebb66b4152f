#include "dtls/creds.h"

#include <dlfcn.h>
#include <gnutls/gnutls.h>

#include "base/log.h"
#include "crypto/x509_parts.h"
#include "dtls/dtls.h"

typedef int set_hint_fn(gnutls_psk_server_credentials_t creds, const gnutls_datum_t *hint);

/* Of the private GnuTLS only. */
static set_hint_fn *binary_hint(void)
{
	return (set_hint_fn *)dlsym(RTLD_DEFAULT, "gnutls_psk_set_server_credentials_hint2");
}

void creds_done(struct creds *c)
{
	if (c->psk_server)
		gnutls_psk_free_server_credentials(c->psk_server);
	if (c->psk_client)
		gnutls_psk_free_client_credentials(c->psk_client);
	if (c->anon_server)
		gnutls_anon_free_server_credentials(c->anon_server);
	if (c->anon_client)
		gnutls_anon_free_client_credentials(c->anon_client);
	if (c->bare)
		gnutls_certificate_free_credentials(c->bare);
	(void)x509_own_unref(c->own);
}

static int use(gnutls_session_t tls, gnutls_credentials_type_t type, void *credentials)
{
	return gnutls_credentials_set(tls, type, credentials) < 0 ? -ENOMEM : 0;
}

int creds_anon(struct creds *c, gnutls_session_t tls, bool server)
{
	int r = server ? gnutls_anon_allocate_server_credentials(&c->anon_server)
		       : gnutls_anon_allocate_client_credentials(&c->anon_client);

	if (r < 0)
		return -ENOMEM;
	return use(tls, GNUTLS_CRD_ANON, server ? (void *)c->anon_server : (void *)c->anon_client);
}

static int set_hint(struct creds *c, struct span hint)
{
	set_hint_fn *binary = binary_hint();
	char text[DTLS_HINT_MAX + 1];
	int r;

	if (hint.len > DTLS_HINT_MAX)
		return -EINVAL;
	if (hint.len == 0)
		return 0;
	memcpy(text, hint.ptr, hint.len);
	text[hint.len] = '\0';
	if (binary) {
		r = binary(c->psk_server, &(gnutls_datum_t){(void *)text, (unsigned)hint.len});
	} else if (!memchr(text, 0, hint.len)) {
		r = gnutls_psk_set_server_credentials_hint(c->psk_server, text);
	} else {
		log_debug("dtls: no hint sent reason=zero-octet");
		r = 0;
	}
	return r < 0 ? -ENOMEM : 0;
}

int creds_psk_server(struct creds *c, gnutls_session_t tls, struct span hint)
{
	int r;

	if (gnutls_psk_allocate_server_credentials(&c->psk_server) < 0)
		return -ENOMEM;
	r = set_hint(c, hint);
	return r < 0 ? r : use(tls, GNUTLS_CRD_PSK, c->psk_server);
}

/* The server's hint is not looked at: the caller knows whom it calls. */
int creds_psk_client(struct creds *c, gnutls_session_t tls, struct span identity,
		     const struct secret *key)
{
	CLEANUP(secret_wipe) struct secret copy = *key;
	uint8_t name[DTLS_IDENTITY_MAX];

	if (identity.len == 0 || identity.len > sizeof(name) || copy.len == 0)
		return -EINVAL;
	memcpy(name, identity.ptr, identity.len);
	if (gnutls_psk_allocate_client_credentials(&c->psk_client) < 0 ||
	    gnutls_psk_set_client_credentials2(
		    c->psk_client, &(gnutls_datum_t){name, (unsigned)identity.len},
		    &(gnutls_datum_t){copy.b, (unsigned)copy.len}, GNUTLS_PSK_KEY_RAW) < 0)
		return -ENOMEM;
	return use(tls, GNUTLS_CRD_PSK, c->psk_client);
}

int creds_cert(struct creds *c, gnutls_session_t tls, struct x509_own *own)
{
	if (own) {
		c->own = x509_own_ref(own);
		return use(tls, GNUTLS_CRD_CERTIFICATE, x509_own_credentials(own));
	}
	if (gnutls_certificate_allocate_credentials(&c->bare) < 0)
		return -ENOMEM;
	return use(tls, GNUTLS_CRD_CERTIFICATE, c->bare);
}

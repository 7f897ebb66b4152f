/* What each profile lets a handshake use: suites, keys, certificates. */
#include <gnutls/gnutls.h>

#include "base/log.h"
#include "dtls/session.h"

#define PRIO_COMMON "NONE:+VERS-DTLS1.2:+COMP-NULL:+GROUP-SECP256R1:+SIGN-ECDSA-SHA256"
#define PRIO_ANON   ":+ANON-ECDH:+AES-128-CBC:+SHA256"
#define PRIO_PSK    ":+ECDHE-PSK:+AES-128-CBC:+SHA256"
#define PRIO_CERT                                                                                  \
	":+ECDHE-ECDSA:+AES-128-CCM-8:+AES-128-CCM:+AES-256-CCM-8:+AES-256-CCM:+AEAD:+CTYPE-X509"

int dtls_new(struct dtls **ret)
{
	CLEANUP(dtls_freep) struct dtls *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	hello_keys_init(&d->cookies);
	if (gnutls_priority_init(&d->psk, PRIO_COMMON PRIO_PSK, NULL) < 0 ||
	    gnutls_priority_init(&d->cert, PRIO_COMMON PRIO_CERT, NULL) < 0 ||
	    gnutls_priority_init(&d->both, PRIO_COMMON PRIO_PSK PRIO_CERT, NULL) < 0)
		return -ENOMEM;
	/* Stock GnuTLS finds no suite for this and refuses it */
	if (gnutls_priority_init(&d->anon, PRIO_COMMON PRIO_ANON, NULL) < 0)
		d->anon = NULL;
	*ret = d;
	d = NULL;
	return 0;
}

struct dtls *dtls_free(struct dtls *d)
{
	if (!d)
		return NULL;
	gnutls_priority_deinit(d->anon);
	gnutls_priority_deinit(d->psk);
	gnutls_priority_deinit(d->cert);
	gnutls_priority_deinit(d->both);
	explicit_bzero(d, sizeof(*d));
	free(d);
	return NULL;
}

static int server_key(gnutls_session_t tls, const gnutls_datum_t *identity, gnutls_datum_t *ret)
{
	struct dtls_session *s = gnutls_session_get_ptr(tls);
	CLEANUP(secret_wipe) struct secret key = {0};
	int r;

	r = s->ops->psk(s->arg, s->facts.profile, span_of(identity->data, identity->size), &key);
	if (r < 0 || key.len == 0) {
		s->unknown = true;
		return -1;
	}
	ret->data = gnutls_malloc(key.len); /* GnuTLS wipes and frees it */
	if (!ret->data)
		return -1;
	memcpy(ret->data, key.b, key.len);
	ret->size = (unsigned)key.len;
	s->keyed = true;
	return 0;
}

/* The chain that the peer has sent, judged by the caller. */
static int judge_chain(struct dtls_session *s)
{
	CLEANUP(x509_chain_freep) struct x509_chain *chain = NULL;
	struct span der[X509_CHAIN_MAX];
	unsigned n = 0;
	const gnutls_datum_t *sent = gnutls_certificate_get_peers(s->tls, &n);
	const char *why = "chain is too long";
	int r = n <= X509_CHAIN_MAX ? 0 : -EBADMSG;

	for (unsigned i = 0; r == 0 && i < n; i++)
		der[i] = span_of(sent[i].data, sent[i].size);
	if (r == 0)
		r = x509_chain_from_der(der, n, &chain, &why);
	if (r < 0) {
		log_debug("dtls: certificate refused why=%s", why);
		return r;
	}
	r = s->ops->cert ? s->ops->cert(s->arg, s->facts.profile, chain) : -EKEYREJECTED;
	if (r < 0)
		return r;
	/* An owner's manufacturer says nothing of who it is in the security domain. */
	if (s->facts.server && s->facts.profile == DTLS_MFG)
		return 0;
	s->facts.has_cert = true;
	s->facts.key = *x509_chain_key(chain);
	s->facts.has_peer = x509_chain_uuid(chain, &s->facts.peer);
	return 0;
}

bool dtls_is_still_good(struct dtls_session *s)
{
	return s->state != DTLS_OPEN || !s->facts.has_cert || judge_chain(s) == 0;
}

static int on_certificate(gnutls_session_t tls)
{
	struct dtls_session *s = gnutls_session_get_ptr(tls);

	s->refused = judge_chain(s);
	return s->refused < 0 ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

/* In a transfer the server shows its certificate and asks for none; otherwise both do. */
static int use_cert(struct dtls_session *s, const struct dtls_offer *offer)
{
	if (!offer->own && (s->facts.server || offer->profile == DTLS_NORMAL))
		return -EINVAL;
	gnutls_session_set_verify_function(s->tls, on_certificate);
	if (s->facts.server && (offer->profile == DTLS_NORMAL || offer->ask))
		gnutls_certificate_server_set_request(s->tls, GNUTLS_CERT_REQUIRE);
	return creds_cert(&s->creds, s->tls, offer->own);
}

static int use_psk(struct dtls_session *s, const struct dtls_offer *offer)
{
	int r;

	if (!s->facts.server)
		return creds_psk_client(&s->creds, s->tls, offer->identity, &offer->key);
	r = creds_psk_server(&s->creds, s->tls, offer->hint);
	if (r == 0)
		gnutls_psk_set_server_credentials_function2(s->creds.psk_server, server_key);
	return r;
}

/* A client has a key, a certificate or both; a server always takes keys. */
static int use_normal(const struct dtls *d, struct dtls_session *s, const struct dtls_offer *offer,
		      gnutls_priority_t *ret)
{
	bool psk = s->facts.server || offer->key.len > 0 || !offer->own;
	int r = psk ? use_psk(s, offer) : 0;

	*ret = offer->own ? psk ? d->both : d->cert : d->psk;
	return r == 0 && offer->own ? use_cert(s, offer) : r;
}

int profile_use(const struct dtls *d, struct dtls_session *s, const struct dtls_offer *offer)
{
	gnutls_priority_t priority = NULL;
	int r = -ENOTSUP;

	switch (offer->profile) {
	case DTLS_ANON:
		priority = d->anon;
		r = priority ? creds_anon(&s->creds, s->tls, s->facts.server) : -ENOTSUP;
		break;
	case DTLS_PIN:
		priority = d->psk;
		r = use_psk(s, offer);
		break;
	case DTLS_MFG:
		priority = d->cert;
		r = use_cert(s, offer);
		break;
	case DTLS_NORMAL:
		r = use_normal(d, s, offer, &priority);
		break;
	case DTLS_NONE:
		break;
	}
	if (r < 0)
		return r;
	return gnutls_priority_set(s->tls, priority) < 0 ? -ENOMEM : 0;
}

/* Certificates in sessions: what we show, and what we make of the peer's. */
#include "app_parts.h"

#include "certs.h"

/* The identity certificate, made anew when the credentials it is made of have changed. A hello
 * costs no more than a comparison. */
static struct x509_own *own_identity(struct app *a, const struct svr_wall *wall)
{
	CLEANUP(secret_wipe) struct secret number = {0};
	struct x509_key *key = NULL;
	const char *why = "out of memory";
	struct span pem;

	if (!svr_identity(a->state.dev, wall, &pem, &number)) {
		a->identity = x509_own_unref(a->identity);
		buf_done(&a->identity_of);
		return NULL;
	}
	/* The key follows from the certificate: a new one has a new public half. */
	if (span_eq(buf_span(&a->identity_of), pem))
		return a->identity;
	a->identity = x509_own_unref(a->identity);
	a->identity_of.max = X509_PEM_MAX;
	buf_reset(&a->identity_of);
	buf_put(&a->identity_of, pem);
	if (x509_key_from_secret(&number, &key) < 0 ||
	    x509_own_new(&a->identity, pem, key, X509_IDENTITY, &why) < 0)
		log_warning("cred: identity certificate cannot be used, its owner can renew it: "
			    "ocf-obt certify why=%s",
			    why);
	return a->identity;
}

void app_look_at_factory(struct app *a)
{
	struct svr_env env = app_env(a);
	uint64_t from, until;

	if (!a->factory.own)
		return;
	x509_chain_period(x509_own_chain(a->factory.own), &from, &until);
	if (until < env.wall.us)
		log_warning("factory: manufacturer's certificate has expired, owners will refuse "
			    "it: ocfctl factory import takes a new one");
}

struct x509_own *app_own_certificate(struct app *a)
{
	struct svr_env env = app_env(a);
	struct x509_own *own = own_identity(a, &env.wall);

	return own ? own : a->factory.own;
}

static int factory_trust(const struct factory *f, struct x509_trust **ret)
{
	CLEANUP(x509_trust_freep) struct x509_trust *t = NULL;
	const char *why;
	int r = x509_trust_new(&t);

	for (size_t i = 0; r == 0 && i < f->n; i++)
		if (f->creds[i].trustca)
			r = x509_trust_add(t, f->creds[i].pem, NULL, &why);
	if (r < 0)
		return r;
	*ret = t;
	t = NULL;
	return 0;
}

int app_judge_certificate(struct app *a, bool transfer, const struct x509_chain *chain)
{
	CLEANUP(x509_trust_freep) struct x509_trust *trust = NULL;
	struct svr_env env = app_env(a);
	struct x509_time now = certs_time(&env.wall);
	char id[UUID_TEXT + 1] = "none";
	const char *why = "out of memory";
	struct uuid peer;
	int r = transfer ? factory_trust(&a->factory, &trust)
			 : certs_trust(a->state.dev, &env.wall, &trust);

	if (r == 0)
		r = x509_verify(chain, transfer ? X509_MANUFACTURER : X509_IDENTITY, trust, &now,
				&why);
	if (r == 0)
		return 0;
	if (x509_chain_uuid(chain, &peer))
		uuid_format(&peer, id);
	app_peer_log(a, LOG_LINE_WARNING, "session: certificate refused peer=%s why=%s", id, why);
	return r;
}

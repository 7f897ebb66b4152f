/* org.ocfgw.Security1.SelfTest(): what the owner would see who connects now. */
#include "app_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include "certs.h"
#include "obt/answer.h"

#define TEXT_MAX  ((size_t)200)
#define RESEND_US (USEC_PER_SEC / 4) /* loopback loses nothing, but a busy system is slow */

static const struct {
	const char *path, *what;
} KINDS[] = {
	[SELFTEST_UNOWNED] = {"/oic/sec/doxm",  "no owner; doxm over CoAP"                         },
	[SELFTEST_PSK] = {"/oic/sec/pstat", "pstat over DTLS with the owner's key"             },
	[SELFTEST_CERT] = {"/oic/sec/doxm",  "doxm over DTLS with the device's certificate"     },
	[SELFTEST_CLEAR] = {"/oic/sec/doxm",  "doxm over CoAP, since the owner's key is not here"},
};

static void PRINTF_LIKE(3, 4) finish(struct app *a, bool ok, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->selftest.test = selftest_free(a->selftest.test); /* with what it said */
	log_line(ok ? LOG_LINE_INFO : LOG_LINE_ERROR, "selftest: %s %s", ok ? "good" : "failed",
		 text);
	secd_vtable_self_tested(a->vtable, ok, text);
}

/* NULL, or what is wrong with the answer. */
static const char *judge(const struct app *a, const struct selftest_answer *answer)
{
	const struct device *dev = a->state.dev;
	struct answer_pstat pstat;
	struct answer_doxm doxm;

	switch (a->selftest.kind) {
	case SELFTEST_PSK:
		if (answer->code != 205 || answer_pstat(answer->body, &pstat) != CBR_OK)
			return "no pstat in the answer";
		return pstat.state == device_dos(dev) ? NULL : "another state in the answer";
	case SELFTEST_UNOWNED:
		if (device_dos(dev) != DOS_RFOTM || device_doc_open(dev))
			return NULL; /* an owner came in between */
		if (answer->code != 205 || answer_doxm(answer->body, &doxm) != CBR_OK)
			return "no doxm in the answer";
		return uuid_eq(&doxm.device, device_uuid(dev)) && !doxm.owned
			       ? NULL
			       : "another device in the answer";
	case SELFTEST_CERT:
	case SELFTEST_CLEAR: /* whether doxm is for everybody is the owner's choice */
		return answer->code == 205 || answer->code == 401 || answer->code == 403
			       ? NULL
			       : "an unexpected answer";
	}
	return NULL;
}

static void on_answer(void *arg, const struct selftest_answer *answer)
{
	struct app *a = arg;
	const char *what = KINDS[a->selftest.kind].what;
	const char *wrong = answer->code ? judge(a, answer) : answer->why;

	if (!wrong)
		finish(a, true, "%s: %s", what, dos_name(device_dos(a->state.dev)));
	else if (answer->code)
		finish(a, false, "%s: %s (%u)", what, wrong, answer->code);
	else
		finish(a, false, "%s: %s", what, wrong);
}

/* Would our own server let our certificate in? */
static bool is_vouched_for(const struct app *a, const struct svr_wall *wall, struct x509_own *own)
{
	CLEANUP(x509_trust_freep) struct x509_trust *trust = NULL;
	struct x509_time now = certs_time(wall);
	const char *why;

	return own && certs_trust(a->state.dev, wall, &trust) == 0 &&
	       x509_verify(x509_own_chain(own), X509_IDENTITY, trust, &now, &why) == 0;
}

static bool has_anchor(const struct device *dev, const struct svr_wall *wall,
		       const struct uuid *keeper)
{
	const struct uuid *subject;
	struct span pem;

	for (size_t i = 0; svr_anchor(dev, wall, &i, &pem, &subject); i++)
		if (!subject || uuid_eq(subject, keeper))
			return true;
	return false;
}

/* The secrets are those of `stored`, so that it is known to hold them. False: the owner has none.
 */
static bool choose(struct app *a, const struct device *stored, struct dtls_offer *offer)
{
	const struct uuid *keeper = device_keeper(stored);
	struct svr_env env = app_env(a);
	struct x509_own *own;

	a->selftest.kind = SELFTEST_UNOWNED;
	if (device_dos(stored) == DOS_RFOTM)
		return true;
	offer->identity = span_of(keeper, sizeof(*keeper));
	a->selftest.kind = SELFTEST_PSK;
	offer->profile = DTLS_NORMAL;
	if (svr_psk(stored, keeper, &env.wall, &offer->key))
		return true;
	own = app_own_certificate(a);
	if (is_vouched_for(a, &env.wall, own)) {
		a->selftest.kind = SELFTEST_CERT;
		offer->own = own;
	} else {
		a->selftest.kind = SELFTEST_CLEAR;
		offer->profile = DTLS_NONE;
	}
	return has_anchor(stored, &env.wall, keeper);
}

static void begin(struct app *a, const struct device *stored)
{
	struct dtls_offer offer = {.handshake_us = SELFTEST_US,
				   .resend_us = RESEND_US,
				   .resend_max_us = 4 * RESEND_US};
	struct selftest_terms terms = {.offer = &offer, .device = *device_uuid(a->state.dev)};
	char owner[UUID_TEXT + 1];
	int r;

	if (!choose(a, stored, &offer)) {
		uuid_format(device_keeper(stored), owner);
		finish(a, false, "no credential of the owner %s is in force", owner);
		return;
	}
	terms.path = KINDS[a->selftest.kind].path;
	terms.port = offer.profile == DTLS_NONE ? endpoint_coap_port(a->endpoint)
						: endpoint_coaps_port(a->endpoint);
	r = selftest_new(&a->selftest.test, a->loop, &terms, on_answer, a);
	secret_wipe(&offer.key);
	if (r < 0)
		finish(a, false, "%s: %s", KINDS[a->selftest.kind].what, strerror(-r));
}

void app_selftest(struct app *a)
{
	CLEANUP(device_freep) struct device *stored = NULL;
	const struct device *dev = a->state.dev;
	struct svr_env env = app_env(a);
	const char *why = NULL;
	int r;

	if (a->damaged && device_dos(dev) == DOS_SRESET) {
		finish(a, false, "the stored device was damaged at the start: %s", a->damaged);
		return;
	}
	if (device_reset_pending(dev)) {
		finish(a, false, "a reset is under way");
		return;
	}
	if (device_dos(dev) == DOS_RFOTM && device_doc_open(dev)) {
		finish(a, true, "no owner yet; an onboarding is under way");
		return;
	}
	r = state_reread(&a->state, &a->info, &env, &stored, &why);
	if (r < 0)
		finish(a, false, "the state directory: %s", why ? why : strerror(-r));
	else
		begin(a, stored);
}

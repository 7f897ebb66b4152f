#include "app_parts.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/prf.h"

#define TRIM_MIN ((size_t)8) /* sessions whose memory is worth giving back */

void app_net_rearm(struct app *a)
{
	loop_timer_set(a->endpoint_timer, endpoint_deadline(a->endpoint));
}

/* Many sessions are gone: what they had goes back to the system, too. */
static void trim(struct app *a)
{
	size_t n = endpoint_sessions(a->endpoint);

	if (n > a->sessions_peak)
		a->sessions_peak = n;
	if (a->sessions_peak < TRIM_MIN || n > a->sessions_peak / 2)
		return;
	(void)malloc_trim(0);
	a->sessions_peak = n;
}

static int dispatch(struct app *a)
{
	int r = endpoint_dispatch(a->endpoint, clock_monotonic_us());

	trim(a);

	if (r < 0)
		log_error("net: sockets are broken error=%s", strerror(-r));
	app_net_rearm(a);
	return r;
}

static int on_readable(void *arg, uint32_t revents)
{
	(void)revents;
	return dispatch(arg);
}

static int on_deadline(void *arg)
{
	return dispatch(arg);
}

/* A lite client looks its key up by the hint: fact of OCF Security 7.3.5 for the PIN, and of
 * deployed devices for the rest. */
static struct span make_hint(struct app *a, const char *prefix)
{
	size_t n = strlen(prefix);

	memcpy(a->hint, prefix, n);
	memcpy(a->hint + n, device_uuid(a->state.dev), sizeof(struct uuid));
	return span_of(a->hint, n + sizeof(struct uuid));
}

#define TRANSFER_HANDSHAKES 8 /* one of them becomes the DOC */

static void on_offer(void *arg, struct dtls_offer *ret)
{
	struct app *a = arg;

	ret->handshake_us = a->config->handshake_us;
	ret->at_once = device_dos(a->state.dev) == DOS_RFOTM ? TRANSFER_HANDSHAKES : 0;
	switch (svr_profile(a->state.dev)) {
	case SVR_PROFILE_NONE:
		break;
	case SVR_PROFILE_ANON:
		ret->profile = DTLS_ANON;
		break;
	case SVR_PROFILE_PIN:
		ret->profile = DTLS_PIN;
		ret->hint = make_hint(a, PIN_HINT_PREFIX);
		break;
	case SVR_PROFILE_MFG:
		ret->profile = DTLS_MFG;
		ret->own = a->factory.own;
		ret->ask = a->config->owner_certificate;
		break;
	case SVR_PROFILE_NORMAL:
		ret->profile = DTLS_NORMAL;
		ret->hint = make_hint(a, "");
		ret->own = app_own_certificate(a);
		break;
	}
}

/* The PIN identity is the text "oic.sec.doxm.rdp" or, from older clients, the client's UUID: both
 * have 16 octets, and the key proves the PIN. */
static int on_psk(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
{
	struct app *a = arg;
	const char *pin = device_pin(a->state.dev);
	struct svr_env env = app_env(a);
	struct uuid peer;

	if (identity.len != sizeof(peer))
		return -ENOENT;
	if (profile == DTLS_PIN)
		return pin ? prf_pin_key(span_str(pin), device_uuid(a->state.dev), ret) : -ENOENT;
	memcpy(&peer, identity.ptr, sizeof(peer));
	return profile == DTLS_NORMAL && svr_psk(a->state.dev, &peer, &env.wall, ret) ? 0 : -ENOENT;
}

static int on_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	return app_judge_certificate(arg, profile == DTLS_MFG, chain);
}

static void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
		      const struct endpoint_addr *peer)
{
	struct app *a = arg;
	char addr[ENDPOINT_ADDR_TEXT], id[UUID_TEXT + 1] = "none";

	endpoint_addr_format(peer, addr);
	if (facts->has_peer)
		uuid_format(&facts->peer, id);
	app_peer_log(a, LOG_LINE_INFO,
		     "session: open session=%" PRIu64 " from=%s peer=%s suite=%04x", session, addr,
		     id, facts->suite);
	if (app_event(a, EV_DOC_OPEN, session) < 0)
		endpoint_close(a->endpoint, session);
	app_bus_update(a);
}

static const char *end_name(enum dtls_end why)
{
	static const char *const NAMES[] = {
		[DTLS_END_NOTIFY] = "closed",
		[DTLS_END_LOCAL] = "closed here",
		[DTLS_END_ALERT] = "alert",
		[DTLS_END_FAILED] = "handshake failed",
		[DTLS_END_PIN] = "wrong PIN",
		[DTLS_END_CERT] = "bad certificate",
		[DTLS_END_TIMEOUT] = "handshake timeout",
		[DTLS_END_IDLE] = "idle",
		[DTLS_END_REPLACED] = "replaced",
	};

	return NAMES[why];
}

static void on_closed(void *arg, uint64_t session, enum dtls_end why, bool was_open)
{
	struct app *a = arg;
	bool refused = why == DTLS_END_PIN || why == DTLS_END_CERT || why == DTLS_END_FAILED;

	app_peer_log(a, refused ? LOG_LINE_WARNING : LOG_LINE_INFO,
		     "session: end session=%" PRIu64 " why=%s", session, end_name(why));
	if (was_open)
		(void)app_event(a, EV_CLOSED, session);
	else if (why == DTLS_END_PIN)
		(void)app_event(a, EV_PIN_FAILED, session);
	else if (why == DTLS_END_CERT)
		(void)app_event(a, EV_CERT_FAILED, session);
	if (refused || (why == DTLS_END_ALERT && !was_open))
		app_audit_session(a, AUDIT_HANDSHAKE_FAILED, end_name(why));
	app_bus_update(a);
}

static void log_refusal(struct app *a, const struct req *req, const struct svr_out *out)
{
	static const char *const METHODS[] = {
		[M_GET] = "GET", [M_POST] = "POST", [M_PUT] = "PUT", [M_DELETE] = "DELETE"};
	char id[UUID_TEXT + 1] = "none";

	if (out->verdict < V_BAD_REQUEST)
		return;
	if (req->has_peer)
		uuid_format(&req->peer, id);
	app_peer_log(a, LOG_LINE_WARNING, "request: refused %s %s peer=%s why=%s",
		     METHODS[req->method], log_text(&(struct log_buf){0}, req->path), id,
		     out->why ? out->why : "-");
}

/* The transport's refusals: unknown options, formats and versions, blocks out of order. */
static void on_refused(void *arg, struct span path, unsigned code)
{
	char why[16];

	app_peer_log(arg, LOG_LINE_WARNING, "request: refused %s code=%u",
		     log_text(&(struct log_buf){0}, path), code);
	(void)snprintf(why, sizeof(why), "code %u", code);
	app_audit_session(arg, AUDIT_BAD_MESSAGE, why);
}

/* OCF Security wants at least one transfer method: a device that has none is not there. */
static bool is_mute(const struct app *a)
{
	return a->info.n_oxms == 0 && device_dos(a->state.dev) == DOS_RFOTM;
}

static void on_request(void *arg, const struct req *req, struct answer *answer)
{
	struct app *a = arg;
	struct svr_env env = app_env(a);
	struct svr_out out = {.verdict = V_IGNORE, .body = &answer->body};
	int r;

	if (!is_mute(a))
		svr_handle(a->state.dev, req, &env, &out);
	if (out.verdict == V_LATER)
		out.verdict = broker_ask(a->broker, out.ncr, req);
	log_refusal(a, req, &out);
	r = app_commit(a, &out);
	answer->verdict = r < 0 ? V_INTERNAL : out.verdict;
	answer->content_format = out.format               ? out.format
				 : req->accept == CF_CBOR ? CF_CBOR
							  : CF_OCF_CBOR;
	if (r < 0) {
		buf_reset(&answer->body);
		return;
	}
	if (out.audit != AUDIT_NONE && req->asked == ASKED_FIRST)
		app_audit_request(a, out.audit, req, out.why);
	answer->observable = out.observable;
	if (req->asked == ASKED_READY && out.ncr)
		broker_answer(a->broker, req, answer);
	a->effects |= out.effects;
	answer->act = a->effects != 0;
}

static void on_act(void *arg)
{
	struct app *a = arg;
	unsigned effects = a->effects;

	a->effects = 0;
	app_effects(a, effects);
}

static const struct endpoint_ops OPS = {
	.offer = on_offer,
	.psk = on_psk,
	.cert = on_cert,
	.opened = on_opened,
	.closed = on_closed,
	.request = on_request,
	.act = on_act,
	.refused = on_refused,
};

int app_net_start(struct app *a)
{
	struct endpoint_config config;
	int r;

	config_endpoint(a->config, &config);
	r = endpoint_new(&a->endpoint, &config, &OPS, a, clock_monotonic_us());
	if (r >= 0)
		r = loop_timer_new(&a->endpoint_timer, a->loop, on_deadline, a);
	if (r >= 0)
		r = loop_add_fd(a->loop, endpoint_fd(a->endpoint), EPOLLIN, on_readable, a);
	if (r < 0) {
		log_error("net: cannot listen coap=%u coaps=%u error=%s%s", config.coap_port,
			  config.coaps_port, strerror(-r),
			  r == -EADDRINUSE ? " (ss -ulpn shows who does; CoapPort= and CoapsPort= "
					     "choose others)"
					   : "");
		return r;
	}
	app_net_rearm(a);
	return 0;
}

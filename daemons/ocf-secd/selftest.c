#include "selftest.h"

#include <stdio.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "bus/loop.h"

#define BODY_MAX ((size_t)4096)

struct selftest {
	struct loop *loop;
	struct endpoint *endpoint;
	struct loop_timer *timer;
	uint64_t deadline_us;
	struct endpoint_addr to;
	struct uuid device;
	const char *path;
	selftest_fn fn;
	void *arg;

	bool ended;
	unsigned code;
	struct buf body;
	char why[SELFTEST_WHY_MAX];
};

/* The first end counts: what follows is only cleaning up. */
static void end(struct selftest *t, const char *why)
{
	if (t->ended)
		return;
	t->ended = true;
	(void)snprintf(t->why, sizeof(t->why), "%s", why);
}

static void on_reply(void *arg, const struct reply *reply)
{
	struct selftest *t = arg;

	if (reply->err) {
		end(t, reply->err == -ETIMEDOUT    ? "no answer to the request"
		       : reply->err == -ECONNRESET ? "the session was ended instead of an answer"
						   : strerror(-reply->err));
		return;
	}
	t->code = reply->code;
	buf_put(&t->body, reply->body);
	end(t, "");
}

static void ask(struct selftest *t, uint64_t session)
{
	const struct call call = {
		.method = M_GET, .session = session, .to = t->to, .path = t->path};
	uint64_t id;
	int r = endpoint_call(t->endpoint, &call, on_reply, t, clock_monotonic_us(), &id);

	if (r < 0)
		end(t, strerror(-r));
}

static void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
		      const struct endpoint_addr *peer)
{
	(void)facts, (void)peer;
	ask(arg, session);
}

static void on_closed(void *arg, uint64_t session, enum dtls_end why, bool was_open)
{
	static const char *const NAMES[] = {
		[DTLS_END_NOTIFY] = "the session was closed",
		[DTLS_END_LOCAL] = "the session was closed",
		[DTLS_END_ALERT] = "the handshake was refused",
		[DTLS_END_FAILED] = "the handshake failed",
		[DTLS_END_PIN] = "the handshake failed on the key",
		[DTLS_END_CERT] = "the handshake failed on the certificate",
		[DTLS_END_TIMEOUT] = "no answer to the handshake",
		[DTLS_END_IDLE] = "the session was closed",
		[DTLS_END_REPLACED] = "the session was closed",
	};

	(void)session, (void)was_open;
	end(arg, NAMES[why]);
}

/* On loopback there is nobody else: it only has to be the certificate that we show. */
static int on_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	const struct selftest *t = arg;
	struct uuid peer;

	(void)profile;
	return x509_chain_uuid(chain, &peer) && uuid_eq(&peer, &t->device) ? 0 : -EKEYREJECTED;
}

static int dispatch(struct selftest *t)
{
	const uint64_t now_us = clock_monotonic_us();
	uint64_t next_us;
	int r = endpoint_dispatch(t->endpoint, now_us);

	if (r < 0)
		end(t, strerror(-r));
	else if (now_us >= t->deadline_us)
		end(t, "no answer in time");
	if (t->ended) {
		const struct selftest_answer answer = {t->code, buf_span(&t->body), t->why};

		t->fn(t->arg, &answer); /* *t may be gone */
		return 0;
	}
	next_us = endpoint_deadline(t->endpoint);
	loop_timer_set(t->timer, next_us < t->deadline_us ? next_us : t->deadline_us);
	return 0;
}

static int on_readable(void *arg, uint32_t revents)
{
	(void)revents;
	return dispatch(arg);
}

static int on_timer(void *arg)
{
	return dispatch(arg);
}

static int begin(struct selftest *t, const struct selftest_terms *terms)
{
	uint64_t session;

	if (terms->offer->profile != DTLS_NONE)
		return endpoint_connect(t->endpoint, &t->to, terms->offer, clock_monotonic_us(),
					&session);
	ask(t, 0);
	return 0;
}

int selftest_new(struct selftest **ret, struct loop *loop, const struct selftest_terms *terms,
		 selftest_fn fn, void *arg)
{
	static const struct endpoint_ops OPS = {
		.cert = on_cert, .opened = on_opened, .closed = on_closed};
	CLEANUP(selftest_freep) struct selftest *t = calloc(1, sizeof(*t));
	struct endpoint_config config;
	uint64_t now_us = clock_monotonic_us();
	int r;

	if (!t)
		return -ENOMEM;
	t->loop = loop;
	t->deadline_us = now_us + SELFTEST_US;
	t->device = terms->device;
	t->path = terms->path;
	t->body = BUF_INIT(BODY_MAX);
	t->fn = fn;
	t->arg = arg;
	endpoint_defaults(&config);
	config.coap_port = config.coaps_port = 0;
	config.server = false;
	config.body_max = BODY_MAX;
	r = endpoint_addr_parse(&t->to, SPAN_LIT("127.0.0.1"), terms->port);
	if (r == 0)
		r = endpoint_new(&t->endpoint, &config, &OPS, t, now_us);
	if (r == 0)
		r = loop_timer_new(&t->timer, loop, on_timer, t);
	if (r == 0)
		r = loop_add_fd(loop, endpoint_fd(t->endpoint), EPOLLIN, on_readable, t);
	if (r == 0)
		r = begin(t, terms);
	if (r < 0)
		return r;
	loop_timer_set(t->timer, now_us); /* the endpoint may have a deadline already */
	*ret = t;
	t = NULL;
	return 0;
}

struct selftest *selftest_free(struct selftest *t)
{
	if (!t)
		return NULL;
	if (t->endpoint)
		loop_del_fd(t->loop, endpoint_fd(t->endpoint));
	(void)endpoint_free(t->endpoint);
	(void)loop_timer_free(t->timer);
	buf_done(&t->body);
	free(t);
	return NULL;
}

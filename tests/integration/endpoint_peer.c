/* A program around lib/transport alone, to meet foreign CoAP programs.
 *
 *	endpoint_peer serve PORT PORTS [INTERFACES]     /hello /large /store /oic/res; "ready" when
 *up endpoint_peer get|put URI PATH [FILE]           code on stdout, body on descriptor 3
 *	endpoint_peer find PATH MS                      one line for each answer to multicast
 * With STREAM set the reply is taken block by block; ACK_MS is the first time-out.
 * PSK (text) makes coaps possible in each role; a server takes any identity with it. */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "base/parse.h"
#include "transport/endpoint.h"

#define LARGE    5000
#define WAIT_US  (30 * USEC_PER_SEC)
#define PARTY_ID "ocfgw test party"

struct party {
	struct endpoint *e;
	const char *psk;
	struct buf stored;
	uint64_t session;
	size_t received;
	bool opened, done, failed;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static void put_pattern(struct buf *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_put_byte(b, (uint8_t)('a' + i % 23));
}

static void on_request(void *arg, const struct req *req, struct answer *answer)
{
	struct party *p = arg;

	/* Format 10000 brings the critical option 2053, which only OCF programs know. */
	answer->content_format = req->accept == CF_OCF_CBOR ? CF_OCF_CBOR : CF_CBOR;
	answer->verdict = V_CONTENT;
	if (req->method == M_POST && span_is(req->path, "/store")) {
		buf_reset(&p->stored);
		buf_put(&p->stored, req->body);
		answer->verdict = V_CHANGED;
	} else if (req->method != M_GET) {
		answer->verdict = V_NO_METHOD;
	} else if (span_is(req->path, "/hello")) {
		buf_put_str(&answer->body, "world");
	} else if (span_is(req->path, "/large")) {
		put_pattern(&answer->body, LARGE);
	} else if (span_is(req->path, "/store")) {
		buf_put(&answer->body, buf_span(&p->stored));
	} else if (span_is(req->path, "/oic/res")) {
		buf_put(&answer->body, req->ep_coap);
		buf_put_byte(&answer->body, ' ');
		buf_put(&answer->body, req->ep_coaps);
	} else {
		answer->verdict = V_NOT_FOUND;
	}
}

static void on_act(void *arg)
{
	(void)arg;
}

static void on_offer(void *arg, struct dtls_offer *ret)
{
	const struct party *p = arg;

	ret->profile = p->psk ? DTLS_NORMAL : DTLS_NONE;
	ret->hint = SPAN_LIT(PARTY_ID);
}

static int on_psk(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
{
	const struct party *p = arg;

	(void)profile;
	(void)identity;
	return secret_set(ret, span_str(p->psk)) ? 0 : -ENOENT;
}

static void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
		      const struct endpoint_addr *peer)
{
	struct party *p = arg;

	(void)peer;
	p->session = session;
	p->opened = true;
	(void)fprintf(stderr, "opened suite=%04x\n", facts->suite);
}

static void on_closed(void *arg, uint64_t session, enum dtls_end why, bool was_open)
{
	struct party *p = arg;

	(void)session;
	(void)was_open;
	(void)fprintf(stderr, "closed why=%d\n", why);
	p->failed = true;
}

static const struct endpoint_ops OPS = {.offer = on_offer,
					.psk = on_psk,
					.opened = on_opened,
					.closed = on_closed,
					.request = on_request,
					.act = on_act};

/* Until *flag, a signal or the time `until_us`. False: not *flag. */
static bool run(struct party *p, const bool *flag, uint64_t until_us)
{
	while (!*flag && !stopped && clock_monotonic_us() < until_us) {
		uint64_t now = clock_monotonic_us(), due = endpoint_deadline(p->e);
		struct pollfd fd = {endpoint_fd(p->e), POLLIN, 0};
		uint64_t wait;

		due = due < until_us ? due : until_us;
		wait = due > now ? (due - now) / 1000 + 1 : 0;
		(void)poll(&fd, 1, wait > 60000 ? 60000 : (int)wait);
		if (endpoint_dispatch(p->e, clock_monotonic_us()) < 0)
			return false;
	}
	return *flag;
}

static void on_reply(void *arg, const struct reply *reply)
{
	struct party *p = arg;

	p->done = !reply->more;
	p->received += reply->body.len;
	if (p->done)
		printf("code=%u err=%d len=%zu\n", reply->code, reply->err, p->received);
	p->failed |= reply->err != 0;
	if (reply->body.len > 0 && write(3, reply->body.ptr, reply->body.len) < 0)
		p->failed = true;
}

static void on_found(void *arg, const struct reply *reply)
{
	char from[ENDPOINT_ADDR_TEXT];

	(void)arg;
	endpoint_addr_format(&reply->from, from);
	printf("%u %s %.*s\n", reply->code, from, (int)reply->body.len,
	       (const char *)reply->body.ptr);
}

static int connect_to(struct party *p, const struct endpoint_addr *to)
{
	struct dtls_offer offer = {
		.profile = DTLS_NORMAL, .identity = SPAN_LIT(PARTY_ID), .handshake_us = WAIT_US};
	uint64_t id;

	if (!p->psk || !secret_set(&offer.key, span_str(p->psk)))
		return -EINVAL;
	if (endpoint_connect(p->e, to, &offer, clock_monotonic_us(), &id) < 0)
		return -EIO;
	return run(p, &p->opened, clock_monotonic_us() + WAIT_US) ? 0 : -ETIMEDOUT;
}

static int ask(struct party *p, char **argv)
{
	CLEANUP(freep) uint8_t *body = NULL;
	struct call call = {
		.method = span_is(span_str(argv[1]), "get") ? M_GET : M_PUT,
		.path = argv[3],
		.foreign = true,
		.stream = getenv("STREAM") != NULL,
	};
	bool secure;
	uint32_t ms;
	uint64_t id;

	if (endpoint_uri_parse(span_str(argv[2]), &(struct endpoint_addr){0}, &call.to, &secure) <
	    0)
		return -EINVAL;
	if (argv[4]) {
		ssize_t n;
		CLEANUP(closep) int fd = open(argv[4], O_RDONLY | O_CLOEXEC);

		body = malloc(REQ_BODY_MAX + 1);
		n = body ? read(fd, body, REQ_BODY_MAX + 1) : -1;
		if (n < 0)
			return -EIO;
		call.body = span_of(body, (size_t)n);
	}
	if (parse_u32(span_str(getenv("ACK_MS")), &ms))
		call.ack_timeout_us = ms * USEC_PER_MSEC;
	if (secure && connect_to(p, &call.to) < 0)
		return -ENOTCONN;
	call.session = p->session;
	if (endpoint_call(p->e, &call, on_reply, p, clock_monotonic_us(), &id) < 0)
		return -EIO;
	return run(p, &p->done, clock_monotonic_us() + WAIT_US) && !p->failed ? 0 : -EIO;
}

static int find(struct party *p, char **argv)
{
	struct call call = {.method = M_GET, .path = argv[2]};
	static const bool never = false;
	uint32_t ms;
	uint64_t id;

	if (!parse_u32(span_str(argv[3]), &ms) ||
	    endpoint_multicast(p->e, &call, 2, on_found, p, clock_monotonic_us(), &id) < 0)
		return -EINVAL;
	(void)run(p, &never, clock_monotonic_us() + ms * USEC_PER_MSEC);
	return 0;
}

static int serve(struct party *p)
{
	static const bool never = false;

	printf("ready %u %u\n", endpoint_coap_port(p->e), endpoint_coaps_port(p->e));
	(void)fflush(stdout);
	(void)run(p, &never, NEVER_US);
	return 0;
}

static int configure(struct endpoint_config *cfg, int argc, char **argv)
{
	uint32_t port = 0, ports = 0;

	endpoint_defaults(cfg);
	cfg->server = span_is(span_str(argv[1]), "serve");
	cfg->leisure_us = 100 * USEC_PER_MSEC;
	if (cfg->server &&
	    (!parse_u32(span_str(argv[2]), &port) || !parse_u32(span_str(argv[3]), &ports)))
		return -EINVAL;
	cfg->coap_port = (uint16_t)port;
	cfg->coaps_port = (uint16_t)ports;
	if (cfg->server && argc > 4)
		return span_to_str(span_str(argv[4]), cfg->interfaces, sizeof(cfg->interfaces));
	return 0;
}

int main(int argc, char **argv)
{
	struct party p = {.psk = getenv("PSK"), .stored = BUF_INIT(REQ_BODY_MAX)};
	struct sigaction sa = {.sa_handler = on_signal};
	struct endpoint_config cfg;
	int r = argc >= 4 ? configure(&cfg, argc, argv) : -EINVAL;

	(void)sigaction(SIGTERM, &sa, NULL);
	if (r == 0)
		r = endpoint_new(&p.e, &cfg, &OPS, &p, clock_monotonic_us());
	if (r == 0 && cfg.server)
		r = serve(&p);
	else if (r == 0 && span_is(span_str(argv[1]), "find"))
		r = find(&p, argv);
	else if (r == 0)
		r = ask(&p, argv);
	p.e = endpoint_free(p.e);
	buf_done(&p.stored);
	if (r < 0)
		(void)fprintf(stderr, "endpoint_peer: %s\n", strerror(-r));
	return r < 0;
}

#include "net.h"

#include <sys/epoll.h>

#include "base/parse.h"
#include "crypto/hash.h"
#include "crypto/x509_issue.h"

#define SESSIONS_MAX 256

static void rearm(struct net *n)
{
	loop_timer_set(n->timer, endpoint_deadline(n->ep));
}

static int dispatch(struct net *n)
{
	int r = endpoint_dispatch(n->ep, clock_monotonic_us());

	rearm(n);
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

/* Takes the link of a session out of the list when `and_forget`. */
static struct link *link_of(struct net *n, uint64_t session, bool and_forget)
{
	for (struct link **at = &n->links; *at; at = &(*at)->next) {
		struct link *l = *at;

		if (l->session != session)
			continue;
		if (and_forget)
			*at = l->next;
		return l;
	}
	return NULL;
}

static void describe_chain(const struct x509_chain *chain, char *ret, size_t room)
{
	char uuid[UUID_TEXT + 1] = "none", key[2 * 32 + 1], serial[2 * X509_SERIAL_MAX + 1];
	const struct x509_point *point = x509_chain_key(chain);
	struct x509_serial number;
	uint64_t from, until;
	uint8_t digest[32];
	struct uuid u;

	if (x509_chain_uuid(chain, &u))
		uuid_format(&u, uuid);
	x509_chain_serial(chain, &number);
	hex_encode(span_of(number.b, number.len), serial);
	x509_chain_period(chain, &from, &until);
	if (hash_once(HASH_SHA256, span_of(point->b, sizeof(point->b)), digest) < 0)
		memset(digest, 0, sizeof(digest));
	hex_encode(span_of(digest, sizeof(digest)), key);
	(void)snprintf(
		ret, room,
		"%zu certificates up to a trusted root; leaf: serial %s, uuid %s, SHA-256 of "
		"its key %s",
		x509_chain_len(chain), serial, uuid, key);
}

/* Outside a transfer no certificate is expected: our sessions have keys. */
static int on_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	const struct x509_time now = {.us = clock_real_us(), .trusted = true};
	struct net *n = arg;
	struct chain_seen *seen = &n->chains[n->n_chains % CHAINS_MAX];
	int r;

	if (profile != DTLS_MFG || !n->trust)
		return -ENOKEY;
	r = x509_verify(chain, X509_MANUFACTURER, n->trust, &now, &n->chain_refused);
	if (r < 0)
		return r;
	seen->key = *x509_chain_key(chain);
	describe_chain(chain, seen->text, sizeof(seen->text));
	n->n_chains++;
	return 0;
}

static const char *chain_of(const struct net *n, const struct x509_point *key)
{
	for (size_t i = 0; i < CHAINS_MAX; i++)
		if (memcmp(n->chains[i].key.b, key->b, sizeof(key->b)) == 0)
			return n->chains[i].text;
	return NULL;
}

static void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
		      const struct endpoint_addr *peer)
{
	struct link *l = link_of(arg, session, false);

	(void)peer;
	if (!l)
		return;
	l->open = true;
	l->chain = facts->has_cert ? chain_of(arg, &facts->key) : NULL;
	l->opened(l->arg);
}

static void on_closed(void *arg, uint64_t session, enum dtls_end why, bool was_open)
{
	struct link *l = link_of(arg, session, true);

	if (!l)
		return;
	l->session = 0;
	l->open = false;
	l->closed(l->arg, why, was_open);
}

static const struct endpoint_ops OPS = {.cert = on_cert, .opened = on_opened, .closed = on_closed};

int net_open(struct net *n, const char *interfaces)
{
	struct endpoint_config cfg;
	int r;

	*n = (struct net){.outcome = OUT_FAILED};
	endpoint_defaults(&cfg);
	cfg.coap_port = 0;
	cfg.coaps_port = 0;
	cfg.server = false;
	cfg.sessions_max = SESSIONS_MAX;
	cfg.handshakes_max = SESSIONS_MAX;
	if (interfaces &&
	    span_to_str(span_str(interfaces), cfg.interfaces, sizeof(cfg.interfaces)) < 0)
		return -E2BIG;
	r = loop_new(&n->loop);
	if (r >= 0)
		r = endpoint_new(&n->ep, &cfg, &OPS, n, clock_monotonic_us());
	if (r >= 0)
		r = loop_timer_new(&n->timer, n->loop, on_deadline, n);
	if (r >= 0)
		r = loop_add_fd(n->loop, endpoint_fd(n->ep), EPOLLIN, on_readable, n);
	if (r < 0)
		net_close(n);
	else
		rearm(n);
	return r;
}

void net_close(struct net *n)
{
	if (n->loop && n->ep)
		loop_del_fd(n->loop, endpoint_fd(n->ep));
	n->ep = endpoint_free(n->ep);
	n->timer = loop_timer_free(n->timer);
	n->loop = loop_free(n->loop);
}

enum outcome net_run(struct net *n, bool json)
{
	int r = loop_run(n->loop);

	if (r < 0)
		return out_fail(json, OUT_FAILED, "network: %s", strerror(-r));
	return n->finished ? n->outcome : out_fail(json, OUT_INTERRUPTED, "interrupted");
}

void net_finish(struct net *n, enum outcome outcome)
{
	n->finished = true;
	n->outcome = outcome;
	loop_exit(n->loop, 0);
}

int net_wait(struct net *n, const bool *done)
{
	while (!*done) {
		int r = loop_turn(n->loop);

		if (r <= 0)
			return r < 0 ? r : -EINTR;
	}
	return 0;
}

int net_call(struct net *n, const struct call *call, reply_fn fn, void *arg, uint64_t *id)
{
	int r = endpoint_call(n->ep, call, fn, arg, clock_monotonic_us(), id);

	rearm(n);
	return r;
}

int net_multicast(struct net *n, const struct call *call, unsigned scope, reply_fn fn, void *arg,
		  uint64_t *id)
{
	int r = endpoint_multicast(n->ep, call, scope, fn, arg, clock_monotonic_us(), id);

	rearm(n);
	return r;
}

void net_cancel(struct net *n, uint64_t *id)
{
	if (*id)
		endpoint_cancel(n->ep, *id);
	*id = 0;
}

int net_connect(struct net *n, struct link *link, const struct endpoint_addr *peer,
		const struct dtls_offer *offer)
{
	int r = endpoint_connect(n->ep, peer, offer, clock_monotonic_us(), &link->session);

	if (r >= 0) {
		link->open = false;
		link->next = n->links;
		n->links = link;
	}
	rearm(n);
	return r;
}

void net_disconnect(struct net *n, struct link *link)
{
	if (link->session == 0)
		return;
	(void)link_of(n, link->session, true);
	endpoint_close(n->ep, link->session);
	link->session = 0;
	link->open = false;
	rearm(n);
}

int net_addr_parse(struct endpoint_addr *ret, const char *text)
{
	const char *colon = strrchr(text, ':');
	uint32_t port;

	if (!colon || !parse_u32(span_str(colon + 1), &port) || port == 0 || port > UINT16_MAX)
		return -EINVAL;
	return endpoint_addr_parse(ret, span_of(text, (size_t)(colon - text)), (uint16_t)port);
}

/* tools/ocf-obt/net.h - the endpoint on the event loop, and sessions with somebody who waits. */
#pragma once

#include "bus/loop.h"
#include "out.h"
#include "transport/endpoint.h"

/* One session of ours. Zero-initialise; the owner keeps it in place until it is closed. */
struct link {
	uint64_t session; /* 0: none */
	bool open;
	const char *chain; /* of the peer's certificate, in words; NULL: it has shown none */
	void (*opened)(void *arg);
	/* The handshake failed (was_open false), or the session ended without our doing. */
	void (*closed)(void *arg, enum dtls_end why, bool was_open);
	void *arg;
	struct link *next;
};

/* A chain that was found good: what a person can compare. */
struct chain_seen {
	struct x509_point key; /* of its leaf */
	char text[320];
};
#define CHAINS_MAX ((size_t)64)

struct net {
	struct x509_trust *trust;             /* of manufacturers; borrowed; NULL: none */
	struct chain_seen chains[CHAINS_MAX]; /* the latest ones */
	size_t n_chains;
	const char *chain_refused; /* why the last one was not good; NULL */
	struct loop *loop;
	struct loop_timer *timer;
	struct endpoint *ep;
	struct link *links;
	enum outcome outcome; /* of net_run() */
	bool finished;
};

/* `interfaces`: patterns as in endpoint_config, or NULL for all. -errno. */
MUST_USE int net_open(struct net *n, const char *interfaces);
void net_close(struct net *n);
/* Runs until net_finish(), and gives its outcome. OUT_FAILED, and OUT_INTERRUPTED after SIGINT or
 * SIGTERM, are told here. */
enum outcome net_run(struct net *n, bool json);
void net_finish(struct net *n, enum outcome outcome);
/* Runs until somebody sets *done. -EINTR: a signal came first; -errno. */
MUST_USE int net_wait(struct net *n, const bool *done);

/* As the endpoint_ functions, at the present time. */
MUST_USE int net_call(struct net *n, const struct call *call, reply_fn fn, void *arg, uint64_t *id);
MUST_USE int net_multicast(struct net *n, const struct call *call, unsigned scope, reply_fn fn,
			   void *arg, uint64_t *id);
void net_cancel(struct net *n, uint64_t *id);

/* link->opened or link->closed follows. */
MUST_USE int net_connect(struct net *n, struct link *link, const struct endpoint_addr *peer,
			 const struct dtls_offer *offer);
/* Ends the session; closed() is not called. Nothing for a link without one. */
void net_disconnect(struct net *n, struct link *link);

/* The text of endpoint_addr_format() back into an address. -EINVAL. */
MUST_USE int net_addr_parse(struct endpoint_addr *ret, const char *text);

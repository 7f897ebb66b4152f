/* daemons/ocf-secd/selftest.h - one request to our own port, by a client endpoint in the same loop.
 */
#pragma once

#include "transport/endpoint.h"

struct loop;
struct selftest;

#define SELFTEST_US      (5 * USEC_PER_SEC) /* for all of it */
#define SELFTEST_WHY_MAX ((size_t)96)

struct selftest_terms {
	uint16_t port; /* on loopback */
	/* DTLS_NONE: unsecured. Copied, as far as it has to last. */
	const struct dtls_offer *offer;
	struct uuid device; /* a certificate has to name it */
	const char *path;   /* static */
};

/* An answer, or what kept it away (code 0). */
struct selftest_answer {
	unsigned code; /* 205 for 2.05 */
	struct span body;
	const char *why; /* borrowed during the callback, as is the body */
};
typedef void (*selftest_fn)(void *arg, const struct selftest_answer *answer);

/* Calls `fn` once, within SELFTEST_US and never from inside this function; fn may free the test.
 * -ENOMEM, or the errno of the sockets. */
MUST_USE int selftest_new(struct selftest **ret, struct loop *loop,
			  const struct selftest_terms *terms, selftest_fn fn, void *arg);
/* Ends it without a word if it is still under way. Accepts NULL, returns NULL. */
struct selftest *selftest_free(struct selftest *t);
DEFINE_CLEANUP(struct selftest *, selftest_free)

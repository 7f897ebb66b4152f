/* tools/ocf-obt/find.h - discovery of devices by multicast (CR 2935 step 1, CR 2640). */
#pragma once

#include "net.h"
#include "obt/answer.h"

#define FIND_MAX          ((size_t)1024) /* devices of one search */
#define FIND_ROUNDS_MAX   8u
#define FIND_CALLS_MAX    ((size_t)8)
#define FOUND_SOURCES_MAX ((size_t)4)

struct find;

/* One device, however many of its addresses answered. */
struct found {
	struct find *find;
	struct uuid device;
	char name[ANSWER_NAME_MAX + 1]; /* empty: it does not tell; so for platform */
	struct answer_p platform;
	bool unowned; /* it said so: doxm is valid */
	struct answer_doxm doxm;
	struct endpoint_addr sources[FOUND_SOURCES_MAX]; /* where answers came from, at least one */
	size_t n_sources;
	/* Of the first source's host only: what an answer without any proof lists could be
	 * anybody's address, and everything that follows would go there. At most the port is
	 * taken of another address. */
	bool has_coap, has_coaps;
	struct endpoint_addr coap, coaps;
	bool complete; /* all that is to be asked has been asked */
	uint64_t call;
	unsigned asked;
	unsigned round; /* in which it was heard last */
};

struct find_terms {
	bool unowned;   /* ask /oic/sec/doxm?owned=false */
	bool owned;     /* ask /oic/res?rt=oic.r.doxm */
	unsigned scope; /* of IPv6 groups: 2 link, 3 realm, 5 site */
	const struct uuid
		*wanted;     /* asks this device only, and ends once it is complete; or NULL */
	uint64_t timeout_us; /* of a round, in which each question is asked twice */
	unsigned rounds;     /* at most */
	/* Is another round needless? NULL: it is when one has brought nothing new, and an answer of
	 * each device that is known. */
	bool (*enough)(void *arg);
};

struct find {
	struct net *net;
	struct find_terms terms;
	struct found **list;            /* in order of appearance */
	size_t n, n_before;             /* now; at the start of the round */
	unsigned pending;               /* devices that are not complete */
	uint64_t calls[FIND_CALLS_MAX]; /* the latest questions: their answers are still taken */
	size_t n_calls;
	struct loop_timer *timer;
	uint64_t start_us; /* of the round */
	unsigned round;
	bool repeated;
	void (*seen)(void *arg, struct found *f); /* a device is complete; NULL: no need */
	void (*done)(void *arg);                  /* once */
	void *arg;
};

/* Starts a search; the caller has zeroed *f and set net, terms, seen, done and arg. -errno. */
MUST_USE int find_start(struct find *f);
/* Frees the devices. Also ends a search under way, without done(). */
void find_end(struct find *f);
/* Has one address answered for both? A device answers from each of its own, and which one is heard
 * first is chance. */
bool find_same_host(const struct found *a, const struct found *b);

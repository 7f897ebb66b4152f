/* tools/ocf-obt/find.h - discovery of devices by multicast (CR 2935 step 1, CR 2640). */
#pragma once

#include "net.h"
#include "obt/answer.h"

#define FIND_MAX ((size_t)1024) /* devices of one search */

struct find;

/* One device, however many of its addresses answered. */
struct found {
	struct find *find;
	struct uuid device;
	char name[ANSWER_NAME_MAX + 1]; /* empty: it does not tell */
	bool unowned;                   /* it said so: doxm is valid */
	struct answer_doxm doxm;
	struct endpoint_addr source; /* where its first answer came from */
	bool has_coap, has_coaps;
	struct endpoint_addr coap, coaps; /* of one IP family, the source's if possible */
	bool complete;                    /* all that is to be asked has been asked */
	uint64_t call;
	unsigned asked;
};

struct find_terms {
	bool unowned;              /* ask /oic/sec/doxm?owned=false */
	bool owned;                /* ask /oic/res?rt=oic.r.doxm */
	const struct uuid *wanted; /* end early, once this device is complete; NULL: no */
	uint64_t timeout_us;
};

struct find {
	struct net *net;
	struct find_terms terms;
	struct found **list; /* in order of appearance */
	size_t n;
	unsigned pending;  /* devices that are not complete */
	uint64_t calls[4]; /* two requests, each sent twice */
	size_t n_calls;
	struct loop_timer *timer;
	uint64_t start_us;
	bool repeated;
	void (*seen)(void *arg, struct found *f); /* a device is complete; NULL: no need */
	void (*done)(void *arg);                  /* once */
	void *arg;
};

/* Starts a search; the caller has zeroed *f and set net, terms, seen, done and arg. -errno. */
MUST_USE int find_start(struct find *f);
/* Frees the devices. Also ends a search under way, without done(). */
void find_end(struct find *f);

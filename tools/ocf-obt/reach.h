/* tools/ocf-obt/reach.h - a session with a device that we own, wherever it is now. */
#pragma once

#include "find.h"
#include "state.h"

/* Tries the recorded addresses one after the other, then looks for the device by multicast, and
 * records where it was found. Zero it, set what the first part names, and keep it in place until
 * reach_end(). */
struct reach {
	struct net *net;
	struct state *state;
	struct record_device dev; /* a copy; wiped by reach_end() */
	enum obt_service as;      /* whose credential is used */
	uint64_t timeout_us;      /* of the search */
	/* The session is open in `link`, or `trouble` says why not. */
	void (*done)(void *arg, bool ok);
	/* It has ended without our doing, later. */
	void (*lost)(void *arg);
	void *arg;

	struct link link;
	struct trouble trouble;
	struct endpoint_addr peer; /* whom the session is with */
	size_t tried;              /* recorded addresses */
	bool searching;
	struct find find;
};

/* done() may be called before this returns. */
void reach_start(struct reach *r);
/* Closes the session, if any, and frees what the search found. */
void reach_end(struct reach *r);

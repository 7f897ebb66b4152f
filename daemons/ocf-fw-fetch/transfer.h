/* daemons/ocf-fw-fetch/transfer.h - what http.c gets one body with, request by request. */
#pragma once

#include "base/fwerr.h"
#include "config.h"
#include "fw/url.h"
#include "ranges.h"
#include "reply.h"
#include "sink.h"

#define TRANSFER_MESSAGE ((size_t)256)

/* Handles and codes of libcurl, whose header stays in the .c files. */
struct curl_slist;

struct http {
	const struct config *config;
	void *multi;                     /* keeps the connections ... */
	char interface[PROTO_INTERFACE]; /* ... and addresses of this one */
};

/* What was asked for, through all redirects and requests that it takes. */
struct transfer {
	struct http *http;
	void *curl; /* of the request at hand */
	const struct proto_fetch *f;
	struct proto_fetched *out;
	struct sink sink;
	struct reply reply;
	struct curl_slist *head, *resolve;
	size_t ranges_max; /* of one request */
	uint64_t deadline_us;
	uint64_t answer_us; /* when there must be the head of a reply */
	bool by_proxy;      /* so the peer is not whom we talk to */
	bool is_connected;  /* for the request at hand */
	bool has_head;      /* of the reply to it, but for interim ones */
	bool has_started;   /* that was told */
	char message[TRANSFER_MESSAGE];
};

/* ---- transfer_setup.c: what is asked, and whom we would talk to ---- */

/* The addresses that somebody has found on the link of the interface. False: they are none. */
MUST_USE bool transfer_make_resolve(struct transfer *t, const struct url *u);
/* The headers of the request at hand. False: no memory. */
MUST_USE bool transfer_make_head(struct transfer *t);
/* The rest of it. A CURLcode; t->reply.error if it may not be asked. */
MUST_USE unsigned transfer_set_up(struct transfer *t, const char *url);

/* ---- transfer_body.c: what comes ---- */

/* Makes the request, and passes on what is of the body if the head says that it is the one. A
 * CURLcode; t->reply says why it has ended early. */
MUST_USE unsigned transfer_perform(struct transfer *t);
/* 0: there was no answer. */
long transfer_status(struct transfer *t);
long transfer_wanted_status(const struct transfer *t);

/* ---- transfer_error.c ---- */

/* What a CURLcode but CURLE_OK means for whoever asked. */
enum fw_error transfer_error(struct transfer *t, unsigned code);

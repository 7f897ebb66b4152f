/* lib/svr/req.h - one request and its answer, free of transport and library types. */
#pragma once

#include "base/buf.h"
#include "base/uuid.h"
#include "base/verdict.h"

#define REQ_QUERY_MAX  8
#define REQ_PATH_MAX   ((size_t)128)             /* octets of a path */
#define REQ_BODY_MAX   ((size_t)64 * 1024)       /* octets of a request body, blocks joined */
#define REQ_ANSWER_MAX ((size_t)2 * 1024 * 1024) /* octets of an answer's body: full lists */

#define CF_LINKS    40u /* application/link-format */
#define CF_CBOR     60u
#define CF_OCF_CBOR 10000u /* application/vnd.ocf+cbor */
#define CF_NONE     0xffffffffu

enum method { M_GET, M_POST, M_PUT, M_DELETE };

/* Why a request is asked. */
enum asked {
	ASKED_FIRST, /* it has come in */
	ASKED_READY, /* again, because its answer, V_LATER before, is there now; without the body */
	ASKED_KEPT,  /* for an observer, or a further block: what is known without asking further */
};

/* All spans are borrowed for the duration of the call. The transport has already answered 4.02
 * (unknown critical option), 4.08, 4.13 and the version options 2049 and 2053 (4.15). */
struct req {
	enum method method;
	struct span path;                 /* "/oic/sec/doxm"; segments hold no "/" or NUL */
	struct span query[REQ_QUERY_MAX]; /* one Uri-Query option each, "owned=FALSE" */
	size_t n_query;
	struct span body;
	uint32_t content_format, accept; /* CF_NONE: absent */
	bool multicast;
	bool observe; /* GET with Observe 0 */
	enum asked asked;
	uint64_t ticket;      /* of ASKED_FIRST and ASKED_READY: names the request */
	uint64_t session;     /* secured session it came in on; 0: unsecured */
	bool has_peer;        /* the session knows whom it talks to */
	struct uuid peer;     /* PSK identity or certificate's UUID; valid if has_peer */
	struct span peer_key; /* of its identity certificate, a point of 64 octets; else empty */
	/* Our endpoints as this peer can reach them (same interface and IP family), for "eps":
	 * "coap://[fe80::1]:5683" and "coaps://[fe80::1]:5684"; empty when there is none. */
	struct span ep_coap, ep_coaps;
};

struct answer {
	enum verdict verdict;
	uint32_t content_format; /* of a body that is not empty */
	struct buf body;         /* owned by the caller of the handler, reused between requests */
	bool act;                /* call ops.act once this answer is on the wire */
	bool observable;         /* of a GET: its requester may be told of changes */
};

/* lib/transport/endpoint.h - CoAP over UDP and DTLS (RFC 7252, 7641, 7959), server and client.
 *
 * One endpoint has a dual-stack CoAP socket and a DTLS socket. The endpoint owns no loop: wait on
 * endpoint_fd(), call endpoint_dispatch() when it is readable or endpoint_deadline() has come.
 * Nothing wakes it while nothing happens. */
#pragma once

#include <netinet/in.h>

#include "dtls/dtls.h"
#include "svr/req.h"

struct endpoint;

#define ENDPOINT_PATTERNS_MAX ((size_t)256)
#define ENDPOINT_ADDR_TEXT    ((size_t)80)
#define ENDPOINT_DEVICE_MAX   ((size_t)16)

/* An address of a peer; IPv4 is v4-mapped. Scope of link-local ones in sin6_scope_id. */
struct endpoint_addr {
	struct sockaddr_in6 sa;
};

struct endpoint_config {
	uint16_t coap_port, coaps_port; /* 0: ephemeral */
	bool server;                    /* answers requests, joins the OCF groups on port 5683 */
	/* "eth* !eth9 !docker*"; empty: all. What comes in on others is dropped, but for loopback.
	 */
	char interfaces[ENDPOINT_PATTERNS_MAX];
	char device[ENDPOINT_DEVICE_MAX]; /* the only interface, for both directions; empty: any */
	uint64_t leisure_us;   /* longest random delay of an answer to multicast; 0: none */
	uint64_t handshake_us; /* server handshake deadline */
	uint64_t idle_us;      /* session without traffic */
	unsigned sessions_max, handshakes_max, sessions_per_peer_max;
	size_t body_max; /* request bodies (server) and answers (client), blocks joined */
};
/* Fills in the defaults (ports 5683 and 5684, leisure 2 s, handshake 20 s, idle 600 s ...). */
void endpoint_defaults(struct endpoint_config *cfg);

struct endpoint_ops {
	/* Server: the terms for a ClientHello that arrives now; called again once its cookie is
	 * good. Leave profile at DTLS_NONE for silence. */
	void (*offer)(void *arg, struct dtls_offer *ret);
	int (*psk)(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret);
	/* Either role: judges the peer's chain. 0, or the error of x509_verify(). May be NULL: none
	 * is good. */
	int (*cert)(void *arg, enum dtls_profile profile, const struct x509_chain *chain);
	/* A handshake has finished, either role. */
	void (*opened)(void *arg, uint64_t session, const struct dtls_facts *facts,
		       const struct endpoint_addr *peer);
	/* An open session or a handshake has ended; was_open tells which. A DTLS_END_REPLACED
	 * comes after `opened` of the session that took its place. */
	void (*closed)(void *arg, uint64_t session, enum dtls_end why, bool was_open);
	/* Server: one whole request. A multicast GET is asked at arrival and again when its
	 * delayed answer is due; V_IGNORE either time means silence. The GET of an observer is
	 * asked again when something may have changed; a refusal ends the observation. With
	 * V_LATER the answer is asked for when endpoint_ready() says that it is there. */
	void (*request)(void *arg, const struct req *req, struct answer *answer);
	/* After an answer with `act` set has been handed to the kernel. */
	void (*act)(void *arg);
	/* Server: a unicast request was refused with `code` (402, 408 ...) before it was one for
	 * `request`; for the log. May be NULL. */
	void (*refused)(void *arg, struct span path, unsigned code);
};

/* 0; -ENOMEM; -EADDRINUSE; other errno of the sockets. `ops` and `arg` are borrowed for life. */
MUST_USE int endpoint_new(struct endpoint **ret, const struct endpoint_config *cfg,
			  const struct endpoint_ops *ops, void *arg, uint64_t now_us);
struct endpoint *endpoint_free(struct endpoint *e); /* close_notify to all; accepts NULL */
DEFINE_CLEANUP(struct endpoint *, endpoint_free)

int endpoint_fd(const struct endpoint *e);
uint64_t endpoint_deadline(const struct endpoint *e); /* NEVER_US: none */
/* 0, or -errno of a broken socket: the endpoint is then of no more use. */
MUST_USE int endpoint_dispatch(struct endpoint *e, uint64_t now_us);

uint16_t endpoint_coap_port(const struct endpoint *e);
uint16_t endpoint_coaps_port(const struct endpoint *e);
/* Whom the callback `request` (but for a delayed answer), `refused` or `closed` is about, while it
 * lasts; else NULL. */
const struct endpoint_addr *endpoint_about(const struct endpoint *e);
size_t endpoint_sessions(const struct endpoint *e); /* open ones */

/* Both roles. Closing is safe inside callbacks; `closed` is then called from dispatch. */
void endpoint_close(struct endpoint *e, uint64_t session);
/* All sessions and handshakes but `except` (0: all). */
void endpoint_close_all(struct endpoint *e, uint64_t except);
/* Asks ops->cert about the certificates of all open sessions again, and closes those that are not
 * good any more: DTLS_END_CERT. */
void endpoint_judge(struct endpoint *e);
MUST_USE int endpoint_owner_key(struct endpoint *e, uint64_t session, const char *label,
				const struct uuid *obt, const struct uuid *device, uint8_t ret[16]);

/* ---- server ---- */

/* The answer to a request that had V_LATER is there: `request` is asked once more, at once and not
 * from inside a callback. Its requester may be gone: then nothing happens. */
void endpoint_ready(struct endpoint *e, uint64_t ticket, uint64_t now_us);
/* Any resource may have changed: `request` is asked anew for each observer (RFC 7641), who is told
 * if the answer differs from the one before. Both are done by the next endpoint_dispatch(). */
void endpoint_touch(struct endpoint *e);
/* Each observer gets an answer of this verdict, its last. */
void endpoint_end_observers(struct endpoint *e, enum verdict why);

/* ---- client ---- */

/* Numeric addresses only: "fe80::1%eth0", "[fd77::2]", "10.0.0.1". -EINVAL. */
MUST_USE int endpoint_addr_parse(struct endpoint_addr *ret, struct span host, uint16_t port);
void endpoint_addr_format(const struct endpoint_addr *a, char ret[ENDPOINT_ADDR_TEXT]);
/* "coaps://[fd77::2]:48115" as found in "eps"; *ret_secure tells coaps. A link-local address takes
 * the scope of `via` (the address the link came from). -EINVAL. */
MUST_USE int endpoint_uri_parse(struct span uri, const struct endpoint_addr *via,
				struct endpoint_addr *ret, bool *ret_secure);

/* Starts a handshake; `opened` or `closed` follows. -EISCONN: there is a session with this address;
 * after endpoint_close() it is gone. Errors of dtls_connect(). */
MUST_USE int endpoint_connect(struct endpoint *e, const struct endpoint_addr *peer,
			      const struct dtls_offer *offer, uint64_t now_us,
			      uint64_t *ret_session);

#define ENDPOINT_STREAM_MAX ((size_t)1 << 30) /* 2^20 blocks of 1 KiB */

/* A GET of one block, by somebody who joins them himself: several may be under way (RFC 7959 2.4).
 */
struct call_block {
	const struct span *segments; /* of the path, which is then not call.path; any octets */
	size_t n_segments;
	const char *host;        /* Uri-Host; NULL: an address is all there is */
	uint32_t content_format; /* Accept, or CF_NONE */
	uint32_t num;            /* 0 asks for the size, too */
	uint8_t szx;             /* of 16 << szx octets, at most 6 */
};

struct call {
	enum method method;
	uint64_t session; /* 0: unsecured, to `to` */
	struct endpoint_addr to;
	const char *path; /* "/oic/sec/doxm" */
	const char *query[REQ_QUERY_MAX];
	size_t n_query;
	struct span body;               /* copied; sent with Content-Format 10000 if not empty */
	const struct call_block *block; /* NULL: all blocks, joined or as `stream` */
	bool foreign;                   /* a peer that is no OCF device: no Accept, 2049 and 2053 */
	bool observe;            /* GET: a reply for each change (RFC 7641), one block each */
	bool stream;             /* the reply block by block, up to ENDPOINT_STREAM_MAX octets */
	uint64_t ack_timeout_us; /* 0: 2 s (RFC 7252 4.8) */
	unsigned max_retransmit; /* 0: 4 */
	uint64_t backoff_cap_us; /* 0: none */
};

/* What a reply to call.block says about the whole. */
struct reply_block {
	bool present; /* without a block option the reply is all there is */
	uint32_t num;
	uint8_t szx;
	bool more;
	uint32_t size; /* Size2, or CF_NONE */
	struct span etag;
};

struct reply {
	int err;       /* 0; -ETIMEDOUT, -ECONNRESET (RST, or the session ended), -EFBIG,
			  -EBADMSG */
	unsigned code; /* 205 for 2.05, 404 for 4.04 */
	uint32_t content_format;
	struct span body; /* borrowed during the callback, blocks joined unless call.stream */
	struct reply_block block;
	bool more; /* call.stream: another reply follows; call.observe: others may */
	struct endpoint_addr from;
};
typedef void (*reply_fn)(void *arg, const struct reply *reply);

/* Sends a CON and calls `fn` exactly once (call.stream, call.observe: until a reply without
 * `more`), never from inside this function. An observation that is cancelled ends when the peer
 * notifies next: it gets a RST. Requests carry Accept 10000 and 2049 = 2048, with a body also 2053
 * = 2048. -ENOTCONN, -ENOMEM, -EMSGSIZE, -EAGAIN (too many under way). */
MUST_USE int endpoint_call(struct endpoint *e, const struct call *call, reply_fn fn, void *arg,
			   uint64_t now_us, uint64_t *ret_id);
/* Sends a NON to the OCF groups on every allowed interface (same message id and token on all) and
 * calls `fn` for each answer until endpoint_cancel(). IPv4 224.0.1.187, IPv6 ff02::158; `scope`
 * 3 or 5 asks ff03::158 or ff05::158 instead. */
MUST_USE int endpoint_multicast(struct endpoint *e, const struct call *call, unsigned scope,
				reply_fn fn, void *arg, uint64_t now_us, uint64_t *ret_id);
/* `fn` will not be called any more. An unknown id is ignored. */
void endpoint_cancel(struct endpoint *e, uint64_t id);

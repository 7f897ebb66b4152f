/* lib/transport/client.h - requests out, replies in: the message layer of a client (RFC 7252 4.2,
 * 5.2, 5.3; RFC 7959). No sockets, no clock. */
#pragma once

#include "transport/message.h"
#include "transport/remote.h"

#define CLIENT_CALLS_MAX   ((size_t)256)
#define CLIENT_QUERY_MAX   ((size_t)512) /* octets of all queries of a call */
#define CLIENT_ACKED_MAX   ((size_t)32)
#define CLIENT_SEPARATE_US (UINT64_C(93) * USEC_PER_SEC) /* wait after an empty ACK */

struct client;
typedef void (*client_send_fn)(void *arg, const struct remote *to, struct span message);

/* -ENOMEM. `arg` is borrowed for life. */
MUST_USE int client_new(struct client **ret, size_t body_max, client_send_fn send, void *arg);
struct client *client_free(struct client *c); /* callbacks are not called; accepts NULL */
DEFINE_CLEANUP(struct client *, client_free)

/* See endpoint_call(). `to` is where call->session or call->to leads. */
MUST_USE int client_call(struct client *c, const struct call *call, const struct remote *to,
			 reply_fn fn, void *arg, uint64_t now_us, uint64_t *ret_id);
/* A NON to each of `groups`, with one message id and token. */
MUST_USE int client_multicast(struct client *c, const struct call *call,
			      const struct remote *groups, size_t n_groups, reply_fn fn, void *arg,
			      uint64_t *ret_id);
void client_cancel(struct client *c, uint64_t id);

/* A response, an empty ACK or a RST. */
void client_receive(struct client *c, const struct remote *from, const struct message *m,
		    uint64_t now_us);
/* Ends the calls of a session with -ECONNRESET. */
void client_forget(struct client *c, uint64_t session);
void client_tick(struct client *c, uint64_t now_us);
uint64_t client_deadline(const struct client *c); /* NEVER_US: none */

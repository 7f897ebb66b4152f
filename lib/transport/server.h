/* lib/transport/server.h - requests in, answers out: the message layer of a server
 * (RFC 7252 4 and 5, RFC 7641, RFC 7959, CR 2640 for groups). No sockets, no clock. */
#pragma once

#include "transport/message.h"
#include "transport/remote.h"

struct server;

struct server_ops {
	void (*send)(void *arg, const struct remote *to, struct span message);
	/* Fills in what only the owner of the sockets and sessions knows (peer, endpoints) and
	 * asks the application. */
	void (*request)(void *arg, const struct remote *from, struct req *req,
			struct answer *answer);
	/* An answer with `act` has been given to send(). */
	void (*act)(void *arg);
	/* A request got this code without request() having been asked; may be NULL. */
	void (*refused)(void *arg, struct span path, uint8_t code);
};

struct server_config {
	uint64_t leisure_us;
	size_t body_max;
};

/* -ENOMEM. `ops` and `arg` are borrowed for life. */
MUST_USE int server_new(struct server **ret, const struct server_config *cfg,
			const struct server_ops *ops, void *arg);
struct server *server_free(struct server *s); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct server *, server_free)

/* A message with a request code; `datagram` is where it was read from. `cut`: its end is lost. */
void server_receive(struct server *s, const struct remote *from, const struct message *m,
		    struct span datagram, bool cut, uint64_t now_us);
/* An empty ACK or RST. True: it was about a message of the server. */
MUST_USE bool server_receive_empty(struct server *s, const struct remote *from,
				   const struct message *m, uint64_t now_us);
/* The answer that was V_LATER is there: request() is asked once more. An unknown ticket is ignored:
 * its requester may be gone. Not from inside request(). */
void server_ready(struct server *s, uint64_t ticket, uint64_t now_us);
/* Any resource may have changed: the next tick asks for each observer anew. */
void server_touch(struct server *s);
/* Each observer gets an answer of this verdict by the next tick, its last. */
void server_end_observers(struct server *s, enum verdict why);
/* What is due: answers to multicast, notifications, empty ACKs, repetitions. */
void server_tick(struct server *s, uint64_t now_us);
uint64_t server_deadline(const struct server *s); /* NEVER_US: none */
/* A session is gone: nothing of it is kept. */
void server_forget(struct server *s, uint64_t session);

/* lib/transport/peers.h - DTLS sessions by address and by number, within limits. No sockets, no
 * clock. */
#pragma once

#include "transport/remote.h"

struct peers;

struct peers_ops {
	void (*send)(void *arg, const struct remote *to, struct span datagram);
	/* One record of an open session; from->session is set. */
	void (*data)(void *arg, const struct remote *from, struct span plain, uint64_t now_us);
	void (*ended)(void *arg, uint64_t session, enum dtls_end why, bool was_open,
		      const struct endpoint_addr *peer);
	/* As in struct endpoint_ops; `offer` is NULL for a client. */
	void (*offer)(void *arg, struct dtls_offer *ret);
	int (*psk)(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret);
	int (*cert)(void *arg, enum dtls_profile profile, const struct x509_chain *chain);
	void (*opened)(void *arg, uint64_t session, const struct dtls_facts *facts,
		       const struct endpoint_addr *peer);
};

/* So often the certificate of a session in use is judged anew. */
#define PEERS_JUDGE_EACH_US (60 * USEC_PER_SEC)

struct peers_limits {
	unsigned sessions, handshakes, per_address;
	uint64_t handshake_us, idle_us;
};

/* -ENOMEM. `ops` and `arg` are borrowed for life. */
MUST_USE int peers_new(struct peers **ret, const struct peers_limits *limits,
		       const struct peers_ops *ops, void *arg);
/* Sends close_notify on open sessions and in handshakes; `ended` is not called. Accepts NULL. */
struct peers *peers_free(struct peers *ps);
DEFINE_CLEANUP(struct peers *, peers_free)

void peers_receive(struct peers *ps, const struct remote *from, struct span datagram,
		   uint64_t now_us);
/* -EISCONN: there is a session with this address already. */
MUST_USE int peers_connect(struct peers *ps, const struct endpoint_addr *to,
			   const struct dtls_offer *offer, uint64_t now_us, uint64_t *ret_session);
void peers_send(struct peers *ps, uint64_t session, struct span plain, uint64_t now_us);

/* Marked only: peers_reap() does it. `except` 0: none. */
void peers_close(struct peers *ps, uint64_t session);
void peers_close_all(struct peers *ps, uint64_t except);
/* Ends the open sessions whose certificate is not good any more. */
void peers_judge(struct peers *ps);
/* Frees what has ended and tells so. Not from inside a callback. */
void peers_reap(struct peers *ps);
/* Repeats flights, gives up handshakes, ends idle sessions. */
void peers_tick(struct peers *ps, uint64_t now_us);
uint64_t peers_deadline(const struct peers *ps); /* 0: peers_reap() has work */

/* NULL: not an open session. */
const struct dtls_facts *peers_facts(const struct peers *ps, uint64_t session);
/* False: not an open session. */
MUST_USE bool peers_remote(const struct peers *ps, uint64_t session, struct remote *ret);
MUST_USE int peers_owner_key(struct peers *ps, uint64_t session, const char *label,
			     const struct uuid *obt, const struct uuid *device, uint8_t ret[16]);
size_t peers_count(const struct peers *ps); /* open ones */

#include "transport/endpoint.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "transport/client.h"
#include "transport/eps.h"
#include "transport/groups.h"
#include "transport/peers.h"
#include "transport/server.h"
#include "transport/socket.h"

#define COAP_PORT    5683
#define COAPS_PORT   5684
#define ROUNDS_MAX   8 /* batches read from one socket before the loop gets its turn */
#define TARGETS_MAX  ((size_t)128)
#define HOPS_WIDE    255 /* of realm and site scope; link scope needs one */
#define BODY_MAX     REQ_BODY_MAX
#define SESSIONS_MAX 256
#define SHAKING_MAX  64
#define PER_PEER_MAX 16

/* What epoll says is readable. */
enum source { SRC_PLAIN, SRC_GROUP, SRC_SECURE, SRC_LINKS, SRC_COUNT };

struct endpoint {
	struct endpoint_config cfg;
	const struct endpoint_ops *ops;
	void *arg;
	int epoll;
	int fd[SRC_LINKS]; /* SRC_GROUP: -1 if the plain socket has the port of the groups */
	struct inbox *inbox;
	struct outbox *outbox;
	struct groups *groups;
	struct server *server; /* NULL: a client only */
	struct client *client;
	struct peers *peers;
	struct eps eps;
	uint64_t now_us;
	const struct endpoint_addr *about; /* of the callback under way */
};

void endpoint_defaults(struct endpoint_config *cfg)
{
	*cfg = (struct endpoint_config){.coap_port = COAP_PORT,
					.coaps_port = COAPS_PORT,
					.leisure_us = 2 * USEC_PER_SEC,
					.handshake_us = 20 * USEC_PER_SEC,
					.idle_us = 600 * USEC_PER_SEC,
					.sessions_max = SESSIONS_MAX,
					.handshakes_max = SHAKING_MAX,
					.sessions_per_peer_max = PER_PEER_MAX,
					.body_max = BODY_MAX};
}

/* ---- between the layers ---- */

static void send_message(void *arg, const struct remote *to, struct span message)
{
	struct endpoint *e = arg;

	if (to->session != 0)
		peers_send(e->peers, to->session, message, e->now_us);
	else
		outbox_put(e->outbox, e->fd[SRC_PLAIN], to, message);
}

static void send_record(void *arg, const struct remote *to, struct span datagram)
{
	struct endpoint *e = arg;

	outbox_put(e->outbox, e->fd[SRC_SECURE], to, datagram);
}

static void on_request(void *arg, const struct remote *from, struct req *req, struct answer *answer)
{
	struct endpoint *e = arg;
	const struct dtls_facts *facts =
		from->session ? peers_facts(e->peers, from->session) : NULL;

	if (facts && facts->has_peer) {
		req->has_peer = true;
		req->peer = facts->peer;
	}
	if (facts && facts->has_cert)
		req->peer_key = span_of(facts->key.b, sizeof(facts->key.b));
	eps_for(&e->eps, from, &req->ep_coap, &req->ep_coaps);
	e->ops->request(e->arg, req, answer);
}

static void on_act(void *arg)
{
	struct endpoint *e = arg;

	outbox_flush(e->outbox);
	e->ops->act(e->arg);
}

static void on_refused(void *arg, struct span path, uint8_t code)
{
	struct endpoint *e = arg;

	if (e->ops->refused)
		e->ops->refused(e->arg, path, MESSAGE_CODE_TEXT(code));
}

static void reject(struct endpoint *e, const struct remote *to, uint16_t id)
{
	uint8_t octets[4];
	struct message rst;

	message_init(&rst, MT_RST, MC_EMPTY, id);
	send_message(e, to, span_of(octets, message_write(&rst, octets, sizeof(octets))));
}

static bool is_for_server(struct endpoint *e, const struct remote *from, const struct message *m)
{
	return e->server && m->code == MC_EMPTY &&
	       server_receive_empty(e->server, from, m, e->now_us);
}

static void serve(struct endpoint *e, const struct remote *from, const struct message *m,
		  struct span datagram, bool cut)
{
	e->about = &from->addr;
	server_receive(e->server, from, m, datagram, cut, e->now_us);
	e->about = NULL;
}

/* One CoAP message, plain or from a session. RFC 7252 4.2 and 4.3; 8.1 for groups. */
static void receive_message(struct endpoint *e, const struct remote *from, struct span datagram,
			    bool cut)
{
	struct message m;
	int r = message_parse(&m, datagram);
	bool ping = r == 0 && m.code == MC_EMPTY;
	bool request = r == 0 && message_is_request(&m);

	if (r == -EPROTO)
		return;
	if (request && e->server)
		serve(e, from, &m, datagram, cut);
	else if (from->multicast)
		return;
	else if (m.type == MT_CON && (r < 0 || ping || request))
		reject(e, from, m.id);
	else if (r == 0 && !request && !cut && !is_for_server(e, from, &m))
		client_receive(e->client, from, &m, e->now_us);
}

static void on_data(void *arg, const struct remote *from, struct span plain, uint64_t now_us)
{
	struct endpoint *e = arg;

	e->now_us = now_us;
	receive_message(e, from, plain, false);
}

static void on_ended(void *arg, uint64_t session, enum dtls_end why, bool was_open,
		     const struct endpoint_addr *peer)
{
	struct endpoint *e = arg;

	client_forget(e->client, session);
	if (e->server)
		server_forget(e->server, session);
	e->about = peer;
	e->ops->closed(e->arg, session, why, was_open);
	e->about = NULL;
}

static void on_offer(void *arg, struct dtls_offer *ret)
{
	struct endpoint *e = arg;

	e->ops->offer(e->arg, ret);
}

static int on_psk(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
{
	struct endpoint *e = arg;

	return e->ops->psk ? e->ops->psk(e->arg, profile, identity, ret) : -ENOENT;
}

static int on_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	struct endpoint *e = arg;

	return e->ops->cert ? e->ops->cert(e->arg, profile, chain) : -EKEYREJECTED;
}

static void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
		      const struct endpoint_addr *peer)
{
	struct endpoint *e = arg;

	e->ops->opened(e->arg, session, facts, peer);
}

static const struct server_ops SERVER_OPS = {
	.send = send_message, .request = on_request, .act = on_act, .refused = on_refused};
static const struct peers_ops PEERS_OPS_SERVER = {.send = send_record,
						  .data = on_data,
						  .ended = on_ended,
						  .offer = on_offer,
						  .psk = on_psk,
						  .cert = on_cert,
						  .opened = on_opened};
static const struct peers_ops PEERS_OPS_CLIENT = {.send = send_record,
						  .data = on_data,
						  .ended = on_ended,
						  .psk = on_psk,
						  .cert = on_cert,
						  .opened = on_opened};

/* ---- life ---- */

static int watch(struct endpoint *e, int fd, enum source source)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = source};

	return epoll_ctl(e->epoll, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int open_socket(struct endpoint *e, enum source source, uint16_t port, bool shared)
{
	int fd = socket_open(port, shared, e->cfg.device);

	if (fd < 0)
		return fd;
	e->fd[source] = fd;
	return watch(e, fd, source);
}

/* The groups' port is ours alone if it is our CoAP port, so that nobody takes its unicast
 * messages; else all devices of this host share it. */
static int open_sockets(struct endpoint *e)
{
	int groups_on = -1;
	int r = open_socket(e, SRC_PLAIN, e->cfg.coap_port, false);

	if (r == 0)
		r = open_socket(e, SRC_SECURE, e->cfg.coaps_port, false);
	if (r == 0 && e->cfg.server && e->cfg.coap_port != GROUPS_PORT)
		r = open_socket(e, SRC_GROUP, GROUPS_PORT, true);
	if (r < 0)
		return r;
	if (e->cfg.server)
		groups_on = e->fd[e->fd[SRC_GROUP] >= 0 ? SRC_GROUP : SRC_PLAIN];
	r = groups_new(&e->groups, e->cfg.interfaces, groups_on);
	return r < 0 ? r : watch(e, groups_fd(e->groups), SRC_LINKS);
}

static int make_layers(struct endpoint *e)
{
	struct server_config server = {.leisure_us = e->cfg.leisure_us,
				       .body_max = e->cfg.body_max};
	struct peers_limits limits = {.sessions = e->cfg.sessions_max,
				      .handshakes = e->cfg.handshakes_max,
				      .per_address = e->cfg.sessions_per_peer_max,
				      .handshake_us = e->cfg.handshake_us,
				      .idle_us = e->cfg.idle_us};
	int r = 0;

	e->inbox = inbox_new();
	e->outbox = outbox_new();
	if (!e->inbox || !e->outbox)
		return -ENOMEM;
	if (e->cfg.server)
		r = server_new(&e->server, &server, &SERVER_OPS, e);
	if (r == 0)
		r = client_new(&e->client, e->cfg.body_max, send_message, e);
	if (r == 0)
		r = peers_new(&e->peers, &limits,
			      e->cfg.server ? &PEERS_OPS_SERVER : &PEERS_OPS_CLIENT, e);
	return r;
}

int endpoint_new(struct endpoint **ret, const struct endpoint_config *cfg,
		 const struct endpoint_ops *ops, void *arg, uint64_t now_us)
{
	CLEANUP(endpoint_freep) struct endpoint *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->cfg = *cfg;
	e->ops = ops;
	e->arg = arg;
	e->now_us = now_us;
	for (size_t i = 0; i < ARRAY_SIZE(e->fd); i++)
		e->fd[i] = -1;
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll < 0)
		return -errno;
	r = make_layers(e);
	if (r == 0)
		r = open_sockets(e);
	if (r < 0)
		return r;
	e->eps.coap_port = endpoint_coap_port(e);
	e->eps.coaps_port = endpoint_coaps_port(e);
	*ret = e;
	e = NULL;
	return 0;
}

struct endpoint *endpoint_free(struct endpoint *e)
{
	if (!e)
		return NULL;
	(void)peers_free(e->peers);
	if (e->outbox)
		outbox_flush(e->outbox);
	(void)client_free(e->client);
	(void)server_free(e->server);
	(void)groups_free(e->groups);
	(void)outbox_free(e->outbox);
	(void)inbox_free(e->inbox);
	for (size_t i = 0; i < ARRAY_SIZE(e->fd); i++)
		closep(&e->fd[i]);
	closep(&e->epoll);
	free(e);
	return NULL;
}

int endpoint_fd(const struct endpoint *e)
{
	return e->epoll;
}

uint16_t endpoint_coap_port(const struct endpoint *e)
{
	return socket_port(e->fd[SRC_PLAIN]);
}

uint16_t endpoint_coaps_port(const struct endpoint *e)
{
	return socket_port(e->fd[SRC_SECURE]);
}

/* ---- running ---- */

static void receive_datagram(struct endpoint *e, enum source source, const struct datagram *d)
{
	if (!groups_allows(e->groups, d->from.ifindex))
		return;
	if (source == SRC_SECURE)
		peers_receive(e->peers, &d->from, d->data, e->now_us);
	else if (source == SRC_PLAIN || d->from.multicast)
		receive_message(e, &d->from, d->data, d->cut);
}

/* Until the socket is empty, and no longer than ROUNDS_MAX. While more than one batch waits nobody
 * watches it: the kernel would wake the loop for each datagram that comes or leaves. */
static int receive_socket(struct endpoint *e, enum source source)
{
	int fd = e->fd[source], n = (int)SOCKET_BATCH, r = 0;
	bool watched = true;

	for (unsigned round = 0; round < ROUNDS_MAX && n > 0; round++) {
		n = inbox_receive(e->inbox, fd);
		if (n == (int)SOCKET_BATCH && watched)
			watched = epoll_ctl(e->epoll, EPOLL_CTL_DEL, fd, NULL) < 0;
		for (int i = 0; i < n; i++) {
			struct datagram d;

			inbox_get(e->inbox, (size_t)i, &d);
			receive_datagram(e, source, &d);
		}
		outbox_flush(e->outbox);
	}
	if (!watched)
		r = watch(e, fd, source);
	return n < 0 ? n : r;
}

int endpoint_dispatch(struct endpoint *e, uint64_t now_us)
{
	struct epoll_event events[SRC_COUNT];
	int n = epoll_wait(e->epoll, events, SRC_COUNT, 0), r = 0;

	e->now_us = now_us;
	for (int i = 0; i < n && r == 0; i++) {
		if (events[i].data.u32 == SRC_LINKS)
			groups_update(e->groups);
		else
			r = receive_socket(e, events[i].data.u32);
	}
	if (e->server)
		server_tick(e->server, now_us);
	client_tick(e->client, now_us);
	peers_tick(e->peers, now_us);
	peers_reap(e->peers);
	outbox_flush(e->outbox);
	return r;
}

uint64_t endpoint_deadline(const struct endpoint *e)
{
	uint64_t due = peers_deadline(e->peers), other = client_deadline(e->client);

	due = other < due ? other : due;
	other = e->server ? server_deadline(e->server) : NEVER_US;
	return other < due ? other : due;
}

const struct endpoint_addr *endpoint_about(const struct endpoint *e)
{
	return e->about;
}

size_t endpoint_sessions(const struct endpoint *e)
{
	return peers_count(e->peers);
}

void endpoint_close(struct endpoint *e, uint64_t session)
{
	peers_close(e->peers, session);
}

void endpoint_close_all(struct endpoint *e, uint64_t except)
{
	peers_close_all(e->peers, except);
}

void endpoint_judge(struct endpoint *e)
{
	peers_judge(e->peers);
}

int endpoint_owner_key(struct endpoint *e, uint64_t session, const char *label,
		       const struct uuid *obt, const struct uuid *device, uint8_t ret[16])
{
	return peers_owner_key(e->peers, session, label, obt, device, ret);
}

void endpoint_ready(struct endpoint *e, uint64_t ticket, uint64_t now_us)
{
	e->now_us = now_us;
	server_ready(e->server, ticket, now_us);
	outbox_flush(e->outbox);
}

void endpoint_touch(struct endpoint *e)
{
	server_touch(e->server);
}

void endpoint_end_observers(struct endpoint *e, enum verdict why)
{
	server_end_observers(e->server, why);
}

/* ---- client ---- */

int endpoint_connect(struct endpoint *e, const struct endpoint_addr *peer,
		     const struct dtls_offer *offer, uint64_t now_us, uint64_t *ret_session)
{
	int r;

	e->now_us = now_us;
	r = peers_connect(e->peers, peer, offer, now_us, ret_session);
	outbox_flush(e->outbox);
	return r;
}

int endpoint_call(struct endpoint *e, const struct call *call, reply_fn fn, void *arg,
		  uint64_t now_us, uint64_t *ret_id)
{
	struct remote to = {.addr = call->to};
	int r;

	e->now_us = now_us;
	if (call->session != 0 && !peers_remote(e->peers, call->session, &to))
		return -ENOTCONN;
	r = client_call(e->client, call, &to, fn, arg, now_us, ret_id);
	outbox_flush(e->outbox);
	return r;
}

int endpoint_multicast(struct endpoint *e, const struct call *call, unsigned scope, reply_fn fn,
		       void *arg, uint64_t now_us, uint64_t *ret_id)
{
	struct remote targets[TARGETS_MAX];
	size_t n = groups_targets(e->groups, scope, targets, TARGETS_MAX);
	int hops = scope > 2 ? HOPS_WIDE : 1, r;

	e->now_us = now_us;
	(void)setsockopt(e->fd[SRC_PLAIN], IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	r = client_multicast(e->client, call, targets, n, fn, arg, ret_id);
	outbox_flush(e->outbox);
	return r;
}

void endpoint_cancel(struct endpoint *e, uint64_t id)
{
	client_cancel(e->client, id);
}

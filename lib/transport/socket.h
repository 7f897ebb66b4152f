/* lib/transport/socket.h - dual-stack UDP sockets, read and written in batches. */
#pragma once

#include "transport/remote.h"

#define SOCKET_BATCH        ((size_t)32)
#define SOCKET_DATAGRAM_MAX ((size_t)2048)
#define SOCKET_RCVBUF       (1024 * 1024) /* as far as net.core.rmem_max allows */
/* Answers to forged neighbours wait here until their addresses are given up; the kernel asks for
 * 1024 at a time, and theirs must leave room for honest ones. As far as net.core.wmem_max allows.
 */
#define SOCKET_SNDBUF (2 * 1024 * 1024)

/* A descriptor, or -errno. 0 for an ephemeral port. `shared`: others may bind the same port, and
 * have to say so too. `device`: the only interface, or empty. */
MUST_USE int socket_open(uint16_t port, bool shared, const char *device);
uint16_t socket_port(int fd);
/* The address of ours that datagrams to `peer` come from. -errno: no route. */
MUST_USE int socket_source(const struct endpoint_addr *peer, struct in6_addr *ret);

struct inbox;
struct inbox *inbox_new(void); /* NULL: no memory */
struct inbox *inbox_free(struct inbox *in);

struct datagram {
	struct remote from;
	struct span data; /* borrowed until the next inbox_receive() */
	bool cut;         /* was longer than SOCKET_DATAGRAM_MAX */
};
/* The number of datagrams read, at most SOCKET_BATCH; 0: none waited. -errno: broken socket. */
MUST_USE int inbox_receive(struct inbox *in, int fd);
void inbox_get(struct inbox *in, size_t i, struct datagram *ret);

struct outbox;
struct outbox *outbox_new(void); /* NULL: no memory */
struct outbox *outbox_free(struct outbox *out);
/* Queues a copy; what the kernel does not take is lost, as on the wire. More than MESSAGE_MAX
 * and DTLS_DATAGRAM_MAX octets never come. */
void outbox_put(struct outbox *out, int fd, const struct remote *to, struct span data);
void outbox_flush(struct outbox *out);

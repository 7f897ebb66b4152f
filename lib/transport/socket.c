#include "transport/socket.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <netinet/udp.h>
#include <stdalign.h>
#include <sys/socket.h>

#define OUT_MAX     ((size_t)1280)
#define RUN_MIN     4 /* datagrams to one peer that are worth a message of segments */
#define SEGMENT_MAX CMSG_SPACE(sizeof(uint16_t))
#define CONTROL_MAX CMSG_SPACE(sizeof(struct in6_pktinfo))

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* CoAP knows unicast and groups. What comes by broadcast looks like unicast here: a request would
 * be carried out by every device of the link. */
static int refuse_broadcasts(int fd)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_BROADCAST, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = {ARRAY_SIZE(code), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

/* Since Linux 5.7 this needs no capability. */
static int bind_device(int fd, const char *device)
{
	socklen_t len = (socklen_t)strlen(device);

	return len > 0 && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, len) < 0 ? -errno : 0;
}

int socket_open(uint16_t port, bool shared, const char *device)
{
	CLEANUP(closep) int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int r;

	if (fd < 0)
		return -errno;
	r = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (r == 0)
		r = set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (r == 0 && shared)
		r = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0)
		r = refuse_broadcasts(fd);
	if (r == 0)
		r = bind_device(fd, device);
	if (r < 0)
		return r;
	/* Wishes: only groups joined by this very socket, and room for a burst. */
	(void)set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	(void)set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	(void)set_int(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_RCVBUF);
	(void)set_int(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_SNDBUF);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	return fd_take(&fd);
}

uint16_t socket_port(int fd)
{
	struct sockaddr_in6 sa = {0};
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return 0;
	return ntohs(sa.sin6_port);
}

int socket_source(const struct endpoint_addr *peer, struct in6_addr *ret)
{
	CLEANUP(closep) int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 sa = {0};
	socklen_t len = sizeof(sa);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&peer->sa, sizeof(peer->sa)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	*ret = sa.sin6_addr;
	return 0;
}

/* ---- in ---- */

struct inbox {
	struct mmsghdr heads[SOCKET_BATCH];
	struct iovec iov[SOCKET_BATCH];
	struct sockaddr_in6 names[SOCKET_BATCH];
	alignas(struct cmsghdr) uint8_t control[SOCKET_BATCH][CONTROL_MAX];
	uint8_t data[SOCKET_BATCH][SOCKET_DATAGRAM_MAX];
};

struct inbox *inbox_new(void)
{
	struct inbox *in = calloc(1, sizeof(*in));

	for (size_t i = 0; in && i < SOCKET_BATCH; i++) {
		in->iov[i] = (struct iovec){in->data[i], SOCKET_DATAGRAM_MAX};
		in->heads[i].msg_hdr = (struct msghdr){.msg_name = &in->names[i],
						       .msg_iov = &in->iov[i],
						       .msg_iovlen = 1,
						       .msg_control = in->control[i]};
	}
	return in;
}

struct inbox *inbox_free(struct inbox *in)
{
	free(in);
	return NULL;
}

int inbox_receive(struct inbox *in, int fd)
{
	int n;

	for (size_t i = 0; i < SOCKET_BATCH; i++) {
		in->heads[i].msg_hdr.msg_namelen = sizeof(in->names[i]);
		in->heads[i].msg_hdr.msg_controllen = CONTROL_MAX;
	}
	n = recvmmsg(fd, in->heads, SOCKET_BATCH, MSG_DONTWAIT, NULL);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR || errno == ENOMEM || errno == ENOBUFS ? 0
											: -errno;
}

static bool is_group(const struct in6_addr *a)
{
	if (!IN6_IS_ADDR_V4MAPPED(a))
		return IN6_IS_ADDR_MULTICAST(a);
	return a->s6_addr[12] >= 224; /* 224/4, reserved, broadcast: never a unicast address */
}

void inbox_get(struct inbox *in, size_t i, struct datagram *ret)
{
	struct msghdr *h = &in->heads[i].msg_hdr;

	*ret = (struct datagram){.from.addr.sa = in->names[i],
				 .data = span_of(in->data[i], in->heads[i].msg_len),
				 .cut = (h->msg_flags & MSG_TRUNC) != 0};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		struct in6_pktinfo info;

		if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		ret->from.local = info.ipi6_addr;
		ret->from.ifindex = info.ipi6_ifindex;
		ret->from.multicast = is_group(&info.ipi6_addr);
	}
}

/* ---- out ---- */

struct outbox {
	int fd;
	bool segments; /* this kernel and interface have UDP_SEGMENT, as far as we know */
	size_t n;
	struct mmsghdr heads[SOCKET_BATCH];
	struct iovec iov[SOCKET_BATCH];
	struct sockaddr_in6 names[SOCKET_BATCH];
	alignas(struct cmsghdr) uint8_t control[SOCKET_BATCH][CONTROL_MAX];
	uint8_t data[SOCKET_BATCH][OUT_MAX];
};

struct outbox *outbox_new(void)
{
	struct outbox *out = calloc(1, sizeof(*out));

	for (size_t i = 0; out && i < SOCKET_BATCH; i++) {
		out->iov[i].iov_base = out->data[i];
		out->heads[i].msg_hdr = (struct msghdr){.msg_name = &out->names[i],
							.msg_namelen = sizeof(out->names[i]),
							.msg_iov = &out->iov[i],
							.msg_iovlen = 1};
	}
	if (out) {
		out->fd = -1;
		out->segments = true;
	}
	return out;
}

struct outbox *outbox_free(struct outbox *out)
{
	free(out);
	return NULL;
}

/* Where the datagram leaves from: the address the request came to; for groups, any address of the
 * interface. A v4-mapped peer needs a v4-mapped source, even an unspecified one. */
static bool source_of(const struct remote *to, struct in6_pktinfo *ret)
{
	*ret = (struct in6_pktinfo){0};
	if (to->multicast) {
		ret->ipi6_ifindex = to->ifindex;
		if (IN6_IS_ADDR_V4MAPPED(&to->addr.sa.sin6_addr))
			ret->ipi6_addr.s6_addr[10] = ret->ipi6_addr.s6_addr[11] = 0xff;
		return true;
	}
	ret->ipi6_addr = to->local;
	if (IN6_IS_ADDR_LINKLOCAL(&to->local))
		ret->ipi6_ifindex = to->ifindex;
	return !IN6_IS_ADDR_UNSPECIFIED(&to->local);
}

static void set_source(struct msghdr *h, uint8_t *control, const struct remote *to)
{
	struct in6_pktinfo info;
	struct cmsghdr *c;

	h->msg_control = NULL;
	h->msg_controllen = 0;
	if (!source_of(to, &info))
		return;
	h->msg_control = control;
	h->msg_controllen = CMSG_LEN(sizeof(info)); /* with its padding the kernel would allocate */
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
}

void outbox_put(struct outbox *out, int fd, const struct remote *to, struct span data)
{
	size_t i;

	if (data.len > OUT_MAX)
		return;
	if (out->n == SOCKET_BATCH || fd != out->fd)
		outbox_flush(out);
	out->fd = fd;
	i = out->n++;
	memcpy(out->data[i], data.ptr, data.len);
	out->names[i] = to->addr.sa;
	out->iov[i].iov_len = data.len;
	set_source(&out->heads[i].msg_hdr, out->control[i], to);
}

/* How many from `at` on have the same length, destination and source. */
static size_t run_at(const struct outbox *out, size_t at)
{
	const struct msghdr *first = &out->heads[at].msg_hdr;
	size_t i = at + 1;

	while (i < out->n && out->iov[i].iov_len == out->iov[at].iov_len &&
	       memcmp(&out->names[i], &out->names[at], sizeof(out->names[i])) == 0 &&
	       out->heads[i].msg_hdr.msg_controllen == first->msg_controllen &&
	       memcmp(out->control[i], out->control[at], first->msg_controllen) == 0)
		i++;
	return i - at;
}

/* A run as one message that the kernel cuts up: one walk through its layers instead of many. False:
 * it cannot. */
static bool send_run(const struct outbox *out, size_t at, size_t n)
{
	alignas(struct cmsghdr) uint8_t control[CONTROL_MAX + SEGMENT_MAX] = {0};
	struct msghdr h = out->heads[at].msg_hdr;
	uint16_t len = (uint16_t)out->iov[at].iov_len;
	struct cmsghdr c = {.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
	size_t at_segment = CMSG_ALIGN(h.msg_controllen);
	ssize_t r;

	c.cmsg_len = CMSG_LEN(sizeof(len));
	memcpy(control, out->control[at], h.msg_controllen);
	memcpy(control + at_segment, &c, sizeof(c));
	memcpy(control + at_segment + CMSG_LEN(0), &len, sizeof(len));
	h.msg_control = control;
	h.msg_controllen = at_segment + SEGMENT_MAX;
	h.msg_iovlen = n; /* the vectors of the run lie side by side */
	do {
		r = sendmsg(out->fd, &h, MSG_DONTWAIT);
	} while (r < 0 && errno == EINTR);
	return r >= 0 || errno == EAGAIN;
}

/* One by one, up to the next run. The number taken off the queue. */
static size_t send_some(struct outbox *out, size_t at)
{
	size_t end = at + 1;
	int n;

	while (end < out->n && !(out->segments && run_at(out, end) >= RUN_MIN))
		end++;
	do {
		n = sendmmsg(out->fd, &out->heads[at], (unsigned)(end - at), MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? (size_t)n : 1; /* one that cannot be sent does not stop the others */
}

void outbox_flush(struct outbox *out)
{
	size_t at = 0;

	while (at < out->n) {
		size_t n = out->segments ? run_at(out, at) : 1;

		if (n < RUN_MIN)
			at += send_some(out, at);
		else if (send_run(out, at, n))
			at += n;
		else
			out->segments = false;
	}
	out->n = 0;
}

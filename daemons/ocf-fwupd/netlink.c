#include "netlink.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "bus/loop.h"

#define RECEIVE  ((size_t)32 * 1024) /* what the kernel puts into one datagram of an answer */
#define ND_GROUP (1u << (RTNLGRP_ND_USEROPT - 1))
#define GROUPS   (RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | ND_GROUP)

struct netlink {
	struct loop *loop;
	int fd;
	void (*fn)(void *arg);
	void *arg;
	uint32_t seq;
	struct links links;
	uint8_t room[RECEIVE];
};

/* Drops what is no answer and tells of a route that is not a default route: some hosts have a
 * hundred thousand of these. Fields are loaded in network order. */
static int ignore_other_routes(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_flags)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NLM_F_MULTI), 5, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 sizeof(struct nlmsghdr) + offsetof(struct rtmsg, rtm_dst_len)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {ARRAY_SIZE(code), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

static int open_socket(int *ret)
{
	struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_groups = GROUPS};
	CLEANUP(closep)
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&own, sizeof(own)) < 0)
		return -errno;
	*ret = fd_take(&fd);
	return 0;
}

static int option(int fd, int name)
{
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, name, &value, &(socklen_t){sizeof(value)}) < 0 ? -1
											 : value;
}

static int ask(struct netlink *n, uint16_t type)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg body;
	} m = {
		.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(m.body)),
			 .nlmsg_type = type,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			 .nlmsg_seq = ++n->seq},
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent = sendto(n->fd, &m, sizeof(m), MSG_NOSIGNAL, (const struct sockaddr *)&kernel,
			      sizeof(kernel));

	return sent < 0 ? -errno : 0;
}

/* What has come, up to the end of an answer. Of LINKS_*. */
static unsigned receive(struct netlink *n)
{
	unsigned news = 0;

	while ((news & LINKS_END) == 0) {
		struct sockaddr_nl from = {0};
		ssize_t len = recvfrom(n->fd, n->room, sizeof(n->room), MSG_DONTWAIT,
				       (struct sockaddr *)&from, &(socklen_t){sizeof(from)});

		if (len < 0 && errno == ENOBUFS)
			news |= LINKS_CHANGED; /* and we did not hear what */
		else if (len < 0 && errno != EINTR)
			break;
		else if (len > 0 && from.nl_pid == 0)
			news |= links_read(&n->links, span_of(n->room, (size_t)len), n->seq,
					   clock_boottime_us());
	}
	return news;
}

static int on_ready(void *arg, uint32_t revents)
{
	struct netlink *n = arg;

	(void)revents;
	if ((receive(n) & LINKS_CHANGED) != 0)
		n->fn(n->arg);
	return 0;
}

int netlink_new(struct netlink **ret, struct loop *loop, int fd, void (*fn)(void *arg), void *arg)
{
	CLEANUP(netlink_freep) struct netlink *n = calloc(1, sizeof(*n));
	int r = 0;

	if (!n) {
		closep(&fd);
		return -ENOMEM;
	}
	*n = (struct netlink){.loop = loop, .fd = fd, .fn = fn, .arg = arg};
	if (fd < 0)
		r = open_socket(&n->fd);
	else if (option(fd, SO_DOMAIN) != AF_NETLINK || option(fd, SO_PROTOCOL) != NETLINK_ROUTE)
		r = -EPROTOTYPE;
	if (r == 0)
		r = ignore_other_routes(n->fd);
	if (r == 0)
		r = loop_add_fd(loop, n->fd, EPOLLIN, on_ready, n);
	if (r < 0)
		return r;
	*ret = n;
	n = NULL;
	return 0;
}

struct netlink *netlink_free(struct netlink *n)
{
	if (!n)
		return NULL;
	if (n->fd >= 0)
		loop_del_fd(n->loop, n->fd);
	closep(&n->fd);
	free(n);
	return NULL;
}

void netlink_refresh(struct netlink *n)
{
	unsigned news = receive(n); /* what came before is no part of the answer */
	unsigned told;

	n->links.n = 0; /* what routers announced stays: nobody can be asked for it */
	told = ask(n, RTM_GETLINK) == 0 ? receive(n) : 0;
	if ((told & LINKS_END) != 0)
		links_drop_gone(&n->links);
	news |= told;
	if (ask(n, RTM_GETROUTE) == 0)
		news |= receive(n);
	if ((news & LINKS_CHANGED) != 0)
		n->fn(n->arg);
}

const struct links *netlink_links(const struct netlink *n)
{
	return &n->links;
}

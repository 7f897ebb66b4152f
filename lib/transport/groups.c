#include "transport/groups.h"

#include <fnmatch.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdalign.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"

#define NETLINK_BUF ((size_t)32 * 1024)

/* "All OCF Nodes" of link, realm and site scope; "All CoAP Nodes". */
static const uint8_t GROUP6[16] = {0xff, 0x02, [14] = 0x01, 0x58};
static const uint8_t SCOPES[] = {2, 3, 5};
static const uint8_t GROUP4[4] = {224, 0, 1, 187};
#define JOINED_4   (1u << ARRAY_SIZE(SCOPES))
#define JOINED_ALL ((JOINED_4 << 1) - 1)

struct group_link {
	uint32_t index;
	bool allowed;
	bool usable;     /* groups can be joined on it now */
	unsigned joined; /* bit n: GROUP6 of SCOPES[n]; JOINED_4 */
};

struct groups {
	int nl, fd;
	char patterns[ENDPOINT_PATTERNS_MAX];
	struct group_link links[GROUPS_LINKS_MAX];
	size_t n_links;
	alignas(struct nlmsghdr) uint8_t buf[NETLINK_BUF]; /* what the kernel said last */
};

bool groups_pattern_allows(const char *patterns, const char *interface)
{
	struct span rest = span_str(patterns);
	bool any_allow = false, allowed = false;

	while (rest.len > 0) {
		struct span word = span_cut(&rest, ' ');
		bool deny = word.len > 0 && word.ptr[0] == '!';
		char glob[ENDPOINT_PATTERNS_MAX];
		bool hit;

		if (span_to_str(deny ? span_skip(word, 1) : word, glob, sizeof(glob)) < 0 ||
		    glob[0] == '\0')
			continue;
		hit = fnmatch(glob, interface, 0) == 0;
		if (deny && hit)
			return false;
		any_allow |= !deny;
		allowed |= hit;
	}
	return allowed || !any_allow;
}

/* ---- joining ---- */

/* Already joined counts as success; an interface without the protocol is tried again later. */
static bool joined(int r)
{
	return r == 0 || errno == EADDRINUSE;
}

static void join_missing(const struct groups *g, struct group_link *l)
{
	struct ip_mreqn v4 = {.imr_ifindex = (int)l->index};

	if (g->fd < 0 || !l->usable || l->joined == JOINED_ALL)
		return;
	memcpy(&v4.imr_multiaddr, GROUP4, sizeof(GROUP4));
	if (joined(setsockopt(g->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof(v4))))
		l->joined |= JOINED_4;
	for (size_t i = 0; i < ARRAY_SIZE(SCOPES); i++) {
		struct ipv6_mreq v6 = {.ipv6mr_interface = l->index};

		memcpy(&v6.ipv6mr_multiaddr, GROUP6, sizeof(GROUP6));
		v6.ipv6mr_multiaddr.s6_addr[1] = SCOPES[i];
		if (joined(setsockopt(g->fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &v6, sizeof(v6))))
			l->joined |= 1u << i;
	}
	log_debug("transport: groups joined ifindex=%u mask=%#x", l->index, l->joined);
}

static struct group_link *find_link(struct groups *g, uint32_t index)
{
	for (size_t i = 0; i < g->n_links; i++) {
		if (g->links[i].index == index)
			return &g->links[i];
	}
	return NULL;
}

/* ---- rtnetlink ---- */

static void link_gone(struct groups *g, uint32_t index)
{
	struct group_link *l = find_link(g, index);

	if (l)
		*l = g->links[--g->n_links];
}

static void link_seen(struct groups *g, uint32_t index, const char *name, unsigned flags)
{
	struct group_link *l = find_link(g, index);

	if (!l) {
		if (g->n_links == GROUPS_LINKS_MAX)
			return;
		l = &g->links[g->n_links++];
		*l = (struct group_link){.index = index};
	}
	l->allowed = groups_pattern_allows(g->patterns, name) || (flags & IFF_LOOPBACK);
	l->usable = l->allowed && (flags & IFF_UP) && (flags & IFF_MULTICAST);
	if (!l->usable)
		l->joined = 0; /* ask again when it comes back: nothing is lost by that */
	join_missing(g, l);
}

static void on_link(struct groups *g, struct nlmsghdr *h)
{
	struct ifinfomsg *info = NLMSG_DATA(h);
	size_t left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*info));
	char name[IF_NAMESIZE] = "";

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || info->ifi_family != AF_UNSPEC)
		return; /* AF_BRIDGE: a bridge got or lost a port, the link itself stays */
	for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_IFNAME)
			(void)snprintf(name, sizeof(name), "%.*s", (int)RTA_PAYLOAD(a),
				       (const char *)RTA_DATA(a));
	}
	if (h->nlmsg_type == RTM_DELLINK)
		link_gone(g, (uint32_t)info->ifi_index);
	else
		link_seen(g, (uint32_t)info->ifi_index, name, info->ifi_flags);
}

/* An address can make a join possible that failed before. */
static void on_address(struct groups *g, struct nlmsghdr *h)
{
	struct ifaddrmsg *info = NLMSG_DATA(h);
	struct group_link *l;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return;
	l = find_link(g, info->ifa_index);
	if (l)
		join_missing(g, l);
}

/* True: the last message of a dump. */
static bool on_messages(struct groups *g, size_t len)
{
	for (struct nlmsghdr *h = (void *)g->buf; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
			return true;
		if (h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK)
			on_link(g, h);
		else if (h->nlmsg_type == RTM_NEWADDR)
			on_address(g, h);
	}
	return false;
}

/* Asks the kernel for all links and reads until the end of the answer. */
static int scan(struct groups *g)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
	} ask = {
		.h = {.nlmsg_len = sizeof(ask),
		      .nlmsg_type = RTM_GETLINK,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}
        };
	ssize_t n;

	if (send(g->nl, &ask, sizeof(ask), 0) < 0)
		return -errno;
	do {
		n = recv(g->nl, g->buf, sizeof(g->buf), 0);
		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			return -errno;
	} while (n < 0 || !on_messages(g, (size_t)n));
	return 0;
}

void groups_update(struct groups *g)
{
	ssize_t n;

	do {
		n = recv(g->nl, g->buf, sizeof(g->buf), MSG_DONTWAIT);
		if (n > 0)
			(void)on_messages(g, (size_t)n);
	} while (n > 0);
	if (n < 0 && errno == ENOBUFS) /* news were lost */
		(void)scan(g);
}

int groups_new(struct groups **ret, const char *patterns, int fd)
{
	CLEANUP(groups_freep) struct groups *g = calloc(1, sizeof(*g));
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK,
				 .nl_groups =
					 RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
	int r;

	if (!g)
		return -ENOMEM;
	g->fd = fd;
	r = span_to_str(span_str(patterns), g->patterns, sizeof(g->patterns));
	g->nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (r < 0)
		return r;
	if (g->nl < 0 || bind(g->nl, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	r = scan(g);
	if (r < 0)
		return r;
	*ret = g;
	g = NULL;
	return 0;
}

struct groups *groups_free(struct groups *g)
{
	if (!g)
		return NULL;
	if (g->nl >= 0)
		(void)close(g->nl);
	free(g);
	return NULL;
}

int groups_fd(const struct groups *g)
{
	return g->nl;
}

bool groups_allows(struct groups *g, uint32_t ifindex)
{
	const struct group_link *l;

	if (g->patterns[0] == '\0')
		return true;
	l = find_link(g, ifindex);
	return l && l->allowed;
}

/* ---- targets of a client ---- */

static struct remote target(uint32_t index, int family, unsigned scope)
{
	struct remote to = {.multicast = true, .ifindex = index};

	to.addr.sa.sin6_family = AF_INET6;
	to.addr.sa.sin6_port = htons(GROUPS_PORT);
	if (family == AF_INET) {
		to.addr.sa.sin6_addr = (struct in6_addr){
			.s6_addr = {[10] = 0xff, [11] = 0xff}
                };
		memcpy(&to.addr.sa.sin6_addr.s6_addr[12], GROUP4, sizeof(GROUP4));
	} else {
		memcpy(&to.addr.sa.sin6_addr, GROUP6, sizeof(GROUP6));
		to.addr.sa.sin6_addr.s6_addr[1] = (uint8_t)scope;
		to.addr.sa.sin6_scope_id = index;
	}
	return to;
}

static bool is_listed(const struct remote *list, size_t n, const struct remote *to)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].ifindex == to->ifindex && remote_eq(&list[i], to))
			return true;
	}
	return false;
}

size_t groups_targets(const struct groups *g, unsigned scope, struct remote *ret, size_t max)
{
	struct ifaddrs *all;
	size_t n = 0;

	if (getifaddrs(&all) < 0)
		return 0;
	for (const struct ifaddrs *a = all; a && n < max; a = a->ifa_next) {
		int family = a->ifa_addr ? a->ifa_addr->sa_family : AF_UNSPEC;
		struct remote to;

		if ((a->ifa_flags & (IFF_UP | IFF_MULTICAST)) != (IFF_UP | IFF_MULTICAST) ||
		    (family != AF_INET && family != AF_INET6) ||
		    !groups_pattern_allows(g->patterns, a->ifa_name))
			continue;
		to = target(if_nametoindex(a->ifa_name), family, scope);
		if (!is_listed(ret, n, &to))
			ret[n++] = to;
	}
	freeifaddrs(all);
	return n;
}

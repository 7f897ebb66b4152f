#include "links.h"

#include <linux/icmpv6.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/buf.h"
#include "base/clock.h"

#define OPTION_DNSSL  31 /* RFC 8106 5.2 */
#define ROUTER_ADVERT 134
#define OPTION_UNIT   8 /* octets; RFC 4861 4.6 */
#define DNSSL_HEAD    8
#define FOREVER       UINT32_MAX
#define LABEL_MAX     63

/* The fixed part of a message of that type; false: too short. */
static bool take(struct span *s, void *ret, size_t len)
{
	if (s->len < len)
		return false;
	memcpy(ret, s->ptr, len);
	*s = span_skip(*s, NLMSG_ALIGN(len));
	return true;
}

/* The next attribute; false at the end or at one that is cut. */
static bool next_attribute(struct span *s, unsigned *ret_type, struct span *ret)
{
	struct rtattr a;

	if (s->len < sizeof(a))
		return false;
	memcpy(&a, s->ptr, sizeof(a));
	if (a.rta_len < sizeof(a) || a.rta_len > s->len)
		return false;
	*ret_type = a.rta_type & (unsigned)NLA_TYPE_MASK;
	*ret = span_of(s->ptr + sizeof(a), a.rta_len - sizeof(a));
	*s = span_skip(*s, RTA_ALIGN((size_t)a.rta_len));
	return true;
}

static uint32_t u32_of(struct span s)
{
	uint32_t v = 0;

	if (s.len == sizeof(v))
		memcpy(&v, s.ptr, sizeof(v));
	return v;
}

static void read_link(struct links *l, struct span body)
{
	struct link link = {.metric = LINKS_NO_ROUTE};
	struct ifinfomsg head;
	struct span value;
	unsigned type;

	if (!take(&body, &head, sizeof(head)) || l->n == LINKS_MAX)
		return;
	link.index = (uint32_t)head.ifi_index;
	while (next_attribute(&body, &type, &value)) {
		if (type != IFLA_IFNAME || value.len == 0)
			continue;
		value.len--; /* the NUL */
		if (span_to_str(value, link.name, sizeof(link.name)) < 0)
			return;
	}
	l->at[l->n++] = link;
}

static void lower_metric(struct links *l, uint32_t index, uint32_t metric)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].index == index && metric < l->at[i].metric)
			l->at[i].metric = metric;
}

static void read_route(struct links *l, struct span body)
{
	uint32_t index = 0, metric = 0;
	struct rtnexthop hop;
	struct rtmsg head;
	struct span value;
	unsigned type;

	if (!take(&body, &head, sizeof(head)) || head.rtm_dst_len != 0 ||
	    head.rtm_table != RT_TABLE_MAIN || head.rtm_type != RTN_UNICAST)
		return;
	while (next_attribute(&body, &type, &value)) {
		if (type == RTA_OIF)
			index = u32_of(value);
		else if (type == RTA_PRIORITY)
			metric = u32_of(value);
		else if (type == RTA_MULTIPATH && take(&value, &hop, sizeof(hop)))
			index = (uint32_t)hop.rtnh_ifindex;
	}
	lower_metric(l, index, metric);
}

/* RFC 1035 3.1, without compression: the first name as text. What its labels may hold is checked
 * by discover_domain(), but a dot inside one would not be seen there. */
static bool read_name(struct span wire, char ret[DISCOVER_DOMAIN_MAX + 1])
{
	struct buf name = BUF_INIT(DISCOVER_DOMAIN_MAX);
	size_t n = wire.len > 0 ? wire.ptr[0] : 0;
	bool sound = n > 0;

	while (sound && n > 0) {
		sound = n <= LABEL_MAX && n + 1 < wire.len && !memchr(wire.ptr + 1, '.', n);
		if (!sound)
			break;
		if (name.len > 0)
			buf_put_byte(&name, '.');
		buf_put(&name, span_of(wire.ptr + 1, n));
		wire = span_skip(wire, n + 1);
		n = wire.ptr[0];
	}
	sound = sound && buf_ok(&name) &&
		span_to_str(buf_span(&name), ret, DISCOVER_DOMAIN_MAX + 1) == 0;
	buf_done(&name);
	return sound;
}

/* In the place of what that link told before, else of what has run out. */
static void announce(struct links *l, const struct link_domain *d, uint64_t now_us)
{
	size_t i = 0;

	while (i < l->n_announced && l->announced[i].index != d->index)
		i++;
	for (size_t k = 0; i == l->n_announced && k < l->n_announced; k++)
		if (l->announced[k].until_us <= now_us)
			i = k;
	if (i == DISCOVER_DOMAINS_MAX)
		return;
	l->announced[i] = *d;
	l->n_announced += i == l->n_announced;
}

static void read_option(struct links *l, struct span body, uint64_t now_us)
{
	struct link_domain d = {0};
	struct nduseroptmsg head;
	uint32_t life_s;

	if (!take(&body, &head, sizeof(head)) || head.nduseropt_icmp_type != ROUTER_ADVERT ||
	    head.nduseropt_opts_len < DNSSL_HEAD || head.nduseropt_opts_len > body.len ||
	    body.ptr[0] != OPTION_DNSSL ||
	    body.ptr[1] * (size_t)OPTION_UNIT != head.nduseropt_opts_len)
		return;
	life_s = (uint32_t)body.ptr[4] << 24 | (uint32_t)body.ptr[5] << 16 |
		 (uint32_t)body.ptr[6] << 8 | body.ptr[7];
	d.index = (uint32_t)head.nduseropt_ifindex;
	d.until_us = life_s == FOREVER ? UINT64_MAX : now_us + life_s * USEC_PER_SEC;
	if (read_name(span_of(body.ptr + DNSSL_HEAD, head.nduseropt_opts_len - DNSSL_HEAD),
		      d.domain))
		announce(l, &d, now_us);
}

static unsigned read_message(struct links *l, const struct nlmsghdr *h, struct span body,
			     uint32_t seq, uint64_t now_us)
{
	bool is_answer = (h->nlmsg_flags & NLM_F_MULTI) != 0 && h->nlmsg_seq == seq;

	if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
		return h->nlmsg_seq == seq ? LINKS_END : 0;
	if (h->nlmsg_type == RTM_NEWNDUSEROPT)
		read_option(l, body, now_us);
	else if (is_answer && h->nlmsg_type == RTM_NEWLINK)
		read_link(l, body);
	else if (is_answer && h->nlmsg_type == RTM_NEWROUTE)
		read_route(l, body);
	return is_answer ? 0 : LINKS_CHANGED;
}

unsigned links_read(struct links *l, struct span datagram, uint32_t seq, uint64_t now_us)
{
	unsigned news = 0;
	struct nlmsghdr h;

	while (datagram.len >= sizeof(h)) {
		memcpy(&h, datagram.ptr, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > datagram.len)
			break;
		news |= read_message(l, &h,
				     span_of(datagram.ptr + sizeof(h), h.nlmsg_len - sizeof(h)),
				     seq, now_us);
		datagram = span_skip(datagram, NLMSG_ALIGN((size_t)h.nlmsg_len));
	}
	return news;
}

const struct link *links_by_name(const struct links *l, struct span name)
{
	for (size_t i = 0; i < l->n; i++)
		if (span_is(name, l->at[i].name))
			return &l->at[i];
	return NULL;
}

const struct link *links_by_index(const struct links *l, uint32_t index)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].index == index)
			return &l->at[i];
	return NULL;
}

bool links_are_all(const struct links *l)
{
	return l->n > 0 && l->n < LINKS_MAX;
}

void links_drop_gone(struct links *l)
{
	size_t n = 0;

	if (!links_are_all(l))
		return;
	for (size_t i = 0; i < l->n_announced; i++)
		if (links_by_index(l, l->announced[i].index))
			l->announced[n++] = l->announced[i];
	l->n_announced = n;
}

bool links_have_route(const struct links *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].metric != LINKS_NO_ROUTE)
			return true;
	return false;
}

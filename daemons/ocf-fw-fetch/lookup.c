#include "lookup.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "address.h"
#include "base/clock.h"
#include "dns.h"
#include "fw/url.h"

#define PORT        53
#define SERVERS_MAX 3
#define AT_ONCE     16                    /* datagrams before the time is looked at */
#define AGAIN_US    (USEC_PER_SEC / 2)    /* a question may get lost */
#define OTHER_US    (200 * USEC_PER_MSEC) /* how long the other family is waited for */

static const enum dns_type TYPES[] = {DNS_A, DNS_AAAA};

/* The same question for both families, to one server. */
struct question {
	const char *host;
	int fd;
	uint16_t ids[ARRAY_SIZE(TYPES)];
	enum dns_result results[ARRAY_SIZE(TYPES)]; /* DNS_OTHER: not yet */
	struct buf addresses;
};

static int open_server(const struct proto_fetch *f, struct span server)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	CLEANUP(closep) int fd = -1;
	char text[INET6_ADDRSTRLEN];
	bool is_v4;

	if (span_to_str(server, text, sizeof(text)) < 0 || address_text_reach(text) > PROTO_PRIVATE)
		return -EINVAL;
	is_v4 = inet_pton(AF_INET, text, &v4.sin_addr) == 1;
	if (!is_v4 && inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
		return -EINVAL;
	fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    (f->interface[0] && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, f->interface,
					   (socklen_t)strnlen(f->interface, IFNAMSIZ)) < 0) ||
	    connect(fd, is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
		    is_v4 ? sizeof(v4) : sizeof(v6)) < 0)
		return -errno;
	return fd_take(&fd);
}

static void send_questions(const struct question *q)
{
	for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++) {
		struct buf m CLEANUP(buf_done) = BUF_INIT(DNS_MESSAGE_MAX);

		if (q->results[i] == DNS_OTHER && dns_query(q->ids[i], q->host, TYPES[i], &m))
			(void)send(q->fd, m.ptr, m.len, MSG_NOSIGNAL); /* lost: asked again */
	}
}

/* -errno: nobody is there. */
static int take_answers(struct question *q)
{
	uint8_t room[DNS_MESSAGE_MAX];
	ssize_t n = 1;

	for (unsigned left = AT_ONCE; left > 0 && n > 0; left--) {
		n = recv(q->fd, room, sizeof(room), MSG_DONTWAIT);
		for (size_t i = 0; i < ARRAY_SIZE(TYPES) && n > 0; i++)
			if (q->results[i] == DNS_OTHER)
				q->results[i] = dns_answer(span_of(room, (size_t)n), q->ids[i],
							   q->host, TYPES[i], &q->addresses);
	}
	return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

static size_t count(const struct question *q, enum dns_result result)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++)
		n += q->results[i] == result;
	return n;
}

static int ask(struct question *q, int control, uint64_t until_us)
{
	uint64_t again_us = clock_monotonic_us() + AGAIN_US;
	bool waits_for_other = false;
	int r;

	send_questions(q);
	while (count(q, DNS_OTHER) > 0) {
		uint64_t now_us = clock_monotonic_us();
		uint64_t next_us = again_us < until_us ? again_us : until_us;
		struct pollfd p[] = {
			{.fd = q->fd,   .events = POLLIN},
			{.fd = control, .events = POLLIN},
		};

		if (now_us >= until_us)
			return -ETIMEDOUT;
		if (now_us >= again_us) {
			send_questions(q);
			again_us = now_us + AGAIN_US;
			continue;
		}
		if (poll(p, ARRAY_SIZE(p), (int)((next_us - now_us) / USEC_PER_MSEC) + 1) < 0 &&
		    errno != EINTR)
			return -errno;
		if (p[1].revents != 0)
			return -ECANCELED;
		r = take_answers(q);
		if (r < 0)
			return r;
		if (count(q, DNS_FOUND) > 0 && !waits_for_other) {
			waits_for_other = true;
			until_us = now_us + OTHER_US < until_us ? now_us + OTHER_US : until_us;
		}
	}
	return 0;
}

/* 0, with addresses; -ENOENT; else the server is of no use. */
static int ask_server(const struct proto_fetch *f, const char *host, struct span server,
		      int control, uint64_t until_us, char ret[PROTO_ADDRESSES])
{
	struct question q = {.host = host,
			     .fd = open_server(f, server),
			     .addresses = BUF_INIT(PROTO_ADDRESSES - 1)};
	int r = q.fd;

	if (q.fd >= 0 && getrandom(q.ids, sizeof(q.ids), 0) != sizeof(q.ids))
		r = -EIO;
	if (r >= 0)
		r = ask(&q, control, until_us);
	if (r != -ECANCELED && count(&q, DNS_FOUND) > 0)
		r = span_to_str(buf_span(&q.addresses), ret, PROTO_ADDRESSES);
	else if (r == 0)
		r = count(&q, DNS_FAILED) > 0 ? -ETIMEDOUT : -ENOENT;
	closep(&q.fd);
	buf_done(&q.addresses);
	return r;
}

static bool is_address(const char *host)
{
	struct in_addr v4;

	return host[0] == '[' || inet_pton(AF_INET, host, &v4) == 1;
}

static void take_time(uint32_t *ms, uint64_t passed_ms)
{
	if (*ms > 0)
		*ms = *ms > passed_ms ? *ms - (uint32_t)passed_ms : 1;
}

int lookup(struct proto_fetch *f, int control)
{
	uint64_t begin_us = clock_monotonic_us(), budget_us = f->connect_ms * USEC_PER_MSEC,
		 passed_ms;
	struct span rest = span_str(f->servers);
	char host[URL_HOST_MAX + 1];
	int r = -ETIMEDOUT;
	struct url u;

	if (!f->servers[0] || f->addresses[0] || url_parse(span_str(f->url), &u) != URL_OK ||
	    span_to_str(u.host, host, sizeof(host)) < 0 || is_address(host))
		return 0;
	for (uint64_t i = 0;
	     i < SERVERS_MAX && rest.ptr && r < 0 && r != -ENOENT && r != -ECANCELED; i++) {
		struct span server = span_cut(&rest, ',');
		uint64_t share = rest.ptr ? (i + 1) * budget_us / SERVERS_MAX : budget_us;

		r = ask_server(f, host, server, control, begin_us + share, f->addresses);
	}
	passed_ms = (clock_monotonic_us() - begin_us) / USEC_PER_MSEC;
	take_time(&f->connect_ms, passed_ms);
	take_time(&f->answer_ms, passed_ms);
	return r == 0 || r == -ENOENT || r == -ECANCELED ? r : -ETIMEDOUT;
}

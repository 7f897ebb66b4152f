#include "splice.h"

#include <fcntl.h>
#include <poll.h>

#include "base/clock.h"

#define AT_ONCE ((size_t)1024 * 1024)

/* How slow the peer is; time in which the reader keeps us waiting does not count. */
struct pace {
	uint64_t waited_us, octets; /* of the stretch at hand */
};

/* Until there is something. 0; -ECANCELED; -EAGAIN: nothing within a second. */
static int wait_on(const struct sink *s, int fd, short events)
{
	struct pollfd p[] = {
		{.fd = fd,         .events = events},
		{.fd = s->control, .events = POLLIN},
	};
	int n = poll(p, ARRAY_SIZE(p), 1000);

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (p[1].revents)
		return -ECANCELED;
	return n > 0 ? 0 : -EAGAIN;
}

static int wait_for_reader(const struct sink *s)
{
	int r;

	do
		r = wait_on(s, s->body, POLLOUT);
	while (r == -EAGAIN);
	return r;
}

static int wait_for_peer(const struct sink *s, int socket, struct pace *pace, uint32_t slow_s)
{
	uint64_t start_us = clock_monotonic_us();
	int r = wait_on(s, socket, POLLIN);

	pace->waited_us += clock_monotonic_us() - start_us;
	if (slow_s > 0 && pace->waited_us >= slow_s * USEC_PER_SEC) {
		if (pace->octets < SPLICE_SLOW * slow_s)
			return -ETIMEDOUT;
		*pace = (struct pace){0};
	}
	return r == -EAGAIN ? 0 : r;
}

int splice_body(struct sink *s, int socket, uint64_t octets, uint32_t slow_s)
{
	struct pace pace = {0};
	int r = 0;

	while (r == 0 && octets > 0) {
		size_t want = octets < AT_ONCE ? (size_t)octets : AT_ONCE;
		ssize_t n = splice(socket, NULL, s->body, NULL, want,
				   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

		if (n > 0) {
			octets -= (uint64_t)n;
			pace.octets += (uint64_t)n;
			s->octets += (uint64_t)n;
		} else if (n == 0) {
			r = -ENODATA;
		} else if (errno == EAGAIN) { /* one of them, and it does not say which */
			r = wait_for_reader(s);
			if (r == 0)
				r = wait_for_peer(s, socket, &pace, slow_s);
		} else if (errno != EINTR) {
			r = -errno;
		}
	}
	return r;
}

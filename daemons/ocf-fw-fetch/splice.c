#include "splice.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "base/clock.h"

#define AT_ONCE ((size_t)1024 * 1024)
#define HELD    (512 * 1024) /* octets in the pipe, which a cut loses */

/* How slow the peer is; time in which the reader keeps us waiting does not count. */
struct pace {
	uint64_t waited_us, octets; /* of the stretch at hand */
	bool is_wide;               /* the pipe */
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

/* The fuller the pipe may be, the less often one end wakes the other. But one of its slots holds a
 * page or far more, as the peer has cut what it sent: how many it may have shows when it is full.
 * False: it is not, or it is wide enough. */
static bool widen(const struct sink *s, struct pace *pace)
{
	struct pollfd p = {.fd = s->body, .events = POLLOUT};
	int held = HELD, size;

	if (pace->is_wide)
		return false;
	(void)ioctl(s->body, FIONREAD, &held); /* first: until poll() it can only become less */
	if (poll(&p, 1, 0) != 0)
		return false;
	size = fcntl(s->body, F_GETPIPE_SZ);
	pace->is_wide =
		held > HELD / 2 || size > HELD / 2 || fcntl(s->body, F_SETPIPE_SZ, 2 * size) < 0;
	return !pace->is_wide;
}

static int wait_for_reader(const struct sink *s, struct pace *pace)
{
	int r;

	if (widen(s, pace))
		return 0;
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
		if (pace->octets < SINK_SLOW * slow_s)
			return -ETIMEDOUT;
		*pace = (struct pace){.is_wide = pace->is_wide};
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
			r = wait_for_reader(s, &pace);
			if (r == 0)
				r = wait_for_peer(s, socket, &pace, slow_s);
		} else if (errno != EINTR) {
			r = -errno;
		}
	}
	return r;
}

#include "sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/clock.h"

#define SYNC_OCTETS ((uint64_t)2 * 1024 * 1024) /* of a file: what a cut of power may cost */

uint64_t sink_slow(uint64_t rate)
{
	return rate > 0 && rate < 2 * SINK_SLOW ? rate / 2 : SINK_SLOW;
}

int sink_open(struct sink *s, int body, int control, uint64_t room, uint64_t rate)
{
	int flags = fcntl(body, F_GETFL);
	struct stat st;

	*s = (struct sink){.body = body, .control = control, .room = room, .rate = rate};
	s->is_file = fstat(body, &st) == 0 && S_ISREG(st.st_mode);
	return flags < 0 || fcntl(body, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

bool sink_is_cancelled(const struct sink *s)
{
	struct pollfd p = {.fd = s->control, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

static int wait_for_reader(const struct sink *s)
{
	struct pollfd p[] = {
		{.fd = s->body,    .events = POLLOUT},
		{.fd = s->control, .events = POLLIN },
	};

	if (poll(p, ARRAY_SIZE(p), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	return p[1].revents ? -ECANCELED : 0;
}

/* The due time does not lag behind: what a slow peer has left unused is no credit. */
static int wait_for_rate(struct sink *s, size_t n)
{
	uint64_t now_us = clock_monotonic_us();

	if (s->rate == 0)
		return 0;
	if (s->due_us < now_us)
		s->due_us = now_us;
	s->due_us += n * USEC_PER_SEC / s->rate;
	for (; now_us < s->due_us; now_us = clock_monotonic_us()) {
		struct pollfd p = {.fd = s->control, .events = POLLIN};

		if (poll(&p, 1, (int)((s->due_us - now_us) / USEC_PER_MSEC) + 1) > 0)
			return -ECANCELED;
	}
	return 0;
}

int sink_put(struct sink *s, const void *data, size_t n)
{
	const char *at = data;
	bool too_long = n > s->room - s->octets;
	size_t left = too_long ? (size_t)(s->room - s->octets) + 1 : n;

	while (left > 0) {
		ssize_t done = write(s->body, at, left);
		int r = 0;

		if (done > 0) {
			at += done;
			left -= (size_t)done;
			s->octets += (uint64_t)done;
		} else if (errno == EAGAIN) {
			r = wait_for_reader(s);
		} else if (errno != EINTR) {
			r = -errno;
		}
		if (r < 0)
			return r;
	}
	if (s->is_file && s->octets - s->synced >= SYNC_OCTETS) {
		if (fdatasync(s->body) < 0)
			return -errno;
		s->synced = s->octets;
	}
	return too_long ? -EFBIG : wait_for_rate(s, n);
}

int sink_start(const struct sink *s, uint64_t size, const struct proto_fetched *so_far)
{
	struct proto_msg m = {
		.type = PROTO_STARTED,
		.started = {.private_peer = so_far->private_peer, .size = size},
	};

	memcpy(m.started.etag, so_far->etag, sizeof(m.started.etag));
	memcpy(m.started.url, so_far->url, sizeof(m.started.url));
	return proto_send(s->control, &m, -1);
}

enum fw_error sink_pass(struct sink *s, struct span data, uint32_t kind, struct proto_fetched *ret)
{
	int r = sink_put(s, data.ptr, data.len);

	if (r == 0)
		return FWE_OK;
	proto_text(ret->text, sizeof(ret->text),
		   r == -ENOSPC      ? "there is no room for it"
		   : r == -EFBIG     ? "the body is longer than allowed"
		   : r == -ECANCELED ? "cancelled"
				     : "the reader is gone");
	if (r == -ENOSPC)
		return FWE_INSTALL_NO_SPACE;
	if (r != -EFBIG)
		return FWE_INSTALL_CANCELLED;
	return kind == PROTO_MANIFEST ? FWE_MANIFEST_TOO_LARGE : FWE_IMAGE_SIZE_MISMATCH;
}

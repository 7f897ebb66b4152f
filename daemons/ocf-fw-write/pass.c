#include "pass.h"

#include <fcntl.h>
#include <poll.h>

#include "base/clock.h"
#include "files.h"

#define FLUSH_EVERY ((uint64_t)8 * 1024 * 1024)
#define PROGRESS_US (250 * USEC_PER_MSEC)

bool pass_is_alone(int control)
{
	struct pollfd p = {.fd = control}; /* which tells of its end without being asked */

	return poll(&p, 1, 0) > 0;
}

/* Starts the disk while we go on, so that the end is short. */
static void flush(struct pass *p)
{
	if (p->fd < 0 || p->octets - p->flushed < FLUSH_EVERY)
		return;
	(void)sync_file_range(p->fd, (off_t)p->flushed, (off_t)(p->octets - p->flushed),
			      SYNC_FILE_RANGE_WRITE);
	p->flushed = p->octets;
}

static void tell(struct pass *p)
{
	uint64_t now_us = clock_monotonic_us();

	if (now_us - p->told_us < PROGRESS_US)
		return;
	p->told_us = now_us;
	p->progress(p->octets);
}

/* A piece of the image. -EOVERFLOW: it has more octets than it may; p->octets tells. */
int pass_put(void *pass, struct span data)
{
	struct pass *p = pass;
	int r = 0;

	if (data.len > p->limit - p->octets) {
		p->octets += data.len;
		return -EOVERFLOW;
	}
	if (p->fd >= 0)
		r = files_write(p->fd, data);
	if (r == 0 && p->own)
		r = hash_set_update(p->own, data);
	if (r == 0)
		r = hash_set_update(p->all, data);
	if (r < 0)
		return r;
	p->octets += data.len;
	flush(p);
	tell(p);
	return 0;
}

/* Until the pipe has something, or its end. Whoever holds its other end may keep silent for ever,
 * so the end of the connection ends this, too: -ECANCELED. */
static int wait_for(const struct pass *p, int in)
{
	struct pollfd ends[] = {
		{.fd = in, .events = POLLIN},
                {.fd = p->control       }
        };

	while (poll(ends, ARRAY_SIZE(ends), -1) < 0)
		if (errno != EINTR)
			return -errno;
	return ends[1].revents != 0 ? -ECANCELED : 0;
}

/* What was read. -EOVERFLOW: more than there is to be. */
static int take(struct pass *p, struct span data)
{
	p->received += data.len;
	if (!p->sealed)
		return pass_put(p, data);
	return p->received > p->sealed_size ? -EOVERFLOW : sealed_feed(p->sealed, data);
}

static int copy(struct pass *p, int in)
{
	const uint64_t limit = p->sealed ? p->sealed_size : p->limit;

	while (p->received <= limit) {
		int r = wait_for(p, in);
		ssize_t n;

		if (r < 0)
			return r;
		n = read(in, p->piece, PASS_PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		r = take(p, span_of(p->piece, (size_t)n));
		if (r < 0)
			return r == -EOVERFLOW ? 0 : r;
	}
	return 0;
}

int pass_run(struct pass *p, int in)
{
	int r = copy(p, in);

	if (r == 0 && p->sealed && p->octets <= p->limit)
		r = sealed_end(p->sealed, p->received, &p->sealed_error);
	if (r == -EBADMSG) {
		p->sealed_error = FWE_IMAGE_DECRYPT_FAILED;
		return 0;
	}
	return r == -EOVERFLOW ? 0 : r;
}

#include "pass.h"

#include <poll.h>

#include "base/clock.h"

#define PROGRESS_US (250 * USEC_PER_MSEC)

bool pass_is_alone(int control)
{
	struct pollfd p = {.fd = control}; /* which tells of its end without being asked */

	return poll(&p, 1, 0) > 0;
}

static void tell(struct pass *p)
{
	uint64_t now_us = clock_monotonic_us();

	if (now_us - p->told_us < PROGRESS_US)
		return;
	p->told_us = now_us;
	p->progress(p->octets);
}

static int digest(struct pass *p, struct span data)
{
	int r = p->own ? hash_set_update(p->own, data) : 0;

	if (r == 0)
		r = hash_set_update(p->all, data);
	if (r < 0)
		return r;
	p->octets += data.len;
	tell(p);
	return 0;
}

static int wait_for(int fd, short events, int control)
{
	struct pollfd ends[] = {
		{.fd = fd, .events = events},
		{.fd = control       },
	};

	while (poll(ends, ARRAY_SIZE(ends), -1) < 0)
		if (errno != EINTR)
			return -errno;
	return ends[1].revents != 0 ? -ECANCELED : 0;
}

/* A handler may take its time: its pipe does not wait for us, but we for it. */
static int put_all(const struct pass *p, struct span data)
{
	while (data.len > 0) {
		ssize_t n = write(p->fd, data.ptr, data.len);
		int r = n < 0 ? -errno : 0;

		if (r == -EAGAIN)
			r = wait_for(p->fd, POLLOUT, p->control);
		if (r < 0 && r != -EINTR)
			return r;
		data = span_skip(data, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

/* Whole pages: for the rest of one that is written in part the kernel would have to read the
 * device. `at`: where data.ptr belongs. */
static int put_pages(struct pass *p, uint64_t at, struct span data)
{
	size_t room = PASS_PAGE - (size_t)(at % PASS_PAGE), n = data.len < room ? data.len : room;
	int r = 0;

	if (p->carried > 0 || data.len < room) { /* the page that has begun */
		memcpy(p->carry + p->carried, data.ptr, n);
		p->carried += n;
		data = span_skip(data, n);
		if (n < room)
			return 0;
		r = put_all(p, span_of(p->carry, p->carried));
		p->carried = 0;
		room = PASS_PAGE;
	}
	if (r < 0 || data.len < room)
		n = 0;
	else
		n = room + (data.len - room) / PASS_PAGE * PASS_PAGE;
	if (n > 0)
		r = put_all(p, span_of(data.ptr, n));
	data = span_skip(data, n);
	if (r < 0 || data.len == 0)
		return r;
	memcpy(p->carry, data.ptr, data.len);
	p->carried = data.len;
	return 0;
}

static int put_rest(struct pass *p)
{
	int r = put_all(p, span_of(p->carry, p->carried));

	p->carried = 0;
	return r;
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
	if (p->octets == 0 && p->begins)
		r = p->begins(p->begins_arg);
	if (r == 0 && p->fd >= 0)
		r = put_pages(p, p->octets, data);
	if (r == 0)
		r = digest(p, data);
	return r == 0 ? durable_wrote(p->durable, p->octets - p->carried) : r;
}

int pass_wait(int in, int control)
{
	return wait_for(in, POLLIN, control);
}

/* *ret_n is 0 at its end. */
static int read_piece(const struct pass *p, int in, size_t room, size_t *ret_n)
{
	ssize_t n;
	int r;

	do {
		r = pass_wait(in, p->control);
		if (r < 0)
			return r;
		n = read(in, p->piece, room);
	} while (n < 0 && errno == EINTR);
	*ret_n = n > 0 ? (size_t)n : 0;
	return n < 0 ? -errno : 0;
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
		size_t n;
		int r = read_piece(p, in, PASS_PIECE, &n);

		if (r < 0 || n == 0)
			return r;
		r = take(p, span_of(p->piece, n));
		if (r < 0)
			return r;
	}
	return 0;
}

/* The image in order: what the running slot has from there, the rest from `in`. */
static int copy_with_reuse(struct pass *p, int in)
{
	size_t n = 1;
	int r = 0;

	while (r == 0 && n > 0 && p->octets < p->limit) {
		bool held;

		n = reuse_run(p->reuse, p->image, p->octets, PASS_PIECE, &held);
		r = held ? reuse_read(p->reuse, p->image, p->octets, p->piece, n)
			 : read_piece(p, in, n, &n);
		if (held && r == 0 && pass_is_alone(p->control))
			r = -ECANCELED;
		if (r == 0 && n > 0)
			r = pass_put(p, span_of(p->piece, n));
	}
	return r < 0 || n == 0 ? r : copy(p, in); /* which should give its end */
}

int pass_again(struct pass *p, uint64_t octets, bool whole)
{
	int r = 0;

	while (r == 0 && p->octets < octets) {
		uint64_t left = octets - p->octets;
		ssize_t n;

		if (pass_is_alone(p->control))
			return -ECANCELED;
		n = read(p->fd, p->piece, left < PASS_PIECE ? (size_t)left : PASS_PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		r = p->sealed ? sealed_feed_again(p->sealed, span_of(p->piece, (size_t)n)) : 0;
		if (r == 0)
			r = digest(p, span_of(p->piece, (size_t)n));
	}
	p->received = p->octets;
	return r == 0 && p->sealed ? sealed_end_again(p->sealed, whole, &p->received) : r;
}

int pass_run(struct pass *p, int in)
{
	int r = p->reuse ? copy_with_reuse(p, in) : copy(p, in);

	if (r == 0 && p->sealed && p->octets <= p->limit)
		r = sealed_end(p->sealed, p->received, &p->sealed_error);
	if (r == 0)
		r = put_rest(p);
	if (r == -EBADMSG) {
		p->sealed_error = FWE_IMAGE_DECRYPT_FAILED;
		return 0;
	}
	/* All of the image may have come in front of what is too much, but not all is written. */
	if (r == -EOVERFLOW && p->sealed)
		p->sealed_error = FWE_IMAGE_SIZE_MISMATCH;
	return r == -EOVERFLOW ? 0 : r;
}

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#define BUF_FIRST ((size_t)256)  /* octets of the first allocation */
#define BUF_READ  ((size_t)4096) /* octets read at once */

static void release(struct buf *b)
{
	if (b->secret && b->ptr)
		explicit_bzero(b->ptr, b->cap);
	free(b->ptr);
}

void buf_done(struct buf *b)
{
	release(b);
	*b = (struct buf){.max = b->max, .secret = b->secret};
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

/* Not realloc: it may leave a copy of a secret behind. */
static bool enlarge(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST;
	uint8_t *ptr;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap > b->max)
		cap = b->max;
	ptr = malloc(cap);
	if (!ptr)
		return false;
	if (b->ptr)
		memcpy(ptr, b->ptr, b->len);
	release(b);
	b->ptr = ptr;
	b->cap = cap;
	return true;
}

uint8_t *buf_grow(struct buf *b, size_t n)
{
	size_t need;

	if (b->failed)
		return NULL;
	if (!size_add(b->len, n, &need) || need > b->max ||
	    ((need > b->cap || !b->ptr) && !enlarge(b, need))) {
		b->failed = true;
		return NULL;
	}
	return b->ptr + b->len;
}

void buf_put(struct buf *b, struct span data)
{
	uint8_t *at = data.len ? buf_room(b, data.len) : NULL;

	if (!at)
		return;
	memcpy(at, data.ptr, data.len);
	b->len += data.len;
}

void buf_put_byte(struct buf *b, uint8_t byte)
{
	buf_put(b, span_of(&byte, 1));
}

void buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, span_str(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	uint8_t *at;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	at = n < 0 ? NULL : buf_room(b, (size_t)n + 1); /* + 1: vsnprintf writes a NUL */
	if (at) {
		(void)vsnprintf((char *)at, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	} else {
		b->failed = true;
	}
	va_end(again);
}

static ssize_t read_on(int fd, uint8_t *to, size_t n)
{
	ssize_t got;

	do
		got = read(fd, to, n);
	while (got < 0 && errno == EINTR);
	return got;
}

int buf_put_file(struct buf *b, int fd)
{
	ssize_t n;

	do {
		size_t left = b->max - b->len, room = left < BUF_READ ? left : BUF_READ;
		uint8_t beyond = 0, *to = left > 0 ? buf_room(b, room) : &beyond;

		if (!to)
			return -ENOMEM;
		n = read_on(fd, to, left > 0 ? room : sizeof(beyond));
		b->failed = n > 0 && left == 0;
		b->len += n > 0 && left > 0 ? (size_t)n : 0;
	} while (n > 0 && !b->failed);
	return b->failed ? -EFBIG : n < 0 ? -errno : 0;
}

int span_put_file(struct span data, int fd)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			data = span_skip(data, (size_t)n);
	}
	return 0;
}

/* lib/base/buf.h - an owned, growing run of octets with a ceiling and a sticky error. */
#pragma once

#include "base/span.h"

/* Zero-initialised except for max is a valid empty buffer. After a failed append `failed` stays
 * set and later appends do nothing: check once, with buf_ok(). */
struct buf {
	uint8_t *ptr; /* owned */
	size_t len, cap;
	size_t max; /* octets; an append beyond it fails */
	bool failed;
	bool secret; /* wipe memory that is given back */
};

#define BUF_INIT(ceiling) ((struct buf){.max = (ceiling)})

/* Frees (and wipes, if secret) the memory; the buffer is empty and usable again. */
void buf_done(struct buf *b);
/* Forgets content and error, keeps the memory. */
void buf_reset(struct buf *b);

void buf_put(struct buf *b, struct span data);
void buf_put_byte(struct buf *b, uint8_t byte);
void buf_put_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What fd gives, to its end. 0; -EFBIG: more than the ceiling; -ENOMEM; or what reading gave. */
MUST_USE int buf_put_file(struct buf *b, int fd);
/* All of `data` to fd, in as many writes as it takes. 0, or what writing gave. */
MUST_USE int span_put_file(struct span data, int fd);
MUST_USE uint8_t *buf_grow(struct buf *b, size_t n); /* of buf_room() only */

/* Room for n more octets, contents unspecified; NULL when that fails. The caller adds to len. */
MUST_USE static inline uint8_t *buf_room(struct buf *b, size_t n)
{
	return b->ptr && !b->failed && n <= b->cap - b->len ? b->ptr + b->len : buf_grow(b, n);
}

static inline bool buf_ok(const struct buf *b)
{
	return !b->failed;
}

/* Borrowed until the next append. */
static inline struct span buf_span(const struct buf *b)
{
	return span_of(b->ptr, b->len);
}

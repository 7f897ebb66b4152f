#include "transport/block.h"

#include "transport/exchange.h"

static struct block_body *find(struct blocks *bs, const struct remote *from)
{
	for (size_t i = 0; i < BLOCK_BODIES_MAX; i++) {
		if (bs->bodies[i].used && remote_eq(&bs->bodies[i].from, from))
			return &bs->bodies[i];
	}
	return NULL;
}

static void drop(struct block_body *b)
{
	buf_done(&b->body);
	*b = (struct block_body){0};
}

void blocks_drop(struct blocks *bs, const struct remote *from)
{
	struct block_body *b = find(bs, from);

	if (b)
		drop(b);
}

void blocks_done(struct blocks *bs)
{
	for (size_t i = 0; i < BLOCK_BODIES_MAX; i++)
		drop(&bs->bodies[i]);
}

/* A free place, else the one that has waited longest; secured and plain peers have their own. */
static struct block_body *place_for(struct blocks *bs, const struct remote *from)
{
	size_t first = from->session ? BLOCK_PLAIN_MAX : 0;
	size_t end = from->session ? BLOCK_BODIES_MAX : BLOCK_PLAIN_MAX;
	struct block_body *best = &bs->bodies[first];

	for (size_t i = first; i < end && best->used; i++) {
		if (!bs->bodies[i].used || bs->bodies[i].touched_us < best->touched_us)
			best = &bs->bodies[i];
	}
	return best;
}

static struct block_body *start(struct blocks *bs, const struct remote *from,
				const struct message *m)
{
	struct block_body *b = place_for(bs, from);

	drop(b);
	*b = (struct block_body){.used = true,
				 .from = *from,
				 .code = m->code,
				 .path_len = m->path_len,
				 .body = BUF_INIT(bs->body_max)};
	b->body.secret = from->session != 0; /* it may carry keys */
	memcpy(b->path, m->path, m->path_len);
	return b;
}

static bool is_next(const struct block_body *b, const struct message *m, uint64_t now_us)
{
	return b->code == m->code &&
	       span_eq(span_of(b->path, b->path_len), span_of(m->path, m->path_len)) &&
	       now_us - b->touched_us < EXCHANGE_LIFETIME_US &&
	       b->body.len == m->block1.num * message_block_size(m->block1);
}

uint8_t blocks_take(struct blocks *bs, const struct remote *from, const struct message *m,
		    uint64_t now_us, struct span *ret)
{
	size_t size = message_block_size(m->block1);
	struct block_body *b;

	if (m->block1.num == 0)
		blocks_drop(bs, from);
	if (m->payload.len > size || (m->block1.more && m->payload.len != size))
		return MC_BAD_REQUEST;
	if (m->block1.num == 0 && !m->block1.more) {
		*ret = m->payload;
		return m->payload.len > bs->body_max ? MC_TOO_LARGE : 0;
	}
	if (m->block1.num == 0 && m->size1 != MESSAGE_ABSENT && m->size1 > bs->body_max)
		return MC_TOO_LARGE;

	b = m->block1.num == 0 ? start(bs, from, m) : find(bs, from);
	if (!b || (m->block1.num > 0 && !is_next(b, m, now_us)))
		return MC_INCOMPLETE;
	if (m->payload.len > bs->body_max - b->body.len) {
		drop(b);
		return MC_TOO_LARGE;
	}
	buf_put(&b->body, m->payload);
	b->touched_us = now_us;
	if (!buf_ok(&b->body)) {
		drop(b);
		return MC_INTERNAL;
	}
	*ret = buf_span(&b->body);
	return m->block1.more ? MC_CONTINUE : 0;
}

/* FNV-1a: tells two versions of a body apart, nothing more. */
static void tag_of(struct span body, uint8_t ret[4])
{
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < body.len; i++)
		h = (h ^ body.ptr[i]) * UINT32_C(16777619);
	memcpy(ret, &h, sizeof(h));
}

bool block_slice(struct message *answer, struct span body, struct message_block asked,
		 uint8_t etag[4])
{
	struct message_block b = {.szx = asked.present ? asked.szx : MESSAGE_SZX_MAX,
				  .num = asked.num,
				  .present = true};
	size_t size = message_block_size(b), at = b.num * size;

	if (at > 0 && at >= body.len)
		return false;
	if (at == 0 && body.len <= size) {
		answer->payload = body;
		if (asked.present)
			answer->block2 = b;
		return true;
	}
	answer->payload = span_of(body.ptr + at, body.len - at);
	b.more = answer->payload.len > size;
	if (b.more)
		answer->payload.len = size;
	answer->block2 = b;
	answer->size2 = (uint32_t)body.len;
	tag_of(body, etag);
	answer->etag = span_of(etag, 4);
	return true;
}

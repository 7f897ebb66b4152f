#include "blockwise.h"

#define CODE_CONTENT 205

static size_t block_size(const struct blockwise *b)
{
	return (size_t)16 << b->szx;
}

static struct blockwise_slot *slot_of(struct blockwise *b, uint32_t num)
{
	return &b->slots[num % BLOCKWISE_WINDOW_MAX];
}

void blockwise_open(struct blockwise *b)
{
	*b = (struct blockwise){.szx = BLOCKWISE_SZX,
				.window = 1,
				.threshold = BLOCKWISE_WINDOW_MAX,
				.total = BLOCKWISE_BLOCKS_MAX};
}

static uint32_t blocks_of(const struct blockwise *b, uint64_t octets)
{
	uint64_t size = block_size(b), n = octets / size + (octets % size > 0);

	return n < BLOCKWISE_BLOCKS_MAX ? (uint32_t)n : BLOCKWISE_BLOCKS_MAX;
}

static void set_end(struct blockwise *b)
{
	b->end = blocks_of(b, b->until);
	if (b->end > b->total)
		b->end = b->total;
}

void blockwise_want(struct blockwise *b, uint64_t from, uint64_t until)
{
	b->from = from;
	b->until = until;
	b->next = b->ask = b->recover = (uint32_t)(from / block_size(b));
	b->round = 0;
	b->whole_len = 0;
	set_end(b);
	for (size_t i = 0; i < BLOCKWISE_WINDOW_MAX; i++)
		b->slots[i].here = false;
}

bool blockwise_ask(struct blockwise *b, uint32_t *ret_num, uint8_t *ret_szx)
{
	*ret_szx = b->szx;
	if (!b->begun) {
		*ret_num = 0;
		if (b->under_way > 0)
			return false;
		b->under_way = 1;
		return true;
	}
	if (b->ask >= b->end || b->under_way >= b->window ||
	    b->ask - b->next >= BLOCKWISE_WINDOW_MAX)
		return false;
	slot_of(b, b->ask)->here = false;
	b->under_way++;
	*ret_num = b->ask++;
	return true;
}

static void grow(struct blockwise *b)
{
	bool more = b->window < b->threshold;

	if (!more && ++b->round >= b->window) {
		b->round = 0;
		more = true;
	}
	if (more && b->window < BLOCKWISE_WINDOW_MAX)
		b->window++;
}

void blockwise_lost(struct blockwise *b, uint32_t num)
{
	if (num < b->recover)
		return; /* asked for before the last loss */
	b->threshold = b->window > 1 ? b->window / 2 : 1;
	b->window = b->threshold;
	b->recover = b->ask;
	b->round = 0;
}

/* The server may like smaller blocks, but has to say so with the first one (RFC 7959 2.4). */
static void note(struct blockwise *b, const struct reply *r)
{
	const struct reply_block *block = &r->block;

	b->begun = true;
	b->content_format = r->content_format;
	b->size = block->size;
	b->etag_len = block->etag.len;
	if (block->etag.len > 0)
		memcpy(b->etag, block->etag.ptr, block->etag.len);
	if (block->present)
		b->szx = block->szx;
	if (block->present && block->size != CF_NONE && block->size > 0)
		b->total = blocks_of(b, block->size);
	if (block->present && !block->more)
		b->total = 1;
	b->next = b->ask = (uint32_t)(b->from / block_size(b));
	set_end(b);
	b->declined = b->next > 0 && b->next >= b->end;
}

static enum fw_error take_whole(struct blockwise *b, struct span body)
{
	if (body.len > sizeof(b->whole))
		return FWE_FETCH_COAP_BLOCK;
	memcpy(b->whole, body.ptr, body.len);
	b->whole_len = body.len;
	b->next = b->end = b->total = 1;
	b->declined = b->from > 0 && b->from >= body.len;
	return FWE_OK;
}

/* Servers that keep no state may leave out of later blocks what the first one has said. */
static bool is_same_body(const struct blockwise *b, const struct reply *r)
{
	return (r->content_format == CF_NONE || r->content_format == b->content_format) &&
	       (r->block.etag.len == 0 || span_eq(r->block.etag, span_of(b->etag, b->etag_len)));
}

static enum fw_error take_block(struct blockwise *b, const struct reply *r)
{
	const struct reply_block *block = &r->block;
	struct blockwise_slot *slot = slot_of(b, block->num);
	bool last = block->num + 1 == b->total;

	if (block->szx != b->szx || !is_same_body(b, r) || r->body.len > block_size(b) ||
	    (block->more && (r->body.len != block_size(b) || last)) ||
	    (!block->more && b->total != BLOCKWISE_BLOCKS_MAX && !last))
		return FWE_FETCH_COAP_BLOCK;
	if (!block->more) {
		b->total = block->num + 1;
		set_end(b);
	}
	slot->here = true;
	slot->code = CODE_CONTENT;
	slot->len = r->body.len;
	if (r->body.len > 0)
		memcpy(slot->data, r->body.ptr, r->body.len);
	return FWE_OK;
}

enum fw_error blockwise_take(struct blockwise *b, uint32_t num, const struct reply *r)
{
	bool first = !b->begun;

	b->under_way--;
	if (!first && (num < b->next || num >= b->ask || num >= b->end))
		return FWE_OK; /* the last one was seen, or something else is wanted, since */
	if (r->code != CODE_CONTENT) {
		slot_of(b, first ? b->next : num)->here = true;
		slot_of(b, first ? b->next : num)->code = r->code;
		return FWE_OK;
	}
	if (r->block.num != num || (r->block.present ? r->block.szx > b->szx : !first))
		return FWE_FETCH_COAP_BLOCK;
	grow(b);
	if (!first)
		return take_block(b, r);
	note(b, r);
	if (!r->block.present)
		return take_whole(b, r->body);
	if (b->next > 0)
		return FWE_OK; /* it has told what there is */
	b->ask = 1;
	return take_block(b, r);
}

/* What of a run of octets that begins at `at` is wanted. */
static struct span clip(const struct blockwise *b, uint64_t at, struct span s)
{
	if (at < b->from) {
		s = span_skip(s, b->from - at < s.len ? (size_t)(b->from - at) : s.len);
		at = b->from;
	}
	if (s.len > b->until - at)
		s.len = (size_t)(b->until - at);
	return s;
}

int blockwise_next(struct blockwise *b, struct span *ret, unsigned *ret_code)
{
	struct blockwise_slot *slot = slot_of(b, b->next);

	if (b->whole_len > 0) {
		*ret = clip(b, 0, span_of(b->whole, b->whole_len));
		b->whole_len = 0;
		return 1;
	}
	if (b->next >= b->end || !slot->here)
		return 0;
	slot->here = false;
	if (slot->code != CODE_CONTENT) {
		*ret_code = slot->code;
		return -EPROTO;
	}
	*ret = clip(b, (uint64_t)b->next * block_size(b), span_of(slot->data, slot->len));
	b->next++;
	return 1;
}

bool blockwise_is_done(const struct blockwise *b)
{
	return b->begun && b->next >= b->end && b->whole_len == 0;
}

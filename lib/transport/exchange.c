#include "transport/exchange.h"

static size_t bucket_of(const struct remote *from)
{
	return remote_hash(from) % EXCHANGE_BUCKETS;
}

static void unlink_entry(struct exchanges *xs, struct exchange *x)
{
	struct exchange **link = &xs->buckets[bucket_of(&x->from)];

	while (*link != x)
		link = &(*link)->next;
	*link = x->next;
	free(x->answer);
	*x = (struct exchange){0};
}

const struct exchange *exchanges_find(const struct exchanges *xs, const struct remote *from,
				      uint16_t id, uint64_t now_us)
{
	for (const struct exchange *x = xs->buckets[bucket_of(from)]; x; x = x->next) {
		if (x->id == id && x->expires_us > now_us && remote_eq(&x->from, from))
			return x;
	}
	return NULL;
}

static void make_room(struct exchanges *xs, const struct remote *from)
{
	struct exchange *oldest = NULL;
	size_t n = 0;

	for (struct exchange *x = xs->buckets[bucket_of(from)]; x; x = x->next) {
		if (!remote_eq(&x->from, from))
			continue;
		oldest = x;
		n++;
	}
	if (n >= EXCHANGES_PER_PEER_MAX)
		unlink_entry(xs, oldest);
}

void exchanges_add(struct exchanges *xs, const struct remote *from, uint16_t id, struct span answer,
		   uint64_t now_us)
{
	struct exchange *x = &xs->entries[xs->cursor];
	struct exchange **link = &xs->buckets[bucket_of(from)];

	xs->cursor = (xs->cursor + 1) % EXCHANGES_MAX;
	if (x->used)
		unlink_entry(xs, x);
	make_room(xs, from);
	*x = (struct exchange){.used = true,
			       .from = *from,
			       .id = id,
			       .expires_us = now_us + EXCHANGE_LIFETIME_US,
			       .next = *link};
	*link = x;
	if (answer.len == 0)
		return;
	x->answer = malloc(answer.len);
	if (x->answer) {
		memcpy(x->answer, answer.ptr, answer.len);
		x->answer_len = answer.len;
	}
}

void exchanges_forget(struct exchanges *xs, uint64_t session)
{
	for (size_t i = 0; i < EXCHANGES_MAX; i++) {
		if (xs->entries[i].used && xs->entries[i].from.session == session)
			unlink_entry(xs, &xs->entries[i]);
	}
}

void exchanges_done(struct exchanges *xs)
{
	for (size_t i = 0; i < EXCHANGES_MAX; i++)
		free(xs->entries[i].answer);
	*xs = (struct exchanges){0};
}

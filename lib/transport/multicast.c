#include "transport/multicast.h"

bool multicast_is_wanted(const struct message *m)
{
	struct span path = span_of(m->path, m->path_len);

	return m->type == MT_NON && m->code == MC_GET && m->refusal == 0 &&
	       (span_is(path, "/oic/res") || span_is(path, "/oic/sec/doxm"));
}

static bool is_v4(const struct remote *r)
{
	return IN6_IS_ADDR_V4MAPPED(&r->addr.sa.sin6_addr);
}

/* The same address and port, or those of the other IP family on the same link. Another address of
 * the same family is another requester, whatever its message looks like. */
static bool is_same_requester(const struct remote *a, const struct remote *b)
{
	return remote_eq(a, b) || (a->ifindex == b->ifindex && is_v4(a) != is_v4(b));
}

bool multicast_is_first(struct multicast *mc, const struct remote *from, const struct message *m,
			uint64_t now_us)
{
	for (size_t i = 0; i < MULTICAST_SEEN_MAX; i++) {
		if (mc->seen[i].until_us > now_us && mc->seen[i].id == m->id &&
		    span_eq(span_of(mc->seen[i].token, mc->seen[i].token_len),
			    span_of(m->token, m->token_len)) &&
		    is_same_requester(&mc->seen[i].from, from))
			return false;
	}
	mc->seen[mc->cursor].until_us = now_us + MULTICAST_SEEN_US;
	mc->seen[mc->cursor].from = *from;
	mc->seen[mc->cursor].id = m->id;
	mc->seen[mc->cursor].token_len = m->token_len;
	memcpy(mc->seen[mc->cursor].token, m->token, m->token_len);
	mc->cursor = (mc->cursor + 1) % MULTICAST_SEEN_MAX;
	return true;
}

void multicast_defer(struct multicast *mc, const struct remote *from, struct span datagram,
		     uint64_t due_us)
{
	if (datagram.len > MULTICAST_REQUEST_MAX)
		return;
	for (size_t i = 0; i < MULTICAST_PENDING_MAX; i++) {
		struct multicast_request *p = &mc->pending[i];

		if (p->due_us != 0)
			continue;
		*p = (struct multicast_request){
			.due_us = due_us, .from = *from, .len = datagram.len};
		memcpy(p->datagram, datagram.ptr, datagram.len);
		return;
	}
}

bool multicast_take(struct multicast *mc, uint64_t now_us, struct multicast_request *ret)
{
	for (size_t i = 0; i < MULTICAST_PENDING_MAX; i++) {
		if (mc->pending[i].due_us == 0 || mc->pending[i].due_us > now_us)
			continue;
		*ret = mc->pending[i];
		mc->pending[i].due_us = 0;
		return true;
	}
	return false;
}

uint64_t multicast_deadline(const struct multicast *mc)
{
	uint64_t first = NEVER_US;

	for (size_t i = 0; i < MULTICAST_PENDING_MAX; i++) {
		if (mc->pending[i].due_us != 0 && mc->pending[i].due_us < first)
			first = mc->pending[i].due_us;
	}
	return first;
}

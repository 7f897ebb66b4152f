#include "transport/later.h"

static bool has_room(const struct laters *ls, const struct remote *from)
{
	size_t same = 0;

	for (const struct later *l = ls->first; l; l = l->next)
		same += remote_eq(&l->from, from);
	return ls->n < LATERS_MAX && same < LATERS_PER_PEER_MAX;
}

static bool keep(struct later *l, struct span octets)
{
	uint8_t *copy = malloc(octets.len);

	if (!copy)
		return false;
	memcpy(copy, octets.ptr, octets.len);
	free(l->octets);
	l->octets = copy;
	l->len = octets.len;
	return true;
}

bool laters_add(struct laters *ls, const struct remote *from, const struct message *m,
		struct span datagram, uint64_t ticket, uint64_t now_us)
{
	size_t body = m->payload.len > 0 ? m->payload.len + 1 : 0; /* and its marker */
	struct later *l;

	if (!has_room(ls, from))
		return false;
	l = calloc(1, sizeof(*l));
	if (!l || !keep(l, span_of(datagram.ptr, datagram.len - body))) {
		free(l);
		return false;
	}
	l->from = *from;
	l->type = m->type;
	l->id = m->id;
	l->ticket = ticket;
	l->ack_us = m->type == MT_CON ? now_us + LATER_ACK_US : NEVER_US;
	l->next = ls->first;
	ls->first = l;
	ls->n++;
	return true;
}

void laters_drop(struct laters *ls, struct later *l)
{
	struct later **link = &ls->first;

	while (*link != l)
		link = &(*link)->next;
	*link = l->next;
	ls->n--;
	free(l->octets);
	free(l);
}

void laters_forget(struct laters *ls, uint64_t session)
{
	struct later *next;

	for (struct later *l = ls->first; l; l = next) {
		next = l->next;
		if (l->from.session == session)
			laters_drop(ls, l);
	}
}

void laters_done(struct laters *ls)
{
	while (ls->first)
		laters_drop(ls, ls->first);
}

struct later *laters_find(const struct laters *ls, uint64_t ticket)
{
	struct later *l = ls->first;

	while (l && (l->ticket != ticket || l->confirm.waiting))
		l = l->next;
	return l;
}

struct later *laters_find_request(const struct laters *ls, const struct remote *from, uint16_t id)
{
	struct later *l = ls->first;

	while (l && (l->id != id || !remote_eq(&l->from, from)))
		l = l->next;
	return l;
}

struct later *laters_find_answer(const struct laters *ls, const struct remote *from, uint16_t id)
{
	struct later *l = ls->first;

	while (l && (!l->confirm.waiting || l->confirm.id != id || !remote_eq(&l->from, from)))
		l = l->next;
	return l;
}

bool later_set_answer(struct later *l, struct span answer, uint16_t id, uint64_t now_us)
{
	if (!keep(l, answer))
		return false;
	confirm_start(&l->confirm, id, now_us);
	return true;
}

static uint64_t due_of(const struct later *l)
{
	return l->confirm.waiting ? l->confirm.due_us : l->ack_us;
}

struct later *laters_due(const struct laters *ls, uint64_t now_us)
{
	struct later *l = ls->first;

	while (l && due_of(l) > now_us)
		l = l->next;
	return l;
}

uint64_t laters_deadline(const struct laters *ls)
{
	uint64_t first = NEVER_US;

	for (const struct later *l = ls->first; l; l = l->next) {
		if (due_of(l) < first)
			first = due_of(l);
	}
	return first;
}

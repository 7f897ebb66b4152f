#include "transport/observe.h"

#define SEQUENCE_MASK UINT32_C(0xffffff)

struct observer *observers_find(const struct observers *os, const struct remote *from,
				const struct message *m)
{
	struct observer *o = os->first;

	while (o && !(remote_eq(&o->from, from) &&
		      span_eq(span_of(o->token, o->token_len), span_of(m->token, m->token_len))))
		o = o->next;
	return o;
}

struct observer *observers_find_sent(const struct observers *os, const struct remote *from,
				     uint16_t id)
{
	struct observer *o = os->first;

	while (o && !(o->confirm.waiting && o->confirm.id == id && remote_eq(&o->from, from)))
		o = o->next;
	return o;
}

static bool has_room(const struct observers *os, const struct remote *from)
{
	size_t same = 0;

	for (const struct observer *o = os->first; o; o = o->next)
		same += remote_eq(&o->from, from);
	return os->n < OBSERVERS_MAX && same < OBSERVERS_PER_PEER_MAX;
}

struct observer *observers_add(struct observers *os, const struct remote *from,
			       const struct message *m, struct span datagram, uint64_t now_us)
{
	struct observer *o;

	if (datagram.len > OBSERVE_REQUEST_MAX || !has_room(os, from))
		return NULL;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->from = *from;
	o->heard_us = now_us;
	o->len = datagram.len;
	memcpy(o->datagram, datagram.ptr, datagram.len);
	o->token_len = m->token_len;
	memcpy(o->token, m->token, m->token_len);
	o->next = os->first;
	os->first = o;
	os->n++;
	return o;
}

void observers_drop(struct observers *os, struct observer *o)
{
	struct observer **link = &os->first;

	while (*link != o)
		link = &(*link)->next;
	*link = o->next;
	os->n--;
	free(o);
}

void observers_forget(struct observers *os, uint64_t session)
{
	struct observer *next;

	for (struct observer *o = os->first; o; o = next) {
		next = o->next;
		if (o->from.session == session)
			observers_drop(os, o);
	}
}

void observers_done(struct observers *os)
{
	while (os->first)
		observers_drop(os, os->first);
}

void observers_touch(struct observers *os)
{
	for (struct observer *o = os->first; o; o = o->next)
		o->touched = true;
}

void observers_end(struct observers *os, uint8_t code)
{
	for (struct observer *o = os->first; o; o = o->next) {
		o->ending = code;
		o->touched = true;
		o->confirm.waiting = false; /* what is under way no longer matters */
	}
}

static uint64_t due_of(const struct observer *o)
{
	if (o->confirm.waiting)
		return o->confirm.due_us;
	return o->touched ? 0 : o->heard_us + OBSERVE_CONFIRM_US;
}

struct observer *observers_due(const struct observers *os, uint64_t now_us)
{
	struct observer *o = os->first;

	while (o && due_of(o) > now_us)
		o = o->next;
	return o;
}

uint64_t observers_deadline(const struct observers *os)
{
	uint64_t first = NEVER_US;

	for (const struct observer *o = os->first; o; o = o->next) {
		if (due_of(o) < first)
			first = due_of(o);
	}
	return first;
}

uint32_t observers_sequence(struct observers *os)
{
	os->sequence = (os->sequence + 1) & SEQUENCE_MASK;
	return os->sequence;
}

#include "transport/server.h"

#include "transport/allowance.h"
#include "transport/block.h"
#include "transport/chance.h"
#include "transport/exchange.h"
#include "transport/later.h"
#include "transport/multicast.h"
#include "transport/observe.h"
#include "transport/reply.h"

#define OBSERVE_REGISTER 0u /* RFC 7641 2 */

struct server {
	const struct server_ops *ops;
	void *arg;
	struct server_config cfg;
	uint16_t next_id;
	struct exchanges plain, secured; /* apart: plain peers can forge any number of addresses */
	struct blocks blocks;
	struct multicast multicast;
	struct allowance allowance;
	struct observers observers;
	struct laters laters;
	uint64_t ticket; /* of the request asked last */
	struct answer answer;
	/* The message being made; not on the stack, where the hardened build clears them first. */
	struct message reply;
	uint8_t octets[MESSAGE_MAX], etag[4];
};

int server_new(struct server **ret, const struct server_config *cfg, const struct server_ops *ops,
	       void *arg)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->ops = ops;
	s->arg = arg;
	s->cfg = *cfg;
	s->blocks.body_max = cfg->body_max;
	s->answer.body = BUF_INIT(REQ_ANSWER_MAX);
	allowance_init(&s->allowance);
	chance_fill(&s->next_id, sizeof(s->next_id));
	*ret = s;
	return 0;
}

struct server *server_free(struct server *s)
{
	if (!s)
		return NULL;
	exchanges_done(&s->plain);
	exchanges_done(&s->secured);
	blocks_done(&s->blocks);
	observers_done(&s->observers);
	laters_done(&s->laters);
	buf_done(&s->answer.body);
	free(s);
	return NULL;
}

void server_forget(struct server *s, uint64_t session)
{
	exchanges_forget(&s->secured, session);
	blocks_drop(&s->blocks, &(struct remote){.session = session});
	observers_forget(&s->observers, session);
	laters_forget(&s->laters, session);
}

/* What the transport refuses by itself; 0: the request goes on. */
static uint8_t refusal_of(const struct message *m)
{
	bool has_body = m->code == MC_POST || m->code == MC_PUT;

	if (m->refusal != 0)
		return m->refusal;
	if (m->code > MC_DELETE)
		return MC_NO_METHOD;
	/* Versions below 1.0.0 are not served; later ones are (a minor step adds only). */
	if (m->accept_version < MESSAGE_OCF_1_0 || m->content_version < MESSAGE_OCF_1_0)
		return MC_BAD_FORMAT;
	if (m->content_format != MESSAGE_ABSENT && m->content_format != CF_CBOR &&
	    m->content_format != CF_OCF_CBOR)
		return MC_BAD_FORMAT;
	if (m->block1.present && !has_body)
		return MC_BAD_OPTION;
	return 0;
}

/* Asks the application; the result is in s->answer. The code to answer with. */
static uint8_t ask(struct server *s, const struct remote *from, const struct message *m,
		   struct span body, enum asked why, uint64_t ticket)
{
	struct req req = {.method = (enum method)(m->code - MC_GET),
			  .path = span_of(m->path, m->path_len),
			  .n_query = m->n_query,
			  .body = body,
			  .content_format = m->content_format,
			  .accept = m->accept,
			  .multicast = from->multicast,
			  .observe = m->code == MC_GET && m->observe == 0,
			  .session = from->session,
			  .asked = why,
			  .ticket = ticket};

	memcpy(req.query, m->query, m->n_query * sizeof(req.query[0]));
	if (s->answer.body.cap > REQ_BODY_MAX)
		buf_done(&s->answer.body); /* long lists are rare: their memory goes back */
	buf_reset(&s->answer.body);
	s->answer.verdict = V_IGNORE;
	s->answer.content_format = CF_NONE;
	s->answer.act = s->answer.observable = false;
	s->ops->request(s->arg, from, &req, &s->answer);
	return (uint8_t)(buf_ok(&s->answer.body) ? reply_code(s->answer.verdict) : MC_INTERNAL);
}

/* True: the reply's code says all, a refusal or the wish for the next block. False: *ret_body is
 * the whole body. */
static bool is_settled(struct server *s, const struct remote *from, const struct message *m,
		       bool cut, uint64_t now_us, struct span *ret_body)
{
	struct message *reply = &s->reply;

	*ret_body = m->payload;
	reply->code = cut ? MC_TOO_LARGE : refusal_of(m);
	if (reply->code != 0)
		return true;
	if (m->block1.present) {
		reply->block1 = m->block1;
		reply->code = blocks_take(&s->blocks, from, m, now_us, ret_body);
	} else if (m->payload.len > s->cfg.body_max) {
		reply->code = MC_TOO_LARGE;
	}
	return reply->code != 0;
}

/* Fills in code and body of the reply; MC_EMPTY: say nothing. */
static void answer(struct server *s, const struct remote *from, const struct message *m, bool cut,
		   uint64_t now_us)
{
	struct message *reply = &s->reply;
	struct span body;

	s->answer.act = false;
	s->answer.verdict = V_IGNORE;
	if (is_settled(s, from, m, cut, now_us, &body)) {
		if (reply->code >= MC_BAD_REQUEST && s->ops->refused)
			s->ops->refused(s->arg, span_of(m->path, m->path_len), reply->code);
		if (m->type == MT_NON && reply->code == MC_BAD_OPTION)
			reply->code = MC_EMPTY; /* RFC 7252 5.4.1 */
		return;
	}
	reply->code =
		ask(s, from, m, body, m->block2.num > 0 ? ASKED_KEPT : ASKED_FIRST, ++s->ticket);
	if (m->block1.present)
		blocks_drop(&s->blocks, from);
	if (reply->code != MC_EMPTY)
		reply_set_body(reply, m, &s->answer, s->etag);
}

static void reply_init(struct server *s, const struct message *m)
{
	if (m->type == MT_CON)
		message_init(&s->reply, MT_ACK, MC_EMPTY, m->id); /* piggy-backed */
	else
		message_init(&s->reply, MT_NON, MC_EMPTY, s->next_id++);
	memcpy(s->reply.token, m->token, m->token_len);
	s->reply.token_len = m->token_len;
}

/* The observation that a GET begins or ends (RFC 7641 3.1, 3.6). Plain UDP has none: whoever forges
 * an address could have notifications sent there, again and again. */
static void watch(struct server *s, const struct remote *from, const struct message *m,
		  struct span datagram, uint64_t now_us)
{
	struct observer *o;

	if (m->code != MC_GET || m->observe == MESSAGE_ABSENT || from->session == 0)
		return;
	o = observers_find(&s->observers, from, m);
	if (o)
		observers_drop(&s->observers, o);
	if (m->observe != OBSERVE_REGISTER || s->reply.code >> 5 != 2 || !s->answer.observable ||
	    m->block2.num > 0)
		return;
	o = observers_add(&s->observers, from, m, datagram, now_us);
	if (!o)
		return;
	o->digest = reply_digest(&s->answer);
	s->reply.observe = observers_sequence(&s->observers);
}

/* A repeated GET is carried out again: it changes nothing (RFC 7252 4.5). */
static bool is_remembered(const struct message *m)
{
	return m->code != MC_GET || m->type == MT_NON;
}

static struct exchanges *exchanges_of(struct server *s, const struct remote *from)
{
	return from->session ? &s->secured : &s->plain;
}

static void send_ack(struct server *s, const struct remote *to, uint16_t id)
{
	message_init(&s->reply, MT_ACK, MC_EMPTY, id);
	s->ops->send(s->arg, to,
		     span_of(s->octets, message_write(&s->reply, s->octets, sizeof(s->octets))));
}

/* True: the request has been seen before, and its answer is sent again or still to come. */
static bool is_repeat(struct server *s, const struct remote *from, const struct message *m,
		      uint64_t now_us)
{
	const struct later *l = laters_find_request(&s->laters, from, m->id);
	const struct exchange *x = NULL;

	if (!l && is_remembered(m))
		x = exchanges_find(exchanges_of(s, from), from, m->id, now_us);
	if (l && m->type == MT_CON && l->ack_us == NEVER_US)
		send_ack(s, from, m->id);
	else if (x && m->type == MT_CON && x->answer_len > 0)
		s->ops->send(s->arg, from, span_of(x->answer, x->answer_len));
	return l || x;
}

/* Sends the reply, if it says anything and may be as long as that, and keeps what a repeat of the
 * request is to get. */
static void send_reply(struct server *s, const struct remote *from, const struct message *m,
		       size_t request_len, uint64_t now_us)
{
	size_t len = 0;

	if (s->reply.code != MC_EMPTY)
		len = message_write(&s->reply, s->octets, sizeof(s->octets));
	if (!allowance_take(&s->allowance, from, request_len, len, now_us))
		len = 0;
	if (is_remembered(m))
		exchanges_add(exchanges_of(s, from), from, m->id,
			      span_of(s->octets, m->type == MT_CON ? len : 0), now_us);
	if (len > 0)
		s->ops->send(s->arg, from, span_of(s->octets, len));
}

static void receive_unicast(struct server *s, const struct remote *from, const struct message *m,
			    struct span datagram, bool cut, uint64_t now_us)
{
	if (is_repeat(s, from, m, now_us))
		return;
	reply_init(s, m);
	answer(s, from, m, cut, now_us);
	if (s->answer.verdict == V_LATER) {
		if (laters_add(&s->laters, from, m, datagram, s->ticket, now_us))
			return;
		s->reply.code = MC_UNAVAILABLE;
	}
	watch(s, from, m, datagram, now_us);
	send_reply(s, from, m, datagram.len, now_us);
	if (s->answer.act)
		s->ops->act(s->arg);
}

/* What the application says to a group's request now; false: silence. */
static bool answer_group(struct server *s, const struct remote *from, const struct message *m)
{
	reply_init(s, m);
	if (refusal_of(m) != 0)
		return false;
	s->reply.code = ask(s, from, m, m->payload, ASKED_FIRST, 0);
	if (s->reply.code != MC_CONTENT)
		return false;
	reply_set_body(&s->reply, m, &s->answer, s->etag);
	return s->reply.code == MC_CONTENT;
}

static void send_group_answer(struct server *s, const struct remote *from)
{
	size_t len = message_write(&s->reply, s->octets, sizeof(s->octets));

	if (len > 0)
		s->ops->send(s->arg, from, span_of(s->octets, len));
}

static void receive_group(struct server *s, const struct remote *from, const struct message *m,
			  struct span datagram, uint64_t now_us)
{
	if (!multicast_is_wanted(m) || !multicast_is_first(&s->multicast, from, m, now_us) ||
	    !answer_group(s, from, m))
		return;
	if (s->cfg.leisure_us == 0)
		send_group_answer(s, from);
	else
		multicast_defer(&s->multicast, from, datagram,
				now_us + chance_delay(s->cfg.leisure_us));
}

void server_receive(struct server *s, const struct remote *from, const struct message *m,
		    struct span datagram, bool cut, uint64_t now_us)
{
	if (from->multicast) {
		if (!cut)
			receive_group(s, from, m, datagram, now_us);
	} else if (m->type == MT_CON || m->type == MT_NON) {
		receive_unicast(s, from, m, datagram, cut, now_us);
	}
}

/* ---- notifications ---- */

/* What the observer may see now: code and body of the reply. */
static void look_again(struct server *s, const struct observer *o)
{
	struct message m;

	message_init(&s->reply, MT_CON, o->ending, s->next_id++);
	s->reply.token_len = o->token_len;
	memcpy(s->reply.token, o->token, o->token_len);
	if (o->ending != 0 || message_parse(&m, span_of(o->datagram, o->len)) < 0)
		return;
	m.etag = span_of(NULL, 0); /* of a state that the observer knew then */
	s->reply.code = ask(s, &o->from, &m, span_of(NULL, 0), ASKED_KEPT, 0);
	reply_set_body(&s->reply, &m, &s->answer, s->etag);
}

/* Sends what has changed, or repeats what was not acknowledged: always the latest state (RFC 7641
 * 4.5.2). Confirmable each time: so the network is not flooded, and who does not answer is gone. */
static void notify(struct server *s, struct observer *o, uint64_t now_us)
{
	bool again = o->confirm.waiting, stale = now_us - o->heard_us >= OBSERVE_CONFIRM_US;
	size_t len;

	o->touched = false;
	look_again(s, o);
	if (s->reply.code == MC_CONTENT && s->answer.observable) {
		uint64_t digest = reply_digest(&s->answer);

		if (!again && !stale && digest == o->digest)
			return;
		o->digest = digest;
		s->reply.observe = observers_sequence(&s->observers);
	} else {
		o->ending = s->reply.code;
	}
	len = s->reply.code == MC_EMPTY ? 0
					: message_write(&s->reply, s->octets, sizeof(s->octets));
	if (len == 0 || (again && !confirm_again(&o->confirm, s->reply.id, now_us))) {
		observers_drop(&s->observers, o);
		return;
	}
	if (!again)
		confirm_start(&o->confirm, s->reply.id, now_us);
	s->ops->send(s->arg, &o->from, span_of(s->octets, len));
}

void server_touch(struct server *s)
{
	observers_touch(&s->observers);
}

void server_end_observers(struct server *s, enum verdict why)
{
	observers_end(&s->observers, (uint8_t)reply_code(why));
}

/* ---- answers that come later ---- */

/* Its ACK has gone: the answer is a message of its own, kept until it is acknowledged. */
static void send_separate(struct server *s, struct later *l, uint64_t now_us)
{
	size_t len;

	s->reply.type = MT_CON;
	s->reply.id = s->next_id++;
	len = message_write(&s->reply, s->octets, sizeof(s->octets));
	if (s->reply.code == MC_EMPTY || len == 0 ||
	    !later_set_answer(l, span_of(s->octets, len), s->reply.id, now_us)) {
		laters_drop(&s->laters, l);
		return;
	}
	s->ops->send(s->arg, &l->from, span_of(s->octets, len));
}

void server_ready(struct server *s, uint64_t ticket, uint64_t now_us)
{
	struct later *l = laters_find(&s->laters, ticket);
	struct message m;

	if (!l || message_parse(&m, span_of(l->octets, l->len)) < 0)
		return;
	reply_init(s, &m);
	s->reply.block1 = m.block1;
	s->reply.code = ask(s, &l->from, &m, span_of(NULL, 0), ASKED_READY, ticket);
	if (s->reply.code != MC_EMPTY)
		reply_set_body(&s->reply, &m, &s->answer, s->etag);
	watch(s, &l->from, &m, span_of(l->octets, l->len), now_us);
	if (l->type == MT_CON && l->ack_us == NEVER_US) {
		send_separate(s, l, now_us);
		return;
	}
	send_reply(s, &l->from, &m, l->len, now_us);
	laters_drop(&s->laters, l);
}

/* The time for the empty ACK, or for the answer once more. */
static void attend(struct server *s, struct later *l, uint64_t now_us)
{
	struct message m;

	if (l->confirm.waiting) {
		if (confirm_again(&l->confirm, l->confirm.id, now_us))
			s->ops->send(s->arg, &l->from, span_of(l->octets, l->len));
		else
			laters_drop(&s->laters, l);
		return;
	}
	l->ack_us = NEVER_US;
	send_ack(s, &l->from, l->id);
	if (message_parse(&m, span_of(l->octets, l->len)) == 0 && is_remembered(&m))
		exchanges_add(exchanges_of(s, &l->from), &l->from, l->id, span_of(s->octets, 4),
			      now_us);
}

/* ---- ACK and RST ---- */

bool server_receive_empty(struct server *s, const struct remote *from, const struct message *m,
			  uint64_t now_us)
{
	struct observer *o = observers_find_sent(&s->observers, from, m->id);
	struct later *l = laters_find_answer(&s->laters, from, m->id);

	if (l)
		laters_drop(&s->laters, l);
	if (!o)
		return l != NULL;
	o->confirm.waiting = false;
	o->heard_us = now_us;
	if (m->type == MT_RST || o->ending != 0)
		observers_drop(&s->observers, o);
	return true;
}

/* ---- time ---- */

/* The conditions are looked at again: an onboarding connection opened meanwhile means silence
 * (CR 2640). */
void server_tick(struct server *s, uint64_t now_us)
{
	struct multicast_request due;
	struct observer *o;
	struct later *l;
	struct message m;

	while (multicast_take(&s->multicast, now_us, &due)) {
		if (message_parse(&m, span_of(due.datagram, due.len)) == 0 &&
		    answer_group(s, &due.from, &m))
			send_group_answer(s, &due.from);
	}
	while ((o = observers_due(&s->observers, now_us)))
		notify(s, o, now_us);
	while ((l = laters_due(&s->laters, now_us)))
		attend(s, l, now_us);
}

uint64_t server_deadline(const struct server *s)
{
	uint64_t due = multicast_deadline(&s->multicast);
	uint64_t other = observers_deadline(&s->observers);

	due = other < due ? other : due;
	other = laters_deadline(&s->laters);
	return other < due ? other : due;
}

#include "transport/server.h"

#include "transport/block.h"
#include "transport/chance.h"
#include "transport/exchange.h"
#include "transport/multicast.h"

struct server {
	const struct server_ops *ops;
	void *arg;
	struct server_config cfg;
	uint16_t next_id;
	struct exchanges plain, secured; /* apart: plain peers can forge any number of addresses */
	struct blocks blocks;
	struct multicast multicast;
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
	s->answer.body = BUF_INIT(cfg->body_max);
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
	buf_done(&s->answer.body);
	free(s);
	return NULL;
}

void server_forget(struct server *s, uint64_t session)
{
	exchanges_forget(&s->secured, session);
	blocks_drop(&s->blocks, &(struct remote){.session = session});
}

static enum message_code code_of(enum verdict v)
{
	switch (v) {
	case V_IGNORE:
		return MC_EMPTY;
	case V_CONTENT:
		return MC_CONTENT;
	case V_CHANGED:
		return MC_CHANGED;
	case V_DELETED:
		return MC_DELETED;
	case V_CREATED:
		return MC_CREATED;
	case V_BAD_REQUEST:
		return MC_BAD_REQUEST;
	case V_UNAUTHORIZED:
		return MC_UNAUTHORIZED;
	case V_BAD_OPTION:
		return MC_BAD_OPTION;
	case V_FORBIDDEN:
		return MC_FORBIDDEN;
	case V_NOT_FOUND:
		return MC_NOT_FOUND;
	case V_NO_METHOD:
		return MC_NO_METHOD;
	case V_NOT_ACCEPTABLE:
		return MC_NOT_ACCEPTABLE;
	case V_INCOMPLETE:
		return MC_INCOMPLETE;
	case V_TOO_LARGE:
		return MC_TOO_LARGE;
	case V_BAD_FORMAT:
		return MC_BAD_FORMAT;
	case V_INTERNAL:
		return MC_INTERNAL;
	case V_UNAVAILABLE:
		return MC_UNAVAILABLE;
	}
	return MC_INTERNAL;
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
		   struct span body)
{
	struct req req = {.method = (enum method)(m->code - MC_GET),
			  .path = span_of(m->path, m->path_len),
			  .n_query = m->n_query,
			  .body = body,
			  .content_format = m->content_format,
			  .accept = m->accept,
			  .multicast = from->multicast,
			  .observe = m->code == MC_GET && m->observe == 0,
			  .session = from->session};

	memcpy(req.query, m->query, m->n_query * sizeof(req.query[0]));
	buf_reset(&s->answer.body);
	s->answer.verdict = V_IGNORE;
	s->answer.content_format = CF_NONE;
	s->answer.act = false;
	s->ops->request(s->arg, from, &req, &s->answer);
	return (uint8_t)(buf_ok(&s->answer.body) ? code_of(s->answer.verdict) : MC_INTERNAL);
}

/* Puts the application's body into the reply. Only a GET can be asked again for further blocks:
 * its answer is made anew for each, and the ETag tells the client if it has changed. */
static void attach_body(struct server *s, const struct message *m)
{
	struct message *reply = &s->reply;
	struct span body = buf_span(&s->answer.body);

	if (body.len == 0 || reply->code == MC_INTERNAL)
		return;
	if (m->code != MC_GET && body.len > MESSAGE_BLOCK_MAX) {
		reply->code = MC_INTERNAL;
		return;
	}
	if (!block_slice(reply, body, m->block2, s->etag)) {
		reply->code = MC_BAD_REQUEST;
		return;
	}
	reply->content_format = s->answer.content_format;
	if (reply->content_format == CF_OCF_CBOR)
		reply->content_version = MESSAGE_OCF_1_0;
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
	if (is_settled(s, from, m, cut, now_us, &body)) {
		if (reply->code >= MC_BAD_REQUEST && s->ops->refused)
			s->ops->refused(s->arg, span_of(m->path, m->path_len), reply->code);
		if (m->type == MT_NON && reply->code == MC_BAD_OPTION)
			reply->code = MC_EMPTY; /* RFC 7252 5.4.1 */
		return;
	}
	reply->code = ask(s, from, m, body);
	if (m->block1.present)
		blocks_drop(&s->blocks, from);
	if (reply->code != MC_EMPTY)
		attach_body(s, m);
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

/* A repeated GET is carried out again: it changes nothing (RFC 7252 4.5). */
static bool is_remembered(const struct message *m)
{
	return m->code != MC_GET || m->type == MT_NON;
}

static void receive_unicast(struct server *s, const struct remote *from, const struct message *m,
			    bool cut, uint64_t now_us)
{
	struct exchanges *xs = from->session ? &s->secured : &s->plain;
	const struct exchange *x = NULL;
	size_t len = 0;

	if (is_remembered(m))
		x = exchanges_find(xs, from, m->id, now_us);
	if (x) {
		if (m->type == MT_CON && x->answer_len > 0)
			s->ops->send(s->arg, from, span_of(x->answer, x->answer_len));
		return;
	}
	reply_init(s, m);
	answer(s, from, m, cut, now_us);
	if (s->reply.code != MC_EMPTY)
		len = message_write(&s->reply, s->octets, sizeof(s->octets));
	if (is_remembered(m))
		exchanges_add(xs, from, m->id, span_of(s->octets, m->type == MT_CON ? len : 0),
			      now_us);
	if (len > 0)
		s->ops->send(s->arg, from, span_of(s->octets, len));
	if (s->answer.act)
		s->ops->act(s->arg);
}

/* What the application says to a group's request now; false: silence. */
static bool answer_group(struct server *s, const struct remote *from, const struct message *m)
{
	reply_init(s, m);
	if (refusal_of(m) != 0)
		return false;
	s->reply.code = ask(s, from, m, m->payload);
	if (s->reply.code != MC_CONTENT)
		return false;
	attach_body(s, m);
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
	if (!multicast_is_wanted(m) || !multicast_is_first(&s->multicast, m, now_us) ||
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
		receive_unicast(s, from, m, cut, now_us);
	}
}

/* The conditions are looked at again: an onboarding connection opened meanwhile means silence
 * (CR 2640). */
void server_tick(struct server *s, uint64_t now_us)
{
	struct multicast_request due;
	struct message m;

	while (multicast_take(&s->multicast, now_us, &due)) {
		if (message_parse(&m, span_of(due.datagram, due.len)) == 0 &&
		    answer_group(s, &due.from, &m))
			send_group_answer(s, &due.from);
	}
}

uint64_t server_deadline(const struct server *s)
{
	return multicast_deadline(&s->multicast);
}

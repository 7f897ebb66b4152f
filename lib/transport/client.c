#include "transport/client.h"

#include "transport/chance.h"

#define ACK_TIMEOUT_US (UINT64_C(2) * USEC_PER_SEC) /* RFC 7252 4.8 */
#define MAX_RETRANSMIT 4u

#define OBSERVE_REGISTER 0u /* RFC 7641 2 */
#define SEQUENCE_MASK    UINT32_C(0xffffff)
#define SEQUENCE_HALF    UINT32_C(0x800000)
#define SEQUENCE_LIFE_US (UINT64_C(128) * USEC_PER_SEC)

/* One call: the request, resent or followed by further blocks, until its last reply. */
struct pending {
	uint64_t id;
	reply_fn fn;
	void *arg;
	struct remote to;
	bool group, stream, observe, single;
	bool told; /* observe: there was a notification, */
	uint32_t sequence;
	uint64_t told_us; /* and when */
	struct message req;
	char query[CLIENT_QUERY_MAX];
	struct buf out, in;      /* bodies, blocks joined */
	size_t received;         /* octets of the reply so far */
	uint32_t content_format; /* of the reply's first block */
	uint8_t etag[8];
	size_t etag_len;

	uint8_t octets[MESSAGE_MAX]; /* the message under way */
	size_t len;
	bool acked; /* an empty ACK came: the response comes by itself */
	unsigned tries, tries_max;
	uint64_t first_timeout_us, timeout_us, timeout_cap_us, due_us;
};

/* A confirmable response that has been acknowledged: if it comes again, so does the ACK. */
struct acked {
	struct remote from;
	uint16_t id;
	uint64_t until_us;
};

struct client {
	client_send_fn send;
	void *arg;
	size_t body_max;
	uint64_t next_call;
	uint16_t next_id;
	struct pending *calls[CLIENT_CALLS_MAX]; /* no holes */
	size_t n_calls;
	struct acked acked[CLIENT_ACKED_MAX];
	size_t acked_cursor;
};

int client_new(struct client **ret, size_t body_max, client_send_fn send, void *arg)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->send = send;
	c->arg = arg;
	c->body_max = body_max;
	chance_fill(&c->next_id, sizeof(c->next_id));
	*ret = c;
	return 0;
}

static struct pending *pending_free(struct pending *p)
{
	if (!p)
		return NULL;
	buf_done(&p->out);
	buf_done(&p->in);
	explicit_bzero(p, sizeof(*p)); /* requests may carry keys */
	free(p);
	return NULL;
}
DEFINE_CLEANUP(struct pending *, pending_free)

struct client *client_free(struct client *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->n_calls; i++)
		(void)pending_free(c->calls[i]);
	free(c);
	return NULL;
}

/* ---- sending ---- */

/* Sets the payload to the block of the body that begins at `at`. */
static void set_block1(struct pending *p, size_t at, uint8_t szx)
{
	struct span rest = span_skip(buf_span(&p->out), at);
	size_t size = (size_t)16 << szx;
	bool more = rest.len > size;

	p->req.block1 = (struct message_block){
		.present = at > 0 || more, .more = more, .szx = szx, .num = (uint32_t)(at / size)};
	p->req.size1 = at == 0 && more ? (uint32_t)p->out.len : MESSAGE_ABSENT;
	p->req.payload = more ? span_of(rest.ptr, size) : rest;
}

/* Gives the request a fresh message id and token and encodes it. */
static int encode(struct client *c, struct pending *p)
{
	p->req.id = c->next_id++;
	p->req.token_len = MESSAGE_TOKEN_MAX;
	chance_fill(p->req.token, MESSAGE_TOKEN_MAX);
	p->len = message_write(&p->req, p->octets, sizeof(p->octets));
	return p->len > 0 ? 0 : -EMSGSIZE;
}

/* A long path leaves less room for a block. */
static int encode_first(struct client *c, struct pending *p)
{
	int r = -EMSGSIZE;

	for (uint8_t szx = MESSAGE_SZX_MAX; r < 0 && szx > 1; szx--) {
		set_block1(p, 0, szx);
		r = encode(c, p);
	}
	return r;
}

static void transmit(struct client *c, struct pending *p, uint64_t now_us)
{
	p->acked = false;
	p->tries = 0;
	p->timeout_us = p->first_timeout_us + chance_delay(p->first_timeout_us / 2);
	p->due_us = now_us + p->timeout_us;
	c->send(c->arg, &p->to, span_of(p->octets, p->len));
}

static int copy_query(struct pending *p, const struct call *call)
{
	size_t used = 0;

	if (call->n_query > REQ_QUERY_MAX)
		return -EMSGSIZE;
	for (size_t i = 0; i < call->n_query; i++) {
		size_t len = strlen(call->query[i]);

		if (len > sizeof(p->query) - used)
			return -EMSGSIZE;
		memcpy(p->query + used, call->query[i], len);
		p->req.query[p->req.n_query++] = span_of(p->query + used, len);
		used += len;
	}
	return 0;
}

static void fill_block(struct pending *p, const struct call_block *b)
{
	p->req.segments = b->segments;
	p->req.n_segments = b->n_segments;
	p->req.host = span_str(b->host);
	p->req.accept = b->content_format;
	p->req.block2 = (struct message_block){.present = true, .szx = b->szx, .num = b->num};
	p->req.size2 = b->num == 0 ? 0 : MESSAGE_ABSENT; /* RFC 7959 4 */
}

static int fill_request(struct client *c, struct pending *p, const struct call *call)
{
	int r;

	message_init(&p->req, p->group ? MT_NON : MT_CON, (uint8_t)(call->method + MC_GET), 0);
	if (call->block)
		fill_block(p, call->block);
	else if (!message_set_path(&p->req, span_str(call->path)))
		return -EMSGSIZE;
	r = copy_query(p, call);
	if (r < 0)
		return r;
	if (call->observe)
		p->req.observe = OBSERVE_REGISTER;
	if (!call->foreign && !call->block) {
		p->req.accept = CF_OCF_CBOR;
		p->req.accept_version = MESSAGE_OCF_1_0;
	}
	p->in = BUF_INIT(c->body_max);
	p->in.secret = true;
	p->out = BUF_INIT(call->body.len);
	p->out.secret = true;
	if (call->body.len > 0) {
		p->req.content_format = CF_OCF_CBOR;
		p->req.content_version = call->foreign ? MESSAGE_ABSENT : MESSAGE_OCF_1_0;
		buf_put(&p->out, call->body);
		if (!buf_ok(&p->out))
			return -ENOMEM;
	}
	return encode_first(c, p);
}

static int start(struct client *c, const struct call *call, const struct remote *to, bool group,
		 reply_fn fn, void *arg, struct pending **ret)
{
	CLEANUP(pending_freep) struct pending *p = NULL;
	int r;

	if (c->n_calls == CLIENT_CALLS_MAX)
		return -EAGAIN;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->to = *to;
	p->group = group;
	p->stream = call->stream;
	p->observe = call->observe;
	p->single = call->block != NULL;
	p->fn = fn;
	p->arg = arg;
	p->first_timeout_us = call->ack_timeout_us ? call->ack_timeout_us : ACK_TIMEOUT_US;
	p->timeout_cap_us = call->backoff_cap_us;
	p->tries_max = call->max_retransmit ? call->max_retransmit : MAX_RETRANSMIT;
	p->due_us = NEVER_US;
	r = fill_request(c, p, call);
	if (r < 0)
		return r;
	p->req.segments = NULL; /* borrowed, and encoded now */
	p->req.host = span_of(NULL, 0);
	p->id = ++c->next_call;
	c->calls[c->n_calls++] = p;
	*ret = p;
	p = NULL;
	return 0;
}

int client_call(struct client *c, const struct call *call, const struct remote *to, reply_fn fn,
		void *arg, uint64_t now_us, uint64_t *ret_id)
{
	struct pending *p;
	int r = start(c, call, to, false, fn, arg, &p);

	if (r < 0)
		return r;
	*ret_id = p->id;
	transmit(c, p, now_us);
	return 0;
}

int client_multicast(struct client *c, const struct call *call, const struct remote *groups,
		     size_t n_groups, reply_fn fn, void *arg, uint64_t *ret_id)
{
	struct pending *p;
	int r;

	if (call->body.len > MESSAGE_BLOCK_MAX)
		return -EMSGSIZE;
	r = start(c, call, &(struct remote){0}, true, fn, arg, &p);
	if (r < 0)
		return r;
	*ret_id = p->id;
	for (size_t i = 0; i < n_groups; i++)
		c->send(c->arg, &groups[i], span_of(p->octets, p->len));
	return 0;
}

/* ---- ending ---- */

static struct pending *take_out(struct client *c, size_t i)
{
	struct pending *p = c->calls[i];

	memmove(&c->calls[i], &c->calls[i + 1], (c->n_calls - i - 1) * sizeof(struct pending *));
	c->n_calls--;
	return p;
}

static size_t index_of(const struct client *c, const struct pending *p)
{
	size_t i = 0;

	while (c->calls[i] != p)
		i++;
	return i;
}

void client_cancel(struct client *c, uint64_t id)
{
	for (size_t i = 0; i < c->n_calls; i++) {
		if (c->calls[i]->id == id) {
			(void)pending_free(take_out(c, i));
			return;
		}
	}
}

static void finish(struct client *c, struct pending *p, const struct reply *reply)
{
	CLEANUP(pending_freep) struct pending *owned = take_out(c, index_of(c, p));

	owned->fn(owned->arg, reply);
}

static void fail(struct client *c, struct pending *p, int err)
{
	finish(c, p, &(struct reply){.err = err, .content_format = CF_NONE, .from = p->to.addr});
}

void client_forget(struct client *c, uint64_t session)
{
	for (size_t i = 0; i < c->n_calls;) {
		if (c->calls[i]->to.session == session && !c->calls[i]->group) {
			fail(c, c->calls[i], -ECONNRESET);
			i = 0; /* the callback may have changed the list */
		} else {
			i++;
		}
	}
}

/* ---- receiving ---- */

static void send_empty(struct client *c, const struct remote *to, enum message_type type,
		       uint16_t id)
{
	uint8_t octets[4];
	struct message m;

	message_init(&m, type, MC_EMPTY, id);
	c->send(c->arg, to, span_of(octets, message_write(&m, octets, sizeof(octets))));
}

static struct pending *find_by_id(struct client *c, const struct remote *from, uint16_t id)
{
	for (size_t i = 0; i < c->n_calls; i++) {
		if (!c->calls[i]->group && c->calls[i]->req.id == id &&
		    remote_eq(&c->calls[i]->to, from))
			return c->calls[i];
	}
	return NULL;
}

static struct pending *find_by_token(struct client *c, const struct remote *from,
				     const struct message *m)
{
	for (size_t i = 0; i < c->n_calls; i++) {
		struct pending *p = c->calls[i];

		if (m->token_len == p->req.token_len &&
		    memcmp(m->token, p->req.token, m->token_len) == 0 &&
		    (p->group ? from->session == 0 : remote_eq(&p->to, from)))
			return p;
	}
	return NULL;
}

static bool was_acked(const struct client *c, const struct remote *from, uint16_t id,
		      uint64_t now_us)
{
	for (size_t i = 0; i < CLIENT_ACKED_MAX; i++) {
		if (c->acked[i].until_us > now_us && c->acked[i].id == id &&
		    remote_eq(&c->acked[i].from, from))
			return true;
	}
	return false;
}

/* A confirmable response: ACK if we asked for it, now or just before, else RST. True: new. */
static bool acknowledge(struct client *c, const struct remote *from, const struct message *m,
			bool wanted, uint64_t now_us)
{
	bool repeated = was_acked(c, from, m->id, now_us);

	send_empty(c, from, wanted || repeated ? MT_ACK : MT_RST, m->id);
	if (!wanted || repeated)
		return false;
	c->acked[c->acked_cursor] =
		(struct acked){.from = *from, .id = m->id, .until_us = now_us + CLIENT_SEPARATE_US};
	c->acked_cursor = (c->acked_cursor + 1) % CLIENT_ACKED_MAX;
	return true;
}

static void ask_again(struct client *c, struct pending *p, uint64_t now_us)
{
	if (encode(c, p) < 0)
		fail(c, p, -EMSGSIZE);
	else
		transmit(c, p, now_us);
}

/* 2.31: the next block of our body, in the size the peer likes. True: handled. */
static bool continue_block1(struct client *c, struct pending *p, const struct message *m,
			    uint64_t now_us)
{
	size_t sent = p->req.block1.num * message_block_size(p->req.block1) + p->req.payload.len;

	if (m->code != MC_CONTINUE)
		return false;
	if (!p->req.block1.more || !m->block1.present || m->block1.num != p->req.block1.num ||
	    m->block1.szx > p->req.block1.szx) {
		fail(c, p, -EBADMSG);
		return true;
	}
	set_block1(p, sent, m->block1.szx);
	ask_again(c, p, now_us);
	return true;
}

/* Is it the block asked for, of the same state of the resource, and within limits? */
static int check_block2(const struct pending *p, const struct message *m)
{
	size_t size = message_block_size(m->block2),
	       max = p->stream ? ENDPOINT_STREAM_MAX : p->in.max;

	if (m->block2.num * size != p->received || (m->block2.more && m->payload.len != size))
		return -EBADMSG;
	if (p->received > 0 && (m->content_format != p->content_format ||
				!span_eq(m->etag, span_of(p->etag, p->etag_len))))
		return -EBADMSG;
	if (m->payload.len > max - p->received || (m->size2 != MESSAGE_ABSENT && m->size2 > max) ||
	    (m->block2.more && m->block2.num == MESSAGE_NUM_MAX))
		return -EFBIG;
	return 0;
}

static int take_block2(struct pending *p, const struct message *m)
{
	int r = check_block2(p, m);

	if (r < 0)
		return r;
	if (p->received == 0) {
		p->content_format = m->content_format;
		p->etag_len = m->etag.len;
		if (m->etag.len > 0)
			memcpy(p->etag, m->etag.ptr, m->etag.len);
	}
	p->received += m->payload.len;
	if (!p->stream)
		buf_put(&p->in, m->payload);
	return buf_ok(&p->in) ? 0 : -ENOMEM;
}

static void ask_block2(struct client *c, struct pending *p, struct message_block last,
		       uint64_t now_us)
{
	p->req.block2 =
		(struct message_block){.present = true, .szx = last.szx, .num = last.num + 1};
	p->req.block1 = (struct message_block){0};
	p->req.size1 = p->req.content_format = p->req.content_version = MESSAGE_ABSENT;
	p->req.payload = span_of(NULL, 0);
	ask_again(c, p, now_us);
}

static bool is_alive(const struct client *c, uint64_t id)
{
	for (size_t i = 0; i < c->n_calls; i++) {
		if (c->calls[i]->id == id)
			return true;
	}
	return false;
}

/* A 2.xx with Block2: asks for the next block, or ends the call. */
static void continue_block2(struct client *c, struct pending *p, const struct message *m,
			    struct reply *reply, uint64_t now_us)
{
	uint64_t id = p->id;

	reply->err = take_block2(p, m);
	reply->content_format = p->content_format;
	if (!p->stream)
		reply->body = buf_span(&p->in);
	if (reply->err < 0 || !m->block2.more) {
		finish(c, p, reply);
		return;
	}
	if (p->stream) {
		reply->more = true;
		p->fn(p->arg, reply);
		if (!is_alive(c, id))
			return; /* it has cancelled the call */
	}
	ask_block2(c, p, m->block2, now_us);
}

/* RFC 7641 3.4: notifications may overtake each other. */
static bool is_newer(const struct pending *p, uint32_t sequence, uint64_t now_us)
{
	uint32_t ahead = (sequence - p->sequence) & SEQUENCE_MASK;

	return !p->told || (ahead != 0 && ahead < SEQUENCE_HALF) ||
	       now_us - p->told_us > SEQUENCE_LIFE_US;
}

/* False: it is the last word, whatever it says. */
static bool continue_observation(struct pending *p, const struct message *m, struct reply *reply,
				 uint64_t now_us)
{
	if (!p->observe || m->observe == MESSAGE_ABSENT || m->code >> 5 != 2 || reply->err != 0)
		return false;
	if (m->block2.more) {
		reply->err = -EFBIG;
		return false;
	}
	if (!is_newer(p, m->observe, now_us))
		return true;
	p->told = true;
	p->sequence = m->observe;
	p->told_us = now_us;
	p->due_us = NEVER_US;
	reply->more = true;
	p->fn(p->arg, reply); /* may cancel: p is gone */
	return true;
}

static void receive_response(struct client *c, struct pending *p, const struct remote *from,
			     const struct message *m, uint64_t now_us)
{
	struct reply reply = {
		.code = MESSAGE_CODE_TEXT(m->code),
		.content_format = m->content_format,
		.body = m->payload,
		.block = {.present = m->block2.present,
			  .num = m->block2.num,
			  .szx = m->block2.szx,
			  .more = m->block2.more,
			  .size = m->size2,
			  .etag = m->etag},
		.from = from->addr
        };

	if (m->refusal != 0)
		reply.err = -EBADMSG; /* critical option not recognised: RFC 7252 5.4.1 */
	if (p->group) {
		if (reply.err == 0 && m->block2.more)
			reply.err = -EFBIG;
		p->fn(p->arg, &reply); /* may cancel: p is gone */
		return;
	}
	if (continue_observation(p, m, &reply, now_us))
		return;
	if (reply.err != 0)
		finish(c, p, &reply);
	else if (continue_block1(c, p, m, now_us))
		return;
	else if (m->block2.present && m->code >> 5 == 2 && !p->single)
		continue_block2(c, p, m, &reply, now_us);
	else
		finish(c, p, &reply);
}

void client_receive(struct client *c, const struct remote *from, const struct message *m,
		    uint64_t now_us)
{
	struct pending *p;

	if (m->code == MC_EMPTY) {
		p = find_by_id(c, from, m->id);
		if (p && m->type == MT_RST) {
			fail(c, p, -ECONNRESET);
		} else if (p && m->type == MT_ACK && !p->acked) {
			p->acked = true;
			p->due_us = now_us + CLIENT_SEPARATE_US;
		}
		return;
	}
	if (m->type == MT_RST)
		return;
	p = find_by_token(c, from, m);
	if (m->type == MT_CON && !acknowledge(c, from, m, p != NULL, now_us))
		return;
	if (p && (m->type != MT_ACK || m->id == p->req.id))
		receive_response(c, p, from, m, now_us);
}

/* ---- time ---- */

static void resend(struct client *c, struct pending *p, uint64_t now_us)
{
	if (p->acked || p->tries >= p->tries_max) {
		fail(c, p, -ETIMEDOUT);
		return;
	}
	p->tries++;
	p->timeout_us *= 2;
	if (p->timeout_cap_us > 0 && p->timeout_us > p->timeout_cap_us)
		p->timeout_us = p->timeout_cap_us;
	p->due_us = now_us + p->timeout_us;
	c->send(c->arg, &p->to, span_of(p->octets, p->len));
}

void client_tick(struct client *c, uint64_t now_us)
{
	for (size_t i = 0; i < c->n_calls;) {
		struct pending *p = c->calls[i];

		if (p->due_us > now_us) {
			i++;
			continue;
		}
		resend(c, p, now_us);
		i = i < c->n_calls && c->calls[i] == p ? i + 1 : 0;
	}
}

uint64_t client_deadline(const struct client *c)
{
	uint64_t first = NEVER_US;

	for (size_t i = 0; i < c->n_calls; i++) {
		if (c->calls[i]->due_us < first)
			first = c->calls[i]->due_us;
	}
	return first;
}

#include "transport/peers.h"

#include <inttypes.h>

#include "base/log.h"

#define BUCKETS       ((size_t)64)
#define HELLO_REPLY   ((size_t)256)
#define RECORD_HEADER ((size_t)13)
#define REC_HANDSHAKE 22

struct peer {
	struct peers *owner;
	struct remote at; /* with our session number */
	struct dtls_session *dtls;
	bool accepted;  /* we are the server */
	bool announced; /* `opened` has been called */
	bool over;
	enum dtls_end why; /* valid if over */
	uint64_t active_us, judged_us, now_us;
	struct peer *next_by_id, *next_by_addr, *next_over;
};

struct peers {
	const struct peers_ops *ops;
	void *arg;
	struct peers_limits limits;
	struct dtls *dtls;
	uint64_t last_id;
	struct peer *by_id[BUCKETS], *by_addr[BUCKETS];
	uint64_t wake_us;  /* nothing is due before it */
	struct peer *over; /* to be reaped */
	struct buf reply;
};

/* All sessions, one after the other; NULL begins and ends. */
static struct peer *next_of(const struct peers *ps, const struct peer *p)
{
	struct peer *next = p ? p->next_by_id : NULL;

	for (size_t i = p ? p->at.session % BUCKETS + 1 : 0; !next && i < BUCKETS; i++)
		next = ps->by_id[i];
	return next;
}

static enum dtls_state state_of(const struct peer *p)
{
	return p->over || !p->dtls ? DTLS_ENDED : dtls_state(p->dtls);
}

/* ---- the two tables ---- */

static size_t addr_bucket(const struct endpoint_addr *a)
{
	return endpoint_addr_hash(a) % BUCKETS;
}

static struct peer *find(const struct peers *ps, uint64_t id)
{
	struct peer *p = ps->by_id[id % BUCKETS];

	while (p && p->at.session != id)
		p = p->next_by_id;
	return p;
}

static struct peer *peer_new(struct peers *ps, const struct remote *at, uint64_t now_us)
{
	struct peer *p = calloc(1, sizeof(*p));
	size_t a = addr_bucket(&at->addr), i;

	if (!p)
		return NULL;
	p->owner = ps;
	p->at = *at;
	p->at.session = ++ps->last_id;
	p->now_us = p->active_us = now_us;
	i = p->at.session % BUCKETS;
	p->next_by_id = ps->by_id[i];
	ps->by_id[i] = p;
	p->next_by_addr = ps->by_addr[a];
	ps->by_addr[a] = p;
	return p;
}

static void peer_free(struct peers *ps, struct peer *p)
{
	struct peer **link = &ps->by_id[p->at.session % BUCKETS];

	while (*link != p)
		link = &(*link)->next_by_id;
	*link = p->next_by_id;
	link = &ps->by_addr[addr_bucket(&p->at.addr)];
	while (*link != p)
		link = &(*link)->next_by_addr;
	*link = p->next_by_addr;
	(void)dtls_session_free(p->dtls);
	free(p);
}

static struct peer *find_at(const struct peers *ps, const struct endpoint_addr *a,
			    enum dtls_state state)
{
	struct peer *p = ps->by_addr[addr_bucket(a)];

	while (p && (state_of(p) != state || !endpoint_addr_eq(&p->at.addr, a)))
		p = p->next_by_addr;
	return p;
}

/* ---- a session's life ---- */

static void end(struct peer *p, enum dtls_end why)
{
	if (p->over)
		return;
	p->over = true;
	p->why = why;
	p->next_over = p->owner->over;
	p->owner->over = p;
}

static uint64_t deadline_of(const struct peer *p)
{
	switch (state_of(p)) {
	case DTLS_HANDSHAKE:
		return dtls_deadline(p->dtls);
	case DTLS_OPEN:
		return p->active_us + p->owner->limits.idle_us;
	case DTLS_ENDED:
		break;
	}
	return NEVER_US;
}

static void announce(struct peer *p)
{
	struct peers *ps = p->owner;
	struct peer *old;

	if (p->announced)
		return;
	p->announced = true;
	p->active_us = p->judged_us = p->now_us;
	/* The association it replaces is given up only now (RFC 6347 4.2.8), and without a word,
	 * which the peer would take for one about the new association. */
	for (old = ps->by_addr[addr_bucket(&p->at.addr)]; old; old = old->next_by_addr) {
		if (old != p && endpoint_addr_eq(&old->at.addr, &p->at.addr))
			end(old, DTLS_END_REPLACED);
	}
	ps->ops->opened(ps->arg, p->at.session, dtls_facts(p->dtls), &p->at.addr);
}

/* After each call into the session: has it opened or ended, when is it due? */
static void settle(struct peer *p)
{
	uint64_t due;

	if (p->over)
		return;
	if (dtls_state(p->dtls) == DTLS_OPEN)
		announce(p);
	else if (dtls_state(p->dtls) == DTLS_ENDED)
		end(p, dtls_end(p->dtls));
	due = deadline_of(p);
	if (due < p->owner->wake_us)
		p->owner->wake_us = due;
}

static int on_send(void *arg, struct span datagram)
{
	struct peer *p = arg;
	struct remote to = p->at;

	to.session = 0;
	p->owner->ops->send(p->owner->arg, &to, datagram);
	return 0;
}

static int on_psk(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
{
	struct peer *p = arg;

	return p->owner->ops->psk(p->owner->arg, profile, identity, ret);
}

static int on_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	struct peer *p = arg;

	return p->owner->ops->cert(p->owner->arg, profile, chain);
}

static void judge(struct peer *p)
{
	p->judged_us = p->now_us;
	if (!dtls_is_still_good(p->dtls))
		end(p, DTLS_END_CERT);
}

static void on_data(void *arg, struct span plain)
{
	struct peer *p = arg;

	announce(p); /* the last handshake message and data may share a datagram */
	p->active_us = p->now_us;
	if (p->now_us - p->judged_us >= PEERS_JUDGE_EACH_US) /* it, or its anchor, may be over */
		judge(p);
	if (!p->over)
		p->owner->ops->data(p->owner->arg, &p->at, plain, p->now_us);
}

static const struct dtls_ops DTLS_OPS = {
	.send = on_send, .psk = on_psk, .cert = on_cert, .data = on_data};

/* ---- server: hello ---- */

#define PEER_KEY_LEN (sizeof(struct in6_addr) + sizeof(uint32_t) + sizeof(in_port_t))

static void peer_key(const struct endpoint_addr *a, uint8_t ret[PEER_KEY_LEN])
{
	memcpy(ret, &a->sa.sin6_addr, sizeof(a->sa.sin6_addr));
	ret += sizeof(a->sa.sin6_addr);
	memcpy(ret, &a->sa.sin6_scope_id, sizeof(a->sa.sin6_scope_id));
	ret += sizeof(a->sa.sin6_scope_id);
	memcpy(ret, &a->sa.sin6_port, sizeof(a->sa.sin6_port));
}

/* Makes room for one more handshake. Only peers that have shown their address by a cookie are
 * counted. An honest handshake takes milliseconds, so the oldest one gives way: whoever wants to
 * keep others out has to be faster than they are. Open sessions stay. */
static bool make_room(struct peers *ps, const struct endpoint_addr *a, unsigned at_once)
{
	struct peer *oldest = NULL, *oldest_same = NULL, *victim = NULL;
	unsigned sessions = 0, handshakes = 0, same = 0;

	for (struct peer *p = next_of(ps, NULL); p; p = next_of(ps, p)) {
		bool is_same = IN6_ARE_ADDR_EQUAL(&p->at.addr.sa.sin6_addr, &a->sa.sin6_addr);

		if (!p->accepted || state_of(p) == DTLS_ENDED)
			continue;
		sessions++;
		same += is_same;
		if (state_of(p) == DTLS_OPEN)
			continue;
		handshakes++;
		if (!oldest || p->at.session < oldest->at.session)
			oldest = p;
		if (is_same && (!oldest_same || p->at.session < oldest_same->at.session))
			oldest_same = p;
	}
	if (same >= ps->limits.per_address)
		victim = oldest_same;
	else if (sessions >= ps->limits.sessions || handshakes >= at_once)
		victim = oldest;
	else
		return true;
	if (victim)
		end(victim, DTLS_END_TIMEOUT);
	return victim != NULL;
}

static void accept_hello(struct peers *ps, const struct remote *from, struct span datagram,
			 struct dtls_offer *offer, struct span key, uint64_t now_us)
{
	struct peer *old = find_at(ps, &from->addr, DTLS_HANDSHAKE), *p;
	unsigned at_once = ps->limits.handshakes;

	if (old)
		end(old, DTLS_END_REPLACED);
	if (offer->at_once > 0 && offer->at_once < at_once)
		at_once = offer->at_once;
	if (!make_room(ps, &from->addr, at_once))
		return;
	p = peer_new(ps, from, now_us);
	if (!p)
		return;
	p->accepted = true;
	if (dtls_accept(&p->dtls, ps->dtls, offer, datagram, key, &DTLS_OPS, p, now_us) < 0)
		peer_free(ps, p);
	else
		settle(p);
}

/* A ClientHello that belongs to no association we know. Nothing is kept of it before its cookie
 * is good; the policy is asked each time. */
static void receive_hello(struct peers *ps, const struct remote *from, struct span datagram,
			  uint64_t now_us)
{
	struct dtls_offer offer = {.profile = DTLS_NONE};
	uint8_t octets[PEER_KEY_LEN];
	struct span key = span_of(octets, sizeof(octets));

	ps->ops->offer(ps->arg, &offer);
	if (offer.profile == DTLS_NONE)
		return;
	if (offer.handshake_us == 0)
		offer.handshake_us = ps->limits.handshake_us;
	peer_key(&from->addr, octets);
	buf_reset(&ps->reply);
	switch (dtls_hello(ps->dtls, datagram, key, now_us, &ps->reply)) {
	case DTLS_HELLO_NO:
		break;
	case DTLS_HELLO_VERIFY:
		ps->ops->send(ps->arg, from, buf_span(&ps->reply));
		break;
	case DTLS_HELLO_GOOD:
		accept_hello(ps, from, datagram, &offer, key, now_us);
		break;
	}
}

/* ---- datagrams ---- */

static bool looks_like_hello(struct span datagram)
{
	return datagram.len > RECORD_HEADER && datagram.ptr[0] == REC_HANDSHAKE &&
	       datagram.ptr[3] == 0 && datagram.ptr[4] == 0 && datagram.ptr[RECORD_HEADER] == 1;
}

static void feed(struct peer *p, struct span datagram, uint64_t now_us)
{
	p->now_us = now_us;
	dtls_feed(p->dtls, datagram, now_us);
	settle(p);
}

/* While a new association is being made beside an open one, plain and handshake records are of the
 * new one. */
static bool is_of_handshake(struct span datagram)
{
	return datagram.ptr[0] == REC_HANDSHAKE || (datagram.ptr[3] == 0 && datagram.ptr[4] == 0);
}

void peers_receive(struct peers *ps, const struct remote *from, struct span datagram,
		   uint64_t now_us)
{
	struct peer *open, *shaking, *p;

	if (datagram.len < RECORD_HEADER || from->multicast)
		return;
	open = find_at(ps, &from->addr, DTLS_OPEN);
	shaking = find_at(ps, &from->addr, DTLS_HANDSHAKE);
	if (looks_like_hello(datagram) && ps->ops->offer) {
		if (shaking && dtls_is_repeat(shaking->dtls, datagram))
			feed(shaking, datagram, now_us);
		else if (!open || !dtls_is_repeat(open->dtls, datagram))
			receive_hello(ps, from, datagram, now_us);
		return;
	}
	p = shaking && (!open || is_of_handshake(datagram)) ? shaking : open;
	if (p)
		feed(p, datagram, now_us);
}

int peers_connect(struct peers *ps, const struct endpoint_addr *to, const struct dtls_offer *offer,
		  uint64_t now_us, uint64_t *ret_session)
{
	struct dtls_offer terms = *offer;
	struct peer *p;
	int r;

	if (find_at(ps, to, DTLS_OPEN) || find_at(ps, to, DTLS_HANDSHAKE))
		return -EISCONN;
	if (terms.handshake_us == 0)
		terms.handshake_us = ps->limits.handshake_us;
	p = peer_new(ps, &(struct remote){.addr = *to}, now_us);
	if (!p)
		return -ENOMEM;
	r = dtls_connect(&p->dtls, ps->dtls, &terms, &DTLS_OPS, p, now_us);
	secret_wipe(&terms.key);
	if (r < 0) {
		peer_free(ps, p);
		return r;
	}
	*ret_session = p->at.session;
	settle(p);
	return 0;
}

void peers_send(struct peers *ps, uint64_t session, struct span plain, uint64_t now_us)
{
	struct peer *p = find(ps, session);

	if (!p || state_of(p) != DTLS_OPEN)
		return;
	p->active_us = p->now_us = now_us;
	if (dtls_send(p->dtls, plain) < 0) /* the message layer repeats what is lost */
		log_debug("transport: record not sent session=%" PRIu64, session);
}

/* ---- ending ---- */

void peers_close(struct peers *ps, uint64_t session)
{
	struct peer *p = find(ps, session);

	if (p)
		end(p, DTLS_END_LOCAL);
}

void peers_close_all(struct peers *ps, uint64_t except)
{
	for (struct peer *p = next_of(ps, NULL); p; p = next_of(ps, p)) {
		if (p->at.session != except)
			end(p, DTLS_END_LOCAL);
	}
}

void peers_judge(struct peers *ps)
{
	for (struct peer *p = next_of(ps, NULL); p; p = next_of(ps, p)) {
		if (state_of(p) == DTLS_OPEN)
			judge(p);
	}
}

void peers_reap(struct peers *ps)
{
	while (ps->over) {
		struct peer *p = ps->over;
		uint64_t id = p->at.session;
		bool was_open = p->announced;
		enum dtls_end why = p->why;
		const struct endpoint_addr addr = p->at.addr;

		ps->over = p->next_over;
		if (why == DTLS_END_LOCAL || why == DTLS_END_IDLE || why == DTLS_END_CERT)
			dtls_close(p->dtls);
		else
			dtls_drop(p->dtls);
		if (dtls_end(p->dtls) == DTLS_END_PIN)
			why = DTLS_END_PIN;
		peer_free(ps, p);
		ps->ops->ended(ps->arg, id, why, was_open, &addr);
	}
}

void peers_tick(struct peers *ps, uint64_t now_us)
{
	if (now_us < ps->wake_us)
		return;
	ps->wake_us = NEVER_US;
	for (struct peer *p = next_of(ps, NULL); p; p = next_of(ps, p)) {
		p->now_us = now_us;
		if (now_us >= deadline_of(p)) {
			if (state_of(p) == DTLS_OPEN)
				end(p, DTLS_END_IDLE);
			else
				dtls_tick(p->dtls, now_us);
		}
		settle(p);
	}
}

uint64_t peers_deadline(const struct peers *ps)
{
	return ps->over ? 0 : ps->wake_us;
}

/* ---- asking ---- */

const struct dtls_facts *peers_facts(const struct peers *ps, uint64_t session)
{
	const struct peer *p = find(ps, session);

	return p && state_of(p) == DTLS_OPEN ? dtls_facts(p->dtls) : NULL;
}

bool peers_remote(const struct peers *ps, uint64_t session, struct remote *ret)
{
	const struct peer *p = find(ps, session);

	if (!p || state_of(p) != DTLS_OPEN)
		return false;
	*ret = p->at;
	return true;
}

int peers_owner_key(struct peers *ps, uint64_t session, const char *label, const struct uuid *obt,
		    const struct uuid *device, uint8_t ret[16])
{
	struct peer *p = find(ps, session);

	if (!p || state_of(p) != DTLS_OPEN)
		return -ENOTCONN;
	return dtls_owner_key(p->dtls, label, obt, device, ret);
}

size_t peers_count(const struct peers *ps)
{
	size_t n = 0;

	for (struct peer *p = next_of(ps, NULL); p; p = next_of(ps, p)) {
		if (state_of(p) == DTLS_OPEN)
			n++;
	}
	return n;
}

int peers_new(struct peers **ret, const struct peers_limits *limits, const struct peers_ops *ops,
	      void *arg)
{
	CLEANUP(peers_freep) struct peers *ps = calloc(1, sizeof(*ps));
	int r;

	if (!ps)
		return -ENOMEM;
	ps->ops = ops;
	ps->arg = arg;
	ps->limits = *limits;
	ps->wake_us = NEVER_US;
	ps->reply = BUF_INIT(HELLO_REPLY);
	r = dtls_new(&ps->dtls);
	if (r < 0)
		return r;
	*ret = ps;
	ps = NULL;
	return 0;
}

struct peers *peers_free(struct peers *ps)
{
	if (!ps)
		return NULL;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (ps->by_id[i]) {
			struct peer *p = ps->by_id[i];

			/* Also one that peers_close() has marked, or in a handshake: nobody has
			 * told the peer yet, which may have finished on its side. */
			if (p->dtls)
				dtls_close(p->dtls);
			peer_free(ps, p);
		}
	}
	(void)dtls_free(ps->dtls);
	buf_done(&ps->reply);
	free(ps);
	return NULL;
}

#include "coap.h"

#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>

#include "address.h"
#include "base/clock.h"
#include "base/parse.h"
#include "blockwise.h"
#include "coap_target.h"
#include "coap_trust.h"
#include "resolve.h"
#include "sink.h"

#define WAIT_MIN_US     (250 * USEC_PER_MSEC)
#define WAIT_MAX_US     (4 * USEC_PER_SEC)
#define FIRST_TRIES     2u /* of the first request, within the time for connecting */
#define BODY_MAX        ((uint64_t)BLOCKWISE_BLOCKS_MAX * BLOCKWISE_BLOCK)
#define FORMAT_TEXT     0u /* of the registry of CoAP Content-Formats */
#define FORMAT_ENCRYPT0 16u
#define FORMAT_SIGN1    18u
#define FORMAT_OCTETS   42u
#define FORMAT_JSON     50u
#define FORMAT_ENCRYPT  96u
#define FORMAT_SIGN     98u

/* A block under way. */
struct flight {
	struct get *get;
	uint32_t num;
	uint64_t at_us;
};

struct get {
	const struct config *config;
	const struct proto_fetch *f;
	struct proto_fetched *out;
	struct ranges *ranges;
	struct sink sink;
	struct coap_target target;
	struct endpoint *endpoint;
	struct endpoint_addr peer;
	uint64_t session; /* 0: none */
	bool open, started;
	struct blockwise blocks;
	struct flight flights[BLOCKWISE_WINDOW_MAX];
	enum fw_error error;
	uint64_t connect_us, deadline_us; /* until when there must be an answer; all of it */
	uint64_t slow_us, slow_octets;    /* the speed since then */
	uint64_t trip_us, spread_us;      /* of requests: RFC 6298; 0: none measured */
};

static enum fw_error fail(struct get *g, enum fw_error e, const char *text)
{
	if (g->error == FWE_OK) {
		g->error = e;
		proto_text(g->out->text, sizeof(g->out->text), text);
	}
	return g->error;
}

/* ---- a session ---- */

static void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
		      const struct endpoint_addr *peer)
{
	struct get *g = arg;

	(void)session, (void)facts, (void)peer;
	g->open = true;
}

static void on_closed(void *arg, uint64_t session, enum dtls_end why, bool was_open)
{
	struct get *g = arg;

	(void)session;
	g->session = 0;
	if (was_open)
		(void)fail(g, FWE_FETCH_CONNECT_FAILED, "the server has ended the session");
	else if (why == DTLS_END_TIMEOUT)
		(void)fail(g, FWE_FETCH_CONNECT_FAILED, "no answer to the handshake");
	else
		(void)fail(g, FWE_FETCH_TLS_FAILED, "the handshake has failed");
}

static int on_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	struct get *g = arg;
	const char *why;
	int r = coap_judge(g->config, g->target.host, chain, &why);

	(void)profile;
	if (r < 0)
		(void)fail(g, FWE_FETCH_TLS_FAILED, why);
	return r;
}

static const struct endpoint_ops OPS = {.opened = on_opened, .closed = on_closed, .cert = on_cert};

/* Only a name is said: an address is where the request goes anyway (RFC 7252 5.10.1). */
static const char *name_of(const struct get *g)
{
	return g->target.host[strspn(g->target.host, "0123456789.")] == '\0' ||
			       strchr(g->target.host, ':')
		       ? NULL
		       : g->target.host;
}

static enum fw_error start_session(struct get *g)
{
	char identity[DTLS_IDENTITY_MAX + 1];
	struct dtls_offer offer;
	int r = coap_offer(g->config, g->target.host, &offer, identity);

	if (r == 0) {
		offer.server = name_of(g);
		offer.handshake_us = g->connect_us - clock_monotonic_us();
		offer.resend_us = offer.handshake_us / 4;
		r = endpoint_connect(g->endpoint, &g->peer, &offer, clock_monotonic_us(),
				     &g->session);
	}
	coap_offer_done(&offer);
	if (r == 0)
		return FWE_OK;
	return fail(g, FWE_FETCH_TLS_FAILED,
		    r == -ENOKEY ? "no key, authority or pin for this server" : strerror(-r));
}

/* ---- blocks ---- */

/* Like TCP's (RFC 6298), in bounds that suit datagrams of a kilobyte. */
static uint64_t wait_us(const struct get *g)
{
	uint64_t us = g->trip_us + 4 * g->spread_us;

	if (g->trip_us == 0)
		us = g->f->connect_ms * USEC_PER_MSEC / (2 << FIRST_TRIES);
	return us < WAIT_MIN_US ? WAIT_MIN_US : us > WAIT_MAX_US ? WAIT_MAX_US : us;
}

static void measure(struct get *g, const struct flight *a)
{
	uint64_t us = clock_monotonic_us() - a->at_us, off;

	if (us >= wait_us(g)) {
		blockwise_lost(&g->blocks, a->num); /* it was probably sent again */
		return;
	}
	if (g->trip_us == 0) {
		g->trip_us = us + 1;
		g->spread_us = us / 2;
		return;
	}
	off = us > g->trip_us ? us - g->trip_us : g->trip_us - us;
	g->spread_us = (3 * g->spread_us + off) / 4;
	g->trip_us = (7 * g->trip_us + us) / 8 + 1;
}

static bool is_taken(uint32_t format)
{
	static const uint32_t TAKEN[] = {FORMAT_TEXT,    FORMAT_ENCRYPT0, FORMAT_SIGN1,
					 FORMAT_OCTETS,  FORMAT_JSON,     CF_CBOR,
					 FORMAT_ENCRYPT, FORMAT_SIGN,     CF_NONE};

	for (size_t i = 0; i < ARRAY_SIZE(TAKEN); i++)
		if (TAKEN[i] == format)
			return true;
	return false;
}

static void note_etag(struct get *g)
{
	char hex[2 * BLOCKWISE_ETAG_MAX + 1];

	hex_encode(span_of(g->blocks.etag, g->blocks.etag_len), hex);
	if (g->blocks.etag_len > 0)
		(void)snprintf(g->out->etag, sizeof(g->out->etag), "\"%s\"", hex);
}

static bool is_partial(const struct get *g)
{
	return g->ranges || g->f->offset > 0;
}

/* The first answer: is it the body that is wanted, and not too long? */
static void judge(struct get *g)
{
	struct blockwise *b = &g->blocks;

	note_etag(g);
	g->out->status = 205;
	if (!is_taken(b->content_format))
		(void)fail(g, FWE_FETCH_CONTENT_TYPE, "not a Content-Format of firmware");
	else if (b->size != CF_NONE && b->size > g->f->limit)
		(void)fail(g,
			   g->f->kind == PROTO_MANIFEST ? FWE_MANIFEST_TOO_LARGE
							: FWE_IMAGE_SIZE_MISMATCH,
			   "Size2 is more than allowed");
	else if (is_partial(g) && g->f->etag[0] && strcmp(g->f->etag, g->out->etag) != 0)
		b->declined = true;
}

static void on_reply(void *arg, const struct reply *r)
{
	struct flight *a = arg;
	struct get *g = a->get;
	bool first = !g->blocks.begun;
	enum fw_error e;

	if (r->err == -ETIMEDOUT)
		(void)fail(g, first ? FWE_FETCH_CONNECT_FAILED : FWE_FETCH_TIMEOUT, "no answer");
	else if (r->err == -EBADMSG)
		(void)fail(g, FWE_FETCH_COAP_BLOCK, "not an answer to what was asked");
	else if (r->err < 0)
		(void)fail(g, FWE_FETCH_CONNECT_FAILED, strerror(-r->err));
	if (r->err < 0)
		return;
	measure(g, a);
	e = blockwise_take(&g->blocks, a->num, r);
	if (e != FWE_OK)
		(void)fail(g, e, "blocks do not fit together");
	else if (first && g->blocks.begun)
		judge(g);
}

static uint32_t content_format(const struct get *g)
{
	const struct coap_target *t = &g->target;
	struct span last = t->n_segments > 0 ? t->segments[t->n_segments - 1] : span_str("");

	if (g->f->kind == PROTO_IMAGE_BODY)
		return FORMAT_OCTETS;
	return last.len >= 5 && memcmp(last.ptr + last.len - 5, ".json", 5) == 0 ? FORMAT_JSON
										 : CF_NONE;
}

static void ask(struct get *g)
{
	struct call_block block = {.segments = g->target.segments,
				   .n_segments = g->target.n_segments,
				   .host = name_of(g),
				   .content_format = content_format(g)};
	struct call call = {.session = g->session,
			    .to = g->peer,
			    .n_query = g->target.n_queries,
			    .block = &block};

	memcpy(call.query, g->target.queries, sizeof(g->target.queries));
	while (g->error == FWE_OK && !g->blocks.declined &&
	       blockwise_ask(&g->blocks, &block.num, &block.szx)) {
		struct flight *a = &g->flights[block.num % BLOCKWISE_WINDOW_MAX];
		uint64_t id, now_us = clock_monotonic_us();
		int r;

		*a = (struct flight){.get = g, .num = block.num, .at_us = now_us};
		call.ack_timeout_us = wait_us(g);
		call.backoff_cap_us = WAIT_MAX_US;
		call.max_retransmit = g->blocks.begun
					      ? 2 + g->f->slow_s / (WAIT_MAX_US / USEC_PER_SEC)
					      : FIRST_TRIES;
		r = endpoint_call(g->endpoint, &call, on_reply, a, now_us, &id);
		if (r < 0)
			(void)fail(g, FWE_FETCH_CONNECT_FAILED, strerror(-r));
	}
}

static bool tell_start(struct get *g)
{
	uint32_t size = g->blocks.size;

	if (g->started || g->f->kind != PROTO_IMAGE_BODY)
		return true;
	g->started = true;
	if (sink_start(&g->sink, g->ranges || size == CF_NONE || size == 0 ? PROTO_SIZE_ANY : size,
		       g->out) == 0)
		return true;
	(void)fail(g, FWE_INSTALL_CANCELLED, "cancelled");
	return false;
}

/* What a server says about a block beyond the end, of a body that has become shorter. */
static bool is_no_such_block(unsigned code)
{
	return code == 400 || code == 402 || code == 408;
}

/* What has come in order goes to the reader. */
static void pass_on(struct get *g)
{
	struct span data;
	unsigned code = 0;
	char text[PROTO_TEXT];
	int r = 1;

	while (g->error == FWE_OK && !g->blocks.declined && r == 1) {
		r = blockwise_next(&g->blocks, &data, &code);
		if (r == 1 && data.len > 0 && tell_start(g))
			g->error = sink_pass(&g->sink, data, g->f->kind, g->out);
		if (r == 1 && g->ranges && g->error == FWE_OK)
			ranges_took(g->ranges, data.len);
	}
	if (r != -EPROTO)
		return;
	g->out->status = code;
	g->blocks.declined = g->blocks.begun && g->sink.octets == 0 && is_no_such_block(code);
	if (g->blocks.declined)
		return;
	(void)snprintf(text, sizeof(text), "the server answers %u.%02u", code / 100, code % 100);
	(void)fail(g, FWE_FETCH_COAP_STATUS, text);
}

/* ---- the loop ---- */

static void check_time(struct get *g, uint64_t now_us)
{
	if (now_us >= g->deadline_us)
		(void)fail(g, FWE_FETCH_TIMEOUT, "the body takes too long");
	else if (!g->blocks.begun && now_us >= g->connect_us)
		(void)fail(g, FWE_FETCH_CONNECT_FAILED, "no answer");
	if (g->f->slow_s == 0 || now_us < g->slow_us + g->f->slow_s * USEC_PER_SEC)
		return;
	if (g->sink.octets - g->slow_octets < sink_slow(g->f->rate) * g->f->slow_s)
		(void)fail(g, FWE_FETCH_TIMEOUT, "the body comes too slowly");
	g->slow_us = now_us;
	g->slow_octets = g->sink.octets;
}

static uint64_t next_due(const struct get *g)
{
	uint64_t due = endpoint_deadline(g->endpoint), other = g->deadline_us;

	due = other < due ? other : due;
	other = g->blocks.begun ? NEVER_US : g->connect_us;
	due = other < due ? other : due;
	other = g->f->slow_s > 0 ? g->slow_us + g->f->slow_s * USEC_PER_SEC : NEVER_US;
	return other < due ? other : due;
}

static void wait_and_dispatch(struct get *g)
{
	struct pollfd p[] = {
		{.fd = endpoint_fd(g->endpoint), .events = POLLIN},
		{.fd = g->sink.control,          .events = POLLIN},
	};
	uint64_t now_us = clock_monotonic_us(), due_us = next_due(g);
	int ms = due_us == NEVER_US ? -1
		 : due_us <= now_us ? 0
				    : (int)((due_us - now_us) / USEC_PER_MSEC) + 1;
	int r;

	if (poll(p, ARRAY_SIZE(p), ms) < 0 && errno != EINTR) {
		(void)fail(g, FWE_INTERNAL, strerror(errno));
		return;
	}
	if (p[1].revents) {
		(void)fail(g, FWE_INSTALL_CANCELLED, "cancelled");
		return;
	}
	now_us = clock_monotonic_us();
	r = endpoint_dispatch(g->endpoint, now_us);
	if (r < 0)
		(void)fail(g, FWE_FETCH_CONNECT_FAILED, strerror(-r));
	check_time(g, now_us);
}

/* The octets from..until, or as many as there are. */
static void get_octets(struct get *g, uint64_t from, uint64_t until)
{
	blockwise_want(&g->blocks, from, until);
	while (g->error == FWE_OK && !g->blocks.declined && !blockwise_is_done(&g->blocks)) {
		if (!g->target.secure || g->open)
			ask(g);
		wait_and_dispatch(g);
		pass_on(g);
	}
}

static void get_ranges(struct get *g)
{
	while (g->error == FWE_OK && !g->blocks.declined) {
		const struct proto_range *next;
		int r = ranges_next(g->ranges);
		uint64_t left;

		if (r < 0)
			(void)fail(g, FWE_INTERNAL, "not a list of ranges");
		if (r <= 0)
			return;
		next = &g->ranges->batch[g->ranges->at];
		left = g->ranges->in_batch - g->ranges->at;
		get_octets(g, next->offset, next->offset + next->length);
		if (g->ranges->in_batch - g->ranges->at == left)
			g->blocks.declined = true; /* the body ends before the range does */
	}
}

/* ---- one address ---- */

static void to_endpoint_addr(const struct sockaddr_storage *from, uint16_t port,
			     const char *interface, struct endpoint_addr *ret)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;

	if (from->ss_family == AF_INET6) {
		memcpy(&ret->sa, from, sizeof(ret->sa));
	} else {
		ret->sa = (struct sockaddr_in6){.sin6_family = AF_INET6};
		ret->sa.sin6_addr.s6_addr[10] = ret->sa.sin6_addr.s6_addr[11] = 0xff;
		memcpy(&ret->sa.sin6_addr.s6_addr[12], &v4->sin_addr, sizeof(v4->sin_addr));
	}
	ret->sa.sin6_port = htons(port);
	if (IN6_IS_ADDR_LINKLOCAL(&ret->sa.sin6_addr) && ret->sa.sin6_scope_id == 0)
		ret->sa.sin6_scope_id = if_nametoindex(interface);
}

static enum fw_error open_endpoint(struct get *g)
{
	struct endpoint_config config;
	int r;

	endpoint_defaults(&config);
	config.coap_port = config.coaps_port = 0;
	(void)snprintf(config.device, sizeof(config.device), "%s", g->f->interface);
	r = endpoint_new(&g->endpoint, &config, &OPS, g, clock_monotonic_us());
	return r < 0 ? fail(g, FWE_FETCH_CONNECT_FAILED, strerror(-r)) : FWE_OK;
}

static void try_address(struct get *g, const struct sockaddr_storage *address)
{
	enum proto_reach reach = address_reach((const struct sockaddr *)address);

	if (reach > g->f->reach) {
		(void)fail(g, FWE_FETCH_ADDRESS_REFUSED,
			   reach == PROTO_PRIVATE ? "a private address" : "a loopback address");
		return;
	}
	g->out->private_peer = reach != PROTO_PUBLIC;
	to_endpoint_addr(address, g->target.port, g->f->interface, &g->peer);
	blockwise_open(&g->blocks);
	if (open_endpoint(g) == FWE_OK && (!g->target.secure || start_session(g) == FWE_OK)) {
		if (g->ranges)
			get_ranges(g);
		else
			get_octets(g, g->f->offset, UINT64_MAX);
	}
	g->endpoint = endpoint_free(g->endpoint);
	g->session = 0;
	g->open = false;
}

/* The time for connecting is shared by the addresses that are left. */
static void try_all(struct get *g, const struct resolved *found)
{
	uint64_t end_us = g->connect_us;

	for (size_t i = 0; i < found->n; i++) {
		uint64_t now_us = clock_monotonic_us();

		g->error = FWE_OK;
		g->out->text[0] = '\0';
		g->connect_us = now_us + (end_us > now_us ? end_us - now_us : 0) / (found->n - i);
		try_address(g, &found->at[i]);
		if (g->blocks.begun ||
		    (g->error != FWE_FETCH_CONNECT_FAILED && g->error != FWE_FETCH_ADDRESS_REFUSED))
			return;
	}
}

static enum fw_error prepare(struct get *g, int body, int control, struct resolved *ret)
{
	const struct proto_fetch *f = g->f;
	uint64_t now_us = clock_monotonic_us();
	int r;

	g->connect_us = now_us + f->connect_ms * USEC_PER_MSEC;
	g->deadline_us = f->total_ms > 0 ? now_us + f->total_ms * USEC_PER_MSEC : NEVER_US;
	g->slow_us = now_us;
	if (!coap_target_parse(span_str(f->url), &g->target))
		return fail(g, FWE_MANIFEST_LOCATION_SCHEME, "not a URL for CoAP");
	if (f->offset > f->limit || (g->ranges && f->offset > 0) ||
	    sink_open(&g->sink, body, control, f->limit - f->offset, f->rate) < 0)
		return fail(g, FWE_INTERNAL, "");
	if (f->limit != PROTO_SIZE_ANY && f->limit > BODY_MAX)
		return fail(g, FWE_FETCH_COAP_BLOCK, "more than 2^20 blocks can hold");
	r = f->addresses[0] ? resolve_list(f->addresses, ret)
			    : resolve(g->target.host, g->connect_us, control, ret);
	if (r == -ECANCELED)
		return fail(g, FWE_INSTALL_CANCELLED, "cancelled");
	return r == 0 ? FWE_OK
		      : fail(g, r == -EINVAL ? FWE_INTERNAL : FWE_FETCH_CONNECT_FAILED,
			     r == -ETIMEDOUT ? "resolving timed out" : "no address");
}

void coap_get(const struct config *config, const struct proto_fetch *f, struct ranges *ranges,
	      int body, int control, struct proto_fetched *ret)
{
	static struct get g;
	struct resolved found;

	g = (struct get){.config = config, .f = f, .out = ret, .ranges = ranges};
	*ret = (struct proto_fetched){0};
	proto_text(ret->url, sizeof(ret->url), f->url);
	if (prepare(&g, body, control, &found) == FWE_OK)
		try_all(&g, &found);
	if (g.error == FWE_FETCH_CONNECT_FAILED && g.sink.octets > 0 && f->kind == PROTO_IMAGE_BODY)
		g.error = FWE_IMAGE_TRUNCATED;
	ret->error = g.error;
	ret->octets = g.sink.octets;
	ret->ranged = g.error == FWE_OK && is_partial(&g) && !g.blocks.declined;
}

#include "find.h"

#define DOXM "/oic/sec/doxm"
#define RES  "/oic/res"

/* Questions to one device are short and close by: six tries in about four seconds. */
#define ASK_TIMEOUT_US (200 * USEC_PER_MSEC)
#define ASK_CAP_US     USEC_PER_SEC
#define ASK_RETRIES    5
/* Answers that came at the last moment may still be followed up for this long. */
#define GRACE_US (4 * USEC_PER_SEC)

static void ask_next(struct found *d);

/* Stops asking; what is in the list stays. */
static void stop(struct find *f)
{
	for (size_t i = 0; i < FIND_CALLS_MAX; i++)
		net_cancel(f->net, &f->calls[i]);
	for (size_t i = 0; i < f->n; i++)
		net_cancel(f->net, &f->list[i]->call);
	f->timer = loop_timer_free(f->timer);
}

static void finish(struct find *f)
{
	if (!f->timer)
		return;
	stop(f);
	f->done(f->arg);
}

static void complete(struct found *d)
{
	struct find *f = d->find;

	d->complete = true;
	f->pending--;
	if (f->seen)
		f->seen(f->arg, d);
	if (f->terms.wanted && uuid_eq(&d->device, f->terms.wanted))
		finish(f);
	else if (f->pending == 0 && clock_monotonic_us() >= f->start_us + f->terms.timeout_us)
		loop_timer_set(f->timer, 0);
}

/* ---- one device ---- */

static bool same_host(const struct endpoint_addr *a, const struct endpoint_addr *b)
{
	return IN6_ARE_ADDR_EQUAL(&a->sa.sin6_addr, &b->sa.sin6_addr) &&
	       a->sa.sin6_scope_id == b->sa.sin6_scope_id;
}

bool find_same_host(const struct found *a, const struct found *b)
{
	for (size_t i = 0; i < a->n_sources; i++)
		for (size_t k = 0; k < b->n_sources; k++)
			if (same_host(&a->sources[i], &b->sources[k]))
				return true;
	return false;
}

static bool same_family(const struct endpoint_addr *a, const struct endpoint_addr *b)
{
	return IN6_IS_ADDR_V4MAPPED(&a->sa.sin6_addr) == IN6_IS_ADDR_V4MAPPED(&b->sa.sin6_addr);
}

static void take_endpoint(struct found *d, const struct endpoint_addr *a, bool secure)
{
	struct endpoint_addr *to = secure ? &d->coaps : &d->coap;
	bool *has = secure ? &d->has_coaps : &d->has_coap;

	if (!*has)
		*to = *a;
	*has = true;
}

/* The first endpoints of each kind on the source's host. The source itself stands in for an
 * unsecured one. IoTivity-lite lists one address of an interface only, while it answers from
 * another: of such a list the port is taken. */
static void take_endpoints(struct found *d, const struct answer_res *res)
{
	const struct endpoint_addr *source = &d->sources[0];
	struct endpoint_addr secured = *source;
	bool has_port = false;

	for (size_t i = 0; i < res->n_eps; i++) {
		struct endpoint_addr a;
		bool secure;

		if (endpoint_uri_parse(res->eps[i], source, &a, &secure) < 0)
			continue;
		if (same_host(&a, source)) {
			take_endpoint(d, &a, secure);
		} else if (secure && !has_port && same_family(&a, source)) {
			secured.sa.sin6_port = a.sa.sin6_port;
			has_port = true;
		}
	}
	take_endpoint(d, source, false);
	if (has_port)
		take_endpoint(d, &secured, true);
}

static void on_res(struct found *d, struct span body)
{
	struct answer_res res;

	if (answer_res(body, &res) == CBR_OK && uuid_eq(&res.device, &d->device))
		take_endpoints(d, &res);
}

static void on_name(struct found *d, struct span body)
{
	struct answer_d answer;

	if (answer_d(body, &answer) == CBR_OK && uuid_eq(&answer.device, &d->device))
		(void)memcpy(d->name, answer.name, sizeof(d->name));
}

static void on_platform(struct found *d, struct span body)
{
	if (answer_p(body, &d->platform) != CBR_OK)
		d->platform = (struct answer_p){0};
}

static const struct question {
	const char *path, *query;
	void (*answer)(struct found *d, struct span body);
} QUESTIONS[] = {
	{RES,      "rt=oic.r.doxm", on_res     },
	{"/oic/d", NULL,            on_name    },
	{"/oic/p", NULL,            on_platform},
};

static void on_answer(void *arg, const struct reply *r)
{
	struct found *d = arg;

	d->call = 0;
	if (r->err == 0 && r->code == 205)
		QUESTIONS[d->asked - 1].answer(d, r->body);
	ask_next(d);
}

static void ask_next(struct found *d)
{
	while (d->asked < ARRAY_SIZE(QUESTIONS)) {
		const struct question *q = &QUESTIONS[d->asked++];
		const struct call call = {
			.method = M_GET,
			.to = d->has_coap ? d->coap : d->sources[0],
			.path = q->path,
			.query = {q->query},
			.n_query = q->query ? 1 : 0,
			.ack_timeout_us = ASK_TIMEOUT_US,
			.max_retransmit = ASK_RETRIES,
			.backoff_cap_us = ASK_CAP_US,
		};

		if (q->answer == on_res && d->has_coaps)
			continue;
		if (net_call(d->find->net, &call, on_answer, d, &d->call) == 0)
			return;
	}
	complete(d);
}

static void add_source(struct found *d, const struct endpoint_addr *from)
{
	for (size_t i = 0; i < d->n_sources; i++)
		if (same_host(&d->sources[i], from))
			return;
	if (d->n_sources < FOUND_SOURCES_MAX)
		d->sources[d->n_sources++] = *from;
}

/* The entry of a device; *ret_new: it has not answered before. NULL: there is no room. */
static struct found *note(struct find *f, const struct uuid *device,
			  const struct endpoint_addr *from, bool *ret_new)
{
	struct found *d = NULL;

	*ret_new = false;
	for (size_t i = 0; i < f->n && !d; i++)
		if (uuid_eq(&f->list[i]->device, device))
			d = f->list[i];
	if (!d && f->n < FIND_MAX) {
		d = calloc(1, sizeof(*d));
		if (!d)
			return NULL;
		d->find = f;
		d->device = *device;
		f->list[f->n++] = d;
		f->pending++;
		*ret_new = true;
	}
	if (d) {
		d->round = f->round;
		add_source(d, from);
	}
	return d;
}

/* ---- all ---- */

static void on_doxm(void *arg, const struct reply *r)
{
	struct answer_doxm doxm;
	struct found *d;
	bool is_new;

	if (r->err < 0 || r->code != 205 || answer_doxm(r->body, &doxm) != CBR_OK || doxm.owned)
		return;
	d = note(arg, &doxm.device, &r->from, &is_new);
	if (!d)
		return;
	d->unowned = true;
	d->doxm = doxm;
	if (is_new)
		ask_next(d);
}

static void on_links(void *arg, const struct reply *r)
{
	struct answer_res res;
	struct found *d;
	bool is_new;

	if (r->err < 0 || r->code != 205 || answer_res(r->body, &res) != CBR_OK)
		return;
	d = note(arg, &res.device, &r->from, &is_new);
	if (!d || !is_new)
		return;
	take_endpoints(d, &res);
	ask_next(d);
}

static int multicast(struct find *f, const char *path, const char *query, reply_fn fn)
{
	uint64_t *id = &f->calls[f->n_calls++ % FIND_CALLS_MAX];
	struct call call = {.method = M_GET, .path = path, .query = {query}, .n_query = 1};
	char di[3 + UUID_TEXT + 1] = "di=";

	if (f->terms.wanted) {
		uuid_format(f->terms.wanted, di + 3);
		call.query[call.n_query++] = di;
	}
	net_cancel(f->net, id);
	return net_multicast(f->net, &call, f->terms.scope, fn, f, id);
}

static int ask_all(struct find *f)
{
	int r = 0;

	if (f->terms.unowned)
		r = multicast(f, DOXM, "owned=false", on_doxm);
	if (r >= 0 && f->terms.owned)
		r = multicast(f, RES, "rt=oic.r.doxm", on_links);
	return r;
}

static int start_round(struct find *f)
{
	f->round++;
	f->n_before = f->n;
	f->repeated = false;
	f->start_us = clock_monotonic_us();
	loop_timer_set(f->timer, f->start_us + f->terms.timeout_us / 3);
	return ask_all(f);
}

/* Nobody is new, and whoever is known was heard again: where those get lost, so may others that
 * nobody has heard yet. */
static bool is_quiet(const struct find *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i]->round != f->round)
			return false;
	return f->n == f->n_before;
}

static bool is_enough(struct find *f)
{
	if (f->round >= f->terms.rounds)
		return true;
	return f->terms.enough ? f->terms.enough(f->arg) : is_quiet(f);
}

/* The question is repeated, for what was lost, with two thirds of the round left for answers, while
 * the delayed answers to the first are still awaited. The end of the round is put off while devices
 * are still being asked. */
static int on_time(void *arg)
{
	struct find *f = arg;
	uint64_t end = f->start_us + f->terms.timeout_us, now = clock_monotonic_us();

	if (!f->repeated) {
		f->repeated = true;
		loop_timer_set(f->timer, end);
		return ask_all(f);
	}
	if (f->pending > 0 && now < end + GRACE_US)
		loop_timer_set(f->timer, end + GRACE_US);
	else if (!is_enough(f))
		return start_round(f);
	else
		finish(f);
	return 0;
}

int find_start(struct find *f)
{
	int r;

	f->list = calloc(FIND_MAX, sizeof(struct found *));
	if (!f->list)
		return -ENOMEM;
	r = loop_timer_new(&f->timer, f->net->loop, on_time, f);
	return r < 0 ? r : start_round(f);
}

void find_end(struct find *f)
{
	if (f->timer)
		stop(f);
	for (size_t i = 0; i < f->n; i++)
		free(f->list[i]);
	free(f->list);
	f->list = NULL;
	f->n = 0;
}

#include "find.h"

#define DOXM "/oic/sec/doxm"
#define RES  "/oic/res"

/* Questions to one device are short and close by: three tries in about a second. */
#define ASK_TIMEOUT_US (200 * USEC_PER_MSEC)
#define ASK_RETRIES    2
/* Answers that came at the last moment may still be followed up for this long. */
#define GRACE_US (1500 * USEC_PER_MSEC)

enum { ASKED_NOTHING, ASKED_RES, ASKED_NAME, ASKED_ALL };

static void ask_next(struct found *d);

static bool is_v4(const struct endpoint_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(&a->sa.sin6_addr);
}

/* Stops asking; what is in the list stays. */
static void stop(struct find *f)
{
	for (size_t i = 0; i < f->n_calls; i++)
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
		finish(f);
}

/* Takes the first coaps endpoint, of the source's family if there is one, and a coap endpoint of
 * the same family. The source itself is one if nothing better is listed. */
static void take_endpoints(struct found *d, const struct answer_res *res)
{
	bool same_family = false;

	for (size_t i = 0; i < res->n_eps; i++) {
		struct endpoint_addr a;
		bool secure;

		if (endpoint_uri_parse(res->eps[i], &d->source, &a, &secure) < 0 || !secure)
			continue;
		if (d->has_coaps && (same_family || is_v4(&a) != is_v4(&d->source)))
			continue;
		d->coaps = a;
		d->has_coaps = true;
		same_family = is_v4(&a) == is_v4(&d->source);
	}
	for (size_t i = 0; d->has_coaps && !d->has_coap && i < res->n_eps; i++) {
		bool secure;

		d->has_coap = endpoint_uri_parse(res->eps[i], &d->source, &d->coap, &secure) >= 0 &&
			      !secure && is_v4(&d->coap) == is_v4(&d->coaps);
	}
	if (!d->has_coap) {
		d->coap = d->source;
		d->has_coap = true;
	}
}

static void on_res(void *arg, const struct reply *r)
{
	struct found *d = arg;
	struct answer_res res;

	d->call = 0;
	if (r->err == 0 && r->code == 205 && answer_res(r->body, &res) == CBR_OK &&
	    uuid_eq(&res.device, &d->device))
		take_endpoints(d, &res);
	ask_next(d);
}

static void on_name(void *arg, const struct reply *r)
{
	struct found *d = arg;
	struct answer_d answer;

	d->call = 0;
	if (r->err == 0 && r->code == 205 && answer_d(r->body, &answer) == CBR_OK &&
	    uuid_eq(&answer.device, &d->device))
		(void)memcpy(d->name, answer.name, sizeof(d->name));
	ask_next(d);
}

static void ask(struct found *d, const char *path, const char *query, reply_fn fn)
{
	const struct call call = {
		.method = M_GET,
		.to = d->has_coap ? d->coap : d->source,
		.path = path,
		.query = {query},
		.n_query = query ? 1 : 0,
		.ack_timeout_us = ASK_TIMEOUT_US,
		.max_retransmit = ASK_RETRIES,
	};

	if (net_call(d->find->net, &call, fn, d, &d->call) < 0)
		ask_next(d); /* without this answer, then */
}

static void ask_next(struct found *d)
{
	switch (d->asked++) {
	case ASKED_NOTHING:
		if (!d->has_coaps) {
			ask(d, RES, "rt=oic.r.doxm", on_res);
			return;
		}
		d->asked++;
		ask(d, "/oic/d", NULL, on_name);
		return;
	case ASKED_RES:
		ask(d, "/oic/d", NULL, on_name);
		return;
	default:
		complete(d);
	}
}

static struct found *lookup(struct find *f, const struct uuid *device)
{
	for (size_t i = 0; i < f->n; i++)
		if (uuid_eq(&f->list[i]->device, device))
			return f->list[i];
	return NULL;
}

/* The entry of a device that has not answered before; NULL: it has, or there is no room. */
static struct found *add(struct find *f, const struct uuid *device,
			 const struct endpoint_addr *from)
{
	struct found *d;

	if (f->n == FIND_MAX || lookup(f, device))
		return NULL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->find = f;
	d->device = *device;
	d->source = *from;
	f->list[f->n++] = d;
	f->pending++;
	return d;
}

static void on_doxm(void *arg, const struct reply *r)
{
	struct find *f = arg;
	struct answer_doxm doxm;
	struct found *d;

	if (r->err < 0 || r->code != 205 || answer_doxm(r->body, &doxm) != CBR_OK || doxm.owned)
		return;
	d = lookup(f, &doxm.device);
	if (d) {
		d->unowned = true;
		d->doxm = doxm;
		return;
	}
	d = add(f, &doxm.device, &r->from);
	if (!d)
		return;
	d->unowned = true;
	d->doxm = doxm;
	ask_next(d);
}

static void on_links(void *arg, const struct reply *r)
{
	struct find *f = arg;
	struct answer_res res;
	struct found *d;

	if (r->err < 0 || r->code != 205 || answer_res(r->body, &res) != CBR_OK)
		return;
	d = add(f, &res.device, &r->from);
	if (!d)
		return;
	take_endpoints(d, &res);
	ask_next(d);
}

static int multicast(struct find *f)
{
	const struct call doxm = {
		.method = M_GET, .path = DOXM, .query = {"owned=false"}, .n_query = 1};
	const struct call links = {
		.method = M_GET, .path = RES, .query = {"rt=oic.r.doxm"}, .n_query = 1};
	int r = 0;

	if (f->terms.unowned)
		r = net_multicast(f->net, &doxm, on_doxm, f, &f->calls[f->n_calls++]);
	if (r >= 0 && f->terms.owned)
		r = net_multicast(f->net, &links, on_links, f, &f->calls[f->n_calls++]);
	return r;
}

/* First a second round, for what was lost, with two thirds of the time left for answers, while the
 * delayed answers to the first are still awaited; then the end, put off while devices are still
 * being asked. */
static int on_time(void *arg)
{
	struct find *f = arg;
	uint64_t end = f->start_us + f->terms.timeout_us, now = clock_monotonic_us();

	if (!f->repeated) {
		f->repeated = true;
		loop_timer_set(f->timer, end);
		return multicast(f);
	}
	if (f->pending > 0 && now < end + GRACE_US)
		loop_timer_set(f->timer, end + GRACE_US);
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
	f->start_us = clock_monotonic_us();
	r = loop_timer_new(&f->timer, f->net->loop, on_time, f);
	if (r < 0)
		return r;
	loop_timer_set(f->timer, f->start_us + f->terms.timeout_us / 3);
	return multicast(f);
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

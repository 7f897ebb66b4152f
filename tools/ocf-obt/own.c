/* ocf-obt own: takes ownership of one device, or of all that are approved. */
#include "own.h"

#include "file.h"

#define TRUST_OCTETS_MAX ((size_t)64 * 1024)
#define PEM_END          "-----END CERTIFICATE-----"

static void take_turn(struct own *w)
{
	loop_timer_set(w->turn, 0);
}

static void finish(struct own *w)
{
	out_status(w->o->json, "%s", "");
	net_finish(&w->net, w->o->all ? own_report_all(w) : own_report_one(w->list[0], w->o->json));
}

static void give_up(struct own *w, enum outcome outcome, const char *text)
{
	net_finish(&w->net, out_fail(w->o->json, outcome, "%s", text));
}

static int search(struct own *w);

static int on_turn(void *arg)
{
	unsigned running = 0, again = 0, waiting = 0;
	struct own *w = arg;

	for (size_t i = 0; i < w->n; i++) {
		if (w->list[i]->phase == OWN_ENDED)
			own_judge(w->list[i]);
		running += w->list[i]->phase == OWN_RUNNING;
	}
	for (size_t i = 0; i < w->n; i++) {
		struct candidate *c = w->list[i];

		if (c->phase == OWN_WAITING && running < w->o->jobs) {
			own_start(c);
			running++;
		}
		again += c->phase == OWN_AGAIN;
		waiting += c->phase == OWN_WAITING;
	}
	if (w->o->all)
		own_status(w);
	if (running || waiting)
		return 0;
	if (again)
		return search(w);
	finish(w);
	return 0;
}

static struct candidate *add(struct own *w, const struct found *d)
{
	struct candidate *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->own = w;
	c->at = *d;
	w->list[w->n++] = c;
	return c;
}

/* ---- discovery ---- */

static bool is_wanted(const struct own *w, const struct found *d)
{
	if (!d->unowned)
		return false;
	if (w->o->approved_file)
		return approved_has(&w->approved, &d->device, d->name);
	return w->o->n_args == 0 || state_matches(w->o->args[0], &d->device, d->name);
}

/* A device that lost its onboarding connection has another UUID, and maybe other ports. */
static bool is_again(const struct candidate *c, const struct found *d, bool exactly)
{
	if (c->phase != OWN_AGAIN || !d->unowned)
		return false;
	if (exactly && uuid_eq(&c->at.device, &d->device))
		return true;
	return find_same_host(&c->at, d) &&
	       (exactly ? c->at.coap.sa.sin6_port == d->coap.sa.sin6_port
			: strcmp(c->at.name, d->name) == 0);
}

static struct candidate *recognise(struct own *w, const struct found *d)
{
	for (int exactly = 1; exactly >= 0; exactly--)
		for (size_t i = 0; i < w->n; i++)
			if (is_again(w->list[i], d, exactly))
				return w->list[i];
	return NULL;
}

static void on_found_again(void *arg)
{
	struct own *w = arg;

	for (size_t i = 0; i < w->find.n; i++) {
		struct candidate *c = recognise(w, w->find.list[i]);

		if (!c)
			continue;
		c->at = *w->find.list[i];
		c->phase = OWN_WAITING;
	}
	/* A search in vain is an attempt, too: the device may still wait for a session that only it
	 * believes in, and be silent until that has timed out. */
	for (size_t i = 0; i < w->n; i++)
		if (w->list[i]->phase == OWN_AGAIN && ++w->list[i]->attempts >= w->o->attempts)
			w->list[i]->phase = OWN_BAD;
	take_turn(w);
}

static bool all_found_again(void *arg)
{
	struct own *w = arg;
	size_t again = 0, free_devices = 0;

	for (size_t i = 0; i < w->n; i++)
		again += w->list[i]->phase == OWN_AGAIN;
	for (size_t i = 0; i < w->find.n; i++)
		free_devices += recognise(w, w->find.list[i]) != NULL;
	return free_devices >= again;
}

static void on_fleet_answer(void *arg, const char *line)
{
	struct own *w = arg;

	if (person_agrees(line))
		take_turn(w);
	else
		give_up(w, OUT_DECLINED, "declined");
}

static void show_fleet(void *arg)
{
	const struct own *w = arg;

	(void)fprintf(stderr, "Take ownership of these devices?\n");
	for (size_t i = 0; i < w->n; i++) {
		struct candidate *c = w->list[i];

		if (obt_method_choose(&c->at.doxm, own_methods(w->o), &c->method))
			own_describe(c);
		(void)fprintf(stderr, "\n");
	}
	(void)fprintf(stderr, "Type yes to go on with all %zu: ", w->n);
}

/* What an interrupted run has left. */
static void add_incomplete(struct own *w)
{
	for (size_t i = 0; i < state_count(w->state) && w->n < FIND_MAX; i++) {
		const struct record_device *rec = state_at(w->state, i);
		struct found at = {.device = rec->device};
		struct candidate *c;

		if (rec->complete)
			continue;
		(void)memcpy(at.name, rec->name, sizeof(at.name));
		c = add(w, &at);
		if (!c)
			return;
		c->resumed = true;
		c->former = c->device = rec->device;
		c->method = rec->method;
	}
}

static void on_found(void *arg)
{
	struct own *w = arg;
	bool named = w->o->n_args > 0;

	for (size_t i = 0; i < w->find.n && w->n < FIND_MAX; i++)
		if (is_wanted(w, w->find.list[i]) && !add(w, w->find.list[i])) {
			give_up(w, OUT_FAILED, "out of memory");
			return;
		}
	if (w->o->all)
		add_incomplete(w);
	if (w->n == 0)
		give_up(w, OUT_NOT_FOUND,
			named ? "no such device without an owner answers, see discover --all"
			      : "no device without an owner answers, see discover --all");
	else if (w->n > 1 && !w->o->all)
		give_up(w, OUT_NOT_FOUND, "more than one device answers: name it, see discover");
	else if (!w->o->all || w->o->yes || w->o->approved_file)
		take_turn(w);
	else
		person_ask(&w->person, &w->approval);
}

static bool some_found(void *arg)
{
	const struct own *w = arg;

	for (size_t i = 0; i < w->find.n; i++)
		if (is_wanted(w, w->find.list[i]))
			return true;
	return w->find.round > 1;
}

/* The first search, or one for the devices that are to be tried again. */
static int search(struct own *w)
{
	bool first = w->n == 0;

	find_end(&w->find);
	w->find = (struct find){
		.net = &w->net,
		.terms = {.unowned = true,
			  .scope = w->o->scope,
			  .timeout_us = w->o->timeout_us,
			  .rounds = FIND_ROUNDS_MAX,
			  .enough = first ? w->o->all ? NULL : some_found : all_found_again},
		.done = first ? on_found : on_found_again,
		.arg = w,
	};
	if (first && w->o->n_args && uuid_parse(span_str(w->o->args[0]), &w->wanted))
		w->find.terms.wanted = &w->wanted;
	if (w->o->all)
		out_status(w->o->json, "searching");
	else if (first)
		out_progress(w->o->json, "searching");
	return find_start(&w->find);
}

/* ---- beginning and end ---- */

/* Roots of manufacturers. */
static int load_trust(struct own *w, struct trouble *t)
{
	struct buf pem CLEANUP(buf_done) = BUF_INIT(TRUST_OCTETS_MAX);
	const char *why = NULL;
	int r = file_read(w->o->trust_file, &pem);

	if (r >= 0)
		r = x509_trust_new(&w->trust);
	for (struct span rest = buf_span(&pem); r >= 0 && rest.len > 0;) {
		const uint8_t *end = memmem(rest.ptr, rest.len, PEM_END, sizeof(PEM_END) - 1);
		size_t n = end ? (size_t)(end - rest.ptr) + sizeof(PEM_END) - 1 : 0;

		if (!end)
			break;
		r = x509_trust_add(w->trust, span_of(rest.ptr, n), NULL, &why);
		rest = span_skip(rest, n);
	}
	if (r >= 0 && x509_trust_len(w->trust) == 0) {
		why = "no certificate in PEM";
		r = -EBADMSG;
	}
	if (r < 0)
		trouble_set(t, OUT_USAGE, "%s: %s", w->o->trust_file, why ? why : strerror(-r));
	return r;
}

static int open_all(struct own *w, struct trouble *t)
{
	int r = w->o->approved_file ? approved_load(&w->approved, w->o->approved_file) : 0;

	if (r < 0) {
		trouble_set(t, OUT_USAGE, "%s: %s", w->o->approved_file, strerror(-r));
		return r;
	}
	r = w->o->trust_file ? load_trust(w, t) : 0;
	if (r < 0)
		return r;
	r = net_open(&w->net, w->o->interfaces);
	w->net.trust = w->trust;
	if (r >= 0)
		r = loop_timer_new(&w->turn, w->net.loop, on_turn, w);
	if (r < 0) {
		trouble_set(t, OUT_FAILED, "network: %s", strerror(-r));
		return r;
	}
	r = person_init(&w->person, w->net.loop, w->o->pin_file);
	if (r < 0)
		trouble_set(t, OUT_USAGE, "%s: %s", w->o->pin_file, strerror(-r));
	return r;
}

static void close_all(struct own *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct candidate *c = w->list[i];

		if (c->phase == OWN_RUNNING || c->phase == OWN_ENDED)
			job_end(&c->job);
		free(c);
	}
	find_end(&w->find);
	if (w->person.in.loop)
		person_done(&w->person);
	w->turn = loop_timer_free(w->turn);
	net_close(&w->net);
	approved_done(&w->approved);
	(void)x509_trust_free(w->trust);
}

enum outcome cmd_own(const struct options *o)
{
	struct candidate **list CLEANUP(freep) = calloc(FIND_MAX, sizeof(struct candidate *));
	struct state *state CLEANUP(state_freep) = NULL;
	struct own w = {.o = o, .list = list};
	struct trouble trouble = {.outcome = OUT_OK};
	enum outcome outcome;

	w.approval = (struct question){.show = show_fleet, .answer = on_fleet_answer, .arg = &w};
	if (o->n_args && (o->all || o->approved_file))
		return out_fail(o->json, OUT_USAGE, "name a device, or say --all");
	if (!list)
		return out_fail(o->json, OUT_FAILED, "out of memory");
	if (state_open(&state, o->dir, &trouble) == 0) {
		w.state = state;
		if (open_all(&w, &trouble) == 0 && search(&w) < 0)
			trouble_set(&trouble, OUT_FAILED, "network: cannot send");
	}
	outcome = trouble.outcome == OUT_OK ? net_run(&w.net, o->json)
					    : out_trouble(o->json, &trouble);
	close_all(&w);
	return outcome;
}

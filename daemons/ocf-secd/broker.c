#include "broker.h"

#include "base/log.h"
#include "bus/resources.h"

#define REPLY_MAX ((size_t)1024) /* octets of the answer to an UPDATE: one block */

struct broker {
	const struct broker_ops *ops;
	void *arg;
	struct ncrs ncrs;
	struct bus_resources *bus;
	/* What a program has just said, while ready() runs. */
	uint64_t ticket; /* 0: nothing */
	enum verdict verdict;
	struct span map;
};

struct entry {
	struct ncr ncr; /* first: the device gives us its address */
	struct broker *broker;
	struct bus_resource *bus;
};

/* ---- registrations ---- */

static const char *fill(struct ncr *ncr, const struct bus_resource_facts *f)
{
	if (!ncr_set_href(ncr, span_str(f->href)))
		return "Href is not allowed";
	for (size_t i = 0; f->types[i]; i++)
		if (!ncr_add_type(ncr, span_str(f->types[i])))
			return "Types holds one that is not allowed, or too many";
	for (size_t i = 0; f->interfaces[i]; i++)
		if (!ncr_add_interface(ncr, span_str(f->interfaces[i])))
			return "Interfaces holds one that is not allowed";
	if (!f->interfaces[0] && !ncr_add_interface(ncr, SPAN_LIT("oic.if.rw")))
		return "Interfaces is missing";
	ncr->discoverable = f->discoverable;
	ncr->observable = f->observable;
	return ncr_finish(ncr) ? NULL : "Types is missing, or Interfaces too long";
}

static int on_add(void *arg, struct bus_resource *r, const struct bus_resource_facts *facts,
		  void **ret, const char **ret_why)
{
	CLEANUP(freep) struct entry *e = calloc(1, sizeof(*e));
	struct broker *b = arg;

	if (!e)
		return -ENOMEM;
	*ret_why = fill(&e->ncr, facts);
	if (*ret_why)
		return -EINVAL;
	e->broker = b;
	e->bus = r;
	if (!ncrs_add(&b->ncrs, &e->ncr))
		return ncrs_find(&b->ncrs, span_str(e->ncr.href)) ? -EEXIST : -ENOSPC;
	log_info("resource: registered href=%s type=%s", e->ncr.href, e->ncr.types[0]);
	*ret = e;
	e = NULL;
	b->ops->changed(b->arg);
	return 0;
}

static void on_remove(void *it)
{
	struct entry *e = it;
	struct broker *b = e->broker;

	log_info("resource: gone href=%s", e->ncr.href);
	ncrs_remove(&b->ncrs, &e->ncr);
	buf_done(&e->ncr.kept);
	free(e);
	b->ops->changed(b->arg);
}

static void on_describe(const void *it, struct bus_resource_facts *ret)
{
	const struct ncr *ncr = &((const struct entry *)it)->ncr;

	*ret = (struct bus_resource_facts){.href = ncr->href,
					   .discoverable = ncr->discoverable,
					   .observable = ncr->observable};
	for (size_t i = 0; i < NCR_TYPES_MAX && ncr->types[i][0]; i++)
		ret->types[i] = ncr->types[i];
	for (size_t i = 0; i < NCR_INTERFACES_MAX && ncr->interfaces[i]; i++)
		ret->interfaces[i] = ncr->interfaces[i];
}
_Static_assert(NCR_TYPES_MAX < RESOURCES_LIST_MAX && NCR_INTERFACES_MAX < RESOURCES_LIST_MAX,
	       "room for all and a NULL");

/* ---- representations ---- */

static bool keep(struct entry *e, struct span map)
{
	bool kept = ncr_keep(&e->ncr, map);

	if (kept)
		e->broker->ops->changed(e->broker->arg);
	else
		log_warning("resource: what its program says is refused href=%s", e->ncr.href);
	return kept;
}

static void on_changed(void *it, struct span map)
{
	(void)keep(it, map);
}

static void on_nameless(void *arg)
{
	(void)arg;
	log_warning("bus: name refused name=" RESOURCES_BUS_NAME
		    " (another ocf-secd has it, or the bus policy is not installed)");
}

static const struct bus_resources_ops OPS = {.add = on_add,
					     .remove = on_remove,
					     .describe = on_describe,
					     .changed = on_changed,
					     .nameless = on_nameless};

/* ---- requests ---- */

static bool is_empty(struct span map)
{
	return map.len <= 2; /* its head and its end */
}

static void on_answer(void *it, uint64_t ticket, enum verdict verdict, struct span map)
{
	struct entry *e = it;
	struct broker *b = e->broker;

	if (verdict == V_CONTENT || (verdict == V_CHANGED && !is_empty(map)))
		verdict = keep(e, map) ? verdict : V_INTERNAL;
	b->ticket = ticket;
	b->verdict = verdict;
	b->map = map;
	b->ops->ready(b->arg, ticket);
	b->ticket = 0;
}

enum verdict broker_ask(struct broker *b, const struct ncr *ncr, const struct req *req)
{
	const struct entry *e = (const struct entry *)ncr;
	int r;

	(void)b;
	if (req->method == M_GET)
		r = bus_resource_retrieve(e->bus, on_answer, req->ticket);
	else
		r = bus_resource_update(e->bus, req->body, on_answer, req->ticket);
	if (r == -EBADMSG)
		return V_BAD_REQUEST;
	return r < 0 ? V_UNAVAILABLE : V_LATER;
}

void broker_answer(const struct broker *b, const struct req *req, struct answer *answer)
{
	bool refused = b->ticket != req->ticket || b->verdict >= V_BAD_REQUEST;

	if (refused) {
		buf_reset(&answer->body);
		answer->verdict = b->ticket == req->ticket ? b->verdict : V_UNAVAILABLE;
		answer->observable = false;
	} else if (req->method == M_POST && !is_empty(b->map) && b->map.len <= REPLY_MAX) {
		buf_put(&answer->body, b->map);
	}
}

const struct ncrs *broker_ncrs(const struct broker *b)
{
	return &b->ncrs;
}

int broker_new(struct broker **ret, struct bus *bus, const struct broker_ops *ops, void *arg)
{
	CLEANUP(broker_freep) struct broker *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->ops = ops;
	b->arg = arg;
	r = bus_resources_new(&b->bus, bus, &OPS, b);
	if (r < 0)
		return r;
	*ret = b;
	b = NULL;
	return 0;
}

struct broker *broker_free(struct broker *b)
{
	if (!b)
		return NULL;
	(void)bus_resources_free(b->bus);
	free(b);
	return NULL;
}

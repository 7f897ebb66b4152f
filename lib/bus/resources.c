#include "bus/resources.h"

#include <systemd/sd-bus.h>

#include "base/log.h"
#include "bus/bus.h"
#include "bus/payload.h"
#include "bus/resource_call.h"

#define PATH       "/org/ocfgw/Resources1"
#define INTERFACE  RESOURCES_BUS_NAME
#define ERROR_NAME INTERFACE ".Error."

/* One that has registered something. */
struct program {
	struct program *next;
	struct bus_resources *owner;
	char *name; /* unique name on the bus */
	size_t n;   /* resources */
	sd_bus_track *track;
	sd_bus_slot *changed;
};

struct bus_resource {
	struct bus_resource *next;
	struct program *program;
	char *path;
	void *it;
};

struct bus_resources {
	struct bus_part part; /* first: attach() gets its address */
	struct bus *bus;
	const struct bus_resources_ops *ops;
	void *arg;
	struct program *programs;
	struct bus_resource *resources;
	struct resource_calls calls;
	sd_bus_slot *vtable, *request;
};

static struct bus_resources *owner_of(const struct bus_resource *r)
{
	return r->program->owner;
}

/* ---- questions ---- */

static int start_call(struct bus_resource *r, const struct span *map, bus_resource_fn fn,
		      uint64_t ticket)
{
	struct bus_resources *rs = owner_of(r);
	sd_bus *sd = bus_sd_bus(rs->bus);

	return sd ? resource_call(&rs->calls, sd, r->program->name, r->path, map, fn, r->it, ticket)
		  : -ENOTCONN;
}

int bus_resource_retrieve(struct bus_resource *r, bus_resource_fn fn, uint64_t ticket)
{
	return start_call(r, NULL, fn, ticket);
}

int bus_resource_update(struct bus_resource *r, struct span map, bus_resource_fn fn,
			uint64_t ticket)
{
	return start_call(r, &map, fn, ticket);
}

/* ---- resources and their programs ---- */

static struct program *program_free(struct program *p)
{
	if (!p)
		return NULL;
	sd_bus_slot_unref(p->changed);
	sd_bus_track_unref(p->track);
	free(p->name);
	free(p);
	return NULL;
}
DEFINE_CLEANUP(struct program *, program_free)

static void program_drop(struct program *p)
{
	struct program **link = &p->owner->programs;

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	(void)program_free(p);
}

/* Whoever waits for an answer of the resource gets none. */
static void resource_drop(struct bus_resources *rs, struct bus_resource *r)
{
	struct bus_resource **link = &rs->resources;

	resource_calls_end(&rs->calls, r->it);
	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	rs->ops->remove(r->it);
	if (--r->program->n == 0)
		program_drop(r->program);
	free(r->path);
	free(r);
}

static struct bus_resource *resource_find(struct bus_resources *rs, const char *program,
					  const char *path)
{
	struct bus_resource *r = rs->resources;

	while (r && (strcmp(r->program->name, program) != 0 || strcmp(r->path, path) != 0))
		r = r->next;
	return r;
}

static int on_vanished(sd_bus_track *track, void *userdata)
{
	struct program *p = userdata;
	struct bus_resources *rs = p->owner;
	struct bus_resource *r = rs->resources, *next;

	(void)track;
	for (; r; r = next) {
		next = r->next;
		if (r->program == p)
			resource_drop(rs, r); /* the last one takes the program with it */
	}
	return 0;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct buf map CLEANUP(buf_done) = BUF_INIT(PAYLOAD_MAX);
	struct program *p = userdata;
	struct bus_resource *r = resource_find(p->owner, p->name, sd_bus_message_get_path(m));

	(void)error;
	if (!r)
		return 0;
	if (payload_read(m, &map) < 0)
		log_debug("bus: a change that OCF cannot say program=%s object=%s", p->name,
			  r->path);
	else
		p->owner->ops->changed(r->it, buf_span(&map));
	return 0;
}

static int installed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)m, (void)userdata, (void)error;
	return 0; /* a refused match must not end the connection, which is what sd-bus would do */
}

static int program_new(struct bus_resources *rs, sd_bus_message *m, struct program **ret)
{
	CLEANUP(program_freep) struct program *p = calloc(1, sizeof(*p));
	sd_bus *sd = sd_bus_message_get_bus(m);
	int r;

	if (!p)
		return -ENOMEM;
	p->owner = rs;
	p->name = strdup(sd_bus_message_get_sender(m));
	if (!p->name)
		return -ENOMEM;
	r = sd_bus_track_new(sd, &p->track, on_vanished, p);
	if (r >= 0)
		r = sd_bus_track_add_sender(p->track, m);
	if (r >= 0)
		r = sd_bus_match_signal_async(sd, &p->changed, p->name, NULL, RESOURCE_INTERFACE,
					      "Changed", on_changed, installed, p);
	if (r < 0)
		return r;
	p->next = rs->programs;
	rs->programs = p;
	*ret = p;
	p = NULL;
	return 0;
}

static struct program *program_find(struct bus_resources *rs, const char *name)
{
	struct program *p = rs->programs;

	while (p && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

/* ---- the interface ---- */

static int read_list(sd_bus_message *m, const char *ret[RESOURCES_LIST_MAX])
{
	size_t n = 0;
	int r = sd_bus_message_enter_container(m, 'v', "as");

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_at_end(m, false)) == 0) {
		if (n + 1 == RESOURCES_LIST_MAX)
			return -E2BIG;
		r = sd_bus_message_read_basic(m, 's', &ret[n++]);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_flag(sd_bus_message *m, bool *ret)
{
	int flag, r = sd_bus_message_read(m, "v", "b", &flag);

	if (r >= 0)
		*ret = flag != 0;
	return r;
}

static int read_option(sd_bus_message *m, const char *key, struct bus_resource_facts *f)
{
	if (strcmp(key, "Href") == 0)
		return sd_bus_message_read(m, "v", "s", &f->href);
	if (strcmp(key, "Types") == 0)
		return read_list(m, f->types);
	if (strcmp(key, "Interfaces") == 0)
		return read_list(m, f->interfaces);
	if (strcmp(key, "Discoverable") == 0)
		return read_flag(m, &f->discoverable);
	if (strcmp(key, "Observable") == 0)
		return read_flag(m, &f->observable);
	return -EINVAL;
}

static int read_facts(sd_bus_message *m, struct bus_resource_facts *ret)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");
	const char *key;

	*ret = (struct bus_resource_facts){.href = "", .discoverable = true, .observable = true};
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &key);
		if (r >= 0)
			r = read_option(m, key, ret);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r;
}

static int add_resource(struct program *p, const char *path, const struct bus_resource_facts *facts,
			const char **ret_why)
{
	CLEANUP(freep) struct bus_resource *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	r->program = p;
	r->path = strdup(path);
	if (!r->path)
		return -ENOMEM;
	e = p->owner->ops->add(p->owner->arg, r, facts, &r->it, ret_why);
	if (e < 0) {
		free(r->path);
		return e;
	}
	p->n++;
	r->next = p->owner->resources;
	p->owner->resources = r;
	r = NULL;
	return 0;
}

static int refuse_registration(sd_bus_error *error, int r, const char *why)
{
	if (r == -EEXIST)
		return sd_bus_error_set(error, ERROR_NAME "Exists", why);
	if (r == -ENOSPC)
		return sd_bus_error_set(error, ERROR_NAME "Limit", "Too many resources");
	if (r == -EINVAL)
		return sd_bus_error_set(error, ERROR_NAME "Invalid", why);
	return r;
}

static int register_resource(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *path, *sender = sd_bus_message_get_sender(m),
			  *why = "Options are unknown or odd";
	struct bus_resources *rs = userdata;
	struct bus_resource_facts facts;
	struct program *p;
	int r = sd_bus_message_read_basic(m, 'o', &path);

	if (r < 0)
		return r;
	if (read_facts(m, &facts) < 0)
		return refuse_registration(error, -EINVAL, why);
	if (resource_find(rs, sender, path))
		return refuse_registration(error, -EEXIST, "The object is registered");
	p = program_find(rs, sender);
	if (p && p->n == RESOURCES_PER_PROGRAM_MAX)
		return refuse_registration(error, -ENOSPC, NULL);
	r = p ? 0 : program_new(rs, m, &p);
	if (r < 0)
		return r;
	r = add_resource(p, path, &facts, &why);
	if (r < 0 && p->n == 0)
		program_drop(p);
	if (r < 0)
		return refuse_registration(error, r, r == -EEXIST ? "The Href is taken" : why);
	return sd_bus_reply_method_return(m, NULL);
}

static int unregister_resource(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_resources *rs = userdata;
	struct bus_resource *it;
	const char *path;
	int r = sd_bus_message_read_basic(m, 'o', &path);

	if (r < 0)
		return r;
	it = resource_find(rs, sd_bus_message_get_sender(m), path);
	if (!it)
		return sd_bus_error_set(error, ERROR_NAME "NotFound", "Not registered by you");
	resource_drop(rs, it);
	return sd_bus_reply_method_return(m, NULL);
}

static int append_strings(sd_bus_message *m, const char *key, const char *const *list)
{
	int r = sd_bus_message_open_container(m, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', key);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_append_strv(m, (char **)(uintptr_t)list); /* only reads */
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_row(sd_bus_message *m, const struct bus_resource *r)
{
	struct bus_resource_facts f = {0};
	int e = sd_bus_message_open_container(m, 'a', "{sv}");

	owner_of(r)->ops->describe(r->it, &f);
	if (e >= 0)
		e = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}", "Href", "s", f.href, "Program",
					  "s", r->program->name, "Object", "o", r->path,
					  "Discoverable", "b", (int)f.discoverable, "Observable",
					  "b", (int)f.observable);
	if (e >= 0)
		e = append_strings(m, "Types", f.types);
	if (e >= 0)
		e = append_strings(m, "Interfaces", f.interfaces);
	return e < 0 ? e : sd_bus_message_close_container(m);
}

static int list_resources(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const struct bus_resources *rs = userdata;
	int r = sd_bus_message_new_method_return(m, &reply);

	(void)error;
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "a{sv}");
	for (const struct bus_resource *it = rs->resources; it && r >= 0; it = it->next)
		r = append_row(reply, it);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

#define ANYBODY_FLAG SD_BUS_VTABLE_UNPRIVILEGED /* the bus policy says who may register */
static const sd_bus_vtable VTABLE[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("RegisterResource", SD_BUS_ARGS("o", object, "a{sv}", options),
				SD_BUS_NO_RESULT, register_resource, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("UnregisterResource", SD_BUS_ARGS("o", object), SD_BUS_NO_RESULT,
				unregister_resource, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("ListResources", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", resources),
				list_resources, ANYBODY_FLAG),
	SD_BUS_VTABLE_END,
};

/* ---- life ---- */

static void drop_all(struct bus_resources *rs)
{
	while (rs->resources)
		resource_drop(rs, rs->resources);
	rs->vtable = sd_bus_slot_unref(rs->vtable);
	rs->request = sd_bus_slot_unref(rs->request);
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct bus_resources *rs = userdata;
	uint32_t result = 0;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL) ||
	    sd_bus_message_read_basic(m, 'u', &result) < 0 || result != BUS_NAME_PRIMARY_OWNER)
		rs->ops->nameless(rs->arg);
	return 0;
}

static int attach(struct bus_part *part, struct sd_bus *sd)
{
	struct bus_resources *rs = (struct bus_resources *)part;
	int r;

	drop_all(rs);
	r = sd_bus_add_object_vtable(sd, &rs->vtable, PATH, INTERFACE, VTABLE, rs);
	return r < 0 ? r
		     : sd_bus_request_name_async(sd, &rs->request, RESOURCES_BUS_NAME, 0, on_name,
						 rs);
}

int bus_resources_new(struct bus_resources **ret, struct bus *b,
		      const struct bus_resources_ops *ops, void *arg)
{
	CLEANUP(bus_resources_freep) struct bus_resources *rs = calloc(1, sizeof(*rs));
	int r;

	if (!rs)
		return -ENOMEM;
	*rs = (struct bus_resources){.part.attach = attach, .bus = b, .ops = ops, .arg = arg};
	r = bus_part_add(b, &rs->part);
	if (r < 0)
		return r;
	*ret = rs;
	rs = NULL;
	return 0;
}

struct bus_resources *bus_resources_free(struct bus_resources *rs)
{
	if (!rs)
		return NULL;
	resource_calls_drop(&rs->calls);
	drop_all(rs);
	bus_part_remove(rs->bus, &rs->part);
	free(rs);
	return NULL;
}

#include <stdio.h>
#include <systemd/sd-bus.h>

#include "bus/bus.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"

struct bus_watch {
	struct bus_part part; /* first: attach() gets its address */
	struct bus *bus;
	const char *name, *path, *interface;
	bus_watch_fn fn;
	void *arg;
	struct sd_bus_slot *owner, *changed, *get_all;
	unsigned telling; /* calls of fn under way, */
	bool freed;       /* and one of them has had enough */
};

/* True: go on. False: fn has freed the watch. */
static bool tell(struct bus_watch *w, const char *property, const struct bus_value *value)
{
	bool freed;

	w->telling++;
	w->fn(w->arg, property, value);
	w->telling--;
	freed = w->freed;
	if (freed && w->telling == 0)
		free(w);
	return !freed;
}

/* 1: *ret is set; 0: a value of another type was skipped. */
static int read_value(sd_bus_message *m, struct bus_value *ret)
{
	const char *contents;
	int flag = 0, r;
	char type;

	r = sd_bus_message_peek_type(m, NULL, &contents);
	if (r < 0)
		return r;
	type = contents[0];
	if (strlen(contents) != 1 || !strchr("sobutd", type))
		return sd_bus_message_skip(m, "v") < 0 ? -EBADMSG : 0;
	r = sd_bus_message_enter_container(m, 'v', contents);
	if (r < 0)
		return r;
	ret->type = type;
	if (type == 'o')
		ret->type = 's';
	if (type == 'b') {
		r = sd_bus_message_read_basic(m, type, &flag);
		ret->b = flag != 0;
	} else {
		r = sd_bus_message_read_basic(m, type, &ret->s);
	}
	if (r < 0)
		return r;
	return sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 1;
}

/* a{sv}: tells every value of a simple type, up to where the message becomes an odd one. */
static void tell_all(struct bus_watch *w, sd_bus_message *m)
{
	if (sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
		return;
	while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
		struct bus_value value = {0};
		const char *property;
		int r;

		if (sd_bus_message_read_basic(m, 's', &property) < 0)
			return;
		r = read_value(m, &value);
		if (r < 0)
			return;
		if (r > 0 && !tell(w, property, &value))
			return;
		if (sd_bus_message_exit_container(m) < 0)
			return;
	}
}

static int on_all(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)error;
	if (!sd_bus_message_is_method_error(m, NULL)) /* else NameOwnerChanged will tell */
		tell_all(userdata, m);
	return 0;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_watch *w = userdata;
	const char *interface;

	(void)error;
	if (sd_bus_message_read_basic(m, 's', &interface) >= 0 &&
	    strcmp(interface, w->interface) == 0)
		tell_all(w, m);
	return 0;
}

static int ask_all(struct bus_watch *w, struct sd_bus *sd)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r;

	r = sd_bus_message_new_method_call(sd, &m, w->name, w->path, PROPERTIES, "GetAll");
	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', w->interface);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, false);
	if (r < 0)
		return r;
	w->get_all = sd_bus_slot_unref(w->get_all);
	return sd_bus_call_async(sd, &w->get_all, m, on_all, w, 0);
}

static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_watch *w = userdata;
	const char *name, *before, *now;

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &before, &now) < 0)
		return 0;
	if (*before && !tell(w, NULL, NULL))
		return 0;
	return *now ? ask_all(w, sd_bus_message_get_bus(m)) : 0;
}

static void drop_slots(struct bus_watch *w)
{
	w->owner = sd_bus_slot_unref(w->owner);
	w->changed = sd_bus_slot_unref(w->changed);
	w->get_all = sd_bus_slot_unref(w->get_all);
}

static int installed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)m;
	(void)userdata;
	(void)error;
	return 0; /* a refused match must not end the connection, which is what sd-bus would do */
}

static int attach(struct bus_part *part, struct sd_bus *sd)
{
	struct bus_watch *w = (struct bus_watch *)part;
	char match[512];
	int r;

	if (w->owner && !tell(w, NULL, NULL)) /* it was lost with the old connection */
		return 0;
	drop_slots(w);
	r = snprintf(match, sizeof(match),
		     "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
		     "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
		     w->name);
	if (r < 0 || (size_t)r >= sizeof(match))
		return -ENAMETOOLONG;
	r = sd_bus_add_match_async(sd, &w->owner, match, on_owner, installed, w);
	if (r >= 0)
		r = sd_bus_match_signal_async(sd, &w->changed, w->name, w->path, PROPERTIES,
					      "PropertiesChanged", on_changed, installed, w);
	return r < 0 ? r : ask_all(w, sd);
}

int bus_watch_new(struct bus_watch **ret, struct bus *b, const char *name, const char *path,
		  const char *interface, bus_watch_fn fn, void *arg)
{
	CLEANUP(bus_watch_freep) struct bus_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct bus_watch){
		.part.attach = attach,
		.bus = b,
		.name = name,
		.path = path,
		.interface = interface,
		.fn = fn,
		.arg = arg,
	};
	r = bus_part_add(b, &w->part);
	if (r < 0)
		return r;
	*ret = w;
	w = NULL;
	return 0;
}

struct bus_watch *bus_watch_free(struct bus_watch *w)
{
	if (!w)
		return NULL;
	bus_part_remove(w->bus, &w->part);
	drop_slots(w);
	w->freed = true;
	if (w->telling == 0)
		free(w);
	return NULL;
}

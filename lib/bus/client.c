#include "bus/client.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

struct client {
	sd_bus *sd;
};

struct follow {
	client_fn fn;
	void *arg;
	const char *service;
	bool gone;
};

int client_new(struct client **ret)
{
	struct client *c CLEANUP(client_freep) = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	r = sd_bus_open_system(&c->sd);
	if (r < 0)
		return r;
	*ret = c;
	c = NULL;
	return 0;
}

struct client *client_free(struct client *c)
{
	if (!c)
		return NULL;
	(void)sd_bus_flush_close_unref(c->sd);
	free(c);
	return NULL;
}

static void strv_freep(char ***v)
{
	for (char **s = *v; s && *s; s++)
		free(*s);
	free(*v);
}

static int read_list(sd_bus_message *m, const char *key, client_fn fn, void *arg)
{
	char **list CLEANUP(strv_freep) = NULL;
	int r = sd_bus_message_read_strv(m, &list);

	if (r >= 0)
		fn(arg, key, &(struct client_value){.type = 'l', .list = list});
	return r;
}

/* One basic value or list of texts; others are skipped. */
static int read_value(sd_bus_message *m, const char *key, client_fn fn, void *arg)
{
	struct client_value v = {0};
	const char *contents;
	uint32_t u32;
	int r, flag;
	char type;

	r = sd_bus_message_peek_type(m, &type, &contents);
	if (r <= 0)
		return r;
	v.type = (char)(type == 'o' ? 's' : type);
	switch (type) {
	case 's':
	case 'o':
		r = sd_bus_message_read_basic(m, type, &v.s);
		break;
	case 'b':
		r = sd_bus_message_read_basic(m, type, &flag);
		v.b = r >= 0 && flag;
		break;
	case 'u':
		r = sd_bus_message_read_basic(m, type, &u32);
		v.n = r < 0 ? 0 : u32;
		break;
	case 't':
		r = sd_bus_message_read_basic(m, type, &v.n);
		break;
	case 'd':
		r = sd_bus_message_read_basic(m, type, &v.d);
		break;
	case 'a':
		if (strcmp(contents, "s") == 0)
			return read_list(m, key, fn, arg);
		return sd_bus_message_skip(m, NULL);
	default:
		return sd_bus_message_skip(m, NULL);
	}
	if (r >= 0)
		fn(arg, key, &v);
	return r;
}

static int read_dict(sd_bus_message *m, client_fn fn, void *arg)
{
	const char *key, *contents;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");
	char type;

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &key);
		if (r >= 0)
			r = sd_bus_message_peek_type(m, &type, &contents);
		if (r >= 0)
			r = sd_bus_message_enter_container(m, 'v', contents);
		if (r >= 0)
			r = read_value(m, key, fn, arg);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_values(sd_bus_message *m, client_fn fn, void *arg)
{
	char key[4] = "";
	int r = read_value(m, key, fn, arg);

	for (unsigned i = 1; r >= 0 && !sd_bus_message_at_end(m, true) && i < 100; i++) {
		(void)snprintf(key, sizeof(key), "%u", i);
		r = read_value(m, key, fn, arg);
	}
	return r;
}

static int read_reply(sd_bus_message *m, client_fn fn, void *arg)
{
	const char *sig = sd_bus_message_get_signature(m, true);
	int r;

	if (!fn || sig[0] == '\0')
		return 0;
	if (strcmp(sig, "a{sv}") == 0)
		return read_dict(m, fn, arg);
	if (strcmp(sig, "aa{sv}") != 0)
		return read_values(m, fn, arg);
	r = sd_bus_message_enter_container(m, 'a', "a{sv}");
	while (r >= 0 && (r = sd_bus_message_at_end(m, false)) == 0) {
		fn(arg, NULL, NULL);
		r = read_dict(m, fn, arg);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int failed(const sd_bus_error *e, int r, struct client_error *ret)
{
	static const char *const ABSENT[] = {SD_BUS_ERROR_SERVICE_UNKNOWN,
					     SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_NO_REPLY};

	(void)snprintf(ret->name, sizeof(ret->name), "%s", e->name ? e->name : "");
	(void)snprintf(ret->text, sizeof(ret->text), "%s", e->message ? e->message : strerror(-r));
	for (size_t i = 0; i < ARRAY_SIZE(ABSENT); i++)
		if (sd_bus_error_has_name(e, ABSENT[i]))
			return -EHOSTUNREACH;
	if (sd_bus_error_has_name(e, SD_BUS_ERROR_ACCESS_DENIED))
		return -EACCES;
	return r < 0 ? r : -EIO;
}

static int append_in(sd_bus_message *m, const struct client_in *in)
{
	switch (in->kind) {
	case CLIENT_NUMBER:
		return sd_bus_message_append(m, "u", in->number);
	case CLIENT_OPTIONS:
		if (in->key)
			return sd_bus_message_append(m, "a{sv}", 1, in->key, "s", in->value);
		return sd_bus_message_append(m, "a{sv}", 0);
	case CLIENT_NONE:
		break;
	}
	return 0;
}

int client_call(struct client *c, const struct client_object *o, const char *method,
		const struct client_in *in, client_fn fn, void *arg, struct client_error *ret_error)
{
	sd_bus_message *m CLEANUP(sd_bus_message_unrefp) = NULL;
	sd_bus_message *reply CLEANUP(sd_bus_message_unrefp) = NULL;
	sd_bus_error e CLEANUP(sd_bus_error_free) = SD_BUS_ERROR_NULL;
	int r = sd_bus_message_new_method_call(c->sd, &m, o->name, o->path, o->interface, method);

	if (r >= 0)
		r = append_in(m, in);
	if (r >= 0)
		r = sd_bus_call(c->sd, m, 0, &e, &reply);
	if (r >= 0)
		r = read_reply(reply, fn, arg);
	return r < 0 ? failed(&e, r, ret_error) : 0;
}

/* A look does not start the service. */
int client_properties(struct client *c, const struct client_object *o, client_fn fn, void *arg,
		      struct client_error *ret_error)
{
	sd_bus_message *m CLEANUP(sd_bus_message_unrefp) = NULL;
	sd_bus_message *reply CLEANUP(sd_bus_message_unrefp) = NULL;
	sd_bus_error e CLEANUP(sd_bus_error_free) = SD_BUS_ERROR_NULL;
	int r = sd_bus_message_new_method_call(c->sd, &m, o->name, o->path, PROPERTIES_INTERFACE,
					       "GetAll");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", o->interface);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, false);
	if (r >= 0)
		r = sd_bus_call(c->sd, m, 0, &e, &reply);
	if (r >= 0)
		r = read_dict(reply, fn, arg);
	return r < 0 ? failed(&e, r, ret_error) : 0;
}

static int on_changed(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct follow *f = arg;
	const char *interface;
	int r = sd_bus_message_read_basic(m, 's', &interface);

	(void)e;
	if (r >= 0)
		(void)read_dict(m, f->fn, f->arg);
	return 0;
}

static int on_owner(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct follow *f = arg;
	const char *name, *before, *after;

	(void)e;
	if (sd_bus_message_read(m, "sss", &name, &before, &after) >= 0 &&
	    strcmp(name, f->service) == 0 && after[0] == '\0')
		f->gone = true;
	return 0;
}

int client_follow(struct client *c, const struct client_object *o, client_fn fn,
		  bool (*done)(void *arg), void *arg, struct client_error *ret_error)
{
	sd_bus_slot *changed CLEANUP(sd_bus_slot_unrefp) = NULL;
	sd_bus_slot *owner CLEANUP(sd_bus_slot_unrefp) = NULL;
	struct follow f = {.fn = fn, .arg = arg, .service = o->name};
	int r;

	*ret_error = (struct client_error){0};
	r = sd_bus_match_signal(c->sd, &changed, o->name, o->path, PROPERTIES_INTERFACE,
				"PropertiesChanged", on_changed, &f);
	if (r >= 0)
		r = sd_bus_match_signal(c->sd, &owner, "org.freedesktop.DBus", NULL,
					"org.freedesktop.DBus", "NameOwnerChanged", on_owner, &f);
	if (r >= 0)
		r = client_properties(c, o, fn, arg, ret_error);
	while (r >= 0 && !done(arg)) {
		if (f.gone)
			return -EHOSTUNREACH;
		r = sd_bus_process(c->sd, NULL);
		if (r == 0)
			r = sd_bus_wait(c->sd, UINT64_MAX);
	}
	return r < 0 ? r : 0;
}

#include "bus/client.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define ROWS_TEXTS_MAX       ((size_t)96) /* of a list of structures; more are left out */

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
		fn(arg, key, &(struct client_value){.type = 'l', .columns = 1, .list = list});
	return r;
}

/* The texts of all structures one after the other. */
static int read_rows(sd_bus_message *m, const char *key, const char *contents, client_fn fn,
		     void *arg)
{
	char *list[ROWS_TEXTS_MAX + 1] = {NULL};
	const size_t columns = strcmp(contents, "(ss)") == 0 ? 2 : 3;
	size_t n = 0;
	int r = sd_bus_message_enter_container(m, 'a', contents);

	while (r >= 0 && (r = sd_bus_message_at_end(m, false)) == 0) {
		r = sd_bus_message_enter_container(m, 'r', columns == 2 ? "ss" : "sss");
		for (size_t i = 0; i < columns && r >= 0; i++) {
			const char *text;

			r = sd_bus_message_read_basic(m, 's', &text);
			if (r >= 0 && n < ROWS_TEXTS_MAX)
				list[n++] = (char *)(uintptr_t)text;
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	list[n - n % columns] = NULL;
	if (r >= 0)
		fn(arg, key, &(struct client_value){.type = 'l', .columns = columns, .list = list});
	return r;
}

static int read_dict(sd_bus_message *m, client_fn fn, void *arg);

static int read_dicts(sd_bus_message *m, const char *key, client_fn fn, void *arg)
{
	int r = sd_bus_message_enter_container(m, 'a', "a{sv}");

	while (r >= 0 && (r = sd_bus_message_at_end(m, false)) == 0) {
		fn(arg, key, &(struct client_value){.type = '{'});
		r = read_dict(m, fn, arg);
		fn(arg, key, &(struct client_value){.type = '}'});
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_array(sd_bus_message *m, const char *key, const char *contents, client_fn fn,
		      void *arg)
{
	if (strcmp(contents, "s") == 0)
		return read_list(m, key, fn, arg);
	if (strcmp(contents, "(ss)") == 0 || strcmp(contents, "(sss)") == 0)
		return read_rows(m, key, contents, fn, arg);
	if (strcmp(contents, "a{sv}") == 0)
		return read_dicts(m, key, fn, arg);
	return sd_bus_message_skip(m, NULL);
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
		return read_array(m, key, contents, fn, arg);
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

/* Nobody is there, or the bus or systemd could not start who should be. */
static bool absent(const sd_bus_error *e)
{
	static const char *const NAMES[] = {SD_BUS_ERROR_SERVICE_UNKNOWN,
					    SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_NO_REPLY,
					    "org.freedesktop.DBus.Error.TimedOut"};
	static const char *const GROUPS[] = {"org.freedesktop.DBus.Error.Spawn.",
					     "org.freedesktop.systemd1."};

	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (sd_bus_error_has_name(e, NAMES[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(GROUPS); i++)
		if (e->name && strncmp(e->name, GROUPS[i], strlen(GROUPS[i])) == 0)
			return true;
	return false;
}

static int failed(const sd_bus_error *e, int r, struct client_error *ret)
{
	(void)snprintf(ret->name, sizeof(ret->name), "%s", e->name ? e->name : "");
	(void)snprintf(ret->text, sizeof(ret->text), "%s", e->message ? e->message : strerror(-r));
	if (absent(e))
		return -EHOSTUNREACH;
	if (sd_bus_error_has_name(e, SD_BUS_ERROR_ACCESS_DENIED))
		return -EACCES;
	return r < 0 ? r : -EIO;
}

static int append_option(sd_bus_message *m, const struct client_option *o)
{
	switch (o->type) {
	case 's':
		return sd_bus_message_append(m, "{sv}", o->key, "s", o->text);
	case 'b':
		return sd_bus_message_append(m, "{sv}", o->key, "b", 1);
	case 'h':
		return sd_bus_message_append(m, "{sv}", o->key, "h", o->fd);
	default:
		return -EINVAL;
	}
}

static int append_options(sd_bus_message *m, const struct client_in *in)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (size_t i = 0; i < in->n_options && r >= 0; i++)
		r = append_option(m, &in->options[i]);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_files(sd_bus_message *m, const struct client_in *in)
{
	int r = sd_bus_message_append(m, "h", in->fds[0]);

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "h");
	for (size_t i = 1; i < in->n_fds && r >= 0; i++)
		r = sd_bus_message_append(m, "h", in->fds[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : append_options(m, in);
}

static int append_in(sd_bus_message *m, const struct client_in *in)
{
	switch (in->kind) {
	case CLIENT_NONE:
		return 0;
	case CLIENT_NUMBER:
		return sd_bus_message_append(m, "u", in->number);
	case CLIENT_TEXTS:
		return in->texts[1] ? sd_bus_message_append(m, "ss", in->texts[0], in->texts[1])
				    : sd_bus_message_append(m, "s", in->texts[0]);
	case CLIENT_OPTIONS:
		return append_options(m, in);
	case CLIENT_FILES:
		return append_files(m, in);
	}
	return -EINVAL;
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
	f->fn(f->arg, NULL, NULL);
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

/* As sd_bus_wait(); but signals that are blocked otherwise come in here, and only here. */
static int await(sd_bus *sd)
{
	struct pollfd p = {.fd = sd_bus_get_fd(sd), .events = (short)sd_bus_get_events(sd)};
	sigset_t none;

	(void)sigemptyset(&none);
	return ppoll(&p, 1, NULL, &none) < 0 ? -errno : 0;
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
	if (r >= 0)
		fn(arg, NULL, NULL);
	while (r >= 0 && !done(arg)) {
		if (f.gone)
			return -EHOSTUNREACH;
		r = sd_bus_process(c->sd, NULL);
		if (r == 0)
			r = await(c->sd);
	}
	return r < 0 ? r : 0;
}
